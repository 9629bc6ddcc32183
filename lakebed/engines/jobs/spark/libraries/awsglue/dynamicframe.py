"""DynamicFrames, collections of them, and what reads and writes them.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-dynamic-frame.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import _paths, _types
from . import gluetypes as g
from ._collection import DynamicFrameCollection, ResolveOption
from ._dynamodb_json import plain, plain_item
from ._frames import Frame, catalog_types, check_resolution, frame_of_data_frame, is_frame
from ._moving import DynamicFrameReader, DynamicFrameWriter
from ._records import DynamicRecord

__all__ = [
    "DynamicFrame",
    "DynamicFrameCollection",
    "DynamicFrameReader",
    "DynamicFrameWriter",
    "DynamicRecord",
    "ResolveOption",
]

Mapping_ = Sequence[Any]
"""A mapping of ApplyMapping: (source, target), (source, target, type) or with both types."""


class DynamicFrame:
    """Records that describe themselves, computed when they are needed."""

    def __init__(self, jdf: Any, glue_ctx: Any, name: str = "") -> None:
        self.frame: Frame = jdf if is_frame(jdf) else frame_of_data_frame(jdf)
        self.glue_ctx, self.name = glue_ctx, name

    @classmethod
    def fromDF(cls, dataframe: Any, glue_ctx: Any, name: str = "") -> DynamicFrame:
        """Return the DynamicFrame of a data frame."""
        return cls(frame_of_data_frame(dataframe), glue_ctx, name)

    def _with(
        self, frame: Frame, transformation_ctx: str = "", limits: tuple[str, int, int] = ("", 0, 0)
    ) -> DynamicFrame:
        return DynamicFrame(frame.staged(*limits), self.glue_ctx, transformation_ctx or self.name)

    # Information

    def schema(self) -> g.StructType:
        """Return the schema, computed from the records where it must be."""
        return self.frame.schema

    def printSchema(self) -> None:
        """Print the schema as a tree."""
        print(_types.tree(self.schema()))  # noqa: T201 — that is what it is for

    def show(self, num_rows: int = 20) -> None:
        """Print records as lines of JSON."""
        self.assertErrorThreshold()
        for record in self.frame.records(num_rows):
            print(json.dumps(record, default=str))  # noqa: T201 — that is what it is for

    def count(self) -> int:
        """Return the number of records."""
        self.assertErrorThreshold()
        return self.frame.count()

    def toDF(self, options: Sequence[ResolveOption] | None = None) -> Any:
        """Return a data frame; a choice is a structure with a member for each type."""
        self.assertErrorThreshold()
        return self.frame.resolve([one.spec() for one in options or ()]).df

    def getNumPartitions(self) -> int:
        """Return in how many partitions the records are."""
        return self.frame.partitions()

    def repartition(
        self,
        num_partitions: int,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Spread the records over so many partitions."""
        limits = info, stageThreshold, totalThreshold
        return self._with(self.frame.repartition(num_partitions), transformation_ctx, limits)

    def coalesce(
        self,
        num_partitions: int,
        shuffle: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Bring the records together in so many partitions at most."""
        change = self.frame.repartition if shuffle else self.frame.coalesce
        limits = info, stageThreshold, totalThreshold
        return self._with(change(num_partitions), transformation_ctx, limits)

    # Transforms of fields

    def apply_mapping(
        self,
        mappings: Iterable[Mapping_],
        case_sensitive: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Keep only what is mapped, under new names and with new types."""
        del case_sensitive
        frame = self.frame.apply_mapping([_mapping(one) for one in mappings])
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def drop_fields(
        self,
        paths: Iterable[str] | str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Leave out the fields at these paths."""
        frame = self.frame.drop(_parsed(paths))
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def drop_null_fields(
        self,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Leave out the fields that never had a value."""
        limits = info, stageThreshold, totalThreshold
        return self._with(self.frame.drop_nulls(), transformation_ctx, limits)

    def select_fields(
        self,
        paths: Iterable[str] | str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Keep only the fields at these paths."""
        frame = self.frame.select(_parsed(paths))
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def rename_field(
        self,
        oldName: str,
        newName: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Give a field another path."""
        frame = self.frame.rename(_paths.parse(oldName), _paths.parse(newName))
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def split_fields(
        self,
        paths: Iterable[str] | str,
        name1: str,
        name2: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection:
        """Return two frames: of the fields at these paths, and of the others."""
        steps, limits = _parsed(paths), (info, stageThreshold, totalThreshold)
        parts = {name1: self.frame.select(steps), name2: self.frame.drop(steps)}
        return self._collection(parts, limits)

    def resolveChoice(
        self,
        specs: Sequence[tuple[str, str]] | None = None,
        choice: str = "",
        database: str | None = None,
        table_name: str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        catalog_id: str | None = None,
    ) -> DynamicFrame:
        """Resolve choices: those at paths, or all of them one way."""
        if specs and choice:
            raise ValueError("both specs and choice provided. Only one of them can be used.")
        types: dict[str, g.DataType] = {}
        if choice == "match_catalog":
            if not database or not table_name:
                raise ValueError("match_catalog needs database and table_name")
            types = catalog_types(database, table_name, catalog_id)
        for action in [choice] if choice else [action for _, action in specs or ()]:
            check_resolution(action, for_all=bool(choice))
        if choice:
            frame = self.frame.resolve_all(choice, types)
        else:
            frame = self.frame.resolve([(_paths.parse(p), action) for p, action in specs or ()])
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def unbox(
        self,
        path: str,
        format: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        **options: Any,
    ) -> DynamicFrame:
        """Parse the text in a field."""
        frame = self.frame.unbox(_paths.parse(path), format, options.get("options", options))
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def unnest(
        self,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Make the fields of structures top-level fields with dotted names."""
        limits = info, stageThreshold, totalThreshold
        return self._with(self.frame.unnest(), transformation_ctx, limits)

    def unnest_ddb_json(
        self,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Turn DynamoDB's JSON (`{"S": "text"}`) below `Item` into plain values."""
        frame = self.frame.map_records(plain_item, info)
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def simplify_ddb_json(
        self,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Turn DynamoDB's JSON in any field into plain values."""
        frame = self.frame.map_records(plain, info)
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def relationalize(
        self,
        root_table_name: str,
        staging_path: str | None = None,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection:
        """Return flat frames: the root, and one for each array, joined by `id`.

        What Spark keeps meanwhile it keeps in its own storage, so nothing is put at
        `staging_path`.
        """
        del staging_path, options
        limits = info, stageThreshold, totalThreshold
        return self._collection(self.frame.relationalize(root_table_name), limits)

    def with_frame_schema(self, schema: g.StructType | Callable[[], g.StructType]) -> DynamicFrame:
        """Return the frame with a schema that needs no look at the records."""
        known = schema if isinstance(schema, g.StructType) else schema()
        return self._with(self.frame.conform(known))

    # Transforms of records

    def map(
        self,
        f: Callable[[Any], Any],
        preservesPartitioning: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Return what a function makes of each record; what it raises is an error record."""
        del preservesPartitioning
        frame = self.frame.map_records(f, info)
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def filter(
        self,
        f: Callable[[Any], Any],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Return the records that a predicate is true of."""
        frame = self.frame.filter_records(f, info)
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def mapPartitions(
        self,
        f: Callable[[Iterable[Any]], Iterable[Any]],
        preservesPartitioning: bool = True,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Return what a function makes of all records of a partition."""
        del preservesPartitioning
        frame = self.frame.map_partitions(lambda _index, records: f(records))
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def mapPartitionsWithIndex(
        self,
        f: Callable[[int, Iterable[Any]], Iterable[Any]],
        preservesPartitioning: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Return what a function makes of a partition's number and records."""
        del preservesPartitioning
        frame = self.frame.map_partitions(f)
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def split_rows(
        self,
        comparison_dict: Mapping[str, Mapping[str, Any]],
        name1: str,
        name2: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection:
        """Return two frames: of the rows that fulfil every comparison, and of the others."""
        for compared in comparison_dict.values():
            unknown = set(compared) - {">", "<", ">=", "<=", "=", "==", "!="}
            if unknown:
                raise ValueError(f"Invalid comparator: {', '.join(sorted(unknown))}")
        parsed = {_paths.parse(path): compared for path, compared in comparison_dict.items()}
        inside, outside = self.frame.split_rows(parsed)
        limits = info, stageThreshold, totalThreshold
        return self._collection({name1: inside, name2: outside}, limits)

    def join(
        self,
        paths1: Sequence[str] | str,
        paths2: Sequence[str] | str,
        frame2: DynamicFrame,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Return the rows of both frames whose keys are equal."""
        left, right = _parsed(paths1), _parsed(paths2)
        if len(left) != len(right):
            raise ValueError("a join needs as many keys of one frame as of the other")
        frame = self.frame.join(frame2.frame, list(zip(left, right, strict=True)))
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def union(
        self,
        other_frame: DynamicFrame,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Return the records of both frames; a field of two types becomes a choice."""
        frame = self.frame.union(other_frame.frame)
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    def mergeDynamicFrame(
        self,
        stage_dynamic_frame: DynamicFrame,
        primary_keys: Sequence[str],
        transformation_ctx: str = "",
        options: Mapping[str, Any] | None = None,
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Return the staged records, and those here whose keys are not staged."""
        del options
        frame = self.frame.merge_staged(stage_dynamic_frame.frame, _parsed(primary_keys))
        return self._with(frame, transformation_ctx, (info, stageThreshold, totalThreshold))

    # Writing

    def write(
        self,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,
        format_options: Mapping[str, Any] | None = None,
        accumulator_size: int = 0,
    ) -> DynamicFrame:
        """Write the records, and return the frame."""
        sink = self.glue_ctx.getSink(connection_type, format, **(connection_options or {}))
        sink.setFormat(format, **(format_options or {}))
        sink.setAccumulableSize(accumulator_size)
        return sink.writeFrame(self)

    def spigot(
        self,
        path: str,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """Write sample records as JSON to a path, and return the frame."""
        given = dict(options or {})
        topk, prob = given.get("topk"), given.get("prob")
        sample = self.frame.sample(
            None if topk is None else int(topk), None if prob is None else float(prob)
        )
        self.glue_ctx.write_dynamic_frame_from_options(
            DynamicFrame(sample, self.glue_ctx), "s3", {"path": path}, "json"
        )
        limits = info, stageThreshold, totalThreshold
        return self._with(self.frame, transformation_ctx, limits)

    # Errors

    def assertErrorThreshold(self) -> None:
        """Raise if a transform made more errors than it may."""
        self.frame.check_errors()

    def errorsAsDynamicFrame(self) -> DynamicFrame:
        """Return the error records of the transforms that led here."""
        return DynamicFrame(self.frame.errors(), self.glue_ctx, "errors")

    def errorsCount(self) -> int:
        """Return how many error records the transforms that led here made."""
        return self.frame.error_count(last_only=False)

    def stageErrorsCount(self) -> int:
        """Return how many error records the last transform made."""
        return self.frame.error_count(last_only=True)

    def _collection(
        self, parts: Mapping[str, Frame], limits: tuple[str, int, int]
    ) -> DynamicFrameCollection:
        frames = {name: self._with(frame, name, limits) for name, frame in parts.items()}
        return DynamicFrameCollection(frames, self.glue_ctx)


def _parsed(paths: Iterable[str] | str) -> list[_paths.Path]:
    return [_paths.parse(one) for one in ([paths] if isinstance(paths, str) else paths)]


def _mapping(
    one: Mapping_,
) -> tuple[_paths.Path, g.DataType | None, _paths.Path, g.DataType | None]:
    """Return the four parts of a mapping of two, three or four."""
    if len(one) == 2:
        source, target = one
        source_type = target_type = None
    elif len(one) == 3:
        source, target, target_type = one
        source_type = None
    elif len(one) == 4:
        source, source_type, target, target_type = one
    else:
        raise ValueError(
            f"Mapping must be specified as a 2, 3, or 4-tuple. Got tuple of length {len(one)}."
        )
    return _paths.parse(source), _type(source_type), _paths.parse(target), _type(target_type)


def _type(one: str | g.DataType | None) -> g.DataType | None:
    return _types.from_text(one) if isinstance(one, str) else one
