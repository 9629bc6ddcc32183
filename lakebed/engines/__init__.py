"""Real machines behind small protocols, one folder a kind, one folder an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from lakebed.engines.crawl import CrawlEngine
    from lakebed.engines.jobs import JobEngine
    from lakebed.engines.objects import ObjectStore
    from lakebed.engines.sql import SqlEngine
    from lakebed.engines.stream import StreamEngine


class Engines(msgspec.Struct, frozen=True):
    """The engines a server was started with, by kind."""

    objects: ObjectStore
    sql: SqlEngine
    crawl: CrawlEngine
    stream: StreamEngine
    jobs: JobEngine
