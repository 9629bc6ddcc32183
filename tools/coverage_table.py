"""Writes docs/reference/coverage.md from the code: which operations exist, which do not.

An operation is *real* when a function bears its name; what it leaves out, it says itself (a
member that is not built raises NotBuiltError naming it), and then it is *partial*. All others are
*absent*.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tools import learn_map

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "lakebed" / "gateway" / "wire" / "models"
PAGE = ROOT / "docs" / "reference" / "coverage.md"


def table() -> str:
    """Return the page."""
    lines = [
        "# What lakebed covers",
        "",
        "Made from the code by `make generate`. *real*: does what AWS documents.",
        "*partial*: does it, except for the request members named, which answer with an error.",
        "*absent*: answers with an error that names the operation, never with a success.",
        "",
    ]
    for folder in sorted((ROOT / "lakebed" / "services").iterdir()):
        if (folder / "__init__.py").exists():
            lines += _service(folder)
    return "\n".join(lines) + "\n"


class _Named(msgspec.Struct):
    function: str
    input: str = ""


class _Shape(msgspec.Struct):
    members: dict[str, msgspec.Raw] = {}


class _Model(msgspec.Struct):
    """What a wire table says of a service's operations: the names of those built and not built."""

    operations: dict[str, _Named]
    unbuilt: dict[str, _Named]
    shapes: dict[str, _Shape]


def _service(folder: Path) -> Iterator[str]:
    model = msgspec.json.decode((MODELS / f"{folder.name}.json").read_bytes(), type=_Model)
    shared = _shared(folder / "model.py")
    refused = {
        name: members for path in _nouns(folder) for name, members in _operations(path, shared)
    }
    count = len(model.operations) + len(model.unbuilt)
    yield f"## {folder.name}: {len(model.operations)} of {count} operations"
    yield ""
    yield "| operation | | not built |"
    yield "|---|---|---|"
    for name, operation in sorted(model.operations.items()):
        known = model.shapes[operation.input].members if operation.input else {}
        members = [
            name
            for name in refused[operation.function]
            if name.split(".")[0] in known or " " in name
        ]
        yield f"| {name} | {'partial' if members else 'real'} | {', '.join(members)} |"
    yield ""
    yield f"absent: {', '.join(sorted(model.unbuilt)) or 'none'}"
    yield ""


def _nouns(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.py"))
    return [path for path in paths if path.stem != "model" and not path.stem.startswith("_")]


def _shared(model: Path) -> dict[str, list[str]]:
    """Return what a service's `refuse_unbuilt` refuses, by its name, where it has one."""
    tree = ast.parse(model.read_text(encoding="utf-8")) if model.exists() else ast.Module([], [])
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if "refuse_unbuilt" not in names:
        return {}
    return {"refuse_unbuilt": [text for texts in _constants(tree).values() for text in texts]}


def _operations(path: Path, shared: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield each operation with the members that it, or what it calls in its file, refuses."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    constants = _constants(tree) | shared
    for name, node in functions.items():
        if not name.startswith("_"):
            yield name, sorted(_refused(node, functions, constants, set()))


def _constants(tree: ast.Module) -> dict[str, list[str]]:
    """Return the module's tuples of texts by name: lists of members that are not built."""
    found: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts = [
                inner.value
                for inner in ast.walk(node.value)
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
            ]
            if "UNBUILT" in node.targets[0].id:
                found[node.targets[0].id] = texts
    return found


def _refused(
    node: ast.FunctionDef,
    functions: dict[str, ast.FunctionDef],
    constants: dict[str, list[str]],
    seen: set[str],
) -> set[str]:
    seen.add(node.name)
    refused: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            refused.update(constants.get(inner.id, ()))
            if inner.id == "unbuilt":
                refused.update(_keys(node))
            callee = functions.get(inner.id)
            if callee is not None and callee.name not in seen:
                refused |= _refused(callee, functions, constants, seen)
        elif isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "NotBuiltError":
            last = inner.args[-1]
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                refused.add(last.value)
    return refused


def _keys(node: ast.FunctionDef) -> Iterator[str]:
    """Yield the texts that are keys of the function's dictionaries: members, by a condition."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            for key in inner.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value


def main(arguments: list[str]) -> int:
    """Write the page and the map of labs, or with `--check` say whether they are stale."""
    status = 0
    for path, page in ((PAGE, table()), (learn_map.PAGE, learn_map.learn_map())):
        if "--check" in arguments:
            is_fresh = path.exists() and path.read_text(encoding="utf-8") == page
            name = path.relative_to(ROOT)
            print(f"{name}: fresh" if is_fresh else f"stale: {name}; run `make generate`")
            status |= not is_fresh
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
