"""Compressions of delivered objects: what is written can be read by others' readers."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.delivery.compression import compressed, gunzipped

DATA = st.binary(max_size=2000) | st.binary(min_size=1, max_size=20).map(lambda one: one * 40_000)


def _from_zip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["flights"]
        return archive.read("flights")


def _from_hadoop(data: bytes) -> bytes:
    """Read as Hadoop's BlockDecompressorStream does."""
    out, at = b"", 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        at += 4
        block = b""
        while len(block) < size:
            (packed,) = struct.unpack_from(">I", data, at)
            block += bytes(cramjam.snappy.decompress_raw(data[at + 4 : at + 4 + packed]))
            at += 4 + packed
        assert len(block) == size
        out += block
    return out


READERS = {
    "UNCOMPRESSED": bytes,
    "GZIP": gzip.decompress,
    "ZIP": _from_zip,
    "Snappy": lambda data: bytes(cramjam.snappy.decompress(data)),
    "HADOOP_SNAPPY": _from_hadoop,
}


@pytest.mark.parametrize("kind", READERS)
@given(data=DATA)
def test_what_is_compressed_can_be_read(kind, data):
    assert READERS[kind](compressed(kind, data, "flights")) == data


def test_snappy_is_the_framed_form():
    assert compressed("Snappy", b"x", "").startswith(b"\xff\x06\x00\x00sNaPpY")


@given(members=st.lists(st.binary(max_size=100), min_size=1, max_size=3))
def test_a_gzipped_record_of_many_members_is_whole(members):
    assert gunzipped(b"".join(map(gzip.compress, members))) == b"".join(members)


@pytest.mark.parametrize(
    "data",
    [b"plain", gzip.compress(b"whole" * 100)[:-9], gzip.compress(b"a") + b"rest"],
    # By themselves they would be named by the time that is in them.
    ids=["plain", "torn", "with a rest"],
)
def test_what_is_no_gzip_is_refused(data):
    with pytest.raises(ValueError, match="."):
        gunzipped(data)


def test_a_record_that_expands_without_end_is_refused():
    with pytest.raises(ValueError, match="The record holds more than 1000 bytes."):
        gunzipped(gzip.compress(b"0" * 100_000), limit=1000)
