"""The child process that looks into files: a request of files in, facts of each out."""

from __future__ import annotations

import functools
import importlib
import math
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lakebed.engines.crawl.media import MediaFacts, MediaFile, facts_of

_SECONDS_A_FILE = 5.0
_TEXT_CHARACTERS_MAX = 1000
_INT_MAX = 2**31 - 1
_READERS = {
    "image": ("images", "read_image"), "audio": ("audio", "read_audio"),
    "video": ("video", "read_video"), "document": ("documents", "read_document"),
}  # fmt: skip
Reader = Callable[[Path, MediaFacts], None]


def answer(request: bytes) -> bytes:
    """Look into each file of a request."""
    files = msgspec.msgpack.decode(request, type=list[MediaFile], dec_hook=_path)
    signal.signal(signal.SIGALRM, _too_long)
    return msgspec.msgpack.encode([_look(one) for one in files])


@functools.cache
def _reader(kind: str) -> Reader:
    """Return what reads files of a kind; the libraries of other kinds are not loaded."""
    module, name = _READERS[kind]
    read: Reader = getattr(importlib.import_module(f"lakebed.engines.crawl.media.{module}"), name)
    return read


def _path(kind: type, value: Any) -> Any:
    return Path(value) if issubclass(kind, Path) else value


def _too_long(*_: object) -> None:
    raise TimeoutError(f"It took longer than {_SECONDS_A_FILE:g} seconds.")


def _look(file: MediaFile) -> MediaFacts:
    facts = facts_of(file)
    read = _reader(facts.kind)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS_A_FILE)
    try:
        read(file.path, facts)
    except Exception as error:  # noqa: BLE001  # A library may raise anything over rubbish.
        facts = facts_of(file, f"{type(error).__name__}: {error}"[:_TEXT_CHARACTERS_MAX])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    for name in ("title", "author", "album", "camera_make", "camera_model"):
        setattr(facts, name, _clean(getattr(facts, name)))
    for name in ("width", "height", "pages", "duration_seconds", "latitude", "longitude"):
        setattr(facts, name, _plausible(getattr(facts, name)))
    return facts


def _plausible(number: Any) -> Any:
    """Return a number that a column can hold; None for one that only rubbish can mean."""
    is_number = number is not None and math.isfinite(number) and abs(number) <= _INT_MAX
    return number if is_number else None


def _clean(text: str | None) -> str | None:
    """Return a text without what no text has, at its longest; None for an empty one."""
    if text is None:
        return None
    plain = "".join(letter for letter in text if letter.isprintable()).strip()
    return plain.encode("utf-8", "replace").decode()[:_TEXT_CHARACTERS_MAX] or None
