"""Says what files are in child processes of this machine: AWS Glue's built-in classifiers.

A file of the lake is another's bytes: it is opened, decompressed and decoded in a worker process
with a bounded memory, never in the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakebed.core.settings import Settings
    from lakebed.engines.crawl import CrawlEngine


def open_engine(settings: Settings | None = None) -> CrawlEngine:
    """Return an engine; its worker processes start when files are first looked into."""
    from lakebed.engines.crawl.local.pool import LocalCrawlEngine

    return LocalCrawlEngine()
