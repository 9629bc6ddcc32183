"""Which operations the services folder holds, and what botocore's models say about them."""

from __future__ import annotations

import ast
import functools
import json
from pathlib import Path
from typing import Any, cast

import botocore
import botocore.loaders

Json = dict[str, Any]

SERVICES = Path("lakebed/services")
_OWN_MODELS = Path(__file__).parent / "models"
"""Models in botocore's form of what AWS serves and botocore has no model of."""
_STATUSES = {"s3": {"PutBucketPolicy": 204, "PutBucketTagging": 204}}
"""What AWS answers where its model says nothing, which means 200."""
_TEXTS = {"s3": ["Expires", "ResponseExpires"]}
"""Shapes that are times in the model, and to AWS a text that it gives back as it came."""


class GenerateError(Exception):
    """A service folder that no model explains; the message says which and why."""


@functools.lru_cache(maxsize=1)
def loader() -> Any:
    """Return botocore's model loader, made once a run."""
    return botocore.loaders.Loader()


_SPOKEN = ("json", "rest-xml", "smithy-rpc-v2-cbor", "query")
"""The protocols there are here, in the order in which botocore prefers them."""


def protocols(model: Json) -> list[str]:
    """Return the protocols a service is spoken to in, the one that newer clients prefer first."""
    metadata = model["metadata"]
    known = [name for name in _SPOKEN if name in metadata.get("protocols", ())]
    return known or [str(metadata["protocol"])]


def function_name(operation: str) -> str:
    """Return the name of the function that implements `operation`, as boto3 would call it."""
    return str(cast(Any, botocore).xform_name(operation))


@functools.lru_cache(maxsize=1)
def available() -> list[str]:
    """Return the names of all services botocore has a model of."""
    return list(loader().list_available_services("service-2"))


def load_model(service: str) -> Json:
    """Return botocore's model of the service whose folder is `service`, or our own."""
    own = _OWN_MODELS / f"{service}.json"
    if own.exists():
        return cast(Json, json.loads(own.read_text("utf-8")))
    for name in (service, service.replace("_", "-"), service.replace("_", "")):
        if name in available():
            return _corrected(service, loader().load_service_model(name, "service-2"))
    raise GenerateError(f"lakebed/services/{service}: botocore knows no service of that name")


def _corrected(service: str, model: Json) -> Json:
    """Return a model with what AWS is known to do otherwise."""
    for name, status in _STATUSES.get(service, {}).items():
        model["operations"][name]["http"]["responseCode"] = status
    for name in _TEXTS.get(service, []):
        model["shapes"][name] = {"type": "string"}
    # A REST service that another one's endpoint has beside it is told by its version in the path.
    version = f"/v{model['metadata']['apiVersion'].replace('-', '')}/"
    uris = [one["http"]["requestUri"] for one in model["operations"].values()]
    if all(uri.startswith(version) for uri in uris):
        model["metadata"]["pathPrefix"] = version
    return model


def public_functions(folder: Path) -> dict[str, Path]:
    """Return the public function names of a service folder with the file each stands in."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.py")):
        if path.name == "model.py" or path.name.startswith("_"):
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("_"):
                continue
            if node.name in found:
                raise GenerateError(f"{path}: {node.name} is already in {found[node.name]}")
            found[node.name] = path
    return found


def operations_in_use(folder: Path, model: Json) -> list[str]:
    """Return the model's names of the operations the service folder implements, sorted."""
    by_function = {function_name(name): name for name in model["operations"]}
    names: list[str] = []
    for function, path in public_functions(folder).items():
        if function not in by_function:
            raise GenerateError(
                f"{path}: {function} is no operation of AWS's {folder.name}. Name it as boto3 "
                "names the operation, or start the name with an underscore"
            )
        names.append(by_function[function])
    return sorted(names)


def service_folders(root: Path) -> list[Path]:
    """Return the folders of all services, sorted."""
    return sorted(
        folder
        for folder in (root / SERVICES).iterdir()
        if folder.is_dir() and (folder / "__init__.py").exists()
    )


def reachable(model: Json, roots: list[str]) -> list[str]:
    """Return the names of all shapes reachable from `roots`, sorted."""
    shapes: Json = model["shapes"]
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        references = list(shape.get("members", {}).values())
        references += [shape[part] for part in ("member", "key", "value") if part in shape]
        waiting += [reference["shape"] for reference in references]
    return sorted(seen)


def root_shapes(model: Json, operations: list[str], *, errors: bool) -> list[str]:
    """Return the input, output and (if asked) error shapes of the operations."""
    roots: list[str] = []
    for name in operations:
        operation = model["operations"][name]
        roots += [operation[part]["shape"] for part in ("input", "output") if part in operation]
        if errors:
            roots += [error["shape"] for error in operation.get("errors", [])]
    return roots
