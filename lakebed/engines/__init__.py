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

from lakebed.engines.delivery.alarm import Alarm


class Engines(msgspec.Struct, frozen=True):
    """The engines a server was started with, by kind; `alarm` wakes its deliveries."""

    objects: ObjectStore
    sql: SqlEngine
    crawl: CrawlEngine
    stream: StreamEngine
    jobs: JobEngine
    alarm: Alarm = msgspec.field(default_factory=Alarm)
