"""Answers the Hive Metastore's protocol to one run, on a port of loopback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from lakebed.core.limits import METASTORE_CONNECTIONS_MAX, METASTORE_MESSAGE_BYTES_MAX
from lakebed.engines.metastore.codec import (
    CALL,
    EXCEPTION,
    ONEWAY,
    REPLY,
    Call,
    ProtocolError,
    Source,
    written,
)
from lakebed.engines.metastore.idl import STRUCT, Field, Type, methods

log = logging.getLogger("lakebed.metastore")

_UNKNOWN_METHOD, _INTERNAL_ERROR = 1, 6
_APPLICATION_EXCEPTION = (Field(1, "message", Type(11, "str")), Field(2, "type", Type(8, "i32")))


class MethodError(Exception):
    """An error of a method: the name of one that it declares, or else it is an internal one."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


Answer = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Answers a method by its name and its arguments; raises MethodError."""
IsOurs = Callable[[int, int], Awaitable[bool]]
"""Tells whether a connection from a port to another is of the run."""


@contextlib.asynccontextmanager
async def listening(answer: Answer, is_ours: IsOurs) -> AsyncGenerator[int]:
    """Answer connections as long as the context lasts; it is the port on 127.0.0.1."""
    held: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        held[task] = writer
        try:
            if len(held) <= METASTORE_CONNECTIONS_MAX and await _is_let_in(writer, is_ours):
                await _converse(reader, writer, answer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client is gone, which is how it says that it needs no more.
        except ProtocolError as error:
            log.warning("a connection is closed: %s", error)
        finally:
            held.pop(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        tasks = list(held)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _is_let_in(writer: asyncio.StreamWriter, is_ours: IsOurs) -> bool:
    peer, own = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    if await is_ours(peer[1], own[1]):
        return True
    log.warning("a connection from port %d is refused: it is not of the run", peer[1])
    return False


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
) -> None:
    while True:
        source = Source(reader, METASTORE_MESSAGE_BYTES_MAX)
        call = await source.call()
        method = methods().get(call.method)
        arguments = await source.fields(method.arguments if method else ())
        if call.method == "shutdown" or call.kind not in (CALL, ONEWAY):
            return  # A client that says this means its connection.
        reply = await _reply(call, arguments, answer)
        if call.kind == CALL:
            writer.write(reply)
            await writer.drain()


async def _reply(call: Call, arguments: Mapping[str, Any], answer: Answer) -> bytes:
    method = methods().get(call.method)
    if method is None:
        log.warning("%s is not built", call.method)
        message = f"lakebed has not built the metastore's method {call.method} yet."
        return _broken(call, _UNKNOWN_METHOD, message)
    try:
        found = await answer(call.method, arguments)
    except MethodError as failure:
        number = method.errors.get(failure.name)
        if number is None:
            return _broken(call, _INTERNAL_ERROR, str(failure))
        error = Field(number, "error", Type(STRUCT, failure.name))
        return _answer(call, error, {"message": failure.message})
    except Exception:
        # A worker's loop: a bug is said to be one, and the next call is answered.
        log.exception("the metastore's method %s failed by a bug", call.method)
        return _broken(call, _INTERNAL_ERROR, "Internal service error")
    if method.answer is None:
        return written(Call(REPLY, *call[1:]), (), {})
    field = Field(0, "answer", method.answer)
    if not isinstance(found, list):
        return _answer(call, field, found)
    # It may be every partition of a table: the loop has others to serve.
    return await asyncio.to_thread(_answer, call, field, found)


def _answer(call: Call, field: Field, value: Any) -> bytes:
    return written(Call(REPLY, *call[1:]), (field,), {field.name: value})


def _broken(call: Call, kind: int, message: str) -> bytes:
    values = {"message": message, "type": kind}
    return written(Call(EXCEPTION, *call[1:]), _APPLICATION_EXCEPTION, values)
