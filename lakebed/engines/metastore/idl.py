"""The structs and methods of the Hive Metastore's protocol that are in use, as a table.

Names and numbers are those of Apache Hive's hive_metastore.thrift, which say what is on the wire:
https://github.com/apache/hive/blob/branch-2.3/metastore/if/hive_metastore.thrift
A field is `number name type`; `[x]` is a list, `{x: y}` a map. What is not in the table is skipped
when it is read. Everything is parsed on first use.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

_SCALARS = {"bool": 2, "i16": 6, "i32": 8, "i64": 10, "str": 11, "bin": 11}
STRUCT, MAP, LIST = 12, 13, 15

_STRUCTS = """
FieldSchema: 1 name str, 2 type str, 3 comment str
Order: 1 col str, 2 order i32
SerDeInfo: 1 name str, 2 serializationLib str, 3 parameters {str: str}
SkewedInfo: 1 skewedColNames [str]
StorageDescriptor: 1 cols [FieldSchema], 2 location str, 3 inputFormat str, 4 outputFormat str,
    5 compressed bool, 6 numBuckets i32, 7 serdeInfo SerDeInfo, 8 bucketCols [str],
    9 sortCols [Order], 10 parameters {str: str}, 11 skewedInfo SkewedInfo,
    12 storedAsSubDirectories bool
Database: 1 name str, 2 description str, 3 locationUri str, 4 parameters {str: str},
    6 ownerName str, 7 ownerType i32
Table: 1 tableName str, 2 dbName str, 3 owner str, 4 createTime i32, 5 lastAccessTime i32,
    6 retention i32, 7 sd StorageDescriptor, 8 partitionKeys [FieldSchema],
    9 parameters {str: str}, 10 viewOriginalText str, 11 viewExpandedText str, 12 tableType str,
    14 temporary bool, 15 rewriteEnabled bool
Partition: 1 values [str], 2 dbName str, 3 tableName str, 4 createTime i32, 5 lastAccessTime i32,
    6 sd StorageDescriptor, 7 parameters {str: str}
ResourceUri: 1 resourceType i32, 2 uri str
Function: 1 functionName str, 2 dbName str, 3 className str, 4 ownerName str, 5 ownerType i32,
    6 createTime i32, 7 functionType i32, 8 resourceUris [ResourceUri]
EnvironmentContext: 1 properties {str: str}
GetTableRequest: 1 dbName str, 2 tblName str
GetTableResult: 1 table Table
GetTablesRequest: 1 dbName str, 2 tblNames [str]
GetTablesResult: 1 tables [Table]
AddPartitionsRequest: 1 dbName str, 2 tblName str, 3 parts [Partition], 4 ifNotExists bool,
    5 needResult bool
AddPartitionsResult: 1 partitions [Partition]
RequestPartsSpec: 1 names [str]
DropPartitionsRequest: 1 dbName str, 2 tblName str, 3 parts RequestPartsSpec, 4 deleteData bool,
    5 ifExists bool, 8 needResult bool
DropPartitionsResult: 1 partitions [Partition]
GetAllFunctionsResponse: 1 functions [Function]
MetaException: 1 message str
NoSuchObjectException: 1 message str
AlreadyExistsException: 1 message str
InvalidObjectException: 1 message str
InvalidOperationException: 1 message str
UnknownDBException: 1 message str
UnknownTableException: 1 message str
ConfigValSecurityException: 1 message str
"""

_METHODS = """
set_ugi(1 user str, 2 groups [str]) [str] 1 MetaException
flushCache() void
get_config_value(1 name str, 2 defaultValue str) str 1 ConfigValSecurityException
get_database(1 name str) Database 1 NoSuchObjectException, 2 MetaException
get_databases(1 pattern str) [str] 1 MetaException
get_all_databases() [str] 1 MetaException
create_database(1 database Database) void
    1 AlreadyExistsException, 2 InvalidObjectException, 3 MetaException
alter_database(1 name str, 2 database Database) void 1 MetaException, 2 NoSuchObjectException
drop_database(1 name str, 2 deleteData bool, 3 cascade bool) void
    1 NoSuchObjectException, 2 InvalidOperationException, 3 MetaException
get_table(1 dbName str, 2 tblName str) Table 1 MetaException, 2 NoSuchObjectException
get_table_req(1 req GetTableRequest) GetTableResult 1 MetaException, 2 NoSuchObjectException
get_tables(1 dbName str, 2 pattern str) [str] 1 MetaException
get_tables_by_type(1 dbName str, 2 pattern str, 3 tableType str) [str] 1 MetaException
get_all_tables(1 dbName str) [str] 1 MetaException
get_table_objects_by_name(1 dbName str, 2 tblNames [str]) [Table]
    1 MetaException, 2 InvalidOperationException, 3 UnknownDBException
get_table_objects_by_name_req(1 req GetTablesRequest) GetTablesResult
    1 MetaException, 2 InvalidOperationException, 3 UnknownDBException
get_fields(1 dbName str, 2 tblName str) [FieldSchema]
    1 MetaException, 2 UnknownTableException, 3 UnknownDBException
get_schema(1 dbName str, 2 tblName str) [FieldSchema]
    1 MetaException, 2 UnknownTableException, 3 UnknownDBException
get_schema_with_environment_context(1 dbName str, 2 tblName str, 3 context EnvironmentContext)
    [FieldSchema] 1 MetaException, 2 UnknownTableException, 3 UnknownDBException
create_table(1 table Table) void
    1 AlreadyExistsException, 2 InvalidObjectException, 3 MetaException, 4 NoSuchObjectException
create_table_with_environment_context(1 table Table, 2 context EnvironmentContext) void
    1 AlreadyExistsException, 2 InvalidObjectException, 3 MetaException, 4 NoSuchObjectException
alter_table(1 dbName str, 2 tblName str, 3 table Table) void
    1 InvalidOperationException, 2 MetaException
alter_table_with_cascade(1 dbName str, 2 tblName str, 3 table Table, 4 cascade bool) void
    1 InvalidOperationException, 2 MetaException
alter_table_with_environment_context(1 dbName str, 2 tblName str, 3 table Table,
    4 context EnvironmentContext) void 1 InvalidOperationException, 2 MetaException
drop_table(1 dbName str, 2 tblName str, 3 deleteData bool) void
    1 NoSuchObjectException, 2 MetaException
drop_table_with_environment_context(1 dbName str, 2 tblName str, 3 deleteData bool,
    4 context EnvironmentContext) void 1 NoSuchObjectException, 2 MetaException
add_partition(1 partition Partition) Partition
    1 InvalidObjectException, 2 AlreadyExistsException, 3 MetaException
add_partition_with_environment_context(1 partition Partition, 2 context EnvironmentContext)
    Partition 1 InvalidObjectException, 2 AlreadyExistsException, 3 MetaException
add_partitions(1 parts [Partition]) i32
    1 InvalidObjectException, 2 AlreadyExistsException, 3 MetaException
add_partitions_req(1 req AddPartitionsRequest) AddPartitionsResult
    1 InvalidObjectException, 2 AlreadyExistsException, 3 MetaException
get_partition(1 dbName str, 2 tblName str, 3 values [str]) Partition
    1 MetaException, 2 NoSuchObjectException
get_partition_with_auth(1 dbName str, 2 tblName str, 3 values [str], 4 user str, 5 groups [str])
    Partition 1 MetaException, 2 NoSuchObjectException
get_partition_by_name(1 dbName str, 2 tblName str, 3 name str) Partition
    1 MetaException, 2 NoSuchObjectException
get_partitions(1 dbName str, 2 tblName str, 3 max i16) [Partition]
    1 NoSuchObjectException, 2 MetaException
get_partitions_with_auth(1 dbName str, 2 tblName str, 3 max i16, 4 user str, 5 groups [str])
    [Partition] 1 NoSuchObjectException, 2 MetaException
get_partitions_ps(1 dbName str, 2 tblName str, 3 values [str], 4 max i16) [Partition]
    1 MetaException, 2 NoSuchObjectException
get_partitions_ps_with_auth(1 dbName str, 2 tblName str, 3 values [str], 4 max i16, 5 user str,
    6 groups [str]) [Partition] 1 NoSuchObjectException, 2 MetaException
get_partitions_by_filter(1 dbName str, 2 tblName str, 3 filter str, 4 max i16) [Partition]
    1 MetaException, 2 NoSuchObjectException
get_partitions_by_names(1 dbName str, 2 tblName str, 3 names [str]) [Partition]
    1 MetaException, 2 NoSuchObjectException
get_partition_names(1 dbName str, 2 tblName str, 3 max i16) [str]
    1 NoSuchObjectException, 2 MetaException
get_partition_names_ps(1 dbName str, 2 tblName str, 3 values [str], 4 max i16) [str]
    1 MetaException, 2 NoSuchObjectException
drop_partition(1 dbName str, 2 tblName str, 3 values [str], 4 deleteData bool) bool
    1 NoSuchObjectException, 2 MetaException
drop_partition_with_environment_context(1 dbName str, 2 tblName str, 3 values [str],
    4 deleteData bool, 5 context EnvironmentContext) bool
    1 NoSuchObjectException, 2 MetaException
drop_partition_by_name(1 dbName str, 2 tblName str, 3 name str, 4 deleteData bool) bool
    1 NoSuchObjectException, 2 MetaException
drop_partitions_req(1 req DropPartitionsRequest) DropPartitionsResult
    1 NoSuchObjectException, 2 MetaException
alter_partition(1 dbName str, 2 tblName str, 3 partition Partition) void
    1 InvalidOperationException, 2 MetaException
alter_partition_with_environment_context(1 dbName str, 2 tblName str, 3 partition Partition,
    4 context EnvironmentContext) void 1 InvalidOperationException, 2 MetaException
alter_partitions(1 dbName str, 2 tblName str, 3 parts [Partition]) void
    1 InvalidOperationException, 2 MetaException
alter_partitions_with_environment_context(1 dbName str, 2 tblName str, 3 parts [Partition],
    4 context EnvironmentContext) void 1 InvalidOperationException, 2 MetaException
get_function(1 dbName str, 2 name str) Function 1 MetaException, 2 NoSuchObjectException
get_functions(1 dbName str, 2 pattern str) [str] 1 MetaException
get_all_functions() GetAllFunctionsResponse 1 MetaException
create_function(1 function Function) void
    1 AlreadyExistsException, 2 InvalidObjectException, 3 MetaException, 4 NoSuchObjectException
drop_function(1 dbName str, 2 name str) void 1 NoSuchObjectException, 2 MetaException
shutdown() void
"""

_METHOD = re.compile(r"(\w+)\((.*?)\) (\[\w+\]|\w+)(?: (.*))?")


class Type(NamedTuple):
    """What a value is: its code on the wire, the name it has in the table, what it is made of."""

    code: int
    name: str = ""
    parts: tuple[Type, ...] = ()


class Field(NamedTuple):
    """A field of a struct."""

    id: int
    name: str
    type: Type


class Method(NamedTuple):
    """A method: what it is given, what it returns (None: nothing), which errors it declares."""

    arguments: tuple[Field, ...]
    answer: Type | None
    errors: Mapping[str, int]


def _type(text: str) -> Type:
    if text in _SCALARS:
        return Type(_SCALARS[text], text)
    if text[0] == "[":
        return Type(LIST, text, (_type(text[1:-1]),))
    if text[0] == "{":
        key, value = text[1:-1].split(": ")
        return Type(MAP, text, (_type(key), _type(value)))
    return Type(STRUCT, text)


def _fields(text: str) -> tuple[Field, ...]:
    found: list[Field] = []
    for part in filter(None, text.split(", ")):
        number, name, kind = part.split(" ", 2)
        found.append(Field(int(number), name, _type(kind)))
    return tuple(found)


def _lines(text: str) -> list[str]:
    """Return the lines of a table; an indented one goes on with the one before."""
    return text.strip().replace("\n    ", " ").split("\n")


@functools.cache
def structs() -> Mapping[str, tuple[Field, ...]]:
    """Return the structs by name."""
    return {
        name: _fields(fields) for name, fields in (one.split(": ", 1) for one in _lines(_STRUCTS))
    }


@functools.cache
def methods() -> Mapping[str, Method]:
    """Return the methods by name."""
    found: dict[str, Method] = {}
    for line in _lines(_METHODS):
        match = _METHOD.fullmatch(line)
        assert match is not None, line
        name, arguments, answer, errors = match.groups()
        declared = (one.split(" ") for one in (errors or "").split(", ") if one)
        found[name] = Method(
            _fields(arguments),
            None if answer == "void" else _type(answer),
            {error: int(number) for number, error in declared},
        )
    return found
