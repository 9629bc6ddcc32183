"""Sealed files: what was written is read, of any range; what was changed is not."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.sealing import (
    CHUNK_BYTES,
    SealError,
    SegmentWriter,
    sealed_file_size,
    sealed_size,
    unsealed_pieces,
)

KEY = bytes(range(32))
SIZES = st.one_of(
    st.integers(0, 40), st.integers(CHUNK_BYTES - 2, CHUNK_BYTES + 2), st.just(2 * CHUNK_BYTES)
)


def sealed(data, pieces=1):
    writer = SegmentWriter(KEY)
    step = max(1, -(-len(data) // pieces))
    out = [part for at in range(0, len(data), step) for part in writer.update(data[at : at + step])]
    return b"".join([*out, *writer.finish()])


def opened(file, segments, start, length, key=KEY):
    read = lambda count, offset: file[offset : offset + count]  # noqa: E731 (a file)
    return b"".join(unsealed_pieces(read, key, segments, start, length))


@given(st.lists(st.tuples(SIZES, st.integers(1, 3)), max_size=3), st.data())
def test_any_range_of_what_was_sealed_is_read(segments, data):
    plains = [os.urandom(size) for size, count in segments for _ in range(count)]
    plain = b"".join(plains)
    file = b"".join(sealed(part, data.draw(st.integers(1, 3))) for part in plains)
    assert len(file) == sealed_file_size(segments)
    start = data.draw(st.integers(0, len(plain)))
    length = data.draw(st.integers(0, len(plain) - start))
    assert opened(file, segments, start, length) == plain[start : start + length]


@given(SIZES.filter(bool), st.data())
def test_no_byte_of_a_sealed_file_can_be_changed(size, data):
    file = bytearray(sealed(bytes(size)))
    file[data.draw(st.integers(0, len(file) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError):
        opened(bytes(file), [(size, 1)], 0, size)


def test_a_sealed_file_has_no_other_key_and_no_other_end():
    whole = os.urandom(2 * CHUNK_BYTES)
    file = sealed(whole)
    with pytest.raises(SealError):
        opened(file, [(len(whole), 1)], 0, 1, key=bytes(32))
    # Cut after its first chunk it would be the segment of that chunk alone.
    cut = file[: sealed_size(CHUNK_BYTES)]
    with pytest.raises(SealError):
        opened(cut, [(CHUNK_BYTES, 1)], 0, CHUNK_BYTES)
    assert sealed(whole) != file
