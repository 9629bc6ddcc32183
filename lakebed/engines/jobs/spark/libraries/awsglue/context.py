"""GlueContext: where frames come from and go to.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-glue-context.html
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import _catalog, _upkeep
from . import gluetypes as g
from ._backend import (
    FileSource,
    JdbcSource,
    TableSource,
    empty,
    functions,
    open_tables,
    selected,
    to_spark,
)
from ._frames import Frame
from ._moving import (
    DataFrameReader,
    DataFrameWriter,
    DynamicFrameReader,
    DynamicFrameWriter,
)
from ._not_built import NotBuiltError
from .data_sink import FILES, JDBC, DataSink
from .data_source import DataSource
from .dynamicframe import DynamicFrame, DynamicFrameCollection, ResolveOption

__all__ = ["GlueContext", "ResolveOption"]

_SQLContext: Any = importlib.import_module("pyspark.sql").SQLContext
_STREAMS = ("kinesis", "kafka")
_INGESTION = ("year", "month", "day", "hour", "minute")
Options = Mapping[str, Any] | None


class GlueContext(_SQLContext):
    """Reads and writes DynamicFrames."""

    def __init__(self, sparkContext: Any, **options: Any) -> None:
        """Take a SparkContext; the options of Glue's partitioner are not needed here."""
        del options
        session = importlib.import_module("pyspark.sql").SparkSession(sparkContext)
        _SQLContext.__init__(self, sparkContext, sparkSession=session)
        self._glue_session = session
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.create_data_frame = DataFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter(self)
        self.write_data_frame = DataFrameWriter(self)
        _to_workers(sparkContext)

    @property
    def spark_session(self) -> Any:
        """The session."""
        return self._glue_session

    def get_logger(self) -> logging.Logger:
        """Return the logger whose lines are the job's log."""
        return logging.getLogger("GlueLogger")

    def empty_frame(self) -> Frame:
        """Return a frame without fields and records."""
        return empty(self.spark_session, g.StructType())

    # Reading

    def getSource(
        self, connection_type: str, format: str | None = None, transformation_ctx: str = "",
        push_down_predicate: str = "", **options: Any,
    ) -> DataSource:  # fmt: skip
        """Return a source; `setFormat` and `getFrame` do the rest."""
        if push_down_predicate and push_down_predicate.strip():
            raise NotBuiltError("push_down_predicate of a source without a table")
        if connection_type in _STREAMS:
            raise NotBuiltError(f"connection_type {connection_type}")
        if connection_type in JDBC:
            read = self._jdbc(connection_type, transformation_ctx, options)
        elif connection_type in FILES:
            read = self._files(transformation_ctx, options)
        else:
            raise NotBuiltError(f"connection_type {connection_type}")
        source = DataSource(read, self, transformation_ctx)
        return source.setFormat(format, **options.get("format_options", {}))

    def _files(self, ctx: str, options: Mapping[str, Any]) -> Any:
        def read(format: str | None, format_options: Mapping[str, Any]) -> Frame:
            given = options.get("paths", options.get("path"))
            paths: Any = [given] if isinstance(given, str) else given
            if not paths:
                raise ValueError("paths is required for a source of files")
            if not format:
                raise ValueError("format is required for a source of files")
            source = FileSource(
                self.spark_session, list(paths), options, format, format_options, ctx
            )
            return source.read()

        return read

    def _jdbc(self, kind: str, ctx: str, options: Mapping[str, Any]) -> Any:
        def read(format: str | None, format_options: Mapping[str, Any]) -> Frame:
            return JdbcSource(self.spark_session, kind, options, ctx).read()

        return read

    def getStreamingSource(self, connection_type: str, **options: Any) -> Any:
        """Refuse: streams are not read yet."""
        raise NotBuiltError(f"getStreamingSource of {connection_type}")

    def create_dynamic_frame_from_rdd(
        self, data: Any, name: str, schema: Any = None, sample_ratio: float | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:  # fmt: skip
        """Return the frame of an RDD of rows, dictionaries or tuples."""
        kind = to_spark(schema) if isinstance(schema, g.DataType) else schema
        df = self.spark_session.createDataFrame(data, kind, sample_ratio)
        return DynamicFrame.fromDF(df, self, name or transformation_ctx)

    def create_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options = None,
        format: str | None = None,
        format_options: Options = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DynamicFrame:
        """Return the frame of a connection and a format."""
        options = {**(connection_options or {}), **kwargs}
        source = self.getSource(
            connection_type, None, transformation_ctx, push_down_predicate, **options
        )
        return source.setFormat(format, **(format_options or {})).getFrame()

    def create_dynamic_frame_from_catalog(
        self,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DynamicFrame:
        """Return the frame of a table of the Data Catalog."""
        del redshift_tmp_dir
        source = TableSource(
            self.spark_session,
            database,
            table_name,
            push_down_predicate,
            {**(additional_options or {}), **kwargs},
            transformation_ctx,
            catalog_id,
        )
        return DynamicFrame(source.read(), self, transformation_ctx or table_name)

    def create_sample_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options = None,
        num: int = 0,
        sample_options: Options = None,
        format: str | None = None,
        format_options: Options = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> list[Any]:
        """Return some records of a source."""
        del sample_options
        frame = self.create_dynamic_frame_from_options(
            connection_type, connection_options, format, format_options, transformation_ctx,
            push_down_predicate, **kwargs,
        )  # fmt: skip
        return frame.frame.records(num)

    def create_sample_dynamic_frame_from_catalog(
        self,
        database: str,
        table_name: str,
        num: int = 0,
        sample_options: Options = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Return some records of a table."""
        del sample_options
        frame = self.create_dynamic_frame_from_catalog(
            database, table_name, redshift_tmp_dir, transformation_ctx, push_down_predicate,
            additional_options, catalog_id, **kwargs,
        )  # fmt: skip
        return frame.frame.records(num)

    def create_data_frame_from_options(
        self, connection_type: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Return the data frame of a connection and a format."""
        if connection_type in _STREAMS:
            raise NotBuiltError(f"a streaming data frame of {connection_type}")
        return self.create_dynamic_frame_from_options(connection_type, *args, **kwargs).toDF()

    def create_data_frame_from_catalog(
        self, database: str, table_name: str, transformation_ctx: str = "",
        additional_options: Options = None, catalog_id: str | None = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Return the data frame of a table of the Data Catalog, also of Iceberg, Delta and Hudi."""
        predicate = kwargs.pop("push_down_predicate", "")
        table = _catalog.Catalog(catalog_id).table(database, table_name)
        if open_tables.format_of(table):
            options = {**(additional_options or {}), **kwargs}
            return open_tables.read(self.spark_session, table, predicate, options)
        return self.create_dynamic_frame_from_catalog(
            database, table_name, "", transformation_ctx, predicate, additional_options,
            catalog_id, **kwargs,
        ).toDF()  # fmt: skip

    def get_catalog_schema_as_spark_schema(
        self, database: str, table_name: str, catalog_id: str | None = None
    ) -> Any:
        """Return a table's schema as Spark's."""
        table = _catalog.Catalog(catalog_id).table(database, table_name)
        return to_spark(g.StructType([g.Field(name, kind) for name, kind in table.types.items()]))

    # Writing

    def getSink(
        self,
        connection_type: str,
        format: str | None = None,
        transformation_ctx: str = "",
        **options: Any,
    ) -> DataSink:
        """Return a sink; `setFormat` and `writeFrame` do the rest."""
        del transformation_ctx
        if connection_type not in (*FILES, *JDBC):
            raise NotBuiltError(f"a sink of connection_type {connection_type}")
        return DataSink(connection_type, self, options).setFormat(format)

    def write_dynamic_frame_from_options(
        self,
        frame: DynamicFrame,
        connection_type: str,
        connection_options: Options = None,
        format: str | None = None,
        format_options: Options = None,
        transformation_ctx: str = "",
    ) -> Any:
        """Write a frame, and return it."""
        return self.write_from_options(
            frame, connection_type, connection_options, format, format_options, transformation_ctx
        )

    def write_from_options(
        self,
        frame_or_dfc: DynamicFrame | DynamicFrameCollection,
        connection_type: str,
        connection_options: Options = None,
        format: str | None = None,
        format_options: Options = None,
        transformation_ctx: str = "",
    ) -> Any:
        """Write a frame or a collection, and return it."""
        sink = self.getSink(
            connection_type, format, transformation_ctx, **(connection_options or {})
        )
        return sink.setFormat(format, **(format_options or {})).write(frame_or_dfc)

    def write_dynamic_frame_from_catalog(
        self,
        frame: DynamicFrame,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Options = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Write a frame to where a table of the Data Catalog is, in its format."""
        del redshift_tmp_dir
        table = _catalog.Catalog(catalog_id).table(database, table_name)
        options = {**(additional_options or {}), **kwargs}
        kind = table.parameters.get("classification", "").lower()
        if kind in JDBC:
            given = {**table.parameters, "dbtable": table.location.partition(".")[2], **options}
            return self.getSink(kind, None, transformation_ctx, **given).writeFrame(frame)
        sink = self.getSink("s3", None, transformation_ctx, **{"path": table.location, **options})
        sink.setCatalogInfo(database, table_name, catalog_id or "")
        format_options = table.format_options()
        format_options.setdefault("writeHeader", format_options.get("skipFirst", False))
        format_options["useGlueParquetWriter"] = table.format == "parquet" and table.parameters.get(
            "useGlueParquetWriter", "false"
        )
        return sink.setFormat(table.format, **format_options).writeFrame(frame)

    def write_dynamic_frame_from_jdbc_conf(
        self,
        frame: DynamicFrame,
        catalog_connection: str,
        connection_options: Options = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """Write a frame over a connection of the Data Catalog."""
        return self.write_from_jdbc_conf(
            frame, catalog_connection, connection_options, redshift_tmp_dir, transformation_ctx,
            catalog_id,
        )  # fmt: skip

    def write_from_jdbc_conf(
        self,
        frame_or_dfc: DynamicFrame | DynamicFrameCollection,
        catalog_connection: str,
        connection_options: Options = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """Write a frame or a collection over a connection of the Data Catalog."""
        del redshift_tmp_dir
        options = dict(connection_options or {})
        found = self.extract_jdbc_conf(catalog_connection, catalog_id)
        url = found["fullUrl"]
        if options.get("database"):
            url = f"{found['url']}/{options.pop('database')}"
        given = {"url": url, "user": found["user"], "password": found["password"], **options}
        sink = self.getSink(found["vendor"], None, transformation_ctx, **given)
        return sink.write(frame_or_dfc)

    def write_data_frame_from_options(
        self, frame: Any, connection_type: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Write a data frame, and return it."""
        made = DynamicFrame.fromDF(frame, self)
        self.write_from_options(made, connection_type, *args, **kwargs)
        return frame

    def write_data_frame_from_catalog(
        self, frame: Any, database: str, table_name: str, redshift_tmp_dir: str = "",
        transformation_ctx: str = "", additional_options: Options = None,
        catalog_id: str | None = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Write a data frame to a table of the Data Catalog, also of Iceberg, Delta and Hudi."""
        table = _catalog.Catalog(catalog_id).table(database, table_name)
        if open_tables.format_of(table):
            options = {**(additional_options or {}), **kwargs}
            open_tables.write(self.spark_session, frame, table, options)
            return frame
        made = DynamicFrame.fromDF(frame, self)
        self.write_dynamic_frame_from_catalog(
            made, database, table_name, redshift_tmp_dir, transformation_ctx, additional_options,
            catalog_id, **kwargs,
        )  # fmt: skip
        return frame

    def extract_jdbc_conf(
        self, connection_name: str, catalog_id: str | None = None
    ) -> dict[str, str]:
        """Return user, password, vendor and url of a connection."""
        return _catalog.jdbc_connection(connection_name, catalog_id)

    # Files of Amazon S3

    def purge_table(
        self,
        database: str,
        table_name: str,
        options: Options = None,
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> None:
        """Delete a table's files that are old enough, and the partitions that became empty."""
        given, catalog = options or {}, _catalog.Catalog(catalog_id)
        table, partitions = self._parts_of(catalog, database, table_name, given)
        paths = [one.location for one in partitions] if table.partition_keys else [table.location]
        held = [one for path in paths for one in _upkeep.due(path, given)]
        done = _upkeep.purge(held)
        for one in partitions:
            if not _upkeep.due(one.location, {"retentionPeriod": 0}):
                catalog.delete_partition(database, table_name, one.values)
        _upkeep.manifest(done, given, transformation_ctx)

    def purge_s3_path(
        self, s3_path: str, options: Options = None, transformation_ctx: str = ""
    ) -> None:
        """Delete files below a path that are old enough."""
        given = options or {}
        done = _upkeep.purge(_upkeep.due(s3_path, given))
        _upkeep.manifest(done, given, transformation_ctx)

    def transition_table(
        self,
        database: str,
        table_name: str,
        transition_to: str,
        options: Options = None,
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> None:
        """Move a table's files that are old enough to another storage class."""
        given, catalog = options or {}, _catalog.Catalog(catalog_id)
        _upkeep.check_storage_class(transition_to)
        _upkeep.check_account(given)
        table, partitions = self._parts_of(catalog, database, table_name, given)
        paths = [one.location for one in partitions] if table.partition_keys else [table.location]
        held = [one for path in paths for one in _upkeep.due(path, given)]
        _upkeep.manifest(_upkeep.transition(held, transition_to), given, transformation_ctx)

    def transition_s3_path(
        self,
        s3_path: str,
        transition_to: str,
        options: Options = None,
        transformation_ctx: str = "",
    ) -> None:
        """Move files below a path that are old enough to another storage class."""
        given = options or {}
        _upkeep.check_storage_class(transition_to)
        _upkeep.check_account(given)
        held = _upkeep.due(s3_path, given)
        _upkeep.manifest(_upkeep.transition(held, transition_to), given, transformation_ctx)

    def _parts_of(
        self, catalog: _catalog.Catalog, database: str, name: str, options: Mapping[str, Any]
    ) -> tuple[_catalog.Table, list[_catalog.Partition]]:
        table = catalog.table(database, name)
        if not table.partition_keys:
            return table, []
        found = list(catalog.partitions(database, name))
        predicate = str(options.get("partitionPredicate") or "")
        return table, selected(self.spark_session, table, found, predicate)

    # Streams, times, transactions

    def add_ingestion_time_columns(self, dataFrame: Any, timeGranularity: str = "") -> Any:
        """Return a data frame with ingest_year, … down to the granularity: day, hour, minute."""
        granularity = timeGranularity or "minute"
        if granularity not in _INGESTION[2:]:
            raise ValueError(f"timeGranularity may not be {timeGranularity}")
        now = functions.current_timestamp()
        for name in _INGESTION[: _INGESTION.index(granularity) + 1]:
            part = functions.dayofmonth(now) if name == "day" else getattr(functions, name)(now)
            dataFrame = dataFrame.withColumn(f"ingest_{name}", part)
        return dataFrame

    def forEachBatch(self, frame: Any, batch_function: Any, options: Options = None) -> None:
        """Refuse: streams are not read yet."""
        raise NotBuiltError("forEachBatch")

    def getSampleStreamingDynamicFrame(
        self, frame: Any, options: Options = None, transformation_ctx: str = ""
    ) -> Any:
        """Refuse: streams are not read yet."""
        raise NotBuiltError("getSampleStreamingDynamicFrame")

    def start_transaction(self, read_only: bool) -> str:
        """Refuse: governed tables are gone from AWS too."""
        raise NotBuiltError("start_transaction")

    begin_transaction = start_transaction

    def commit_transaction(self, transaction_id: str, wait_for_commit: bool = True) -> bool:
        """Refuse: governed tables are gone from AWS too."""
        raise NotBuiltError("commit_transaction")

    def cancel_transaction(self, transaction_id: str) -> Any:
        """Refuse: governed tables are gone from AWS too."""
        raise NotBuiltError("cancel_transaction")

    def convert_resolve_option(self, path: str, action: str, target: Any) -> ResolveOption:
        """Return the way to resolve a choice that `toDF` takes."""
        return ResolveOption(path, action, target)


def _to_workers(context: Any) -> None:
    """Let the processes that run a script's functions find this package."""
    here = str(Path(__file__).resolve().parent.parent)
    known = context.environment.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    if here not in known.split(os.pathsep):
        known = os.pathsep.join(part for part in (here, known) if part)
    context.environment["PYTHONPATH"] = known
