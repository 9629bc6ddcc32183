"""A frame that Spark computes: a data frame of columns beside Glue's schema of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .. import _records, _types
from .. import gluetypes as g
from .._paths import Path
from . import columns as c
from . import relational, resolving, unboxing
from .errors import Stage, TooManyErrors, error_of
from .modules import core, functions, sql
from .tagged import Tagged, bad, good
from .types import struct_from_spark, to_spark

_DROPS_A_ROW = (KeyError, ValueError, TypeError)
"""What a predicate may raise of a record that it does not fit: the record does not pass."""
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}


class SparkFrame:
    """A frame: its data frame and schema are made when first asked for."""

    def __init__(
        self, load: Callable[[], tuple[Any, g.StructType]], stages: tuple[Stage, ...] = ()
    ) -> None:
        self._load, self._stages = load, stages
        self._loaded: tuple[Any, g.StructType] | None = None

    @classmethod
    def of(cls, df: Any, schema: g.StructType | None = None) -> SparkFrame:
        """Return the frame of a data frame; without a schema it has no choices."""
        known = schema or struct_from_spark(df.schema)
        return cls(lambda: (df, known))

    @classmethod
    def of_records(cls, records: Any, hint: g.StructType | None = None) -> SparkFrame:
        """Return the frame of an RDD of dictionaries; their values show the schema."""
        return cls.of(*_typed(records, hint))

    @property
    def df(self) -> Any:
        """The data frame, choices as structures."""
        return self._both()[0]

    @property
    def schema(self) -> g.StructType:
        """Glue's schema."""
        return self._both()[1]

    def _both(self) -> tuple[Any, g.StructType]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _next(self, made: Callable[[Any, g.StructType], tuple[Any, g.StructType]]) -> SparkFrame:
        return SparkFrame(lambda: made(*self._both()), self._stages)

    def _columns(self, made: Callable[[list[c.Column]], list[c.Column]]) -> SparkFrame:
        """Return the frame with other columns."""

        def load(df: Any, schema: g.StructType) -> tuple[Any, g.StructType]:
            return selected(df, made(c.top(schema)))

        return self._next(load)

    # Columns

    def drop(self, paths: Sequence[Path]) -> SparkFrame:
        """Leave out the fields at these paths."""

        def made(columns: list[c.Column]) -> list[c.Column]:
            for path in paths:
                columns = c.edit(columns, path, lambda _: [])
            return columns

        return self._columns(made)

    def select(self, paths: Sequence[Path]) -> SparkFrame:
        """Keep the fields at these paths; nested ones in a structure of their own."""
        return self._columns(lambda columns: relational.picked(columns, paths))

    def rename(self, old: Path, new: Path) -> SparkFrame:
        """Give the field at a path another path."""
        return self._columns(lambda columns: relational.renamed(columns, old, new))

    def apply_mapping(
        self, mappings: Sequence[tuple[Path, g.DataType | None, Path, g.DataType | None]]
    ) -> SparkFrame:
        """Keep only what is mapped, under new paths and with new types."""
        return self._columns(lambda columns: relational.mapped(columns, mappings))

    def resolve(self, specs: Sequence[tuple[Path, str]]) -> SparkFrame:
        """Resolve choices at paths."""
        return self._columns(lambda columns: resolving.resolve(columns, specs))

    def resolve_all(self, action: str, types: Mapping[str, g.DataType]) -> SparkFrame:
        """Resolve every choice one way; `types` are those of a table's columns."""
        return self._columns(lambda columns: resolving.resolve_all(columns, action, types))

    def drop_nulls(self) -> SparkFrame:
        """Leave out the fields that never had a value."""

        def load(df: Any, schema: g.StructType) -> tuple[Any, g.StructType]:
            return selected(df, relational.without_nulls(df, c.top(schema)))

        return self._next(load)

    def unnest(self) -> SparkFrame:
        """Make the fields of structures columns with dotted names."""
        return self._columns(relational.flat)

    def relationalize(self, root: str) -> dict[str, SparkFrame]:
        """Return this frame and one for each of its arrays, all flat."""
        df, schema = self._both()
        tables = relational.tables(df, c.top(schema), root)
        return {name: SparkFrame(lambda one=one: one, self._stages) for name, one in tables.items()}

    def unbox(self, path: Path, format: str, options: Mapping[str, Any]) -> SparkFrame:
        """Parse the text at a path."""
        return self._next(lambda df, schema: unboxing.unboxed(df, schema, path, format, options))

    def conform(self, schema: g.StructType) -> SparkFrame:
        """Give the frame another schema; what does not fit becomes null."""
        return self._next(lambda df, held: (conformed(df, held, schema), schema))

    # Rows

    def sample(self, topk: int | None, prob: float | None) -> SparkFrame:
        """Return the first so many records, or each with a probability."""

        def load(df: Any, schema: g.StructType) -> tuple[Any, g.StructType]:
            some = df if prob is None else df.sample(fraction=prob)
            return (some if topk is None else some.limit(topk)), schema

        return self._next(load)

    def split_rows(
        self, comparisons: Mapping[Path, Mapping[str, Any]]
    ) -> tuple[SparkFrame, SparkFrame]:
        """Return the rows that fulfil every comparison, and the others."""

        def condition(schema: g.StructType) -> Any:
            whole = functions.lit(True)
            for path, compared in comparisons.items():
                column = c.find(c.top(schema), path)
                for sign, value in compared.items():
                    one = functions.lit(None) if column is None else column.value
                    whole = whole & _COMPARE[sign](one, functions.lit(value))
            return functions.coalesce(whole, functions.lit(False))

        return (
            self._next(lambda df, schema: (df.where(condition(schema)), schema)),
            self._next(lambda df, schema: (df.where(~condition(schema)), schema)),
        )

    def join(self, other: SparkFrame, pairs: Sequence[tuple[Path, Path]]) -> SparkFrame:
        """Return the rows of both whose fields are equal; a name in both gets a dot before it."""

        def load() -> tuple[Any, g.StructType]:
            return relational.joined(self._both(), other._both(), pairs)

        return SparkFrame(load, self._stages + other._stages)

    def merge_staged(self, other: SparkFrame, keys: Sequence[Path]) -> SparkFrame:
        """Return the rows of the other frame, and those here whose keys it does not have."""

        def load() -> tuple[Any, g.StructType]:
            df, schema = self._both()
            staged, staged_schema = other._both()
            kept = relational.without_keys((df, schema), (staged, staged_schema), keys)
            return united((kept, schema), (staged, staged_schema))

        return SparkFrame(load, self._stages + other._stages)

    def union(self, other: SparkFrame) -> SparkFrame:
        """Return the rows of both."""
        return SparkFrame(lambda: united(self._both(), other._both()), self._stages + other._stages)

    def map_records(self, f: Callable[[Any], Any], info: str = "") -> SparkFrame:
        """Return what a function makes of each record; what it raises is an error record."""
        cached: list[Any] = []

        def tagged() -> Any:
            if not cached:
                df, schema = self._both()
                made = df.rdd.mapPartitions(_mapping(f, schema, info))
                cached.append(made.persist(core.StorageLevel.MEMORY_AND_DISK))
            return cached[0]

        def load() -> tuple[Any, g.StructType]:
            return _typed(good(tagged()), self.schema)

        return SparkFrame(load, self._with_errors(tagged, info))

    def map_partitions(self, f: Callable[[int, Iterable[Any]], Iterable[Any]]) -> SparkFrame:
        """Return what a function makes of the records of each partition."""

        def load() -> tuple[Any, g.StructType]:
            df, schema = self._both()
            made = df.rdd.mapPartitionsWithIndex(_whole_partitions(f, schema))
            return _typed(made.persist(core.StorageLevel.MEMORY_AND_DISK), schema)

        return SparkFrame(load, self._stages)

    def filter_records(self, f: Callable[[Any], Any], info: str = "") -> SparkFrame:
        """Return the records that a predicate is true of."""

        def tagged() -> Any:
            df, schema = self._both()
            return df.rdd.mapPartitions(_filtering(f, schema, info))

        def load() -> tuple[Any, g.StructType]:
            df, schema = self._both()
            rows = good(tagged())
            return df.sparkSession.createDataFrame(rows, df.schema, verifySchema=False), schema

        return SparkFrame(load, self._with_errors(tagged, info))

    def _with_errors(self, tagged: Callable[[], Any], info: str) -> tuple[Stage, ...]:
        def errors() -> Any:
            return bad(tagged())

        return (*self._stages, Stage(info, errors=errors))

    def count(self) -> int:
        """Return how many rows there are."""
        return int(self.df.count())

    def records(self, limit: int | None = None) -> list[Any]:
        """Return rows as records, at most so many."""
        df, schema = self._both()
        rows = df.collect() if limit is None else df.take(limit)
        return [_records.decode(tuple(row), schema) for row in rows]

    def repartition(self, partitions: int) -> SparkFrame:
        """Spread the rows over so many partitions."""
        return self._next(lambda df, schema: (df.repartition(partitions), schema))

    def coalesce(self, partitions: int) -> SparkFrame:
        """Bring the rows together in so many partitions at most."""
        return self._next(lambda df, schema: (df.coalesce(partitions), schema))

    def partitions(self) -> int:
        """Return in how many partitions the rows are."""
        return int(self.df.rdd.getNumPartitions())

    # Errors

    def staged(self, info: str, threshold: int, total: int) -> SparkFrame:
        """Return the frame with the limits of the transform that made it."""
        last = self._stages[-1] if self._stages else None
        if last is not None and last.errors is not None and not (last.threshold or last.total):
            last = Stage(info or last.info, threshold, total, last.errors)
            stages = (*self._stages[:-1], last)
        else:
            stages = (*self._stages, Stage(info, threshold, total))
        made = SparkFrame(self._both, stages)
        made._loaded = self._loaded
        return made

    def with_errors(self, errors: Callable[[], Any], info: str = "") -> SparkFrame:
        """Return the frame with error records of the source that it comes from."""
        made = SparkFrame(self._both, (*self._stages, Stage(info, errors=errors)))
        made._loaded = self._loaded
        return made

    def check_errors(self) -> None:
        """Raise if a transform made more errors than it may."""
        total = 0
        for stage in self._stages:
            if stage.threshold or any(later.total for later in self._stages):
                count = stage.count()
                total += count
                if stage.threshold and count > stage.threshold:
                    raise TooManyErrors(stage.info, count, stage.threshold, "stage")
                if stage.total and total > stage.total:
                    raise TooManyErrors(stage.info, total, stage.total, "total")

    def error_count(self, *, last_only: bool) -> int:
        """Return how many errors the transforms, or the last one, made."""
        stages = self._stages[-1:] if last_only else self._stages
        return sum(stage.count() for stage in stages)

    def errors(self) -> SparkFrame:
        """Return the error records of all transforms that led here."""
        found = [stage.errors() for stage in self._stages if stage.errors is not None]

        def load() -> tuple[Any, g.StructType]:
            session = sql.SparkSession.getActiveSession()
            context = session.sparkContext
            return _typed(context.union(found) if found else context.emptyRDD(), None)

        return SparkFrame(load)


def selected(df: Any, columns: list[c.Column]) -> tuple[Any, g.StructType]:
    """Return a data frame of these columns, with its schema."""
    schema = g.StructType([column.field() for column in columns])
    return df.select(*[column.value.alias(column.name) for column in columns]), schema


def conformed(df: Any, schema: g.StructType, target: g.StructType) -> Any:
    """Return a data frame with exactly the fields of another schema."""
    held = {column.name: column for column in c.top(schema)}
    chosen: list[Any] = []
    for field in target.fields:
        missing = c.Column(field.name, functions.lit(None), g.NullType())
        value = c.cast(held.get(field.name, missing), field.dataType)
        chosen.append(value.alias(field.name))
    return df.select(*chosen)


def united(
    left: tuple[Any, g.StructType], right: tuple[Any, g.StructType]
) -> tuple[Any, g.StructType]:
    """Return the rows of both; fields of different types become choices."""
    schema = _types.merge_structs(left[1], right[1])
    return conformed(*left, schema).union(conformed(*right, schema)), schema


def _typed(records: Any, hint: g.StructType | None) -> tuple[Any, g.StructType]:
    """Return the data frame of an RDD of records, after one look at all of them."""

    def seen(part: Iterable[Any]) -> Iterable[_records.Shape]:
        shape = _records.Shape()
        for record in part:
            shape.see(record)
        return [shape]

    shapes = records.mapPartitions(seen).collect()
    whole = _records.Shape()
    for shape in shapes:
        whole.add(shape)
    schema = whole.struct(hint) if whole.kinds else (hint or g.StructType())

    def encoded(record: Any) -> Any:
        return _records.encode(record, schema)

    rows = records.map(encoded)
    session = sql.SparkSession.getActiveSession()
    return session.createDataFrame(rows, to_spark(schema), verifySchema=False), schema


def _mapping(
    f: Callable[[Any], Any], schema: g.StructType, info: str
) -> Callable[[Iterable[Any]], Iterable[Tagged]]:
    def run(rows: Iterable[Any]) -> Iterable[Tagged]:
        for row in rows:
            record = _records.decode(row, schema)
            try:
                made = f(record)
                _records.Shape().see(made)
            except Exception as problem:  # noqa: BLE001 — whatever the script's function raises
                yield False, error_of(problem, _records.decode(row, schema), info)
                continue
            if made is not None:
                yield True, made

    return run


def _filtering(
    f: Callable[[Any], Any], schema: g.StructType, info: str
) -> Callable[[Iterable[Any]], Iterable[Tagged]]:
    def run(rows: Iterable[Any]) -> Iterable[Tagged]:
        for row in rows:
            record = _records.decode(row, schema)
            try:
                passes = f(record)
            except _DROPS_A_ROW:
                continue
            except Exception as problem:  # noqa: BLE001 — whatever the script's function raises
                yield False, error_of(problem, record, info)
                continue
            if passes:
                yield True, row

    return run


def _whole_partitions(
    f: Callable[[int, Iterable[Any]], Iterable[Any]], schema: g.StructType
) -> Callable[[int, Iterable[Any]], Iterable[Any]]:
    def run(index: int, rows: Iterable[Any]) -> Iterable[Any]:
        return f(index, (_records.decode(row, schema) for row in rows))

    return run
