"""Images, audio, video and documents: what their files say of themselves. lakebed's own, not AWS's.

Files are looked into by child processes with bounds, a batch a process: a file that ends one is
found by halving the batch, and has a message instead of facts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from lakebed.core.limits import MIB
from lakebed.engines.child import Bounds, ChildError, ask
from lakebed.engines.crawl import Column

Kind = Literal["image", "audio", "video", "document"]
BATCH_FILES = 200
_LOOK = Bounds(seconds=300, memory_bytes=1024 * MIB)
_ALONE = Bounds(seconds=20, memory_bytes=1024 * MIB)
_TABLE = Bounds(seconds=600, memory_bytes=2048 * MIB)

_TYPES: dict[Kind, dict[str, str]] = {
    "image": {
        "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
        "webp": "image/webp", "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff",
        "ico": "image/x-icon", "avif": "image/avif", "heic": "image/heic", "jp2": "image/jp2",
        "svg": "image/svg+xml",
    },
    "audio": {
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "flac": "audio/flac", "ogg": "audio/ogg",
        "oga": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav", "aif": "audio/aiff",
        "aiff": "audio/aiff", "wma": "audio/x-ms-wma",
    },
    "video": {
        "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm",
        "mkv": "video/x-matroska", "avi": "video/x-msvideo", "mpg": "video/mpeg",
        "mpeg": "video/mpeg",
    },
    "document": {
        "pdf": "application/pdf",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "odp": "application/vnd.oasis.opendocument.presentation",
        "epub": "application/epub+zip",
    },
}  # fmt: skip
_BY_EXTENSION: dict[str, tuple[Kind, str]] = {
    extension: (kind, media_type)
    for kind, types in _TYPES.items()
    for extension, media_type in types.items()
}


class MediaFile(msgspec.Struct, frozen=True):
    """A file to be looked into: in the lake and on disk; `modified` is epoch seconds."""

    location: str
    path: Path
    size: int
    modified: float
    etag: str

    @property
    def extension(self) -> str:
        """The name's extension in lower case, empty without."""
        return extension_of(self.location)


class MediaFacts(msgspec.Struct, omit_defaults=True):
    """What a file says of itself; what it does not say is None. `message`: why it says nothing.

    `taken` is the text of a local time without a zone (`2024-05-01T12:00:00`), `modified` epoch
    seconds; latitude and longitude are degrees, north and east positive.
    """

    path: str
    name: str
    extension: str
    kind: str
    media_type: str
    size_bytes: int
    modified: float
    etag: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    pages: int | None = None
    title: str | None = None
    author: str | None = None
    album: str | None = None
    taken: str | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    message: str | None = None


COLUMNS = (
    Column("path", "string", "Where the file is: s3://bucket/key"),
    Column("name", "string", "The key behind its last slash"),
    Column("extension", "string", "The name's extension in lower case"),
    Column("kind", "string", "image, audio, video or document"),
    Column("media_type", "string", "The type that the content shows, else that of the extension"),
    Column("size_bytes", "bigint"),
    Column("modified", "timestamp", "When the object was written (UTC)"),
    Column("etag", "string"),
    Column("width", "int", "Of an image or a video, in pixels"),
    Column("height", "int", "Of an image or a video, in pixels"),
    Column("duration_seconds", "double", "Of audio or a video"),
    Column("pages", "int", "Of a document"),
    Column("title", "string"),
    Column("author", "string", "Who made it; of audio the artist"),
    Column("album", "string"),
    Column("taken", "timestamp", "When a picture was taken, by the camera's clock"),
    Column("camera_make", "string"),
    Column("camera_model", "string"),
    Column("latitude", "double", "Degrees, north is positive"),
    Column("longitude", "double", "Degrees, east is positive"),
    Column("message", "string", "Why the file could not be read; NULL if it could"),
)
"""The columns of a table of files, in the order and under the names of `MediaFacts`."""


class TableWork(msgspec.Struct, frozen=True):
    """A Parquet file to be written: `fresh` rows, and rows of `previous` whose paths are `kept`."""

    target: Path
    fresh: tuple[MediaFacts, ...] = ()
    previous: Path | None = None
    kept: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """A file that a table knows: it need not be looked into again while it is the same."""

    path: str
    size_bytes: int
    etag: str


def extension_of(key: str) -> str:
    """Return the extension of a key's name in lower case, empty without."""
    name = key.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name[1:] else ""


def kind_of(extension: str) -> tuple[Kind, str] | None:
    """Return the kind and the media type of files by their extension; None for other files."""
    return _BY_EXTENSION.get(extension)


async def look(files: Sequence[MediaFile]) -> list[MediaFacts]:
    """Look into files, all of known extensions; one answer for each, in their order."""
    out: list[MediaFacts] = []
    for begin in range(0, len(files), BATCH_FILES):
        out += await _look(files[begin : begin + BATCH_FILES])
    return out


async def _look(files: Sequence[MediaFile]) -> list[MediaFacts]:
    request = msgspec.msgpack.encode(files, enc_hook=str)
    bounds = _ALONE if len(files) == 1 else _LOOK
    try:
        answer = await ask("crawl.media.reader", request, bounds)
        return msgspec.msgpack.decode(answer, type=list[MediaFacts])
    except ChildError as error:
        if len(files) == 1:
            return [facts_of(files[0], str(error))]
    half = len(files) // 2
    return [*await _look(files[:half]), *await _look(files[half:])]


def facts_of(file: MediaFile, message: str | None = None) -> MediaFacts:
    """Return what is known of a file without looking into it."""
    kind, media_type = kind_of(file.extension) or ("document", "application/octet-stream")
    return MediaFacts(
        file.location, file.location.rpartition("/")[2], file.extension, kind, media_type,
        file.size, file.modified, file.etag, message=message,
    )  # fmt: skip


async def write_table(work: TableWork) -> None:
    """Write a Parquet file of rows; ChildError if that cannot be done."""
    request = await asyncio.to_thread(msgspec.msgpack.encode, work, enc_hook=str)
    await ask("crawl.media.table", request, _TABLE)


async def seen(previous: Path) -> list[Seen]:
    """Return which files a Parquet file of rows knows; none if it is no such file."""
    answer = await ask("crawl.media.seen", msgspec.msgpack.encode(str(previous)), _TABLE)
    return await asyncio.to_thread(msgspec.msgpack.decode, answer, type=list[Seen])
