"""Bodies of encrypted objects: as they come in, and as they go out."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from lakebed.context import Context
from lakebed.core.bodies import FileSlice, Pieces, Spooled, UnsealedError
from lakebed.core.limits import MIB
from lakebed.digests import new_digest
from lakebed.engines.objects import Encryption, StoredObject
from lakebed.sealing import SealError, unsealed_pieces
from lakebed.services.s3._checksums import DEFAULT, claimed_algorithm, with_digest
from lakebed.services.s3._encryption import (
    SSE_S3,
    FileSealing,
    Wanted,
    lost,
    wanted_encryption,
    wrapped,
)
from lakebed.services.s3.model import Bucket

_AT_ONCE_BYTES = 64 * 1024
"""What is not more is decrypted before the answer begins, and sent with its head."""


def put_encryption(
    ctx: Context, bucket: Bucket, request: Mapping[str, Any], body: Spooled
) -> Encryption | None:
    """Return how the file of a received body is encrypted, None if it is plain as it shall be.

    UnsealedError if it came plain and shall be encrypted. A default that was taken back while the
    body came in still holds for it.
    """
    wanted = wanted_encryption(bucket, request, "PutObject")
    if body.sealing is None:
        if wanted is None:
            return None
        algorithm = claimed_algorithm(request) or DEFAULT
        raise UnsealedError(with_digest(body, algorithm), FileSealing())
    sealing = cast(FileSealing, body.sealing)
    return sealed_with(ctx, bucket, request, wanted or Wanted(SSE_S3), (sealing, body.size))


def sealed_with(
    ctx: Context,
    bucket: Bucket,
    request: Mapping[str, Any],
    wanted: Wanted,
    done: tuple[FileSealing, int],
) -> Encryption:
    """Return how a file of so many plain bytes is encrypted, that a sealing has written."""
    sealing, size = done
    found = wrapped(ctx, bucket, request["Key"], wanted, sealing.key)
    return msgspec.structs.replace(found, segments=((size, 1),), digest=sealing.digest)


def plain_pieces(
    found: StoredObject, descriptor: int, key: bytes, start: int, length: int
) -> Iterator[bytes]:
    """Yield bytes of an encrypted object's open file; AwsError where they were changed."""
    assert found.encryption is not None

    def read(count: int, offset: int) -> bytes:
        return os.pread(descriptor, count, offset)

    try:
        yield from unsealed_pieces(read, key, found.encryption.segments, start, length)
    except SealError:
        raise lost(found) from None


def body_of(
    found: StoredObject, descriptor: int, key: bytes, start: int, length: int
) -> bytes | FileSlice | Pieces:
    """Return bytes of an object as a body, which owns the descriptor of its file from now on.

    Of what is encrypted the first bytes are decrypted now, while there is still an error to answer.
    """
    if found.encryption is None and length:
        return FileSlice(descriptor, start, length)
    try:
        if not length:
            os.close(descriptor)
            return b""
        pieces = plain_pieces(found, descriptor, key, start, length)
        if length <= _AT_ONCE_BYTES:
            whole = b"".join(pieces)
            os.close(descriptor)
            return whole
        first = next(pieces)
    except BaseException:
        os.close(descriptor)
        raise
    return Pieces(length, itertools.chain((first,), pieces), lambda: os.close(descriptor))


class Copy(NamedTuple):
    """A new temporary file, and digests of its plain bytes by name."""

    path: Path
    digests: dict[str, str]


class Opened(NamedTuple):
    """An object whose file is open, and the key of that, empty if it is plain."""

    found: StoredObject
    descriptor: int
    key: bytes


def copied_file(
    ctx: Context,
    source: Opened,
    span: tuple[int, int],
    sealing: FileSealing | None,
    names: Sequence[str],
) -> Copy:
    """Copy bytes of an opened object to a new file, encrypted or not. May take long.

    Plain bytes that stay plain are shared by the file system where it can, and read only for
    digests that are asked for.
    """
    start, length = span
    if source.found.encryption is None and sealing is None:
        path = ctx.engines.objects.copy_bytes(source.descriptor, start, length)
        return Copy(path, _file_digests(names, path))
    if source.found.encryption is None:
        pieces = _range_pieces(source.descriptor, start, length)
    else:
        pieces = plain_pieces(source.found, source.descriptor, source.key, start, length)
    path = Path(ctx.engines.objects.spool_directories[0]) / ctx.ids.token(96)
    digests = {name: new_digest(name) for name in names}
    try:
        with path.open("xb") as file:
            for piece in pieces:
                for digest in digests.values():
                    digest.update(piece)
                file.writelines((piece,) if sealing is None else sealing.update(piece))
            file.writelines(() if sealing is None else sealing.finish())
            if ctx.settings.durability != "none":
                file.flush()
                os.fdatasync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Copy(path, {name: digest.hexdigest() for name, digest in digests.items()})


def _range_pieces(descriptor: int, start: int, length: int) -> Iterator[bytes]:
    at, end = start, start + length
    while at < end:
        block = os.pread(descriptor, min(end - at, MIB), at)
        if not block:
            raise OSError("the file to copy is shorter than it was said to be")
        at += len(block)
        yield block


def _file_digests(names: Sequence[str], path: Path) -> dict[str, str]:
    """Return digests of a file by name; it is read once, or not at all."""
    digests = {name: new_digest(name) for name in names}
    if digests:
        with path.open("rb") as file:
            while block := file.read(MIB):
                for digest in digests.values():
                    digest.update(block)
    return {name: digest.hexdigest() for name, digest in digests.items()}
