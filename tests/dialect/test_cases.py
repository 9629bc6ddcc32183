"""The text cases: Athena's text, what it is lowered to, what comes out of a real DuckDB.

A case file holds blocks apart by blank lines. The first lines of a block are Athena's text; then
`types:` and `rows:` (values apart by ` | `, rows by ` ; `), or `error:`; `duckdb:` pins the text.
Adding a case needs no Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from lakebed.dialect import analyse, conversions, functions, lower, macros, parse, statements
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb import failures, udf

FOLDER = Path(__file__).parent / "cases"
KEYS = ("types", "rows", "error", "duckdb", "names")


class Case(NamedTuple):
    where: str
    text: str
    expected: dict[str, str]


def cases() -> list[Case]:
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.txt")):
        line = 1
        for block in path.read_text("utf-8").split("\n\n"):
            text: list[str] = []
            expected: dict[str, str] = {}
            for row in block.strip("\n").split("\n"):
                key, _, value = row.partition(":")
                if key in KEYS:
                    expected[key] = value.strip()
                elif not row.startswith("#"):
                    text.append(row)
            if text and any(text):
                found.append(Case(f"{path.name}:{line}", "\n".join(text), expected))
            line += block.count("\n") + 2
    return found


class NoCatalog:
    def has_database(self, database):
        return database == "default"

    def table(self, database, name):
        return None


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as found:
        found.execute(macros.common())
        yield found


def lowered(text: str):
    statement = parse.parse(text)
    assert isinstance(statement, statements.Select)
    query = analyse.Analyser(NoCatalog(), "default", text).query(statement.query)
    return query, lower.Lowering(lower.no_tables).query(query)


def run(connection, text: str) -> tuple[list[str], list[str], str, str]:
    query, sql = lowered(text)
    shown = [conversions.value_text(f"c{at}", kind) for at, (_, kind) in enumerate(query.columns)]
    whole = f"SELECT {', '.join(shown)} FROM ({sql})"
    udf.define(connection, whole)
    rows = connection.execute(whole).fetchall()
    text_rows = " ; ".join(
        " | ".join("NULL" if value is None else str(value) for value in row) for row in rows
    )
    names = [name or f"_col{at}" for at, (name, _) in enumerate(query.columns)]
    return names, [str(kind) for _, kind in query.columns], text_rows, sql


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.where)
def test_case(connection, case):
    if "error" in case.expected:
        with pytest.raises((TrinoError, duckdb.Error)) as caught:
            run(connection, case.text)
        found = failures.describe(caught.value)
        assert f"{found['name']}: {found['message']}" == case.expected["error"]
        return
    names, types, rows, sql = run(connection, case.text)
    found = {"types": ", ".join(types), "rows": rows, "duckdb": sql, "names": ", ".join(names)}
    assert {key: found[key] for key in case.expected} == case.expected


def test_every_function_has_a_case():
    text = "\n".join(case.text.lower() for case in cases())
    built = [
        name
        for name, rows in functions.table().items()
        if any(row.template != functions.NOT_BUILT for row in rows)
    ]
    missing = [name for name in built if f"{name}(" not in text and name not in text]
    assert missing == []
