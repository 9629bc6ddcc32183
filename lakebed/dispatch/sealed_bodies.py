"""Bodies that a handler wants encrypted, but that were received before anybody knew.

The wire asks first where it can (`Dispatcher.begin`), and then no plain byte reaches the disk. What
came unasked (a short body into a bucket that encrypts by default, a file of a run) is encrypted
into another file here, and its handler is called once more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lakebed.core.bodies import Spooled, UnsealedError
from lakebed.core.limits import MIB, SEALING_PLACES_REMEMBERED_MAX


class SealingPlaces:
    """Where bodies had to be encrypted lately: the next one there is asked about before it comes.

    To be asked for nothing does no harm, so the oldest are forgotten at will.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], None] = {}

    def note(self, service: str, request: Mapping[str, Any]) -> None:
        """Remember where a body had to be encrypted."""
        if len(self._known) >= SEALING_PLACES_REMEMBERED_MAX:
            del self._known[next(iter(self._known))]
        self._known[service, str(request.get("Bucket"))] = None

    def has(self, service: str, request: Mapping[str, Any]) -> bool:
        """Say whether a body may have to be encrypted."""
        return (
            (service, str(request.get("Bucket"))) in self._known
            or "ServerSideEncryption" in request
            or "SSECustomerKey" in request
        )


def sealed(unsealed: UnsealedError, *, is_synced: bool) -> Spooled:
    """Return a body encrypted, in another file; the plain one is gone. May take long."""
    body, sealing = unsealed.body, unsealed.sealing
    path = body.path.with_name(f"{body.path.name}.sealed")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with body.path.open("rb") as plain:
            while block := plain.read(MIB):
                _write(descriptor, sealing.update(block))
        _write(descriptor, sealing.finish())
        if is_synced:
            os.fdatasync(descriptor)
        file = os.fstat(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    body.discard()
    return replace(
        body, path=path, inode=file.st_ino, mtime_ns=file.st_mtime_ns, place=None, sealing=sealing
    )


def _write(descriptor: int, pieces: list[bytes]) -> None:
    view = memoryview(b"".join(pieces))
    while view:
        view = view[os.write(descriptor, view) :]
