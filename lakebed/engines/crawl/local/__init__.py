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
    from lakebed.core.settings import Settings
    from lakebed.engines.crawl.local.pool import LocalCrawlEngine
    from lakebed.engines.isolation import Grants, open_isolation

    settings = settings or Settings()
    # What lies elsewhere: keys that are no paths, and copies of objects that are encrypted.
    beside = tuple(settings.state_dir.resolve() / name for name in ("odd", "tmp"))
    grants = Grants((settings.lake_dir.resolve(), *beside))
    return LocalCrawlEngine(open_isolation(settings), grants)
