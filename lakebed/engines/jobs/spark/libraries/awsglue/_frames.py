"""What a DynamicFrame needs of the engine that computes it.

The public classes know gluetypes and this interface only, so that an engine without Spark can
stand behind them. Spark's is `_spark/frame.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeGuard

from . import gluetypes as g
from ._paths import Path

Mapped = tuple[Path, "g.DataType | None", Path, "g.DataType | None"]


class Frame(Protocol):
    """Records with a schema in Glue's types, computed when they are needed."""

    @property
    def schema(self) -> g.StructType:
        """Glue's schema."""
        ...

    @property
    def df(self) -> Any:
        """Spark's data frame of the records."""
        ...

    def count(self) -> int:
        """Return how many records there are."""
        ...

    def records(self, limit: int | None = None) -> list[Any]:
        """Return records, at most so many."""
        ...

    def sample(self, topk: int | None, prob: float | None) -> Frame:
        """Return the first so many records, or each with a probability."""
        ...

    def drop(self, paths: Sequence[Path]) -> Frame:
        """Leave out fields."""
        ...

    def select(self, paths: Sequence[Path]) -> Frame:
        """Keep fields."""
        ...

    def rename(self, old: Path, new: Path) -> Frame:
        """Give a field another path."""
        ...

    def apply_mapping(self, mappings: Sequence[Mapped]) -> Frame:
        """Keep what is mapped, under new paths and types."""
        ...

    def resolve(self, specs: Sequence[tuple[Path, str]]) -> Frame:
        """Resolve choices at paths."""
        ...

    def resolve_all(self, action: str, types: Mapping[str, g.DataType]) -> Frame:
        """Resolve every choice one way."""
        ...

    def drop_nulls(self) -> Frame:
        """Leave out the fields that never had a value."""
        ...

    def unnest(self) -> Frame:
        """Make the fields of structures columns."""
        ...

    def relationalize(self, root: str) -> Mapping[str, Frame]:
        """Return flat frames: the root and one for each array."""
        ...

    def unbox(self, path: Path, format: str, options: Mapping[str, Any]) -> Frame:
        """Parse the text in a field."""
        ...

    def conform(self, schema: g.StructType) -> Frame:
        """Give the frame another schema."""
        ...

    def split_rows(self, comparisons: Mapping[Path, Mapping[str, Any]]) -> tuple[Frame, Frame]:
        """Return the rows that fulfil every comparison, and the others."""
        ...

    def join(self, other: Any, pairs: Sequence[tuple[Path, Path]]) -> Frame:
        """Return the rows of both whose keys are equal."""
        ...

    def merge_staged(self, other: Any, keys: Sequence[Path]) -> Frame:
        """Return the rows of the other, and those here whose keys it does not have."""
        ...

    def union(self, other: Any) -> Frame:
        """Return the rows of both."""
        ...

    def map_records(self, f: Callable[[Any], Any], info: str = "") -> Frame:
        """Return what a function makes of each record."""
        ...

    def map_partitions(self, f: Callable[[int, Iterable[Any]], Iterable[Any]]) -> Frame:
        """Return what a function makes of each partition's records."""
        ...

    def filter_records(self, f: Callable[[Any], Any], info: str = "") -> Frame:
        """Return the records that a predicate is true of."""
        ...

    def repartition(self, partitions: int) -> Frame:
        """Spread the records over partitions."""
        ...

    def coalesce(self, partitions: int) -> Frame:
        """Bring the records together in at most so many partitions."""
        ...

    def partitions(self) -> int:
        """Return in how many partitions the records are."""
        ...

    def staged(self, info: str, threshold: int, total: int) -> Frame:
        """Return the frame with the limits of the transform that made it."""
        ...

    def check_errors(self) -> None:
        """Raise if a transform made more errors than it may."""
        ...

    def error_count(self, *, last_only: bool) -> int:
        """Return how many errors the transforms, or the last one, made."""
        ...

    def errors(self) -> Frame:
        """Return the error records."""
        ...


def is_frame(one: object) -> TypeGuard[Frame]:
    """Say whether this is such a frame; asking its members would compute it."""
    return callable(getattr(type(one), "apply_mapping", None))


def frame_of_data_frame(df: Any) -> Frame:
    """Return the frame of a data frame of Spark's."""
    from ._backend import BackendFrame

    return BackendFrame.of(df)


def check_resolution(action: str, *, for_all: bool) -> None:
    """Raise ValueError for a way to resolve a choice that Glue does not have."""
    from . import _types

    name, colon, kind = action.partition(":")
    plain = ("make_cols", "make_struct", *(("match_catalog",) if for_all else ()))
    if colon and name in ("cast", "project"):
        _types.from_text(kind)
    elif action not in plain:
        raise ValueError(f"Invalid choice action: {action}")


def catalog_types(database: str, table: str, catalog_id: str | None) -> dict[str, g.DataType]:
    """Return the types of a table's columns in the Data Catalog."""
    from ._catalog import Catalog

    return Catalog(catalog_id).table(database, table).types
