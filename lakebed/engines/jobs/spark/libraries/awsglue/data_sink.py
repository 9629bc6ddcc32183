"""A sink: told a format, it writes frames, and the Data Catalog if it is told to.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-types.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._not_built import NotBuiltError
from ._options import flag
from .dynamicframe import DynamicFrame, DynamicFrameCollection

FILES = ("s3", "file")
JDBC = ("postgresql", "mysql", "mariadb")


class DataSink:
    """What GlueContext.getSink returns."""

    def __init__(self, j_sink: str, sql_ctx: Any, options: Mapping[str, Any] | None = None) -> None:
        self._kind, self._sql_ctx = j_sink, sql_ctx
        self._options = dict(options or {})
        self._format: str | None = None
        self._format_options: dict[str, Any] = {}
        self._target: tuple[str, str, str | None] | None = None

    def setFormat(self, format: str | None, **options: Any) -> DataSink:
        """Say in which format files are written."""
        self._format, self._format_options = format, options
        return self

    def setAccumulableSize(self, size: int) -> DataSink:
        """Take the size of Glue's collection of errors, which has none here."""
        del size
        return self

    def setCatalogInfo(
        self, catalogDatabase: str, catalogTableName: str, catalogId: str = ""
    ) -> DataSink:
        """Say which table of the Data Catalog is kept up to date."""
        self._target = catalogDatabase, catalogTableName, catalogId or None
        return self

    def writeFrame(self, dynamic_frame: DynamicFrame, info: str = "") -> DynamicFrame:
        """Write a frame, and return it."""
        del info
        dynamic_frame.assertErrorThreshold()
        frame: Any = dynamic_frame.frame
        if self._kind in JDBC:
            from ._backend import jdbc

            jdbc.write(frame, self._kind, self._options)
        elif self._kind in FILES:
            self._write_files(frame)
        else:
            raise NotBuiltError(f"a sink of connection_type {self._kind}")
        return dynamic_frame

    def write(
        self, dynamic_frame_or_dfc: DynamicFrame | DynamicFrameCollection, info: str = ""
    ) -> DynamicFrame | DynamicFrameCollection:
        """Write a frame, or each frame of a collection to a folder or a table of its name."""
        if isinstance(dynamic_frame_or_dfc, DynamicFrame):
            return self.writeFrame(dynamic_frame_or_dfc, info)
        for name in dynamic_frame_or_dfc.keys():  # noqa: SIM118 — a collection is no dictionary
            one = DataSink(self._kind, self._sql_ctx, self._named(name))
            one.setFormat(self._format, **self._format_options)
            one.writeFrame(dynamic_frame_or_dfc[name], info)
        return dynamic_frame_or_dfc

    def _named(self, name: str) -> dict[str, Any]:
        if self._kind in FILES:
            return self._options | {"path": f"{str(self._options['path']).rstrip('/')}/{name}"}
        return self._options | {"dbtable": name}

    def _write_files(self, frame: Any) -> None:
        from ._backend import CatalogUpdate, writing

        if not self._options.get("path"):
            raise ValueError("path is required for a sink of files")
        if not self._format:
            raise ValueError("format is required for a sink of files")
        path = str(self._options["path"])
        if not frame.schema.fields:
            return  # Nothing was read: what its fields would be, nobody knows.
        update: CatalogUpdate | None = None
        if flag(self._options, "enableUpdateCatalog"):
            if self._target is None:
                raise ValueError("enableUpdateCatalog needs setCatalogInfo")
            update = CatalogUpdate(*self._target, self._options, self._format, self._format_options)
            frame = update.prepared(frame)
        writing.write(frame, path, self._format, self._options, self._format_options)
        if update is not None:
            update.run(frame, path)
