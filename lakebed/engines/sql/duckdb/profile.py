"""What DuckDB counted while it ran a statement, in the terms of Athena's runtime statistics."""

from __future__ import annotations

from typing import Any

import duckdb
import msgspec

DEPTH_MAX = 40
"""Operators below it are left out of the plan that is kept; a row of the store stays small."""


class Operator(msgspec.Struct):
    """An operator of the plan, as the profile shows it."""

    type: str = ""
    intermediate_rows: int = 0
    children: list[Operator] = msgspec.field(default_factory=list["Operator"])
    extra_info: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class _Query(msgspec.Struct):
    total_rows_scanned: int = 0


class _Bytes(msgspec.Struct):
    total_bytes_read: int = 0


class _Profile(msgspec.Struct):
    io: _Bytes = msgspec.field(default_factory=_Bytes)
    query: _Query = msgspec.field(default_factory=_Query)
    operator: list[Operator] = msgspec.field(default_factory=list[Operator])


_decode = msgspec.json.Decoder(_Profile).decode


def read_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the bytes the last statement read from files."""
    return _decode(connection.get_profiling_information()).io.total_bytes_read


def stage(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the last statement's rows read from tables, and its plan."""
    profile = _decode(connection.get_profiling_information())
    roots = profile.operator
    while len(roots) == 1 and roots[0].type in ("RESULT_COLLECTOR", "QUERY"):
        roots = roots[0].children
    root = roots[0] if roots else Operator("EMPTY")
    return {"input_rows": profile.query.total_rows_scanned, "plan": _node(root, "0", 0)}


def _node(operator: Operator, identifier: str, depth: int) -> dict[str, Any]:
    children = operator.children if depth < DEPTH_MAX else []
    return {
        "Name": operator.type,
        "Identifier": f"{identifier} rows={operator.intermediate_rows}",
        "Children": [
            _node(child, f"{identifier}.{at}", depth + 1) for at, child in enumerate(children)
        ],
    }
