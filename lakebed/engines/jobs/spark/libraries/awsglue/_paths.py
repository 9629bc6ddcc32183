"""Paths to fields: `a.b`, `` `a.b`.c ``, `list[].price`."""

from __future__ import annotations

Path = tuple[str, ...]
ELEMENT = "[]"
"""The step from an array to its elements."""


def parse(path: str) -> Path:
    """Return the steps of a path; between back-ticks a dot is part of a name."""
    steps: list[str] = []
    at = 0
    while at <= len(path):
        name, at = _name(path, at)
        steps.append(name)
        while path.startswith(ELEMENT, at):
            steps.append(ELEMENT)
            at += len(ELEMENT)
        if at >= len(path):
            return tuple(steps)
        if path[at] != ".":
            raise ValueError(f"no field is named like this: {path}")
        at += 1
    raise ValueError(f"a path ends with a dot: {path}")


def quoted(name: str) -> str:
    """Return a name as an engine's SQL takes it, whatever stands in it."""
    return "`" + name.replace("`", "``") + "`"


def text(path: Path) -> str:
    """Return the steps as a dotted name."""
    return ".".join(step for step in path if step != ELEMENT)


def _name(path: str, at: int) -> tuple[str, int]:
    if path.startswith("`", at):
        end = path.find("`", at + 1)
        if end < 0:
            raise ValueError(f"a back-tick is not closed: {path}")
        return path[at + 1 : end], end + 1
    end = at
    while end < len(path) and path[end] != "." and not path.startswith(ELEMENT, end):
        end += 1
    if end == at:
        raise ValueError(f"a name is empty: {path!r}")
    return path[at:end], end
