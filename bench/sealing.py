"""Encrypted files beside the plain cipher over the same bytes: what the format itself costs."""

from __future__ import annotations

import os
import timeit
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measure import Results, Sample
from lakebed.core.limits import KIB, MIB
from lakebed.sealing import SegmentWriter

COLUMN = "lakebed file"
_SIZES = {"1k": (KIB, 5_000), "1m": (MIB, 100)}


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure the sealing of 1 KB and of 1 MB, and AES-256-GCM over the same in one piece."""
    del runs
    key, nonce = os.urandom(32), bytes(12)
    for name, (size, times) in _SIZES.items():
        body, count = os.urandom(size), max(times * repeats // 40, 10)

        def seal(body: bytes = body) -> None:
            writer = SegmentWriter(key)
            writer.update(body)
            writer.finish()

        def cipher(body: bytes = body) -> None:
            AESGCM(key).encrypt(nonce, body, None)

        for row, work in ((f"seal_{name}", seal), (f"cipher_{name}", cipher)):
            took = timeit.repeat(work, number=count, repeat=5)
            results.add(row, COLUMN, Sample(min(took) / count * 1e6))
