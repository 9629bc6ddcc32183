"""A job's run: where its bookmark is read and moved.

https://docs.aws.amazon.com/glue/latest/dg/monitor-continuations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ._bookmarks import DISABLE, Bookmarks
from .utils import BOOKMARK_OPTIONS, GlueArgumentError


class Job:
    """The run of a job; `init` begins it, `commit` says that what it read is done with."""

    _name: ClassVar[str | None] = None

    def __init__(self, glue_context: Any) -> None:
        """Take a GlueContext, or a SparkSession."""
        self._glue_context = glue_context

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        """Read the state of the job's bookmark."""
        option = (args or {}).get("job_bookmark_option") or DISABLE
        if option not in BOOKMARK_OPTIONS:
            raise GlueArgumentError(f"job-bookmark-option may not be {option}")
        Bookmarks.begin(option)
        type(self)._name = job_name

    @classmethod
    def isInitialized(cls) -> bool:
        """Say whether a job was begun."""
        return cls._name is not None

    def commit(self) -> None:
        """Say that what the sources read is done with; the next run reads what is new."""
        if Bookmarks.current is None:
            raise RuntimeError("Job.commit() was called before Job.init()")
        Bookmarks.current.commit()
