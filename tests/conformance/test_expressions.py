"""Generated expressions: Trino's recorded answers, and no crash on thousands of new ones."""

from __future__ import annotations

import duckdb
import pytest

from lakebed.dialect import analyse, lower, parse
from lakebed.dialect.errors import TrinoError
from tests.conformance import expressions, oracle
from tests.dialect.test_cases import NoCatalog

SAMPLE = 8
"""One of so many recorded answers is replayed in the quick run."""


@pytest.fixture(scope="module")
def connection():
    with oracle.database() as found:
        yield found


def replayed(connection: duckdb.DuckDBPyConnection, step: int) -> dict[str, str]:
    found = list(oracle.recorded())[::step]
    assert len(found) > 200
    wrong = ((one["sql"], oracle.disagreement(connection, one)) for one in found)
    return {text: why for text, why in wrong if why}


def test_recorded_answers_are_given_again(connection):
    assert replayed(connection, SAMPLE) == {}


@pytest.mark.slow
def test_all_recorded_answers_are_given_again(connection):
    assert replayed(connection, 1) == {}


def crash(text: str) -> str:
    """Analyse and lower a statement; say what else than an error of Trino's it raised."""
    try:
        query = analyse.Analyser(NoCatalog(), "default", text).query(parse.parse_query(text))
        lower.Lowering(lower.no_tables).query(query)
    except TrinoError:
        return ""
    except Exception as error:  # noqa: BLE001 - every other one is what the test looks for
        return repr(error)
    return ""


@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_the_analyser_has_trinos_errors_only(count):
    crashes = {text: crash(text) for text in expressions.statements(77, count)}
    assert {text: why for text, why in crashes.items() if why} == {}
