"""Conversion of JSON to Parquet and ORC by the columns of a table."""

from __future__ import annotations

import io
import json
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.delivery import (
    Column,
    Conversion,
    Failure,
    FileForm,
    JsonForm,
    Order,
    Record,
)
from lakebed.engines.delivery.orders import carry_out

READERS = {"parquet": pq.read_table, "orc": orc.read_table}
KINDS = pytest.mark.parametrize("kind", READERS)


def columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in types.items())


def converted(conversion: Conversion, *data: bytes):
    """Return the table that was written, and the failures."""
    outcome = carry_out(
        Order([Record(at, one) for at, one in enumerate(data)], conversion=conversion)
    )
    if not outcome.parts:
        return None, outcome.failures
    (part,) = outcome.parts
    table = READERS[conversion.file.kind](io.BytesIO(part.data))
    assert table.num_rows == part.count
    return table, outcome.failures


@KINDS
def test_nested_values_become_columns(kind):
    wanted = columns(
        a="int", s="struct<x:bigint,y:array<struct<z:string>>>", m="map<string,double>",
        t="timestamp", d="decimal(10,2)",
    )  # fmt: skip
    row = {
        "A": 1, "s": {"X": 2, "y": [{"z": "q"}, None]}, "m": {"k": 1.5},
        "t": "2026-01-02 10:00:00.5", "d": "1.25", "other": True,
    }  # fmt: skip
    conversion = Conversion(wanted, file=FileForm(kind=kind))
    table, failures = converted(conversion, json.dumps(row).encode(), b'{"s":null}')
    assert failures == []
    assert table.to_pylist() == [
        {
            "a": 1, "s": {"x": 2, "y": [{"z": "q"}, None]}, "m": [("k", 1.5)],
            "t": datetime(2026, 1, 2, 10, 0, 0, 500_000), "d": Decimal("1.25"),
        },
        dict.fromkeys("asmtd"),
    ]  # fmt: skip


@KINDS
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"n": st.integers(-(2**40), 2**40) | st.just("no number"), "s": st.text() | st.none()}
        ),
        max_size=12,
    )
)
def test_each_record_is_in_the_file_or_among_the_failures(kind, rows):
    conversion = Conversion(columns(n="int", s="string"), file=FileForm(kind=kind))
    data = [json.dumps(row).encode() for row in rows]
    table, failures = converted(conversion, *data)
    fits = [isinstance(row["n"], int) and abs(row["n"]) < 2**31 for row in rows]
    kept = [row for row, fit in zip(rows, fits, strict=True) if fit]
    assert (table.to_pylist() if table else []) == kept
    broken = {one.record.data for one in failures}
    assert broken == {one for one, fit in zip(data, fits, strict=True) if not fit}
    assert {one.code for one in failures} <= {"DataFormatConversion.MalformedData"}


def test_documents_behind_each_other_are_rows_and_an_array_is_none():
    conversion = Conversion(columns(a="int"))
    table, failures = converted(conversion, b'{"a":1}{"a":2}\n', b'[{"a":3}]', b"nonsense")
    assert table.to_pylist() == [{"a": 1}, {"a": 2}]
    assert failures == [
        Failure(
            "format-conversion-failed",
            "DataFormatConversion.ParseError",
            "A JSONObject text must begin with '{'",
            Record(1, b'[{"a":3}]'),
        ),
        Failure(
            "format-conversion-failed",
            "DataFormatConversion.ParseError",
            "ParseException while reading JSON: Expecting value: line 1 column 1 (char 0)",
            Record(2, b"nonsense"),
        ),
    ]


def test_openx_finds_keys_by_case_dots_and_mappings():
    form = JsonForm(
        is_case_insensitive=False, has_dots_as_underscores=True, keys={"ts": "timestamp"}
    )
    conversion = Conversion(columns(a="int", b_c="int", ts="int"), json=form)
    table, _ = converted(conversion, b'{"A":1,"b.c":2,"timestamp":3}')
    assert table.to_pylist() == [{"a": None, "b_c": 2, "ts": 3}]


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ('"2026-01-02 03:04:05"', ()),
        ('"02/01/2026 03h04:05"', ("dd/MM/yyyy HH'h'mm:ss",)),
        ("1767323045000", ("millis",)),
    ],
)
def test_hives_serde_reads_times_by_its_formats(text, formats):
    form = JsonForm(is_hive=True, timestamp_formats=formats)
    conversion = Conversion(columns(t="timestamp"), json=form)
    table, failures = converted(conversion, f'{{"t":{text}}}'.encode())
    assert (failures, table.to_pylist()) == ([], [{"t": datetime(2026, 1, 2, 3, 4, 5)}])


def test_a_type_that_is_none_fails_every_record():
    table, failures = converted(Conversion(columns(a="nonsense")), b'{"a":1}')
    assert table is None
    assert [one.code for one in failures] == ["DataFormatConversion.InvalidSchema"]


def _parquet(form: FileForm) -> pq.FileMetaData:
    rows = [f'{{"a":"{at:04d}"}}'.encode() for at in range(2000)]
    records = [Record(1, row) for row in rows]
    outcome = carry_out(Order(records, conversion=Conversion(columns(a="string"), file=form)))
    return pq.ParquetFile(io.BytesIO(outcome.parts[0].data)).metadata


@pytest.mark.parametrize(
    ("given_name", "written"),
    [("SNAPPY", "SNAPPY"), ("GZIP", "GZIP"), ("UNCOMPRESSED", "UNCOMPRESSED")],
)
def test_parquet_is_compressed_as_asked(given_name, written):
    assert _parquet(FileForm(compression=given_name)).row_group(0).column(0).compression == written


def test_parquet_has_groups_and_dictionaries_as_asked():
    whole, cut = _parquet(FileForm()), _parquet(FileForm(block_bytes=8000, has_dictionary=True))
    assert (whole.num_row_groups, whole.row_group(0).column(0).has_dictionary_page) == (1, False)
    assert (cut.num_row_groups > 1, cut.row_group(0).column(0).has_dictionary_page) == (True, True)


def test_timestamps_of_parquet_have_96_bits():
    conversion = Conversion(columns(t="timestamp"))
    outcome = carry_out(Order([Record(1, b'{"t":"2026-01-02 03:04:05"}')], conversion=conversion))
    schema = pq.ParquetFile(io.BytesIO(outcome.parts[0].data)).schema
    assert schema.column(0).physical_type == "INT96"


@pytest.mark.parametrize(
    ("given_name", "written"), [("SNAPPY", "snappy"), ("ZLIB", "zlib"), ("NONE", "uncompressed")]
)
def test_orc_is_written_as_asked(given_name, written):
    form = FileForm("orc", given_name, row_index_stride=1000, bloom_columns=("a",), version="V0_11")
    rows = [Record(1, b'{"a":"x"}')] * 100
    outcome = carry_out(Order(rows, conversion=Conversion(columns(a="string"), file=form)))
    found = orc.ORCFile(pa.BufferReader(outcome.parts[0].data))
    assert (found.compression.lower(), found.row_index_stride, found.file_version) == (
        written, 1000, "0.11",
    )  # fmt: skip
