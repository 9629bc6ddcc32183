"""What expressions of MEASURES and of DEFINE are made of, as pieces of the queries around them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from lakebed.dialect import tree
from lakebed.dialect.errors import not_supported
from lakebed.dialect.match_expressions import Navigation
from lakebed.dialect.operators import make_row
from lakebed.dialect.scopes import Field
from lakebed.dialect.types import BIGINT, BOOLEAN, INTEGER, VARCHAR, Type, array

Columns = list[tuple[str | None, Type]]
ROW, NUMBER, LABEL, KEPT, PART, SEQUENCE, FIRST_LEAF = range(7)
"""The columns of what the matcher answers; then two for each navigation: its row, its label."""


OWNER = Navigation((), every=True)
"""In a window: the row whose frame was searched."""


class StatefulError(Exception):
    """A condition depends on more than the row and its neighbours: on what was matched before."""


def fields_of(columns: Columns, relation: str) -> list[Field]:
    """Return the input's columns as a relation has them."""
    return [
        Field(name, None, tree.Ref(kind, relation, at)) for at, (name, kind) in enumerate(columns)
    ]


def _whole(start: str, end: str) -> tree.Frame:
    return tree.Frame("ROWS", tree.Bound(start), tree.Bound(end))


@dataclass
class Measures:
    """MEASURES: navigation joins the row it means, aggregates are windows over a match."""

    columns: Columns
    name: str
    """What relations are called: `…o` the matcher's answer, `…b` its row, `…n0` others."""
    found: list[Navigation] = field(default_factory=list[Navigation])

    def fields(self, navigation: Navigation) -> list[Field]:
        """Return the input's columns at a row."""
        if navigation.every:
            return fields_of(self.columns, f"{self.name}b")
        return fields_of(self.columns, f"{self.name}n{self._index(navigation)}")

    def _index(self, navigation: Navigation) -> int:
        if navigation not in self.found:
            self.found.append(navigation)
        return self.found.index(navigation)

    def answer(self, at: int, kind: Type = BIGINT) -> tree.Expr:
        """Return a column of the matcher's answer."""
        return tree.Ref(kind, f"{self.name}o", at)

    def row(self, at: int) -> tree.Expr:
        """Return the number of the row that a navigation means."""
        return self.answer(FIRST_LEAF + 2 * at)

    def at(self, navigation: Navigation, value: tree.Expr) -> tree.Expr:
        """Return what is computed of a row's columns, all NULL where there is no such row."""
        del navigation
        return value

    def classifier(self, navigation: Navigation) -> tree.Expr:
        """Return the variable that a row was matched to."""
        if navigation.every:
            return self.answer(LABEL, VARCHAR)
        return self.answer(FIRST_LEAF + 1 + 2 * self._index(navigation), VARCHAR)

    def number(self) -> tree.Expr:
        """Return the number of the match."""
        return self.answer(NUMBER)

    def aggregate(self, navigation: Navigation, call: tree.Aggregate) -> tree.Expr:
        """Return an aggregate of the match's rows."""
        label = self.answer(LABEL, VARCHAR)
        where = tree.Apply(BOOLEAN, "{0} IS NOT NULL", (label,))
        if navigation.labels is not None:
            named = tuple(tree.Constant(VARCHAR, one) for one in navigation.labels)
            slots = ", ".join(f"{{{at}}}" for at in range(1, len(named) + 1))
            where = tree.Apply(BOOLEAN, f"{{0}} IN ({slots})", (label, *named))
        end = "UNBOUNDED FOLLOWING" if navigation.final else "CURRENT ROW"
        order = (tree.SortKey(self.answer(SEQUENCE), False, False),)
        partition = (self.answer(PART), self.answer(NUMBER))
        frame = _whole("UNBOUNDED PRECEDING", end)
        return tree.Window(call.type, call.template, call.args, partition, order, frame, where)


@dataclass
class Neighbours:
    """DEFINE, a condition of the row itself and of rows at fixed distances."""

    columns: Columns
    relation: str
    label: str
    framed: bool = False
    """Whether neighbours outside of a window's frame are none."""

    def fields(self, navigation: Navigation) -> list[Field]:
        """Return the columns of the row or of a neighbour, NULL outside of the partition."""
        if not self._near(navigation):
            raise StatefulError
        found = fields_of(self.columns, self.relation)
        if not navigation.physical:
            return found
        return [replace(one, expr=self._moved(one.expr, navigation.physical)) for one in found]

    def _near(self, navigation: Navigation) -> bool:
        if not navigation.last or navigation.logical or (self.framed and navigation.physical):
            return False
        return navigation.labels is None or self.label in navigation.labels

    def at(self, navigation: Navigation, value: tree.Expr) -> tree.Expr:
        """Return what is computed of a row's columns, all NULL where there is no such row."""
        del navigation
        return value

    def _moved(self, value: tree.Expr, physical: int) -> tree.Expr:
        count = len(self.columns)
        row, part = (tree.Ref(BIGINT, self.relation, count + at) for at in (0, 1))
        name = "lag" if physical < 0 else "lead"
        distance = tree.Constant(BIGINT, str(abs(physical)))
        order = (tree.SortKey(row, False, False),)
        args = (value, distance)
        return tree.Window(value.type, f"{{call:{name}}}({{0}}, {{1}})", args, (part,), order, None)

    def classifier(self, navigation: Navigation) -> tree.Expr:
        """Return the variable itself."""
        if not self._near(navigation) or navigation.physical:
            raise StatefulError
        return tree.Constant(VARCHAR, self.label)

    def number(self) -> tree.Expr:
        """Refuse: it changes from match to match."""
        raise StatefulError

    def aggregate(self, navigation: Navigation, call: tree.Aggregate) -> tree.Expr:
        """Refuse: it needs the rows matched so far."""
        raise StatefulError


@dataclass
class Remembered:
    """DEFINE, a condition over what was matched so far: the matcher gives its parameters."""

    columns: Columns
    relation: str
    numbers: dict[str, int]
    """The numbers of the variables."""
    values: list[tree.Expr]
    """What the matcher has to know of each row, of all conditions."""
    parameters: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def fields(self, navigation: Navigation) -> list[Field]:
        """Return the row's columns; of another row, what `at` makes parameters of."""
        if navigation.every:
            return fields_of(self.columns, self.relation)
        return [
            Field(name, None, tree.LambdaRef(kind, f"@{at}"))
            for at, (name, kind) in enumerate(self.columns)
        ]

    def _parameter(
        self, kind: str, of: Navigation | None, returns: Type, column: int | None = None
    ) -> tree.LambdaRef:
        spec: dict[str, Any] = {"kind": kind, "column": column}
        if of is not None:
            spec |= described(of, self.numbers)
        if spec not in self.parameters:
            self.parameters.append(spec)
        return tree.LambdaRef(returns, f"v{self.parameters.index(spec)}")

    def _value(self, value: tree.Expr) -> int:
        if value not in self.values:
            self.values.append(value)
        return self.values.index(value)

    def at(self, navigation: Navigation, value: tree.Expr) -> tree.Expr:
        """Return what is computed of a row's columns, all NULL where there is no such row."""
        if isinstance(value, tree.LambdaRef) and value.name.startswith("@"):
            column = tree.Ref(value.type, self.relation, int(value.name[1:]))
            return self._parameter("value", navigation, value.type, self._value(column))
        if isinstance(value, tree.Apply):
            return replace(value, args=tuple(self.at(navigation, arg) for arg in value.args))
        if isinstance(value, tree.Convert | tree.Try):
            return replace(value, arg=self.at(navigation, value.arg))
        if tree.children(value):
            raise not_supported("This expression of another row in DEFINE")
        return value

    def classifier(self, navigation: Navigation) -> tree.Expr:
        """Return the variable that a row was matched to."""
        if navigation.every:
            raise not_supported("CLASSIFIER() in an aggregate in DEFINE")
        return self._parameter("label", navigation, VARCHAR)

    def number(self) -> tree.Expr:
        """Return the number of the match."""
        return self._parameter("number", None, BIGINT)

    def aggregate(self, navigation: Navigation, call: tree.Aggregate) -> tree.Expr:
        """Return an aggregate of the rows matched so far."""
        value = make_row(call.args or (tree.Constant(INTEGER, "1"),))
        column = self._value(value)
        rows = self._parameter("list", navigation, array(value.type), column)
        name = f"{self.relation}v{len(self.parameters)}"
        args = tuple(tree.Ref(arg.type, name, at) for at, arg in enumerate(call.args))
        inner = tree.Aggregate(call.type, call.template, args)
        select = tree.Select((inner,), tree.Unnest(name, (rows,), False), groups=((),))
        return tree.Subquery(call.type, "scalar", tree.Query(select, ((None, call.type),)))


def asks_tables(expr: tree.Expr) -> bool:
    """Tell whether a condition holds a query that is no aggregate of what was matched."""
    if isinstance(expr, tree.Subquery):
        body = expr.query.body
        unnest = body.source if isinstance(body, tree.Select) else None
        if not isinstance(unnest, tree.Unnest) or not isinstance(unnest.args[0], tree.LambdaRef):
            return True
    return any(map(asks_tables, tree.children(expr)))


def described(navigation: Navigation, numbers: dict[str, int]) -> dict[str, Any]:
    """Return a navigation as the matcher reads it."""
    if navigation == OWNER:
        return {"owner": True}
    labels = navigation.labels
    return {
        "labels": None if labels is None else [numbers[label] for label in labels],
        "last": navigation.last,
        "logical": navigation.logical,
        "physical": navigation.physical,
        "final": navigation.final,
    }
