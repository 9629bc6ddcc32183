"""BSON: documents one after another, as `mongodump` writes them.

No SerDe of Athena's reads BSON: the table is Glue's, for jobs. What BSON's own types are in Hive is
ours: an ObjectId is `string`, a date `timestamp`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakebed.core.limits import CRAWL_RECORDS_MAX, MIB
from lakebed.engines.crawl import Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.source import Source, opened
from lakebed.engines.crawl.local.values import Kinds, columns_of
from lakebed.engines.crawl.types import BIGINT, STRING, Scalar

DOCUMENT_BYTES_MAX = 16 * MIB
"""https://www.mongodb.com/docs/manual/reference/limits/"""
_EMPTY = 5
_ELEMENTS = frozenset(range(1, 20)) | {0x7F, 0xFF}


def classify(source: Source) -> Finding | None:
    """Take a file of BSON documents."""
    length = int.from_bytes(source.text[:4], "little") if len(source.text) > _EMPTY else 0
    if not _EMPTY < length <= DOCUMENT_BYTES_MAX or source.text[4] not in _ELEMENTS:
        return None
    if length > len(source.text):
        source = opened(source.sample, DOCUMENT_BYTES_MAX)
    # Loaded here: few files are BSON.
    import bson
    from bson.errors import BSONError

    decode: Any = vars(bson)["decode"]
    documents: list[dict[str, Any]] = []
    seen = 0
    try:
        for document in _cut(source.text):
            documents.append(decode(document))
            seen += len(document)
    except (BSONError, ValueError, OverflowError):
        return None
    columns = columns_of(documents, _kinds())
    if not columns:
        return None
    records = len(documents) * len(source.text) / seen
    return source.finding("bson", columns, storages.NOT_HIVES, {"typeOfData": "file"}, records)


def _cut(text: bytes) -> Iterator[bytes]:
    """Yield the whole documents at the beginning of a text."""
    at = 0
    for _ in range(CRAWL_RECORDS_MAX):
        length = int.from_bytes(text[at : at + 4], "little")
        if length < _EMPTY or at + length > len(text):
            return
        yield text[at : at + length]
        at += length


def _kinds() -> Kinds:
    from datetime import datetime

    from bson import Binary, Int64, ObjectId

    moment = Scalar("timestamp")
    return {
        Int64: lambda values: BIGINT,
        datetime: lambda values: moment,
        bytes: lambda values: Scalar("binary"),
        Binary: lambda values: Scalar("binary"),
        ObjectId: lambda values: STRING,
    }
