"""Files of objects for engines on this machine: the lake's own, or decrypted copies.

    async with PlainFiles(caller, objects, scratch) as files:
        paths = await files.paths("lake", ["a.csv", "b.csv"])

An encrypted object is read through S3, as the caller: its key is asked for, and KMS's permissions.
Its plain copy is in the run's scratch folder, and gone with it. Stands beside `context`: every
service's runs may use it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lakebed.context import Caller
from lakebed.core.bodies import Pieces, content_of
from lakebed.engines.objects import ObjectStore

_ASKED_AT_ONCE = 200
"""Keys whose rows are looked at before others have their turn."""


class PlainFiles:
    """The files that one run reads; `scratch` is made when it is first needed."""

    def __init__(self, caller: Caller, objects: ObjectStore, scratch: Path) -> None:
        self._caller = caller
        self._objects = objects
        self._scratch = scratch
        self._copies: dict[tuple[str, str], Path] = {}

    async def __aenter__(self) -> PlainFiles:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._copies:
            await _to_its_end(shutil.rmtree, self._scratch, True)

    async def paths(self, bucket: str, keys: Sequence[str]) -> list[Path]:
        """Return the plain files of objects; AwsError as S3 refuses to open one."""
        sealed: set[str] = set()
        for at in range(0, len(keys), _ASKED_AT_ONCE):
            part = keys[at : at + _ASKED_AT_ONCE]
            found: set[str] | None = await self._caller.write(
                lambda ctx, part=part: self._objects.sealed_among(ctx, bucket, part)
            )
            if found is None:
                break
            sealed |= found
        local = self._objects.local_path
        return [
            await self._copy(bucket, key) if key in sealed else local(bucket, key) for key in keys
        ]

    async def _copy(self, bucket: str, key: str) -> Path:
        known = self._copies.get((bucket, key))
        if known is not None:
            return known
        answer = await self._caller.call("s3", "get_object", {"Bucket": bucket, "Key": key})
        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The end of the key stays: readers tell compressions by it.
        path = self._scratch / f"{len(self._copies):06d}-{key.rpartition('/')[2][-100:]}"
        self._copies[bucket, key] = path
        await _to_its_end(write_body, path, answer.get("Body"))
        return path


async def _to_its_end(work: Callable[..., object], *arguments: object) -> None:
    """Run work in a thread and wait for its end, however often the run is cancelled meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    is_cancelled = False
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError
    running.result()


def write_body(path: Path, body: Any) -> None:
    """Write an answer's body into a new file that only its owner reads. For a thread."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        if not isinstance(body, Pieces):
            file.write(content_of(body))
            return
        try:
            while piece := body.next():
                file.write(piece)
        finally:
            body.close()
