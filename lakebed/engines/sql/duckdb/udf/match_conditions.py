"""Conditions of MATCH_RECOGNIZE over what was matched so far, decided by a database of their own.

Each asks for a few rows (`LAST(A.price)`) or lists of rows (`sum(A.price)`) by what a thread of the
matcher remembers. A condition is decided for many rows at once: where one is asked for, those that
follow if the match goes on with the same variable are decided with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from lakebed.dialect import macros
from lakebed.engines.sql.duckdb.readers.arrow import arrow

AHEAD_ROWS = 64
"""How many rows are decided at once."""

Rows = tuple[Any, ...] | None
"""Rows that some variables were matched to, the last one outside: `(those before, row)`."""


def remembered(conditions: list[dict[str, Any]]) -> list[frozenset[int] | None]:
    """Return the sets of variables (None is every one) whose rows the conditions ask for."""
    found: dict[frozenset[int] | None, None] = {}
    classifies = False
    for condition in conditions:
        for parameter in condition.get("parameters", ()):
            if parameter["kind"] == "label":
                classifies = True
            if parameter["kind"] != "number":
                found[_wanted(parameter)] = None
    if classifies:
        for label in range(len(conditions)):
            found[frozenset({label})] = None
    return list(found)


def _wanted(parameter: dict[str, Any]) -> frozenset[int] | None:
    labels = parameter["labels"]
    return None if labels is None else frozenset(labels)


@dataclass(slots=True, eq=False)
class History:
    """What a thread has matched: its last step, the one before, and the rows it remembers."""

    before: History | None
    label: int
    excluded: bool
    kept: tuple[Rows, ...]
    key: tuple[int, ...]

    @staticmethod
    def empty(count: int) -> History:
        """Return the history of a thread that has taken no row."""
        return History(None, -1, False, (None,) * count, (0,) * count)

    def then(
        self, row: int, label: int, excluded: bool, sets: list[frozenset[int] | None]
    ) -> History:
        """Return the history with one more row."""
        if not sets:
            return History(self, label, excluded, (), ())
        kept = tuple(
            (rows, row) if wanted is None or label in wanted else rows
            for wanted, rows in zip(sets, self.kept, strict=True)
        )
        key = tuple(
            old if rows is same else hash((old, row))
            for old, rows, same in zip(self.key, kept, self.kept, strict=True)
        )
        return History(self, label, excluded, kept, key)

    def steps(self) -> list[tuple[int, bool]]:
        """Return variable and exclusion of each row taken, in order."""
        found: list[tuple[int, bool]] = []
        one: History = self
        while one.before is not None:
            found.append((one.label, one.excluded))
            one = one.before
        return found[::-1]

    def rows(self, at: int) -> list[int]:
        """Return the rows of a remembered set, in order."""
        found: list[int] = []
        rows = self.kept[at]
        while rows is not None:
            found.append(rows[1])
            rows = rows[0]
        return found[::-1]


class Conditions:
    """The conditions of one partition; `values` are what they may ask of its rows."""

    def __init__(
        self, conditions: list[dict[str, Any]], names: list[str], count: int, values: list[Any]
    ) -> None:
        self.conditions = conditions
        self.names = names
        self.low, self.high = 0, count
        self.values = values
        self.sets = remembered(conditions)
        self.known: dict[Any, bool] = {}

    def holds(self, label: int, row: int, history: History, number: int) -> bool:
        """Decide the condition of a variable at a row, after what was matched."""
        condition = self.conditions[label]
        parameters = condition["parameters"]
        asked = tuple(self.asked(one, label, row, history, number) for one in parameters)
        key = (label, asked)
        known = self.known.get(key)
        if known is None:
            self.decide(label, row, asked)
            known = self.known[key]
        return known

    def asked(
        self, parameter: dict[str, Any], label: int, row: int, history: History, number: int
    ) -> Any:
        """Return which rows a parameter is of: a row, several, a variable, or a number."""
        if parameter["kind"] == "number":
            return number
        wanted = _wanted(parameter)
        rows = history.rows(self.sets.index(wanted))
        if wanted is None or label in wanted:
            rows.append(row)
        if parameter["kind"] == "list":
            return tuple(rows)
        logical: int = parameter["logical"]
        if logical >= len(rows):
            return None
        found: int = rows[-1 - logical] if parameter["last"] else rows[logical]
        found += int(parameter["physical"])
        if parameter["kind"] == "label":
            return self.label_at(found, label, row, history)
        return found if self.low <= found < self.high else None

    def label_at(self, found: int, label: int, row: int, history: History) -> str | None:
        """Return the variable that a row was matched to."""
        if found == row:
            return self.names[label]
        for at, wanted in enumerate(self.sets):
            if wanted is not None and len(wanted) == 1 and found in history.rows(at):
                return self.names[next(iter(wanted))]
        return None

    def decide(self, label: int, row: int, asked: tuple[Any, ...]) -> None:
        """Decide the condition as asked, and as it would be asked of the rows after."""
        ahead = [asked, *self.guessed(label, row, asked)]
        try:
            answers = self.evaluated(label, ahead)
        except duckdb.Error:
            # A row that would never have been asked for may be one that cannot be computed.
            ahead = ahead[:1]
            answers = self.evaluated(label, ahead)
        for one, answer in zip(ahead, answers, strict=True):
            self.known[label, one] = answer is True

    def guessed(self, label: int, row: int, asked: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Return what is asked next if the rows that follow are matched to the same variable."""
        parameters = self.conditions[label]["parameters"]
        lists = any(parameter["kind"] == "list" for parameter in parameters)
        found: list[tuple[Any, ...]] = []
        for step in range(1, 8 if lists else AHEAD_ROWS):
            if row + step >= self.high:
                break
            guess: list[Any] = []
            for parameter, value in zip(parameters, asked, strict=True):
                moves = parameter["kind"] in ("value", "list") and (
                    parameter["labels"] is None or label in parameter["labels"]
                )
                if not moves or value is None:
                    guess.append(value)
                elif parameter["kind"] == "list":
                    guess.append((*value, *range(row + 1, row + step + 1)))
                elif parameter["last"]:
                    moved = value + step
                    guess.append(moved if moved < self.high else None)
                else:
                    guess.append(value)
            found.append(tuple(guess))
        return found

    def evaluated(self, label: int, asked: list[tuple[Any, ...]]) -> list[bool | None]:
        """Compute the condition for many askings."""
        pa = arrow()
        condition = self.conditions[label]
        columns: list[Any] = []
        for at, parameter in enumerate(condition["parameters"]):
            given = [one[at] for one in asked]
            if parameter["kind"] == "number":
                columns.append(pa.array(given, pa.int64()))
            elif parameter["kind"] == "label":
                columns.append(pa.array(given, pa.string()))
            elif parameter["kind"] == "value":
                values = self.values[parameter["column"]]
                columns.append(values.take(pa.array(given, pa.int64())))
            else:
                values = self.values[parameter["column"]]
                flat = values.take(pa.array([row for rows in given for row in rows], pa.int64()))
                offsets = [0]
                for rows in given:
                    offsets.append(offsets[-1] + len(rows))
                columns.append(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat))
        names = [f"v{at}" for at in range(len(columns))]
        columns.append(pa.array(range(len(asked)), pa.int64()))
        table = pa.table(columns, names=[*names, "lb_at"])
        return _answers(condition["condition"], table)


def _answers(text: str, table: Any) -> list[bool | None]:
    connection = _database()
    _defined(text)
    connection.register("lb_asked", table)
    try:
        query = f"SELECT CAST({text} AS BOOLEAN) FROM lb_asked ORDER BY lb_at"
        found: list[bool | None] = [row[0] for row in connection.execute(query).fetchall()]
    finally:
        connection.unregister("lb_asked")
    return found


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Return the database that decides conditions: it holds no tables."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'; SET scalar_subquery_error_on_multiple_rows = false;")
    connection.execute(macros.common())
    return connection


@cache
def _defined(text: str) -> None:
    """Make the macros and functions that a condition calls."""
    from lakebed.engines.sql.duckdb import udf

    udf.define(_database(), text)
