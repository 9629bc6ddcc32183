"""The metastore's listener, by Hive's generated client."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from pymetastore.hive_metastore import ThriftHiveMetastore, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport, TTransportException

from lakebed.core.limits import METASTORE_CONNECTIONS_MAX
from lakebed.engines.metastore.server import MethodError, listening


async def answer(method, given):
    if method == "get_database":
        raise MethodError("NoSuchObjectException", f"no {given['name']}")
    if method == "get_all_tables":
        raise MethodError("NoSuchObjectException", "which it does not declare")
    if method == "get_all_databases":
        raise ZeroDivisionError
    if method == "get_tables":
        return [given["dbName"], given["pattern"]]
    if method == "get_config_value":
        return given["defaultValue"]
    return None


async def everybody(peer, own):
    return True


async def nobody(peer, own):
    return False


@contextlib.contextmanager
def connected(port):
    socket = TSocket("127.0.0.1", port)
    socket.setTimeout(5000)
    transport = TBufferedTransport(socket)
    transport.open()
    try:
        yield ThriftHiveMetastore.Client(TBinaryProtocol(transport))
    finally:
        transport.close()


def by_client(work, is_ours=everybody):
    """Do `work(port)`, which blocks, beside a listener; return its result."""

    async def run():
        async with listening(answer, is_ours) as port:
            return await asyncio.to_thread(work, port)

    return asyncio.run(run())


def test_calls_are_answered_in_order_on_one_connection():
    def work(port):
        with connected(port) as hive:
            found = [hive.get_tables("db", "*"), hive.get_config_value("a", "é"), hive.flushCache()]
            return found, hive.create_database(ttypes.Database("x"))

    assert by_client(work) == ([["db", "*"], "é", None], None)


def test_errors_are_the_methods_own():
    def work(port):
        with connected(port) as hive:
            with pytest.raises(ttypes.NoSuchObjectException) as declared:
                hive.get_database("x")
            with pytest.raises(TApplicationException) as undeclared:
                hive.get_all_tables("x")
            with pytest.raises(TApplicationException) as bug:
                hive.get_all_databases()
            with pytest.raises(TApplicationException) as unbuilt:
                hive.get_role_names()
            return declared.value, undeclared.value, bug.value, unbuilt.value, hive.flushCache()

    declared, undeclared, bug, unbuilt, after = by_client(work)
    assert declared.message == "no x"
    internal = TApplicationException.INTERNAL_ERROR
    assert (undeclared.type, bug.type) == (internal, internal)
    assert (undeclared.message, bug.message) == (
        "NoSuchObjectException: which it does not declare",
        "Internal service error",
    )
    assert (unbuilt.type, unbuilt.message) == (
        TApplicationException.UNKNOWN_METHOD,
        "lakebed has not built the metastore's method get_role_names yet.",
    )
    assert after is None


def test_strangers_are_not_answered():
    def work(port):
        with connected(port) as hive, pytest.raises((TTransportException, ConnectionError)):
            hive.flushCache()
        return True

    assert by_client(work, nobody)


def test_odd_bytes_close_their_connection_only():
    def work(port):
        with connected(port) as hive, connected(port) as other:
            hive._iprot.trans.write(b"GET / HTTP/1.1\r\n\r\n")
            hive._iprot.trans.flush()
            with pytest.raises((TTransportException, EOFError, ConnectionError)):
                hive._iprot.trans.readAll(1)
            return other.flushCache()

    assert by_client(work) is None


def test_connections_have_a_limit():
    def work(port):
        with contextlib.ExitStack() as held:
            for _ in range(METASTORE_CONNECTIONS_MAX):
                held.enter_context(connected(port)).flushCache()
            with connected(port) as more, pytest.raises((TTransportException, ConnectionError)):
                more.flushCache()
        return True

    assert by_client(work)


def test_the_listener_is_on_loopback_and_ends():
    async def run():
        async with listening(answer, everybody) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert writer.get_extra_info("peername")[0] == "127.0.0.1"
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(run())
