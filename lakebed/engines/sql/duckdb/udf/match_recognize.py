"""The matcher of MATCH_RECOGNIZE: a program over the rows of a partition, as Trino runs it.

A program is what `dialect/row_patterns.py` makes of a pattern. It is run as a machine with threads
in the order of preference, one row after the other: the first thread to accept wins over those
after it. Threads that are at the same instruction and remember the same are one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers.arrow import arrow
from lakebed.engines.sql.duckdb.udf import match_conditions, vectorised
from lakebed.engines.sql.duckdb.udf.match_conditions import History

Thread = tuple[int, History]


@dataclass(slots=True)
class Matched:
    """A match: where it begins, the variable of each of its rows, which rows are excluded."""

    start: int
    labels: list[int]
    excluded: list[bool]


@vectorised
def rows(program: Any, part: Any, count: Any, *lists: Any) -> Any:
    """Return the answer's rows for each partition, rows numbered among those of all.

    `part` is the number of its first row, `count` how many it has; `lists` hold, of each row, the
    conditions that are known and the values that others need.
    """
    pa = arrow()
    text = program[0].as_py() if len(program) else "{}"
    found = Program(json.loads(text)) if len(program) else None
    width = 2 * len(found.leaves) if found else 0
    answers: list[list[Any]] = []
    firsts: list[int] = []
    offsets = [0]
    for at in range(len(part)):
        assert found is not None
        given = [column[at].values for column in lists]
        known = [bits.to_pylist() for bits in given[: found.known]]
        values = given[found.known : -1] if found.bounded else given[found.known :]
        partition = Partition(found, count[at].as_py(), known, values)
        if found.framed:
            ends = given[-1].to_pylist() if found.bounded else None
            answers.extend(partition.framed(ends))
        else:
            answers.extend(partition.answer())
        offsets.append(len(answers))
        firsts += [part[at].as_py()] * (offsets[-1] - offsets[-2])
    kinds = [pa.int64(), pa.int64(), pa.string(), pa.bool_(), pa.int64()]
    kinds += [pa.int64(), pa.string()] * (width // 2)
    columns = list(zip(*answers, strict=True)) or [()] * len(kinds)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    first, add = pa.array(firsts, pa.int64()), arrow("pyarrow.compute").add
    for at in (0, *range(5, len(arrays), 2)):
        arrays[at] = add(arrays[at], first)
    arrays.insert(4, first)
    names = [f"f{at}" for at in range(len(arrays))]
    whole = pa.StructArray.from_arrays(arrays, names)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), whole)


class Program:
    """What the matcher is told, read once."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.code: list[list[Any]] = told["code"]
        self.names: list[str] = told["names"]
        self.skip: list[Any] = told["skip"]
        self.rows: str = told["rows"]
        self.leaves: list[dict[str, Any]] = told["leaves"]
        self.conditions: list[dict[str, Any]] = told["conditions"]
        self.framed: bool = told.get("framed", False)
        self.bounded: bool = told.get("bounded", False)
        self.seeks: bool = told.get("seeks", False)
        self.known = sum("bits" in one for one in self.conditions)
        self.remembers = match_conditions.remembered(self.conditions)


class Partition:
    """A partition's rows and the search in it."""

    def __init__(
        self, program: Program, count: int, known: list[list[Any]], values: list[Any]
    ) -> None:
        self.program = program
        self.count = count
        self.number = 1
        self.low, self.high = 0, count
        self.known = known
        self.conditions = match_conditions.Conditions(
            program.conditions, program.names, count, values
        )
        self.nothing = History.empty(len(program.remembers))

    def holds(self, label: int, row: int, history: History) -> bool:
        """Tell whether a row can be matched to a variable."""
        condition = self.program.conditions[label]
        if not condition:
            return True
        if "bits" in condition:
            return self.known[condition["bits"]][row] is True
        return self.conditions.holds(label, row, history, self.number)

    def match_at(self, start: int) -> Matched | None:
        """Return the preferred match that begins at a row."""
        code, row = self.program.code, start
        best: History | None = None
        threads = self.advanced([(0, self.nothing)], row)
        while threads:
            taken: list[Thread] = []
            for at, history in threads:
                if code[at][0] == "match":
                    best = history
                    break
                _, label, excluded = code[at]
                if row < self.high and self.holds(label, row, history):
                    more = history.then(row, label, excluded, self.program.remembers)
                    taken.append((at + 1, more))
            row += 1
            threads = self.advanced(taken, row)
        if best is None:
            return None
        steps = best.steps()
        return Matched(start, [label for label, _ in steps], [hidden for _, hidden in steps])

    def advanced(self, threads: Sequence[Thread], row: int) -> list[Thread]:
        """Return where the threads get without taking a row, in order, each place once."""
        code = self.program.code
        found: list[Thread] = []
        seen: set[tuple[int, Any]] = set()
        stack: list[Thread] = list(reversed(threads))
        while stack:
            at, history = stack.pop()
            kind = code[at][0]
            if (at, history.key) in seen:
                if kind == "loop":  # a round that took no row ends the loop
                    stack.append((code[at][3], history))
                continue
            seen.add((at, history.key))
            if kind in ("label", "match"):
                found.append((at, history))
            elif kind in ("split", "loop"):
                stack.append((code[at][2], history))
                stack.append((code[at][1], history))
            elif kind == "jump":
                stack.append((code[at][1], history))
            elif (kind == "start" and row == 0) or (kind == "end" and row == self.count):
                stack.append((at + 1, history))
        return found

    def answer(self) -> Iterator[list[Any]]:
        """Return the rows of the answer."""
        row, last, sequence = 0, -1, 0
        width = 2 * len(self.program.leaves)
        while row < self.count:
            found = self.match_at(row)
            if found is None:
                if self.program.rows == "all with unmatched" and row > last:
                    yield [row, None, None, True, sequence, *[None] * width]
                    sequence += 1
                row += 1
                continue
            if not found.labels:
                if self.program.rows != "all without empty":
                    yield [row, self.number, None, True, sequence, *[None] * width]
                    sequence += 1
                row += 1
            else:
                yield from self.shown(found, sequence)
                sequence += len(found.labels)
                last = max(last, row + len(found.labels) - 1)
                row = self.after(found)
            self.number += 1

    def framed(self, ends: list[int | None] | None) -> Iterator[list[Any]]:
        """Return the rows of the matches of each row's frame; `ends` is how far frames go."""
        row = sequence = 0
        while row < self.count:
            end = None if ends is None else ends[row]
            self.bound(row, self.count if end is None else min(self.count, row + end + 1))
            found = self.match_at(row)
            start = row + 1
            while found is None and self.program.seeks and start < self.high:
                found = self.match_at(start)
                start += 1
            self.number = row
            if found is None or not found.labels:
                if found is not None:
                    owner = [row if "owner" in leaf else None for leaf in self.program.leaves]
                    more = [value for one in owner for value in (one, None)]
                    yield [row, row, None, True, sequence, *more]
                    sequence += 1
                row += 1
                continue
            yield from self.shown(found, sequence)
            sequence += len(found.labels)
            row = row + 1 if self.program.skip[0] == "next" else self.after(found)

    def bound(self, low: int, high: int) -> None:
        """Let the search see some rows only."""
        self.low, self.high = low, high
        self.conditions.low, self.conditions.high = low, high

    def after(self, found: Matched) -> int:
        """Return the row at which the next match may begin."""
        mode = self.program.skip[0]
        if mode == "past":
            return found.start + len(found.labels)
        if mode == "next":
            return found.start + 1
        wanted: list[int] = self.program.skip[1]
        places = [at for at, label in enumerate(found.labels) if label in wanted]
        if not places:
            message = "AFTER MATCH SKIP failed: pattern variable is not present in match"
            raise TrinoError("GENERIC_USER_ERROR", message)
        place = places[0] if mode == "first" else places[-1]
        if place == 0:
            message = "AFTER MATCH SKIP failed: cannot skip to first row of match"
            raise TrinoError("GENERIC_USER_ERROR", message)
        return found.start + place

    def shown(self, found: Matched, sequence: int) -> Iterator[list[Any]]:
        """Return a row for each row of a match; `sequence` is the first one's place."""
        count = len(found.labels)
        leaves = [self.leaf(leaf, found) for leaf in self.program.leaves]
        for at, label in enumerate(found.labels):
            kept = at == count - 1 if self.program.rows == "one" else not found.excluded[at]
            name = self.program.names[label]
            out: list[Any] = [found.start + at, self.number, name, kept, sequence + at]
            for leaf in leaves:
                row = leaf[at]
                away = -1 if row is None else row - found.start
                inside = 0 <= away < count
                other = self.program.names[found.labels[away]] if inside else None
                out += [row, other]
            yield out

    def leaf(self, leaf: dict[str, Any], found: Matched) -> list[int | None]:
        """Return the row that a navigation means, for each row of a match."""
        if "owner" in leaf:
            return [self.low] * len(found.labels)
        wanted: list[int] | None = leaf["labels"]
        logical: int = leaf["logical"]
        places = [at for at, one in enumerate(found.labels) if wanted is None or one in wanted]
        count = len(found.labels)
        if not leaf["last"]:
            place = places[logical] if logical < len(places) else None
            rows: list[int | None] = [place] * count
        elif leaf["final"]:
            rows = [places[-1 - logical] if logical < len(places) else None] * count
        else:
            rows = []
            passed = 0
            for at in range(count):
                passed += passed < len(places) and places[passed] == at
                rows.append(places[passed - 1 - logical] if passed > logical else None)
        return [self.moved(row, found.start, leaf["physical"]) for row in rows]

    def moved(self, row: int | None, start: int, physical: int) -> int | None:
        """Return the row some rows away, none outside of the partition."""
        if row is None:
            return None
        moved = start + row + physical
        return moved if self.low <= moved < self.high else None
