"""Video: dimensions and duration from the boxes of MP4 and MOV, the elements of WebM, AVI's head.

https://developer.apple.com/documentation/quicktime-file-format
https://www.matroska.org/technical/elements.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lakebed.engines.crawl.media import MediaFacts

_INNER = {b"moov", b"trak"}
_WANTED = {b"ftyp": 4, b"mvhd": 32, b"tkhd": 84}
"""The boxes that say something, and the bytes that each has at least."""
_BOXES_MAX = 10_000
_HEAD_BYTES_MAX = 1 << 20
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT, _INFO, _TRACKS, _ENTRY, _VIDEO = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0
_SCALE, _DURATION, _WIDTH, _HEIGHT, _TITLE = 0x2AD7B1, 0x4489, 0xB0, 0xBA, 0x7BA9
_CLUSTER = 0x1F43B675


class VideoError(ValueError):
    """What is no video of a format that is read here."""


def read_video(path: Path, facts: MediaFacts) -> None:
    """Read a video's head into its facts."""
    with path.open("rb") as stream:
        head = stream.read(16)
        stream.seek(0)
        if head[:4] == _EBML:
            _read_matroska(stream, facts)
        elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            _read_avi(stream, facts)
        elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            _read_boxes(stream, facts)
        else:
            raise VideoError("It is no MP4, MOV, WebM, MKV or AVI.")


def _read_boxes(stream: BinaryIO, facts: MediaFacts) -> None:
    is_found = False
    for kind, content in _boxes(stream):
        if kind == b"ftyp":
            facts.media_type = "video/quicktime" if content[:4] == b"qt  " else "video/mp4"
        elif kind == b"mvhd":
            is_found = True
            facts.duration_seconds = _duration(content)
        elif kind == b"tkhd":
            # Of the largest picture: tracks of sound have none.
            width, height = (side >> 16 for side in struct.unpack(">II", content[-8:]))
            if width * height > (facts.width or 0) * (facts.height or 0):
                facts.width, facts.height = width, height
    if not is_found:
        raise VideoError("It has no movie header.")


def _boxes(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the boxes that are wanted, at any depth, with their contents."""
    end = stream.seek(0, 2)
    at = 0
    for _ in range(_BOXES_MAX):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        skipped = 8
        if size == 1:
            size, skipped = int.from_bytes(stream.read(8), "big"), 16
        size = size or end - at
        if size < skipped:
            raise VideoError("A box is shorter than its head.")
        if kind in _WANTED:
            content = stream.read(min(size - skipped, _HEAD_BYTES_MAX))
            if len(content) < _WANTED[kind]:
                raise VideoError("A box is cut off.")
            yield kind, content
        # What is within these follows at once; all else is passed over.
        at += skipped if kind in _INNER else size


def _duration(header: bytes) -> float | None:
    """Return the seconds that a movie header says, of version 0 or 1."""
    if header[0] == 1:
        scale, length = struct.unpack(">IQ", header[20:32])
    else:
        scale, length = struct.unpack(">II", header[12:20])
    return round(length / scale, 3) if scale else None


def _read_avi(stream: BinaryIO, facts: MediaFacts) -> None:
    head = stream.read(_HEAD_BYTES_MAX)
    at = head.find(b"avih")
    if at < 0 or len(head) < at + 48:
        raise VideoError("It has no AVI header.")
    numbers = struct.unpack("<14I", head[at + 8 : at + 64].ljust(56, b"\0"))
    microseconds, frames, facts.width, facts.height = (numbers[one] for one in (0, 4, 8, 9))
    facts.media_type = "video/x-msvideo"
    facts.duration_seconds = round(microseconds * frames / 1e6, 3)


def _read_matroska(stream: BinaryIO, facts: MediaFacts) -> None:
    content = stream.read(_HEAD_BYTES_MAX)
    if b"webm" in content[:64]:
        facts.media_type = "video/webm"
    scale, length = 1_000_000, 0.0
    for number, value in _elements(content, 0, len(content)):
        if number == _SCALE:
            scale = int.from_bytes(value, "big")
        elif number == _DURATION and len(value) in (4, 8):
            (length,) = struct.unpack(">f" if len(value) == 4 else ">d", value)
        elif number == _WIDTH and facts.width is None:
            facts.width = int.from_bytes(value, "big")
        elif number == _HEIGHT and facts.height is None:
            facts.height = int.from_bytes(value, "big")
        elif number == _TITLE:
            facts.title = value.decode("utf-8", "replace")
    facts.duration_seconds = round(length * scale / 1e9, 3) or None


def _elements(content: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the elements that hold values, at any depth of those that are wanted."""
    while at < end:
        number, at = _number(content, at, keeps_marker=True)
        size, at = _number(content, at, keeps_marker=False)
        if number == _CLUSTER:
            return
        last = min(at + size, end) if size >= 0 else end
        if number in (_SEGMENT, _INFO, _TRACKS, _ENTRY, _VIDEO):
            yield from _elements(content, at, last)
        else:
            yield number, content[at:last]
        at = last


def _number(content: bytes, at: int, keeps_marker: bool) -> tuple[int, int]:
    """Read a number of EBML, whose first bit says its length; -1 for a size that is unknown."""
    if at >= len(content) or not content[at]:
        raise VideoError("An element is cut off.")
    length = 9 - content[at].bit_length()
    raw = int.from_bytes(content[at : at + length], "big")
    if keeps_marker:
        return raw, at + length
    mask = (1 << 7 * length) - 1
    value = raw & mask
    return (-1 if value == mask else value), at + length
