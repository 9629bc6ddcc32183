"""What a worker remembers between queries is true for the files that are there now."""

from __future__ import annotations

import io

import pyarrow
import pyarrow.parquet

TABLE = "CREATE EXTERNAL TABLE t (a int, b string) STORED AS PARQUET LOCATION 's3://b/t/'"


def parquet(**columns):
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


def test_a_file_that_was_replaced_is_read_with_its_new_columns(console):
    console.ok(TABLE)
    console.lake.write("b", "t/1", parquet(a=[1], b=["x"]))
    assert [console.rows("SELECT * FROM t") for _ in range(5)] == [[["1", "x"]]] * 5
    console.lake.write("b", "t/1", parquet(b=["y"], c=[2.5], a=[7]))
    assert [console.rows("SELECT * FROM t") for _ in range(5)] == [[["7", "y"]]] * 5
    console.lake.write("b", "t/2", parquet(b=["z"]))
    assert console.rows("SELECT * FROM t ORDER BY a") == [["7", "y"], ["", "z"]]


def test_the_bytes_of_a_query_are_the_same_the_second_time(console):
    console.ok(TABLE)
    for number in range(3):
        console.lake.write("b", f"t/{number}", parquet(a=list(range(1000)), b=["x"] * 1000))
    scanned = {console.ok("SELECT sum(a) FROM t").data_scanned_bytes for _ in range(6)}
    assert len(scanned) == 1
    assert scanned.pop() > 0
