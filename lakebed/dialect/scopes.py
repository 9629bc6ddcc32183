"""Names in scope: which column a name means, in which of the enclosing queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import expressions as exp

from lakebed.dialect import places, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type


def place(node: exp.Expr | None) -> tuple[int, int]:
    """Return line and column of a piece of the text, as far as the parser kept it."""
    found = places.place(node) if node is not None else None
    if found is not None:
        return found
    best: tuple[int, int, int] | None = None
    for inner in node.walk() if node is not None else ():
        meta = inner.meta
        if "line" in meta:
            length = meta["end"] - meta["start"]
            here = (meta["start"], meta["line"], meta["col"] - length)
            if best is None or here < best:
                best = here
    return (best[1], best[2]) if best else (1, 1)


def parts_of(node: exp.Expr, *keys: str) -> list[exp.Expr]:
    """Return the nodes under the first of the keys that has any."""
    for key in keys:
        value: Any = node.args.get(key)
        if isinstance(value, exp.Expr):
            return [value]
        if value:
            found: list[exp.Expr] = value
            return found
    return []


def fail(name: str, message: str, node: exp.Expr | None) -> TrinoError:
    """Return a Trino error at the node's place."""
    return TrinoError(name, message, *place(node))


def parameter_name(name: str) -> str:
    """Return the name a lambda's parameter has in the lowered text, safe whatever it was."""
    return f"lb_{name.encode().hex()}"


@dataclass(frozen=True, slots=True)
class Field:
    """A visible column: its name, the alias (and database) of its relation, what it is.

    A name keeps the letters it was written with, for the heading; it is found whatever they are.
    A `hidden` one is found by its name only: no star shows it.
    """

    name: str | None
    alias: str | None
    expr: tree.Expr
    database: str | None = None
    qualified_only: bool = False
    hidden: bool = False


@dataclass(slots=True)
class Scope:
    """The columns of one query and the scope around it; `is_output` if they are its answer's."""

    fields: list[Field] = field(default_factory=list[Field])
    parent: Scope | None = None
    lambdas: dict[str, Type] = field(default_factory=dict[str, Type])
    is_output: bool = False

    def find(self, parts: Sequence[str], node: exp.Expr) -> tree.Expr | None:
        """Return what `name`, `alias.name` or `database.alias.name` means, None if nothing."""
        if len(parts) == 1 and parts[0] in self.lambdas:
            return tree.LambdaRef(self.lambdas[parts[0]], parameter_name(parts[0]))
        name, qualifier = parts[-1], list(parts[:-1])
        found = [
            one
            for one in self.fields
            if one.name is not None
            and (one.name == name or one.name.lower() == name)
            and (not qualifier or one.alias == qualifier[-1])
            and (len(qualifier) < 2 or one.database == qualifier[-2])
            and not (one.qualified_only and not qualifier)
        ]
        if len(found) > 1:
            raise fail("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node)
        if found:
            return found[0].expr
        return self.parent.find(parts, node) if self.parent is not None else None
