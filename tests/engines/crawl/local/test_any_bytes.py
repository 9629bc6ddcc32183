"""Whatever the bytes are, a file has a finding: no classifier fails, and none makes odd columns."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path
from typing import Any

import bson
import fastavro
import msgspec
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lakebed.engines.crawl import UNKNOWN, Finding, Sample
from lakebed.engines.crawl.local.chain import classify
from lakebed.engines.crawl.types import parsed, text
from tests.engines.crawl.local.looking import columns


def _look(content: bytes, name: str = "data") -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        return classify(Sample(name, path, len(content)), [])


def _file(write: Any) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


_TABLE = pa.table({"a": [1, 2, 3], "b": ["x", "y", None]})
_AVRO = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "long"}]}
_GOOD = [
    _file(lambda file: pyarrow.parquet.write_table(_TABLE, file)),
    _file(lambda file: pyarrow.orc.write_table(_TABLE, file)),
    _file(lambda file: fastavro.writer(file, _AVRO, [{"a": 1}] * 5)),
    bson.encode({"a": 1, "b": {"c": [1, "x"]}}) * 3,
    b'{"a": 1, "b": {"c": [1, "x"]}}\n' * 3,
    b"$ion_1_0 {a: 1, b: {c: [1, x]}}\n",
    b'<?xml version="1.0"?><t><r a="1"><b>x</b></r><r><b>y</b></r></t>',
    b'"a","b"\n1,"x, y"\n2,"z"\n',
    gzip.compress(b"a,b\n1,2\n3,4\n"),
    b"[4018] 14 Nov 07:01:22.119 * Background saving terminated\n",
]


@settings(max_examples=60)
@given(st.sampled_from(_GOOD), st.data())
def test_a_damaged_file_has_a_finding(good: bytes, data: st.DataObject) -> None:
    """Bytes are changed, cut out and put in; what is found has names and types."""
    at = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(0, 8))
    damaged = good[:at] + data.draw(st.binary(max_size=8)) + good[at + length :]
    assert _is_sound(_look(damaged))


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"")
@example(b"\n")
@example(b"\x05\x00\x00\x00\x00")
@example(b"{")
@example(b"<")
@example(b"PAR1")
@example(b"ORC")
@example(b"Obj\x01")
def test_any_bytes_have_a_finding(content: bytes) -> None:
    for name in ("data", "d.snappy", "d.lz4"):
        assert _is_sound(_look(content, name))


def _is_sound(found: Finding) -> bool:
    names = [column.name for column in found.columns]
    return (
        len(set(names)) == len(names)
        and all(names)
        and bool(names) == (found.classification != UNKNOWN)
        and all(text(parsed(column.type)) == column.type for column in found.columns)
    )


_NAMES = st.lists(
    st.text("abcxyz_ ", min_size=1, max_size=8).filter(lambda name: name.strip() == name),
    min_size=2, max_size=6, unique=True,
)  # fmt: skip


@given(_NAMES, st.data())
def test_csv_as_python_writes_it_is_told_right(names: list[str], data: st.DataObject) -> None:
    """Numbers stay unquoted, texts are quoted where they must be; one column is always whole."""
    mark = data.draw(st.sampled_from(",|\t;\x01"))
    cells = {"bigint": st.integers(-(2**63), 2**63 - 1), "double": st.floats(-1e9, 1e9),
             "string": st.text("ab ,;|'", min_size=1).map(lambda text: f"x{text}")}  # fmt: skip
    kinds = ["bigint", *data.draw(st.lists(
        st.sampled_from(sorted(cells)), min_size=len(names) - 1, max_size=len(names) - 1
    ))]  # fmt: skip
    rows = data.draw(st.lists(st.tuples(*(cells[kind] for kind in kinds)), min_size=2, max_size=9))
    file = io.StringIO()
    writer = csv.writer(file, delimiter=mark, lineterminator="\n")
    writer.writerows([names, *rows])
    found = _look(file.getvalue().encode())
    assert found.parameters["delimiter"] == mark
    assert columns(found) == [f"{name} {kind}" for name, kind in zip(names, kinds, strict=True)]
    assert found.records == len(rows)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "B", "c d"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["x", "y", "z"]), _VALUES, min_size=1),
                min_size=1, max_size=5))  # fmt: skip
def test_json_is_the_same_however_it_is_laid_out(records: list[dict[str, Any]]) -> None:
    lines = [msgspec.json.encode(record) for record in records]
    pretty = [msgspec.json.format(line, indent=2) for line in lines]
    found = _look(b"\n".join(lines))
    assert columns(found) == columns(_look(b"\n".join(pretty)))
    assert found.records == len(records)
    assert _is_sound(found)
