"""Hive's statements, read: the whole value, and the place of an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lakebed.dialect import parse
from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import (
    BIGINT,
    DOUBLE,
    INTEGER,
    VARCHAR,
    Type,
    array,
    coerces,
    common,
    decimal,
    hive_name,
    parse_type,
    timestamp,
    varchar,
)

SCALARS = some.sampled_from(
    [INTEGER, BIGINT, DOUBLE, VARCHAR, decimal(10, 2), decimal(38, 0), timestamp(), varchar(7)]
)
TYPES = some.recursive(
    SCALARS,
    lambda inner: some.one_of(
        inner.map(array),
        inner.map(lambda kind: Type("map", (), (VARCHAR, kind))),
        inner.map(lambda kind: Type("row", (), (kind, INTEGER), ("a", "b"))),
    ),
    max_leaves=4,
)


def test_create_external_table_is_read_whole():
    text = """CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`T` ( -- a comment
        id INT COMMENT 'it''s', tags array<struct<k:string,v:decimal(10,2)>>)
    COMMENT 'c' PARTITIONED BY (year int)
    ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'
    STORED AS TEXTFILE LOCATION 's3://b/t/' TBLPROPERTIES ('skip.header.line.count'='1');"""
    assert parse.parse(text) == st.CreateTable(
        name=st.Name("t", "db"),
        columns=(
            st.ColumnDefinition("id", "int", "it's"),
            st.ColumnDefinition("tags", "array<struct<k:string,v:decimal(10,2)>>"),
        ),
        if_not_exists=True,
        partitions=(st.ColumnDefinition("year", "int"),),
        comment="c",
        serde_properties={
            "field.delim": "\t",
            "escape.delim": "\\",
            "line.delim": "\n",
            "serialization.format": "\t",
        },
        location="s3://b/t/",
        properties={"skip.header.line.count": "1"},
    )


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("CREATE SCHEMA a", st.CreateDatabase("a")),
        ("DROP DATABASE IF EXISTS `a` CASCADE", st.DropDatabase("a", True, True)),
        ("DROP TABLE a.b", st.DropTable(st.Name("b", "a"))),
        ('DROP TABLE "a"."b"', st.DropTable(st.Name("b", "a"))),
        ("SHOW TABLES IN d 'f*'", st.ShowTables("d", "f*")),
        ("SHOW COLUMNS IN d.t", st.ShowColumns(st.Name("t", "d"))),
        ("DESCRIBE t", st.Describe(st.Name("t"))),
        ("MSCK REPAIR TABLE t", st.RepairTable(st.Name("t"))),
        (
            "ALTER TABLE t ADD IF NOT EXISTS PARTITION (a='x', b=1) LOCATION 's3://b/'",
            st.AddPartitions(st.Name("t"), True, (({"a": "x", "b": "1"}, "s3://b/"),)),
        ),
        (
            "ALTER TABLE t DROP PARTITION (a='x'), PARTITION (a='y')",
            st.DropPartitions(st.Name("t"), False, ({"a": "x"}, {"a": "y"})),
        ),
    ],
)
def test_statements_are_read_whole(text, statement):
    assert parse.parse(text) == statement


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELEC 1", "line 1:1: mismatched input 'SELEC'."),
        ("", "line 1:1: mismatched input '<EOF>'."),
        ("DROP TABLE", "line 1:11: mismatched input '<EOF>'."),
        ("SHOW TABLES IN\n  'x'", "line 2:3: mismatched input ''x''."),
        ("SELECT 1;SELECT 2", "line 1:1: Only one sql statement is allowed"),
    ],
)
def test_syntax_errors_name_their_place(text, message):
    with pytest.raises(TrinoError) as caught:
        parse.parse(text)
    assert caught.value.name == "SYNTAX_ERROR"
    assert caught.value.message.startswith(message)


@given(some.text(max_size=60))
def test_any_text_is_a_statement_or_a_trino_error(text):
    name = ""
    try:
        parse.parse(text)
    except TrinoError as error:
        name = error.name
    assert name in ("", "SYNTAX_ERROR", "NOT_SUPPORTED", "INVALID_PARAMETER_USAGE")


@given(TYPES)
def test_types_survive_both_spellings(kind):
    assert parse_type(str(kind)) == kind
    if kind.name != "timestamp":
        assert parse_type(hive_name(kind)) == kind


@given(SCALARS, SCALARS)
def test_the_common_type_is_symmetric_and_takes_both(one, other):
    merged = common(one, other)
    assert merged == common(other, one)
    if merged is not None:
        assert coerces(one, merged)
        assert coerces(other, merged)
