"""What `glueContext.create_dynamic_frame` and `write_dynamic_frame` are.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-dynamic-frame-reader.html
"""

from __future__ import annotations

from typing import Any


class DynamicFrameReader:
    """Reads DynamicFrames."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_rdd(
        self, data: Any, name: str, schema: Any = None, sampleRatio: float | None = None
    ) -> Any:
        """Return the frame of an RDD."""
        return self._glue_context.create_dynamic_frame_from_rdd(data, name, schema, sampleRatio)

    def from_options(
        self,
        connection_type: str,
        connection_options: Any = None,
        format: str | None = None,
        format_options: Any = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> Any:
        """Return the frame of a connection and a format."""
        return self._glue_context.create_dynamic_frame_from_options(
            connection_type,
            connection_options,
            format,
            format_options,
            transformation_ctx,
            push_down_predicate,
            **kwargs,
        )

    def from_catalog(
        self,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Any = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the frame of a table of the Data Catalog."""
        return self._glue_context.create_dynamic_frame_from_catalog(
            database or kwargs.pop("name_space", None),
            table_name,
            redshift_tmp_dir,
            transformation_ctx,
            push_down_predicate,
            additional_options,
            catalog_id,
            **kwargs,
        )


class DataFrameReader:
    """Reads data frames: what `glueContext.create_data_frame` is."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_options(self, *args: Any, **kwargs: Any) -> Any:
        """Return the data frame of a connection and a format."""
        return self._glue_context.create_data_frame_from_options(*args, **kwargs)

    def from_catalog(self, *args: Any, **kwargs: Any) -> Any:
        """Return the data frame of a table of the Data Catalog."""
        return self._glue_context.create_data_frame_from_catalog(*args, **kwargs)


class DynamicFrameWriter:
    """Writes DynamicFrames."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_options(
        self,
        frame: Any,
        connection_type: str,
        connection_options: Any = None,
        format: str | None = None,
        format_options: Any = None,
        transformation_ctx: str = "",
    ) -> Any:
        """Write a frame to a connection, in a format."""
        return self._glue_context.write_dynamic_frame_from_options(
            frame, connection_type, connection_options, format, format_options, transformation_ctx
        )

    def from_catalog(
        self,
        frame: Any,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Any = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Write a frame to a table of the Data Catalog."""
        return self._glue_context.write_dynamic_frame_from_catalog(
            frame,
            database or kwargs.pop("name_space", None),
            table_name,
            redshift_tmp_dir,
            transformation_ctx,
            additional_options,
            catalog_id,
            **kwargs,
        )

    def from_jdbc_conf(
        self,
        frame: Any,
        catalog_connection: str,
        connection_options: Any = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """Write a frame over a connection of the Data Catalog."""
        return self._glue_context.write_dynamic_frame_from_jdbc_conf(
            frame,
            catalog_connection,
            connection_options,
            redshift_tmp_dir,
            transformation_ctx,
            catalog_id,
        )


class DataFrameWriter:
    """Writes data frames: what `glueContext.write_data_frame` is."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_options(self, frame: Any, *args: Any, **kwargs: Any) -> Any:
        """Write a data frame to a connection, in a format."""
        return self._glue_context.write_data_frame_from_options(frame, *args, **kwargs)

    def from_catalog(self, frame: Any, *args: Any, **kwargs: Any) -> Any:
        """Write a data frame to a table of the Data Catalog."""
        return self._glue_context.write_data_frame_from_catalog(frame, *args, **kwargs)
