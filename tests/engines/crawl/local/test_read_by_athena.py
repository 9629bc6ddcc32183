"""Files of every format that Athena reads, crawled: their table has the right values."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest
from amazon.ion import simpleion

from lakebed.engines.crawl import Classifier
from tests.services.athena.athena_client import finish, rows

_TABLE = pa.table({"Id": [1, 2], "name": ["x", None], "in": [{"a": [1]}, {"a": [2, 3]}]})
_AVRO = {
    "type": "record",
    "name": "r",
    "fields": [{"name": "Id", "type": "long"}, {"name": "name", "type": ["null", "string"]},
               {"name": "price", "type": {"type": "bytes", "logicalType": "decimal",
                                          "precision": 9, "scale": 2}}],
}  # fmt: skip
_APACHE = (
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 '
    '"http://x/" "Mozilla/4.08 [en]"\n'
)


def _written(write: Callable[[Any, Any], None]) -> bytes:
    file = io.BytesIO()
    write(_TABLE, file)
    return file.getvalue()


def _avro() -> bytes:
    file = io.BytesIO()
    records = [{"Id": 1, "name": "x", "price": Decimal("1.50")},
               {"Id": 2, "name": None, "price": Decimal("2.00")}]  # fmt: skip
    fastavro.writer(file, _AVRO, records)
    return file.getvalue()


def _ion(binary: bool) -> bytes:
    records = [{"Id": 1, "name": "x", "d": Decimal("1.25")}, {"Id": 2, "d": Decimal("10")}]
    dumped = simpleion.dumps(records, binary=binary, sequence_as_stream=True)
    return dumped if isinstance(dumped, bytes) else dumped.encode()


def _own(kind: Any, **options: Any) -> Classifier:
    return Classifier(kind, "mine", options)


_ALL = [["1", "x"], ["2", None]]
_CASES: dict[str, tuple[bytes | str, str, list[list[str | None]], tuple[Classifier, ...]]] = {
    "d.csv": ("a,b\n1,x\n2,\\N\n", "a, b", _ALL, ()),
    "pipe.csv": ("a|b\n1|x\n2|\\N\n", "a, b", _ALL, ()),
    "ctrl_a.csv": ("1\x01x\n2\x01\\N\n", "col0, col1", _ALL, ()),
    "blanks.csv": ("a,b\n1, 5\n2, 6\n", "a, b", [["1", "5.0"], ["2", "6.0"]], ()),
    "signs.csv": ("a,b\n+1,1e3\n-2,.5\n", "a, b", [["1", "1000.0"], ["-2", "0.5"]], ()),
    "d.csv.gz": (gzip.compress(b"a,b\n1,x\n2,\\N\n"), "a, b", _ALL, ()),
    "d.json": ('{"Id": 1, "b": "x"}\n{"Id": 2, "o": {"k": [true]}}\n', "id, b, o.k[1]",
               [["1", "x", None], ["2", None, "true"]], ()),
    "mixed.json": ('{"a": 1, "b": {"c:d": 1}}\n{"a": "x", "b": {}}\n', "a, b",
                   [["1", '{"c:d":1}'], ["x", "{}"]], ()),
    "d.parquet": (_written(pyarrow.parquet.write_table), 'id, name, "in".a',
                  [["1", "x", "[1]"], ["2", None, "[2, 3]"]], ()),
    "d.orc": (_written(pyarrow.orc.write_table), 'id, name, "in".a',
              [["1", "x", "[1]"], ["2", None, "[2, 3]"]], ()),
    "d.avro": (_avro(), "id, name, price", [["1", "x", "1.50"], ["2", None, "2.00"]], ()),
    "text.ion": (_ion(False), "id, name, d", [["1", "x", "1.25"], ["2", None, "10.00"]], ()),
    "binary.ion": (_ion(True), "id, name, d", [["1", "x", "1.25"], ["2", None, "10.00"]], ()),
    "access.log": (_APACHE * 2, "clientip, auth, verb, response, agent",
                   [["127.0.0.1", "frank", "GET", "200", '"Mozilla/4.08 [en]"']] * 2, ()),
    "iis.log": ("#Software: Microsoft Internet Information Services 10.0\n"
                "#Fields: date cs(User-Agent) sc-status\n2024-01-02 curl/8 200\n",
                '"date", cs_user_agent, sc_status', [["2024-01-02", "curl/8", "200"]], ()),
    "own.log": ("x a=1\ny b=2\n", "first, key, value + 1",
                [["x", "a", "2"], ["y", "b", "3"]],
                (_own("grok", Classification="mine", GrokPattern="%{WORD:first} %{PAIR}",
                      CustomPatterns="PAIR %{WORD:key}=%{INT:value:int}"),)),
    "quoted.csv": ('a,b\n1,"x,y"\n2,"z"\n', "a, b", [["1", "x,y"], ["2", "z"]],
                   (_own("csv", Serde="OpenCSVSerDe"),)),
    "dates.csv": ("1,2024-01-31,true,1.5\n2,2024-02-01,false,2\n",
                  "col0, day(col1), not col2, col3", [["1", "31", "false", "1.5"],
                                                      ["2", "1", "true", "2.0"]],
                  (_own("csv", ContainsHeader="ABSENT", CustomDatatypeConfigured=True,
                        CustomDatatypes=["DATE", "BOOLEAN", "DECIMAL", "SHORT"]),)),
}  # fmt: skip


_KINDS = {"grok": "GrokClassifier", "csv": "CsvClassifier"}


def _crawler(lakebed: Any, case: str) -> str:
    """Put a file into two partitions, and start a crawler of them; return the table's name."""
    content, _, _, own = _CASES[case]
    name = case.replace(".", "_")
    body = content.encode() if isinstance(content, str) else content
    for year in ("2024", "2025"):
        key = f"{name}/year={year}/{case}"
        lakebed.client("s3").put_object(Bucket="looked", Key=key, Body=body)
    glue = lakebed.client("glue")
    for one in own:
        glue.create_classifier(**{_KINDS[one.kind]: {"Name": name, **one.options}})
    glue.create_crawler(
        Name=name,
        Role="arn:aws:iam::000000000000:role/crawls",
        DatabaseName="found",
        Targets={"S3Targets": [{"Path": f"s3://looked/{name}/"}]},
        Classifiers=[name] if own else [],
    )
    glue.start_crawler(Name=name)
    return name


def _wait(glue: Any, name: str) -> None:
    deadline = time.monotonic() + 60
    while glue.get_crawler(Name=name)["Crawler"]["State"] != "READY":
        assert time.monotonic() < deadline, f"the crawler {name} did not end"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_crawled_table_has_the_files_values(lakebed: Any) -> None:
    glue, athena = lakebed.client("glue"), lakebed.client("athena")
    for bucket in ("looked", "results"):
        lakebed.client("s3").create_bucket(Bucket=bucket)
    glue.create_database(DatabaseInput={"Name": "found"})
    names = {case: _crawler(lakebed, case) for case in _CASES}
    said: dict[str, list[list[str | None]]] = {}
    for case, name in names.items():
        _wait(glue, name)
        query = f"SELECT {_CASES[case][1]}, year FROM found.{name} ORDER BY year"
        done = finish(athena, query)
        assert done["Status"]["State"] == "SUCCEEDED", (case, done["Status"])
        said[case] = rows(athena, done)[1:]
    assert said == {
        case: [[*row, year] for year in ("2024", "2025") for row in expected]
        for case, (_, _, expected, _) in _CASES.items()
    }
    tables = glue.get_tables(DatabaseName="found")["TableList"]
    compressed = [one["Name"] for one in tables if one["StorageDescriptor"]["Compressed"]]
    assert compressed == ["d_csv_gz"]


def _avro_of(*names: str) -> bytes:
    fields = [{"name": name, "type": "string"} for name in names]
    file = io.BytesIO()
    fastavro.writer(file, {**_AVRO, "fields": fields}, [dict.fromkeys(names, "x")])
    return file.getvalue()


def test_avro_files_of_several_schemas_are_read_by_one(lakebed: Any) -> None:
    glue, athena, s3 = (lakebed.client(name) for name in ("glue", "athena", "s3"))
    for bucket in ("looked", "results"):
        s3.create_bucket(Bucket=bucket)
    glue.create_database(DatabaseInput={"Name": "found"})
    for year, names in {"2023": "abcd", "2024": "abcde", "2025": "abce"}.items():
        s3.put_object(Bucket="looked", Key=f"t/year={year}/f", Body=_avro_of(*names))
    glue.create_crawler(
        Name="t",
        Role="arn:aws:iam::000000000000:role/crawls",
        DatabaseName="found",
        Targets={"S3Targets": [{"Path": "s3://looked/t/"}]},
        Configuration='{"Version": 1.0, "Grouping": {"TableGroupingPolicy": '
        '"CombineCompatibleSchemas"}}',
    )
    glue.start_crawler(Name="t")
    _wait(glue, "t")
    done = finish(athena, "SELECT a, d, e, year FROM found.t ORDER BY year")
    assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
    assert rows(athena, done)[1:] == [
        ["x", "x", None, "2023"],
        ["x", "x", "x", "2024"],
        ["x", None, "x", "2025"],
    ]
