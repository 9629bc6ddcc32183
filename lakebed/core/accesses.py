"""Requests as access logs describe them, kept until somebody writes them down; in memory only."""

from __future__ import annotations

from dataclasses import dataclass

from lakebed.core.limits import ACCESS_RECORDS_MAX


@dataclass(frozen=True, slots=True)
class Access:
    """One request and its answer. Texts are empty and numbers -1 where nothing is known.

    `path` and `query` are as they came, still encoded; `key` is the object's, still encoded, too.
    `requester` is an account, an ARN or empty; `signature` and `auth` are in the words of S3's log.
    """

    bucket: str
    key: str
    time: float
    address: str
    requester: str
    request_id: str
    operation: str
    method: str
    path: str
    query: str
    status: int
    error: str
    sent_bytes: int
    object_bytes: int
    milliseconds: int
    referer: str
    user_agent: str
    host: str
    signature: str
    auth: str
    tls_version: str
    is_website: bool = False
    version_id: str = ""
    access_point: str = ""


class AccessLog:
    """What was asked of the buckets that are logged, up to a bound; above it only counted."""

    def __init__(self) -> None:
        self.buckets: frozenset[str] = frozenset()
        """The buckets that somebody wants to know of."""
        self.lost = 0
        self._records: dict[str, list[Access]] = {}
        self._count = 0

    def add(self, access: Access) -> None:
        """Keep a record until it is taken; best effort, as AWS's are."""
        if self._count >= ACCESS_RECORDS_MAX:
            self.lost += 1
            return
        self._count += 1
        self._records.setdefault(access.bucket, []).append(access)

    def take(self) -> dict[str, list[Access]]:
        """Return what was kept, by bucket, and forget it."""
        records, self._records = self._records, {}
        self._count = 0
        return records

    @property
    def is_full(self) -> bool:
        """Whether it is time to write down what there is."""
        return self._count >= ACCESS_RECORDS_MAX // 2
