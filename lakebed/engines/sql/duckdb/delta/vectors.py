"""Deletion vectors: the rows of a data file that are deleted, as a compressed set of positions.

https://github.com/delta-io/delta/blob/master/PROTOCOL.md#deletion-vectors
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyroaring has no types.

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping
from typing import Any

from pyroaring import BitMap

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.catalog import Server
from lakebed.engines.sql.duckdb.readers.arrow import arrow

_MAGIC = 1681511377
_UUID_LETTERS = 20
_ALPHABET = {
    letter: at
    for at, letter in enumerate(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    )
}
"""Z85, ZeroMQ's letters of base 85 (https://rfc.zeromq.org/spec/32/)."""


def positions(server: Server, base: str, vector: Mapping[str, Any]) -> Any:
    """Return the positions a deletion vector names, as an Arrow array; `base` is the table."""
    place = str(vector["pathOrInlineDv"])
    kind = vector["storageType"]
    try:
        if kind == "i":
            return _positions(_decoded(place)[: int(vector["sizeInBytes"])])
        if kind == "u":
            place = _relative(base, place)
        elif kind != "p":
            raise ValueError(f"a deletion vector of the kind {kind}")
        found = server.exactly([place])[0]
        if found is None:
            raise ValueError("it is missing")
        with open(found.path, "rb") as stream:
            stream.seek(int(vector.get("offset") or 0))
            size = int.from_bytes(stream.read(4), "big")
            if size != int(vector["sizeInBytes"]):
                raise ValueError(f"it is of {size} bytes")
            content = stream.read(size)
            if zlib.crc32(content) != int.from_bytes(stream.read(4), "big"):
                raise ValueError("its checksum differs")
        return _positions(content)
    except (ValueError, OSError) as error:
        message = f"Cannot read the deletion vector {place}: {error}"
        raise TrinoError("DELTA_LAKE_BAD_DATA", message) from error


def _relative(base: str, place: str) -> str:
    """Return the location of a vector's file: a folder, then an encoded UUID."""
    name = uuid.UUID(bytes=_decoded(place[-_UUID_LETTERS:]))
    folder = place[:-_UUID_LETTERS]
    return f"{base}{folder + '/' if folder else ''}deletion_vector_{name}.bin"


def _decoded(text: str) -> bytes:
    out = bytearray()
    for at in range(0, len(text), 5):
        number = 0
        for letter in text[at : at + 5]:
            number = number * 85 + _ALPHABET[letter]
        out += number.to_bytes(4, "big")
    return bytes(out)


def _positions(content: bytes) -> Any:
    """Read the set: a magic number, then a bitmap of the low halves for each high half."""
    if int.from_bytes(content[:4], "little") != _MAGIC:
        raise ValueError("it is in another format")
    pa = arrow()
    count, at = int.from_bytes(content[4:12], "little"), 12
    parts: list[Any] = []
    for _ in range(count):
        high = int.from_bytes(content[at : at + 4], "little")
        bitmap: Any = BitMap.deserialize(content[at + 4 :])
        at += 4 + len(bitmap.serialize())
        low = pa.array(bitmap.to_array(), pa.uint32()).cast(pa.int64())
        parts.append(low if not high else arrow("pyarrow.compute").add(low, high << 32))
    return pa.chunked_array(parts, pa.int64())
