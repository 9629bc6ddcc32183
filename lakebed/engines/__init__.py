"""Real machines behind small protocols, one folder a kind, one folder an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakebed.engines.objects import ObjectStore
    from lakebed.engines.sql import SqlEngine


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines a server was started with, by kind."""

    objects: ObjectStore
    sql: SqlEngine
