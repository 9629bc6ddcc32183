"""Opens the engines that the settings name, found by their packages' entry points."""

from __future__ import annotations

import importlib
from typing import Any

from lakebed.core.limits import QUERIES_QUEUED_MAX, QUERIES_RUNNING_MAX
from lakebed.core.settings import Settings
from lakebed.engines import Engines
from lakebed.engines.isolation import IsolationError
from lakebed.engines.objects import ObjectStore
from lakebed.engines.sql import EngineSettings, Limits


class StartError(Exception):
    """The server cannot start as asked; the message says what to do."""


def open_engines(settings: Settings) -> Engines:
    """Open every engine."""
    limits = Limits(memory_bytes=settings.sql_memory_bytes)
    total = settings.sql_memory_total_bytes
    if total and limits.memory_bytes > total:
        raise StartError(
            f"sql_memory_bytes ({limits.memory_bytes}) is more than sql_memory_total_bytes "
            f"({total}): one query would not fit"
        )
    queries = EngineSettings(
        QUERIES_RUNNING_MAX, QUERIES_QUEUED_MAX, limits, server=settings, memory_bytes_max=total
    )
    try:
        crawl = _open("crawl", "local", settings)
        jobs = _open("jobs", "process", settings)
    except IsolationError as error:
        raise StartError(str(error)) from error
    return Engines(
        objects=open_objects(settings),
        sql=_open("sql", settings.sql_engine, queries),
        crawl=crawl,
        stream=_open("stream", "segments", settings),
        jobs=jobs,
    )


def open_objects(settings: Settings) -> ObjectStore:
    """Open the engine of the objects."""
    return _open("objects", settings.objects_engine, settings)


def _open(kind: str, name: str, options: Any) -> Any:
    entry = f"lakebed.engines.{kind}.{name}"
    try:
        module = importlib.import_module(entry)
    except ModuleNotFoundError as error:
        if error.name != entry:
            raise
        from importlib.metadata import entry_points

        found = entry_points(group=f"lakebed.engines.{kind}", name=name)
        if not found:
            raise StartError(f"there is no {kind} engine {name!r}") from None
        module = next(iter(found)).load()
    return module.open_engine(options)
