"""Rows staged for Iceberg tables: settled by their keys, whatever the order of the changes."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.delivery import Record
from lakebed.engines.delivery.tables import Change, TableColumn, TableOrder, stage
from lakebed.engines.delivery.values import MisfitError, staging_of, stored

COLUMNS = [TableColumn("id", "long", is_required=True), TableColumn("n", "int")]
CHANGES = st.lists(
    st.tuples(st.sampled_from(["insert", "update", "delete"]), st.integers(0, 3)), max_size=20
)


def staged(keys, *changes):
    """Stage changes of (operation, record); return the rows as (op, values…) and the failures."""
    records = [
        Change(Record(at, json.dumps(one).encode()), operation)
        for at, (operation, one) in enumerate(changes)
    ]
    found = stage(TableOrder(COLUMNS, keys, records))
    if not found.data:
        return [], found
    table = pq.read_table(io.BytesIO(found.data))
    return [(one["op"], one["c0"], one["c1"]) for one in table.to_pylist()], found


def applied(rows, table):
    """Do what the statement does with staged rows: changes match what was there before."""
    left = [
        row for row in table if all(op == "insert" or key != row[0] for op, key, _ in rows)
    ]  # fmt: skip
    return sorted(left + [(key, n) for op, key, n in rows if op != "delete"])


@given(changes=CHANGES, before=st.lists(st.integers(0, 3)))
def test_staged_rows_come_to_the_same_as_one_change_after_the_other(changes, before):
    start = [(key, -1 - at) for at, key in enumerate(before)]
    one_by_one = list(start)
    for at, (operation, key) in enumerate(changes):
        if operation != "insert":
            one_by_one = [row for row in one_by_one if row[0] != key]
        if operation != "delete":
            one_by_one.append((key, at))
    given_changes = [(op, {"id": key, "n": at}) for at, (op, key) in enumerate(changes)]
    rows, found = staged(("id",), *given_changes)
    assert applied(rows, start) == sorted(one_by_one)
    assert found.failures == []
    merged = [key for op, key, _ in rows if op != "insert"]
    assert len(set(merged)) == len(merged)
    assert found.has_changes == bool(merged)


def test_what_a_row_must_have_is_said():
    _, found = staged(("id",), ("insert", {"id": None, "n": 1}), ("update", {"n": 1}))
    assert [(one.code, one.message) for one in found.failures] == [
        ("Iceberg.SchemaTypeMismatch", "The column id is required, but null."),
        ("Iceberg.UniqueKeysNotFound", "The record has no value for the unique key id."),
    ]
    _, found = staged((), ("delete", {"id": 1}))
    assert [one.code for one in found.failures] == ["Iceberg.UniqueKeysNotFound"]


POINT = {"type": "struct", "fields": [{"name": "x", "type": "double"}]}
NAMED = {"type": "map", "key": "int", "value": {"type": "list", "element": "date"}}


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("timestamp", 0, "1970-01-01 00:00:00.000000"),
        ("timestamptz", 1_700_000_000_123_456, "2023-11-14 22:13:20.123456 UTC"),
        ("time", 3_600_000_001, "01:00:00.000001"),
        ("date", 19000, "2022-01-08"),
        ("decimal(5, 2)", Decimal("1.5"), "1.50"),
        ("binary", "aGk=", "b'hi'"),
        ("binary", "6869", "b'hi'"),
        ("fixed[2]", "aGk=", "b'hi'"),
        ("uuid", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ("float", 3, "3.0"),
        (POINT, {"x": 1, "y": 2}, "{'x': 1.0}"),
        (NAMED, {"7": ["2022-01-08"]}, "[(7, [datetime.date(2022, 1, 8)])]"),
        ("int", None, "None"),
    ],
)
def test_values_are_staged(kind, value, kept):
    found = stored(kind, value)
    assert (str(found) if not isinstance(kind, dict) else repr(found)) == kept


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 1 << 31), ("int", True), ("long", Decimal("1.5")), ("boolean", "true"),
        ("string", 1), ("timestamp", "2022-01-08T00:00:00Z"), ("timestamp", 1 << 62),
        ("time", -1), ("date", "yesterday"), ("decimal(3,1)", Decimal("1.25")),
        ("decimal(3,1)", 1000), ("binary", "$"), ("fixed[3]", "aGk="), ("uuid", "x"),
        (POINT, [1]), (NAMED, {"a": []}), ({"type": "list", "element": "int"}, {}),
    ],
)  # fmt: skip
def test_values_of_another_type_are_refused(kind, value):
    with pytest.raises(MisfitError):
        stored(kind, value)


@pytest.mark.parametrize(
    "kind", ["variant", {"type": "list", "element": "timestamp"}, "timestamp_ns"]
)
def test_types_that_are_not_built_are_named(kind):
    with pytest.raises(MisfitError, match="not built"):
        staging_of(kind)
