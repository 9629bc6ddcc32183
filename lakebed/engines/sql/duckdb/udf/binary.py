"""Trino's functions of bytes (https://trino.io/docs/current/functions/binary.html)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
import struct
import zlib

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function, hashes


def invalid(message: str) -> TrinoError:
    """Return the error of an argument that a function does not take."""
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


@function
def reverse(data: bytes) -> bytes:
    """Return the bytes from the last to the first."""
    return data[::-1]


@function
def substr(data: bytes, start: int) -> bytes:
    """Return the bytes from `start`, counted from 1 or from the end."""
    return substr3(data, start, len(data))


@function
def substr3(data: bytes, start: int, length: int) -> bytes:
    """Return `length` bytes from `start`, counted from 1 or from the end."""
    if start == 0 or abs(start) > len(data) or length <= 0:
        return b""
    first = start - 1 if start > 0 else len(data) + start
    return data[first : first + length]


def _padding(data: bytes, size: int, pad: bytes) -> bytes:
    if not 0 <= size <= 2147483647:
        raise invalid("Target length must be in the range [0..2147483647]")
    if not pad:
        raise invalid("Padding bytes must not be empty")
    missing = size - len(data)
    return (pad * (missing // len(pad) + 1))[:missing] if missing > 0 else b""


@function
def lpad(data: bytes, size: int, pad: bytes) -> bytes:
    """Bring to a size with bytes before; cut what is longer."""
    return (_padding(data, size, pad) + data)[:size]


@function
def rpad(data: bytes, size: int, pad: bytes) -> bytes:
    """Bring to a size with bytes after; cut what is longer."""
    return (data + _padding(data, size, pad))[:size]


@function
def from_utf8(data: bytes) -> str:
    """Read UTF-8; what is none becomes U+FFFD."""
    return data.decode("utf-8", "replace")


@function
def from_utf8_replacing(data: bytes, replacement: str) -> str:
    """Read UTF-8; what is none becomes the replacement."""
    if len(replacement) > 1:
        raise invalid("Replacement character string must empty or a single character")
    return _decoded(data, replacement)


@function
def from_utf8_code(data: bytes, replacement: int) -> str:
    """Read UTF-8; what is none becomes the code point."""
    if not 0 <= replacement <= 0x10FFFF or 0xD800 <= replacement <= 0xDFFF:
        raise invalid("Invalid replacement character")
    return _decoded(data, chr(replacement))


def _decoded(data: bytes, replacement: str) -> str:
    parts: list[str] = []
    while data:
        try:
            return "".join([*parts, data.decode()])
        except UnicodeDecodeError as error:
            parts += [data[: error.start].decode(), replacement]
            data = data[error.end :]
    return "".join(parts)


@function
def to_base64url(data: bytes) -> str:
    """Write in Base64 for addresses."""
    return base64.urlsafe_b64encode(data).decode()


@function
def to_base32(data: bytes) -> str:
    """Write in Base32."""
    return base64.b32encode(data).decode()


@function
def from_base32(text: str) -> bytes:
    """Read Base32, with or without its padding."""
    text = text.rstrip("=")
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        odd = re.search(r"[^A-Z2-7]", text)
        if odd is not None:
            raise invalid(f"Unrecognized character: {odd.group(0)}") from None
        raise invalid(f"Invalid input length {len(text)}") from None


@function
def from_base64(text: str) -> bytes:
    """Read Base64."""
    return _base64(text, "+/", r"[^A-Za-z0-9+/=]")


@function
def from_base64url(text: str) -> bytes:
    """Read Base64 for addresses."""
    return _base64(text, "-_", r"[^A-Za-z0-9_=-]")


def _base64(text: str, extra: str, odd_ones: str) -> bytes:
    odd = re.search(odd_ones, text)
    if odd is not None:
        raise invalid(f"Illegal base64 character {ord(odd.group(0)):x}")
    bare = text.rstrip("=")
    if len(bare) % 4 == 1 or (len(text) != len(bare) and len(text) % 4):
        raise invalid("Input byte array has wrong 4-byte ending unit")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=extra.encode())


@function
def from_hex(text: str) -> bytes:
    """Read pairs of hexadecimal digits."""
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        if len(text) % 2:
            raise invalid(
                f"string should contain an even number of characters: {len(text)}"
            ) from None
        raise invalid(f"Invalid hexadecimal string: {text}") from None


@function
def from_base32_bytes(data: bytes) -> bytes:
    """Read Base32."""
    return from_base32(data.decode("latin-1"))


@function
def from_base64_bytes(data: bytes) -> bytes:
    """Read Base64."""
    return from_base64(data.decode("latin-1"))


@function
def from_base64url_bytes(data: bytes) -> bytes:
    """Read Base64 for addresses."""
    return from_base64url(data.decode("latin-1"))


@function
def from_hex_bytes(data: bytes) -> bytes:
    """Read pairs of hexadecimal digits."""
    return from_hex(data.decode("latin-1"))


@function
def sha512(data: bytes) -> bytes:
    """Return the SHA-512 hash."""
    return hashlib.sha512(data).digest()


@function
def crc32(data: bytes) -> int:
    """Return the CRC-32."""
    return zlib.crc32(data)


@function
def xxhash64(data: bytes) -> bytes:
    """Return xxHash64, the high byte first."""
    return hashes.xxhash64(data).to_bytes(8, "big")


@function
def murmur3(data: bytes) -> bytes:
    """Return MurmurHash3 of 128 bits for 64-bit machines."""
    return hashes.murmur3(data)


@function
def spooky_hash_v2_32(data: bytes) -> bytes:
    """Return the low 32 bits of SpookyHash V2."""
    return hashes.spooky(data).to_bytes(8, "big")[4:]


@function
def spooky_hash_v2_64(data: bytes) -> bytes:
    """Return 64 bits of SpookyHash V2."""
    return hashes.spooky(data).to_bytes(8, "big")


@function
def hmac_md5(data: bytes, key: bytes) -> bytes:
    """Return the keyed MD5."""
    return _keyed(data, key, "md5")


@function
def hmac_sha1(data: bytes, key: bytes) -> bytes:
    """Return the keyed SHA-1."""
    return _keyed(data, key, "sha1")


@function
def hmac_sha256(data: bytes, key: bytes) -> bytes:
    """Return the keyed SHA-256."""
    return _keyed(data, key, "sha256")


@function
def hmac_sha512(data: bytes, key: bytes) -> bytes:
    """Return the keyed SHA-512."""
    return _keyed(data, key, "sha512")


def _keyed(data: bytes, key: bytes, name: str) -> bytes:
    if not key:
        raise TrinoError("GENERIC_INTERNAL_ERROR", "Empty key")
    return hmac.new(key, data, name).digest()


def _unpacked(data: bytes, form: str, size: int, message: str) -> int | float:
    if len(data) != size:
        raise invalid(message)
    return struct.unpack(form, data)[0]


@function
def to_big_endian_32(number: int) -> bytes:
    """Return 4 bytes of two's complement."""
    return struct.pack(">i", number)


@function
def to_big_endian_64(number: int) -> bytes:
    """Return 8 bytes of two's complement."""
    return struct.pack(">q", number)


@function
def from_big_endian_32(data: bytes) -> int | float:
    """Read 4 bytes of two's complement."""
    return _unpacked(data, ">i", 4, "expected 4-byte input, but got instead: " + str(len(data)))


@function
def from_big_endian_64(data: bytes) -> int | float:
    """Read 8 bytes of two's complement."""
    return _unpacked(data, ">q", 8, "expected 8-byte input, but got instead: " + str(len(data)))


@function
def to_ieee754_32(number: float) -> bytes:
    """Return the 4 bytes of a real."""
    return struct.pack(">f", math.nan if math.isnan(number) else number)


@function
def to_ieee754_64(number: float) -> bytes:
    """Return the 8 bytes of a double."""
    return struct.pack(">d", math.nan if math.isnan(number) else number)


@function
def from_ieee754_32(data: bytes) -> int | float:
    """Read the 4 bytes of a real."""
    return _unpacked(data, ">f", 4, "Input floating-point value must be exactly 4 bytes long")


@function
def from_ieee754_64(data: bytes) -> int | float:
    """Read the 8 bytes of a double."""
    return _unpacked(data, ">d", 8, "Input floating-point value must be exactly 8 bytes long")
