"""Rows for people and for programs: a table, CSV, JSON; and what a statement cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO

from lakebed.cli.sql.athena import Done

Row = list[str | None]
_WIDTH_MAX = 60
_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "float", "double", "decimal")
_VALUES: dict[str, Callable[[str], Any]] = {
    "tinyint": int, "smallint": int, "integer": int, "bigint": int, "float": float,
    "double": float, "boolean": lambda text: text == "true",
}  # fmt: skip


def as_csv(done: Done, rows: Iterable[Row], out: TextIO) -> int:
    """Write rows as CSV under a header; NULL is an empty field, '' is a quoted one."""
    out.write(",".join(_field(one["Name"]) for one in done.columns) + "\n")
    count = 0
    for row in rows:
        out.write(",".join(map(_field, row)) + "\n")
        count += 1
    return count


def _field(text: str | None) -> str:
    if text is None:
        return ""
    if text and not any(sign in text for sign in ',"\n\r'):
        return text
    return '"' + text.replace('"', '""') + '"'


def as_json(done: Done, rows: Iterable[Row], out: TextIO) -> int:
    """Write rows as a JSON array of objects; numbers and booleans are such, all else is text."""
    names = [one["Name"] for one in done.columns]
    kinds = [_VALUES.get(one["Type"], str) for one in done.columns]
    count = 0
    for row in rows:
        values = [
            None if text is None else kind(text) for kind, text in zip(kinds, row, strict=False)
        ]
        out.write("[" if not count else ",\n ")
        out.write(json.dumps(dict(zip(names, values, strict=False)), ensure_ascii=False))
        count += 1
    out.write("]\n" if count else "[]\n")
    return count


def as_table(done: Done, rows: Iterable[Row], out: TextIO) -> int:
    """Write rows in columns, numbers to the right; plain lines for what has no columns."""
    found = list(rows)
    names = [one["Name"] for one in done.columns]
    if done.kind != "DML" or not names:
        for row in found:
            out.write("\t".join(text or "" for text in row).rstrip() + "\n")
        return len(found)
    shown = [[_cell(text) for text in row] for row in found]
    widths = [max(map(len, column)) for column in zip(names, *shown, strict=False)]
    right = [one["Type"] in _NUMBERS for one in done.columns]
    _line(out, names, widths, [False] * len(names))
    out.write("-+-".join("-" * width for width in widths) + "\n")
    for row in shown:
        _line(out, row, widths, right)
    return len(found)


def _line(out: TextIO, cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> None:
    padded = (
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(cells, widths, right, strict=False)
    )
    out.write(" | ".join(padded).rstrip() + "\n")


def _cell(text: str | None) -> str:
    if text is None:
        return "NULL"
    flat = text.replace("\n", "\\n").replace("\t", "\\t")
    return flat if len(flat) <= _WIDTH_MAX else flat[: _WIDTH_MAX - 1] + "…"


def cost_line(done: Done, count: int) -> str:
    """Say how many rows, how long, how many bytes, and what Athena would charge."""
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    if done.update_count:
        rows = f"{done.update_count:,} written"
    return (
        f"({rows}, {done.seconds * 1000:,.0f} ms, {done.scanned_bytes:,} bytes scanned, "
        f"${done.dollars:.6f})"
    )
