"""A look at a text file before it is read: may DuckDB's own CSV reader and casts take it?

They are fast, and lenient where Hive is not: the reader drops blank lines, refuses text that is no
UTF-8 and takes a `\\r` otherwise; the casts take ` 1`, `1e3`, `0x1f`, `1_0` and round `1.5`. So a
file's bytes are looked at first, which costs a few percent of reading it; what is found decides how
careful the reading must be.
"""

from __future__ import annotations

import codecs
import mmap
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from lakebed.core.limits import KIB
from lakebed.engines.sql.duckdb.readers.storage import Stored
from lakebed.engines.sql.duckdb.readers.stream import suffix_of

_BLOCK_BYTES = 512 * KIB
_FIELD_BYTES_MAX = 64
"""A longer field that looks like a number is not looked at to its start."""
Cells = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is.

    `plain`: DuckDB splits it into the lines that Hive sees. `points`: there are points in it, so an
    integer's fraction must be cut. `odd`: a field may be a number to DuckDB's casts alone.
    """

    plain: bool
    points: bool = True
    odd: bool = True


def survey(stored: Stored, separator: str) -> Survey:
    """Look at a file."""
    if suffix_of(stored.file.key):
        return Survey(False)
    state = os.stat(stored.file.path)
    return _survey(stored.file.path, separator, state.st_size, state.st_mtime_ns, state.st_ino)


@lru_cache(maxsize=4096)
def _survey(path: str, separator: str, size: int, changed: int, inode: int) -> Survey:
    """Look at a file as it is: the numbers make another of it when it changes."""
    del changed, inode
    if not size:
        return Survey(True, False, False)
    decoder = codecs.getincrementaldecoder("utf-8")()
    points = odd = False
    before = b"\n"
    # Mapped, not read: what a process reads is what its query is said to scan.
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        for at in range(0, size, _BLOCK_BYTES):
            block = mapped[at : at + _BLOCK_BYTES]
            if not _is_plain(before[-1:], block, decoder):
                return Survey(False)
            points = points or b"." in block
            odd = odd or _is_odd(before, block, separator)
            before = (before + block[-_FIELD_BYTES_MAX:])[-_FIELD_BYTES_MAX:]
    try:
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return Survey(False)
    return Survey(True, points, odd)


def _is_plain(before: bytes, block: bytes, decoder: codecs.IncrementalDecoder) -> bool:
    if b"\r" in block or b"\0" in block:
        return False
    if len(block) == _BLOCK_BYTES and b"\n" not in block:
        return False
    text = before + block
    even, odd = len(text) & ~1, (len(text) - 1) & ~1
    cells: Any = np.frombuffer(text, np.uint8)
    if (cells[:even].view("<u2") == 0x0A0A).any():
        return False
    if (cells[1 : odd + 1].view("<u2") == 0x0A0A).any():
        return False
    if not block.isascii() or decoder.getstate()[0]:
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return False
    return True


def _is_odd(before: bytes, block: bytes, separator: str) -> bool:
    """Tell whether a field may be a number to DuckDB and none to Hive (points aside).

    Looked at are the fields' parts in the block; `before` is what they may begin in.
    """
    if b"\v" in block or b"\f" in block:
        return True
    mark, text = separator.encode(), before[-1:] + block
    blanks = [one for one in (b" ", b"\t") if one != mark and one in text]
    edges = (mark, b"\n")
    if any(one + edge in text or edge + one in text for one in blanks for edge in edges):
        return True
    cells: Cells = np.frombuffer(text, np.uint8)
    lowered = cells[1:] | 32
    # Hexadecimal, binary and exponents follow a digit, as the underscore between digits does.
    letters = (lowered == 101) | (lowered == 120) | (lowered == 98) | (lowered == 127)
    found: npt.NDArray[np.intp] = np.flatnonzero(letters & ((cells[:-1] - 48) < 10))
    if not len(found):
        return False
    whole = np.frombuffer(before + block, np.uint8)
    return _begins_a_number(whole, found + len(before) - 1, mark[0])


def _begins_a_number(cells: Cells, places: npt.NDArray[np.intp], mark: int) -> bool:
    """Tell whether a field around one of the places begins as a number does."""
    for _ in range(_FIELD_BYTES_MAX):
        if not len(places):
            return False
        here = cells[places]
        done = (here == mark) | (here == 10)
        first = cells[np.minimum(places[done] + 1, len(cells) - 1)]
        if (((first - 48) < 10) | (first == 43) | (first == 45) | (first == 46)).any():
            return True
        places = places[~done] - 1
        if (places < 0).any():
            return True
    return bool(len(places))
