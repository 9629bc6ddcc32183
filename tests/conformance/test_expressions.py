"""Generated expressions: Trino's recorded answers, and no crash on thousands of new ones."""

from __future__ import annotations

import re

import duckdb
import pytest

from lakebed.dialect import analyse, lower, parse
from lakebed.dialect.errors import TrinoError
from tests.conformance import left_out, oracle, selects
from tests.dialect.test_cases import NoCatalog

SAMPLE = 97
SPELLED = 240
"""One of so many recorded answers is replayed in the quick run, and is spelled in other ways."""


@pytest.fixture(scope="module")
def connection():
    with oracle.database() as found:
        yield found


def replayed(connection: duckdb.DuckDBPyConnection, step: int) -> dict[str, str]:
    found = list(oracle.recorded())[::step]
    assert len(found) > 100
    wrong = ((one["sql"], oracle.disagreement(connection, one)) for one in found)
    return {text: why for text, why in wrong if why}


def test_recorded_answers_are_given_again(connection):
    assert replayed(connection, SAMPLE) == {}


@pytest.mark.slow
def test_all_recorded_answers_are_given_again(connection):
    assert replayed(connection, 1) == {}


LEFT_OUT_SHARE_MAX = 0.015
OPEN_SHARE_MAX = 0.003


def test_what_is_left_out_is_little_and_has_a_class():
    lines = oracle.left_out()
    names = {one.name for one in left_out.CLASSES}
    assert {name for _, name, _ in lines} <= names
    recorded = sum(1 for _ in oracle.recorded())
    assert recorded > 10_000
    assert len(lines) < LEFT_OUT_SHARE_MAX * recorded
    assert sum(name == "open" for _, name, _ in lines) < OPEN_SHARE_MAX * recorded


_PIECES = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|\s+)")


_RENAMED = (
    ("t(v, k)", '"T 1"(col_v, "K")'),
    ("(v ORDER BY k)", '(col_v ORDER BY "K")'),
    ("(x, y, z)", "(lim, o, z)"),
)


def _parameters(text: str) -> str:
    return re.sub(r"\bx\b", "lim", re.sub(r"\by\b", "o", text))


def loud(text: str) -> str:
    """Write everything but strings and quoted names in large letters."""
    return "".join(one if one[:1] in "'\"" else one.upper() for one in _PIECES.split(text))


def spaced(text: str) -> str:
    """Write line ends and a comment for each blank."""
    return "".join("\n /* , ' */\t" if one.isspace() else one for one in _PIECES.split(text))


def renamed(text: str) -> str:
    """Call the table, its columns and the parameters of lambdas otherwise."""
    for before, after in _RENAMED:
        text = text.replace(before, after)
    return "".join(one if one[:1] == "'" else _parameters(one) for one in _PIECES.split(text))


def derived(text: str) -> str:
    """Select the statement's columns once more."""
    return f"WITH a AS ({text}) SELECT * FROM (SELECT b.* FROM a AS b) AS c LIMIT 10"


@pytest.mark.parametrize("change", [loud, spaced, renamed, derived], ids=lambda one: one.__name__)
def test_spelling_changes_no_answer(connection, change):
    found = list(oracle.recorded())[3::SPELLED]
    answers = [one for one in found if "error" not in one and "row(x" not in one["sql"]]
    if change is loud:  # a column is called as it is written
        answers = [one for one in answers if not one["sql"].startswith("SELECT k,")]
    assert len(answers) > 20
    wrong = {
        one["sql"]: why
        for one in answers
        if (why := oracle.disagreement(connection, one | {"sql": change(one["sql"])}))
    }
    assert wrong == {}


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
    crashes = {text: crash(text) for text in selects.statements(77, count)}
    assert {text: why for text, why in crashes.items() if why} == {}


@pytest.mark.parametrize(
    "count", [25, pytest.param(400, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_statement_that_breaks_off_is_trinos_error(count):
    cut = [
        text[: match.end()]
        for text in selects.statements(78, count)
        for match in re.finditer(r"\w+|[^\w\s]", text)
    ]
    assert len(cut) > 20 * count
    crashes = {text: why for text in cut if (why := crash(text))}
    assert crashes == {}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM (VALUES 1) t(a, b", "SELECT CAST(1 AS", "SELECT CAST(1 AS row(a bigint,",
        "SELECT json_value('{}', 'lax $' DEFAULT 1", "SELECT json_object('a' VALUE 1 NULL",
        "SELECT json_query('{}', 'lax $' WITH", "SELECT json_array(1 RETURNING",
        "SELECT * FROM TABLE(f(a => DESCRIPTOR(b", "SELECT * FROM t MATCH_RECOGNIZE(PATTERN (a",
        "SELECT * FROM t MATCH_RECOGNIZE(AFTER MATCH SKIP TO", "SELECT * FROM t MATCH_RECOGNIZE(",
        "SELECT TIMESTAMP", "SELECT INTERVAL '1'", "SELECT x FROM UNNEST(a) WITH",
    ],
)  # fmt: skip
def test_clauses_that_break_off_are_trinos_errors(text):
    assert crash(text) == ""
