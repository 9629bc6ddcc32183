"""Thrift's binary protocol, against Apache Thrift's own library and Hive's generated structs."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymetastore.hive_metastore import ThriftHiveMetastore, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

from lakebed.engines.metastore.codec import CALL, REPLY, Call, ProtocolError, Source, written
from lakebed.engines.metastore.idl import LIST, MAP, STRUCT, Field, Type, methods, structs

BYTES_MAX = 1 << 20
TEXT = st.text(max_size=20)
SCALARS = {
    "str": TEXT,
    "bool": st.booleans(),
    "i16": st.integers(-(1 << 15), (1 << 15) - 1),
    "i32": st.integers(-(1 << 31), (1 << 31) - 1),
}


def values(kind: Type):
    """A strategy for the values of a type of the table."""
    if kind.code == STRUCT:
        fields = structs()[kind.name]
        return st.fixed_dictionaries({}, optional={one.name: values(one.type) for one in fields})
    if kind.code == LIST:
        return st.lists(values(kind.parts[0]), max_size=3)
    if kind.code == MAP:
        return st.dictionaries(values(kind.parts[0]), values(kind.parts[1]), max_size=3)
    return SCALARS[kind.name]


def read(data: bytes, fields, bytes_max=BYTES_MAX):
    async def reading():
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        source = Source(stream, bytes_max)
        return await source.call(), await source.fields(fields)

    return asyncio.run(reading())


def message(name: str, struct) -> bytes:
    """A call as Apache's library writes it."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    protocol.writeMessageBegin(name, CALL, 7)
    struct.write(protocol)
    protocol.writeMessageEnd()
    return buffer.getvalue()


@pytest.mark.parametrize("name", structs())
def test_structs_have_hives_numbers_and_types(name):
    hives = {one[0]: one[1] for one in getattr(ttypes, name).thrift_spec if one}
    assert {one.id: one.type.code for one in structs()[name]}.items() <= hives.items()


@pytest.mark.parametrize("name", sorted(methods().keys() - {"shutdown"}))
def test_methods_have_hives_numbers_and_types(name):
    def spec(what):
        found = getattr(ThriftHiveMetastore, f"{name}_{what}").thrift_spec
        return {one[0]: one[1] for one in found if one}

    method = methods()[name]
    assert {one.id: one.type.code for one in method.arguments} == spec("args")
    errors = dict.fromkeys(method.errors.values(), TType.STRUCT)
    answer = {} if method.answer is None else {0: method.answer.code}
    assert spec("result").items() <= {**errors, **answer}.items()
    for error in method.errors:
        assert hasattr(ttypes, error)


@pytest.mark.parametrize("name", structs())
def test_what_is_written_is_read(name):
    field = Field(1, "it", Type(STRUCT, name))

    @given(values(field.type))
    def check(value):
        call = Call(REPLY, "get_table", 3)
        assert read(written(call, (field,), {"it": value}), (field,)) == (call, {"it": value})

    check()


def test_a_table_of_hives_is_read_and_what_is_not_in_our_table_skipped():
    table = ttypes.Table(
        tableName="täble",
        dbName="db",
        createTime=-5,
        sd=ttypes.StorageDescriptor(
            cols=[ttypes.FieldSchema("a", "int", None)],
            skewedInfo=ttypes.SkewedInfo(["a"], [["1"]], {}),
            sortCols=[ttypes.Order("a", 1)],
        ),
        parameters={"EXTERNAL": "TRUE"},
        privileges=ttypes.PrincipalPrivilegeSet(
            userPrivileges={"me": [ttypes.PrivilegeGrantInfo("ALL", 1, "me", 1, True)]}
        ),
        writeId=1 << 40,
    )
    given_ = message("create_table", ThriftHiveMetastore.create_table_args(tbl=table))
    call, found = read(given_, methods()["create_table"].arguments)
    assert call == Call(CALL, "create_table", 7)
    assert found == {
        "table": {
            "tableName": "täble",
            "dbName": "db",
            "createTime": -5,
            "sd": {
                "cols": [{"name": "a", "type": "int"}],
                "skewedInfo": {"skewedColNames": ["a"]},
                "sortCols": [{"col": "a", "order": 1}],
            },
            "parameters": {"EXTERNAL": "TRUE"},
            "temporary": False,
        }
    }


@given(st.binary(max_size=200))
def test_odd_bytes_are_refused(data):
    with pytest.raises((ProtocolError, asyncio.IncompleteReadError)):
        # No type has this code, wherever it is met; before it may be the end of the message.
        read(written(Call(CALL, "m", 1), (), {})[:-1] + b"\x7f" + data, ())


@given(st.binary(max_size=200))
def test_no_bytes_are_a_bug(data):
    begun = written(Call(CALL, "m", 1), (), {})[:-1]
    try:
        _, found = read(begun + data, methods()["create_table"].arguments)
    except (ProtocolError, asyncio.IncompleteReadError):
        return
    assert found.keys() <= {"table"}


def test_a_message_has_a_limit():
    field = Field(1, "it", Type(11, "str"))
    data = written(Call(CALL, "m", 1), (field,), {"it": "x" * 100})
    with pytest.raises(ProtocolError, match="larger than it may be"):
        read(data, (field,), 100)


def test_depth_has_a_limit():
    # Structs in structs, none of which is known.
    data = written(Call(CALL, "m", 1), (), {})[:-1] + b"\x0c\x00\x01" * 100
    with pytest.raises(ProtocolError, match="nested too deep"):
        read(data, ())


def test_framed_and_compact_messages_are_refused():
    with pytest.raises(ProtocolError, match="not a message"):
        read(b"\x00\x00\x00\x10\x80\x01\x00\x01" + bytes(16), ())
