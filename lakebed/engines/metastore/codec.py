"""Thrift's binary protocol: values of the types in `idl`, read and written.

A struct is a dictionary by field name; a field that is None, or not there, is not written, one that
the table does not have is skipped when it is read.
https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from lakebed.engines.metastore.idl import LIST, MAP, STRUCT, Field, Type, structs

CALL, REPLY, EXCEPTION, ONEWAY = 1, 2, 3, 4
_VERSION = 0x80010000
_STOP, _STRING, _SET = 0, 11, 14
_SIZES = {2: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8}
"""How many bytes the types of a fixed length take, by code (3 is a byte, 4 a double)."""
_FORMATS = {2: ">?", 6: ">h", 8: ">i", 10: ">q"}
_DEPTH_MAX = 32


class ProtocolError(Exception):
    """What came is not of the protocol."""


class Stream(Protocol):
    """Where bytes come from: an `asyncio.StreamReader`."""

    async def readexactly(self, n: int) -> bytes:
        """Return so many bytes; IncompleteReadError where there are no more."""
        ...


class Call(NamedTuple):
    """The beginning of a message."""

    kind: int
    method: str
    number: int


class Source:
    """Reads one message, up to a number of bytes."""

    def __init__(self, stream: Stream, bytes_max: int) -> None:
        self._stream = stream
        self._left = bytes_max

    async def call(self) -> Call:
        """Read the beginning of a message."""
        version = await self._integer(4)
        if version & 0xFFFF0000 != _VERSION:
            raise ProtocolError("not a message of Thrift's binary protocol")
        name = await self._bytes()
        return Call(version & 0xFF, _text(name), await self._integer(4))

    async def fields(self, known: Sequence[Field], depth: int = 0) -> dict[str, Any]:
        """Read the fields of a struct."""
        _check_depth(depth)
        by_id = {field.id: field for field in known}
        found: dict[str, Any] = {}
        while code := (await self._take(1))[0]:
            field = by_id.get(await self._integer(2))
            if field is None or field.type.code != code:
                await self._skip(code, depth + 1)
            else:
                found[field.name] = await self._value(field.type, depth + 1)
        return found

    async def _value(self, kind: Type, depth: int) -> Any:
        _check_depth(depth)
        if kind.code == _STRING:
            data = await self._bytes()
            return data if kind.name == "bin" else _text(data)
        if kind.code == STRUCT:
            return await self.fields(structs()[kind.name], depth)
        if kind.code == LIST:
            return await self._list(kind.parts[0], depth)
        if kind.code == MAP:
            return await self._map(kind.parts[0], kind.parts[1], depth)
        data = await self._take(_SIZES[kind.code])
        return struct.unpack(_FORMATS[kind.code], data)[0]

    async def _list(self, kind: Type, depth: int) -> list[Any]:
        code, size = (await self._take(1))[0], await self._size()
        if size and code != kind.code:
            raise ProtocolError(f"a list of {kind.name} has elements of type {code}")
        return [await self._value(kind, depth + 1) for _ in range(size)]

    async def _map(self, key: Type, value: Type, depth: int) -> dict[Any, Any]:
        codes, size = await self._take(2), await self._size()
        if size and codes != bytes((key.code, value.code)):
            raise ProtocolError(f"a map of {key.name} has entries of types {tuple(codes)}")
        found: dict[Any, Any] = {}
        for _ in range(size):
            name = await self._value(key, depth + 1)
            found[name] = await self._value(value, depth + 1)
        return found

    async def _skip(self, code: int, depth: int) -> None:
        """Read over a value of a type that only its code tells."""
        _check_depth(depth)
        if code in _SIZES:
            await self._take(_SIZES[code])
        elif code == _STRING:
            await self._bytes()
        elif code == STRUCT:
            await self.fields((), depth)
        elif code in (LIST, _SET):
            element, size = (await self._take(1))[0], await self._size()
            for _ in range(size):
                await self._skip(element, depth + 1)
        elif code == MAP:
            (key, value), size = await self._take(2), await self._size()
            for _ in range(size):
                await self._skip(key, depth + 1)
                await self._skip(value, depth + 1)
        else:
            raise ProtocolError(f"no type has the code {code}")

    async def _bytes(self) -> bytes:
        return await self._take(await self._size())

    async def _size(self) -> int:
        size = await self._integer(4)
        if size > self._left:
            # Also a negative one: every element takes a byte at least.
            raise ProtocolError("a message is larger than it may be")
        return size

    async def _integer(self, size: int) -> int:
        return int.from_bytes(await self._take(size))

    async def _take(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise ProtocolError("a message is larger than it may be")
        return await self._stream.readexactly(size) if size else b""


def _check_depth(depth: int) -> None:
    if depth > _DEPTH_MAX:
        raise ProtocolError("values are nested too deep")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError("a text is not UTF-8") from error


def written(call: Call, fields: Sequence[Field], values: Mapping[str, Any]) -> bytes:
    """Return a whole message."""
    out = bytearray(struct.pack(">I", _VERSION | call.kind))
    _write_bytes(out, call.method.encode())
    out += call.number.to_bytes(4)
    _write_struct(out, fields, values)
    return bytes(out)


def _write_struct(out: bytearray, fields: Sequence[Field], values: Mapping[str, Any]) -> None:
    for field in fields:
        value = values.get(field.name)
        if value is not None:
            out += struct.pack(">Bh", field.type.code, field.id)
            _write(out, field.type, value)
    out.append(_STOP)


def _write(out: bytearray, kind: Type, value: Any) -> None:
    if kind.code == _STRING:
        _write_bytes(out, value if kind.name == "bin" else value.encode())
    elif kind.code == STRUCT:
        _write_struct(out, structs()[kind.name], value)
    elif kind.code == LIST:
        out += struct.pack(">Bi", kind.parts[0].code, len(value))
        for one in value:
            _write(out, kind.parts[0], one)
    elif kind.code == MAP:
        key, element = kind.parts
        out += struct.pack(">BBi", key.code, element.code, len(value))
        for name, one in value.items():
            _write(out, key, name)
            _write(out, element, one)
    else:
        out += struct.pack(_FORMATS[kind.code], value)


def _write_bytes(out: bytearray, data: bytes) -> None:
    out += struct.pack(">i", len(data))
    out += data
