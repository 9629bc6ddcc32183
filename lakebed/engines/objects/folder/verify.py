"""Reads an object's bytes and compares them with every digest that was kept of them."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lakebed.core.limits import MIB
from lakebed.digests import SIZES, Digest, new_digest
from lakebed.engines.objects import StoredObject

_MEMBER = "Checksum"
_FULL_OBJECT = "FULL_OBJECT"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was compared, and where it differed (`found` and `expected` are empty if nowhere).

    `compared` is empty if nothing was kept to compare with: of files put there by hand.
    """

    compared: tuple[str, ...] = ()
    differs: str = ""
    found: str = ""
    expected: str = ""

    @property
    def is_right(self) -> bool:
        """Whether nothing differed."""
        return not self.differs


def verify(
    descriptor: int,
    known: StoredObject,
    part_sizes: Sequence[int] = (),
    read: Callable[[int], object] = lambda count: None,
) -> Verdict:
    """Compare the bytes of an open file with what is known; `read(count)` hears of every block.

    With the sizes of the parts it was put together from, the ETag of a multipart upload is compared
    too. OSError if the file cannot be read.
    """
    promised = _promised(known, part_sizes)
    made: dict[str, Digest] = {name: new_digest(name) for name in promised if name in SIZES}
    parts = _PartDigests(part_sizes) if "parts" in promised else None
    at = 0
    while block := os.pread(descriptor, MIB, at):
        for digest in made.values():
            digest.update(block)
        if parts is not None:
            parts.update(block)
        at += len(block)
        read(len(block))
    if at != known.file_size:
        return Verdict(("size",), "size", str(at), str(known.file_size))
    for name, expected in promised.items():
        found = parts.etag() if parts is not None and name == "parts" else made[name].hexdigest()
        if found != expected:
            return Verdict(tuple(promised), _label(name), found, expected)
    return Verdict(tuple(promised))


def _label(name: str) -> str:
    return "ETag" if name in ("md5", "parts") else name.upper()


def _promised(known: StoredObject, part_sizes: Sequence[int]) -> dict[str, str]:
    """Return the digests that the whole must have, in hexadecimal, by name."""
    promised: dict[str, str] = {}
    sealed = known.encryption
    if sealed is not None:
        # Of what is encrypted nobody here has the key: its own bytes are compared.
        return {} if sealed.is_lost else {"crc64nvme": sealed.digest}
    if "-" not in known.etag:
        promised["md5"] = known.etag
    elif part_sizes and sum(part_sizes) == known.size:
        promised["parts"] = known.etag
    if known.checksum_type == _FULL_OBJECT:
        for member, value in known.checksums.items():
            name = member.removeprefix(_MEMBER).lower()
            if name in SIZES and name not in promised:
                promised[name] = base64.b64decode(value).hex()
    return promised


class _PartDigests:
    """The MD5 of the parts' MD5s, as S3 makes the ETag of a multipart upload."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = list(reversed(sizes))
        self._digests: list[bytes] = []
        self._open = hashlib.md5(usedforsecurity=False)
        self._left = self._sizes.pop()

    def update(self, block: bytes) -> None:
        view = memoryview(block)
        while len(view) >= self._left and self._sizes:
            self._open.update(view[: self._left])
            view = view[self._left :]
            self._next()
        self._open.update(view)
        self._left -= len(view)

    def _next(self) -> None:
        self._digests.append(self._open.digest())
        self._open = hashlib.md5(usedforsecurity=False)
        self._left = self._sizes.pop()

    def etag(self) -> str:
        while self._sizes:
            self._next()
        digests = [*self._digests, self._open.digest()]
        whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
        return f"{whole}-{len(digests)}"
