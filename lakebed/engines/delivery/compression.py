"""The compressions of delivered objects, and the one of records that CloudWatch Logs sends.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_S3DestinationConfiguration.html
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from lakebed.core.limits import DELIVERY_RECORD_EXPANDED_MAX

SUFFIXES = {"GZIP": ".gz", "ZIP": ".zip", "Snappy": ".snappy", "HADOOP_SNAPPY": ".hsnappy"}
"""What an object's name ends with, unless the stream names an extension."""
_HADOOP_BLOCK = 256 * 1024
"""Hadoop's SnappyCodec cuts what it compresses into buffers of this size."""


def compressed(kind: str, data: bytes, name: str) -> bytes:
    """Return bytes compressed; `name` is what the one file inside a ZIP is called."""
    if kind == "GZIP":
        return _gzip(data)
    if kind == "ZIP":
        return _zip(data, name)
    if kind == "Snappy":
        import cramjam

        return bytes(cramjam.snappy.compress(data))
    if kind == "HADOOP_SNAPPY":
        return _hadoop_snappy(data)
    assert kind == "UNCOMPRESSED", kind
    return data


def _gzip(data: bytes) -> bytes:
    # Without a time, so that the same records are the same bytes.
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def _zip(data: bytes, name: str) -> bytes:
    target = io.BytesIO()
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, data)
    return target.getvalue()


def _hadoop_snappy(data: bytes) -> bytes:
    """Write blocks: the length of what is in it, then chunks with their compressed length."""
    import cramjam

    blocks: list[bytes] = []
    for begin in range(0, len(data), _HADOOP_BLOCK):
        block = data[begin : begin + _HADOOP_BLOCK]
        packed = bytes(cramjam.snappy.compress_raw(block))
        blocks += (struct.pack(">II", len(block), len(packed)), packed)
    return b"".join(blocks)


def gunzipped(data: bytes, limit: int = DELIVERY_RECORD_EXPANDED_MAX) -> bytes:
    """Return what is in a gzipped record (of one member or more); ValueError if it is none."""
    whole = b""
    while data:
        reader = zlib.decompressobj(31)
        try:
            whole += reader.decompress(data, limit - len(whole) + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if len(whole) > limit:
            raise ValueError(f"The record holds more than {limit} bytes.")
        if not reader.eof:
            raise ValueError("The compressed data ends before its end.")
        data = reader.unused_data
    return whole
