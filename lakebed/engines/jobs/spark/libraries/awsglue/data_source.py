"""A source: told a format, it gives a frame.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-types.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._frames import Frame
from .dynamicframe import DynamicFrame

Read = Callable[[str | None, Mapping[str, Any]], Frame]


class DataSource:
    """What GlueContext.getSource returns."""

    def __init__(self, j_source: Read, sql_ctx: Any, name: str) -> None:
        self._read, self._sql_ctx, self.name = j_source, sql_ctx, name
        self._format: str | None = None
        self._format_options: dict[str, Any] = {}

    def setFormat(self, format: str | None, **options: Any) -> DataSource:
        """Say in which format files are."""
        self._format, self._format_options = format, options
        return self

    def getFrame(self) -> DynamicFrame:
        """Return the records of the source."""
        return DynamicFrame(
            self._read(self._format, self._format_options), self._sql_ctx, self.name
        )
