"""Random identifiers, from one owned source so that a test can make them predictable."""

from __future__ import annotations

import hashlib
import os
import random
import uuid


class Ids:
    """Makes request ids, execution ids and temporary names; seeded only in tests."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(
            int.from_bytes(os.urandom(16), "big") if seed is None else seed
        )

    def uuid(self) -> str:
        """Return a random version 4 UUID in its text form."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def request_id(self) -> str:
        """Return a request id in S3's form: 16 upper-case hexadecimal digits."""
        return f"{self._random.getrandbits(64):016X}"

    def token(self, bits: int = 128) -> str:
        """Return a lower-case hexadecimal name of `bits` random bits."""
        return f"{self._random.getrandbits(bits):0{bits // 4}x}"


def host_id(request_id: str) -> str:
    """Return the extended request id that S3 sends beside the request id."""
    return hashlib.blake2s(request_id.encode(), digest_size=16).hexdigest()
