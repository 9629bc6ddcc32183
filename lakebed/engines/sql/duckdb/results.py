"""Outcomes as they go over the socket, and result files in Athena's text forms."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lakebed.dialect import conversions, lower
from lakebed.dialect.types import Type, athena_column

Outcome = dict[str, Any]


def column(name: str, kind: Type) -> dict[str, Any]:
    """Describe a result column as Athena's ColumnInfo does."""
    athena, precision, scale = athena_column(kind)
    return {
        "name": name,
        "type": athena,
        "precision": precision,
        "scale": scale,
        "case_sensitive": kind.name in ("varchar", "char"),
        "trino_type": str(kind),
    }


def text_column(name: str) -> dict[str, Any]:
    """Describe a column of a utility statement: a Hive string."""
    return {"name": name, "type": "string", "trino_type": "varchar"}


def lines(scratch: Path, rows: Sequence[Sequence[str]], columns: Sequence[str]) -> Outcome:
    """Write the plain lines of a DDL or utility statement, members apart by tabs."""
    path = scratch / "result.txt"
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    return {
        "result": str(path),
        "result_suffix": "txt",
        "result_bytes": path.stat().st_size,
        "row_count": len(rows),
        "columns": [text_column(name) for name in columns],
    }


def names(columns: Sequence[tuple[str | None, Type]]) -> list[str]:
    """Return the result's column names: Trino's `_colN` where there is none."""
    return [name or f"_col{at}" for at, (name, _) in enumerate(columns)]


def as_text(query: str, columns: Sequence[tuple[str | None, Type]], shown: Sequence[str]) -> str:
    """Return the query with every value in Athena's text form, its columns named `shown`."""
    values = (
        f"{conversions.value_text(f'lbr.c{at}', kind)} AS {lower.identifier(shown[at])}"
        for at, (_, kind) in enumerate(columns)
    )
    return f"SELECT {', '.join(values)} FROM ({query}) AS lbr"


def copy_as_csv(query: str, columns: Sequence[tuple[str | None, Type]], path: Path) -> str:
    """Return the statement that writes the rows as Athena's CSV.

    DuckDB would rename columns of the same name: then the file has no header yet.
    """
    own = has_own_header(columns)
    shown = names(columns) if own else [f"t{at}" for at in range(len(columns))]
    return (
        f"COPY ({as_text(query, columns, shown)}) TO {lower.quoted(str(path))} (FORMAT csv, "
        f"HEADER {str(own).lower()}, FORCE_QUOTE *, QUOTE '\"', ESCAPE '\"', NULLSTR '')"
    )


def has_own_header(columns: Sequence[tuple[str | None, Type]]) -> bool:
    """Tell whether DuckDB can write the header: no two names may be the same to it."""
    folded = [name.lower() for name in names(columns)]
    return len(set(folded)) == len(folded) and "" not in folded


def add_header(columns: Sequence[tuple[str | None, Type]], path: Path) -> None:
    """Put the header in front of a file that has none."""
    bare = path.rename(path.with_suffix(".bare"))
    with path.open("wb") as whole, bare.open("rb") as rows:
        whole.write(header(columns).encode())
        shutil.copyfileobj(rows, whole)
    bare.unlink()


def header(columns: Sequence[tuple[str | None, Type]]) -> str:
    """Return the first line of a result, every name in quotes."""
    shown = ('"' + name.replace('"', '""') + '"' for name in names(columns))
    return ",".join(shown) + "\n"


def read_csv(path: Path) -> list[list[str]]:
    """Read a result file back (NULL and '' are not told apart)."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))
