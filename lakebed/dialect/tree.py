"""The typed tree: what a query means after every name, type and coercion is settled.

No name of the user is left in it except those of catalog columns: relations are `r0, r1, …`, their
columns are numbered, so that nothing the user wrote can change what the lowered text means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lakebed.dialect.types import BIGINT, INSTANT, VARCHAR, Type

HIDDEN_COLUMNS: tuple[tuple[str, Type], ...] = (
    ("$path", VARCHAR),
    ("$file_size", BIGINT),
    ("$file_modified_time", Type(INSTANT, (3,))),
    ("$partition", VARCHAR),
)
"""What Trino's Hive connector adds to every table (`$bucket` only to bucketed ones)."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal. `value` is DuckDB's text of it, None is NULL."""

    type: Type
    value: str | bool | None


@dataclass(frozen=True, slots=True)
class Ref:
    """Column number `index` of relation `relation`."""

    type: Type
    relation: str
    index: int


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function: a template of the function table over its arguments."""

    type: Type
    template: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Convert:
    """A conversion to `type`; `safe` gives NULL where a CAST would fail (TRY_CAST)."""

    type: Type
    arg: Expr
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """TRY(arg): errors of evaluating the argument become NULL."""

    type: Type
    arg: Expr


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an ORDER BY."""

    expr: Expr
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate call. A template that says `{call:NAME}` gets the modifiers in that call."""

    type: Type
    template: str
    args: tuple[Expr, ...]
    distinct: bool = False
    where: Expr | None = None
    order: tuple[SortKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of a frame: `CURRENT ROW`, `UNBOUNDED …`, or PRECEDING, FOLLOWING by a value."""

    kind: str
    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A window frame: ROWS, RANGE or GROUPS between two bounds."""

    kind: str
    start: Bound
    end: Bound


@dataclass(frozen=True, slots=True)
class Window:
    """A window call: an aggregate or ranking function over a frame."""

    type: Type
    template: str
    args: tuple[Expr, ...]
    partition: tuple[Expr, ...]
    order: tuple[SortKey, ...]
    frame: Frame | None
    where: Expr | None = None
    ignore_nulls: bool = False
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Lambda:
    """A lambda: the names of its parameters in the lowered text, its body."""

    type: Type
    names: tuple[str, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class LambdaRef:
    """A parameter of a lambda."""

    type: Type
    name: str


@dataclass(frozen=True, slots=True)
class Subquery:
    """A query in an expression: `scalar`, `exists`, or `in`, `any <op>`, `all <op>` over `arg`."""

    type: Type
    kind: str
    query: Query
    arg: Expr | None = None


Expr = Constant | Ref | Apply | Convert | Try | Aggregate | Window | Lambda | LambdaRef | Subquery


@dataclass(eq=False, slots=True)
class Scan:
    """A catalog table in a FROM. `used` are the columns the query needs; `prunes` are predicates
    over partition columns only (in some tables: over any columns), `file_prunes` over hidden
    columns only, which every row of the answer satisfies.
    """

    relation: str
    table: TableInfo
    used: set[int] = field(default_factory=set[int])
    prunes: list[Expr] = field(default_factory=list["Expr"])
    file_prunes: list[Expr] = field(default_factory=list["Expr"])


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """A subquery in a FROM."""

    relation: str
    query: Query


@dataclass(frozen=True, slots=True, eq=False)
class CteRef:
    """A use of the WITH query `cte`."""

    relation: str
    cte: str


@dataclass(frozen=True, slots=True, eq=False)
class Unnest:
    """UNNEST: a column an array (an array of rows: one a field), two a map, then the ordinality."""

    relation: str
    args: tuple[Expr, ...]
    ordinality: bool


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """A join; `kind` is INNER, LEFT, RIGHT, FULL or CROSS."""

    kind: str
    left: Relation
    right: Relation
    on: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Some of a relation's rows: BERNOULLI takes each, SYSTEM each block, by `percent`."""

    source: Relation
    method: str
    percent: float


Relation = Scan | Derived | CteRef | Unnest | Join | Sample


@dataclass(frozen=True, slots=True, eq=False)
class Select:
    """One SELECT: its expressions in output order, and the clauses."""

    items: tuple[Expr, ...]
    source: Relation | None = None
    where: Expr | None = None
    groups: tuple[tuple[Expr, ...], ...] | None = None
    having: Expr | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SetOperation:
    """UNION, INTERSECT or EXCEPT, ALL or not, of two queries of equal types."""

    kind: str
    keep_all: bool
    left: Query
    right: Query


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Literal rows."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A whole query with its WITH, order and limits; `columns` are output names and types."""

    body: Select | SetOperation | Values
    columns: tuple[tuple[str | None, Type], ...]
    ctes: tuple[tuple[str, Query], ...] = ()
    order: tuple[SortKey, ...] = ()
    limit: int | None = None
    offset: int = 0
    ties: bool = False
    """Rows that sort as the last one within the limit are answered, too."""


@dataclass(frozen=True, slots=True)
class Version:
    """What FOR TIMESTAMP AS OF or FOR VERSION AS OF names: a moment, a snapshot, or a reference.

    `text` is the value as an error shows it; of a reference (`is_name`), its name.
    """

    text: str
    timestamp_ms: int | None = None
    snapshot_id: int | None = None

    @property
    def is_name(self) -> bool:
        """Whether it is the name of a branch or tag."""
        return self.timestamp_ms is None and self.snapshot_id is None


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table as the catalog knows it: columns with types, then the partition columns.

    `hidden_columns` only a query that names them sees; they are numbered after all others.
    `is_iceberg` tables have no partition columns: predicates over any column may drop files; so do
    those of tables that are `prunes_by_any`.
    """

    catalog: str
    database: str
    name: str
    columns: tuple[tuple[str, Type], ...]
    partition_columns: tuple[tuple[str, Type], ...] = ()
    hidden_columns: tuple[tuple[str, Type], ...] = HIDDEN_COLUMNS
    version: Version | None = None
    is_iceberg: bool = False
    prunes_by_any: bool = False

    @property
    def all_columns(self) -> tuple[tuple[str, Type], ...]:
        """The columns as a query sees them: the data's, then the partitions'."""
        return self.columns + self.partition_columns


@dataclass(frozen=True, slots=True)
class ViewInfo:
    """A view as the catalog knows it: its query, and the database that its names mean."""

    database: str
    name: str
    schema: str
    text: str
    columns: tuple[tuple[str, Type], ...]


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the expressions directly inside (not those of subqueries)."""
    if isinstance(expr, Apply):
        return expr.args
    if isinstance(expr, Convert | Try):
        return (expr.arg,)
    if isinstance(expr, Aggregate):
        where = (expr.where,) if expr.where else ()
        return (*expr.args, *where, *(key.expr for key in expr.order))
    if isinstance(expr, Window):
        where = (expr.where,) if expr.where else ()
        bounds = (expr.frame.start.value, expr.frame.end.value) if expr.frame else ()
        given = (bound for bound in bounds if bound is not None)
        return (*expr.args, *where, *given, *expr.partition, *(key.expr for key in expr.order))
    if isinstance(expr, Lambda):
        return (expr.body,)
    if isinstance(expr, Subquery) and expr.arg is not None:
        return (expr.arg,)
    return ()


def rebuilt(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return the expression with `change` of each of its children."""
    if isinstance(expr, Apply):
        return replace(expr, args=tuple(map(change, expr.args)))
    if isinstance(expr, Convert | Try):
        return replace(expr, arg=change(expr.arg))
    if isinstance(expr, Lambda):
        return replace(expr, body=change(expr.body))
    if isinstance(expr, Subquery):
        return expr if expr.arg is None else replace(expr, arg=change(expr.arg))
    return _rebuilt_call(expr, change) if isinstance(expr, Aggregate | Window) else expr


def _rebuilt_call(call: Aggregate | Window, change: Callable[[Expr], Expr]) -> Expr:
    def bound(found: Bound) -> Bound:
        return found if found.value is None else replace(found, value=change(found.value))

    args = tuple(map(change, call.args))
    where = None if call.where is None else change(call.where)
    order = tuple(replace(key, expr=change(key.expr)) for key in call.order)
    if isinstance(call, Aggregate):
        return replace(call, args=args, where=where, order=order)
    partition = tuple(map(change, call.partition))
    frame = call.frame
    if frame is not None:
        frame = replace(frame, start=bound(frame.start), end=bound(frame.end))
    return replace(call, args=args, where=where, order=order, partition=partition, frame=frame)
