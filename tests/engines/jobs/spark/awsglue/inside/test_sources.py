"""Sources of files: which are read, in which format, and what becomes of what is broken."""

import bz2
import gzip
import json
import sys

import pytest
from awsglue import gluetypes as g


@pytest.fixture
def read(glue):
    def made(path, format, connection=None, **options):
        given = {"paths": [str(path)], **(connection or {})}
        return glue.create_dynamic_frame.from_options("file", given, format, options)

    return made


def test_csv_columns_are_text(read, rows, tmp_path):
    (tmp_path / "a.csv").write_text('id,name\n1,"a ""b"", c"\n2,\n')
    assert rows(read(tmp_path, "csv", withHeader=True)) == [
        {"id": "1", "name": 'a "b", c'}, {"id": "2", "name": ""}
    ]  # fmt: skip
    assert rows(read(tmp_path, "csv"))[2] == {"col0": "id", "col1": "name"}
    assert len(rows(read(tmp_path, "csv", skipFirst=True))) == 2


def test_csv_options(read, rows, tmp_path):
    (tmp_path / "a.csv").write_text("a|b\n#skip|me\n'x|y'|2\n")
    found = read(tmp_path, "csv", separator="|", quoteChar="'", withHeader=True, skipFirst="true")
    assert rows(found) == [{"a": "x|y", "b": "2"}]
    (tmp_path / "a.csv").write_text('"a,b\n')
    assert rows(read(tmp_path, "csv", quoteChar=-1)) == [{"col0": '"a', "col1": "b"}]
    (tmp_path / "a.csv").write_text("a\\,b,c\\nd\n")
    assert rows(read(tmp_path, "csv", escaper="\\")) == [{"col0": "a,b", "col1": "c\nd"}]
    (tmp_path / "a.csv").write_text('h\n"one\ntwo"\n')
    assert rows(read(tmp_path, "csv", withHeader=True, multiLine=True)) == [{"h": "one\ntwo"}]


def test_csv_files_whose_headers_differ_are_not_mixed_up(read, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("b,a\n2,1\n")
    with pytest.raises(Exception, match="CSV header does not conform to the schema"):
        read(tmp_path, "csv", withHeader=True).toDF().collect()


def test_json_lines_documents_and_paths(read, rows, tmp_path):
    file = tmp_path / "a.json"
    file.write_text('{"id": 1}\n\n[{"id": 2}, {"id": 3}]\n')
    assert rows(read(tmp_path, "json")) == [{"id": 1}, {"id": 2}, {"id": 3}]
    file.write_text(json.dumps({"rows": [{"id": 1}, {"id": 2}]}, indent=2))
    assert rows(read(tmp_path, "json", jsonPath="$.rows[*]", multiLine=True)) == [
        {"id": 1}, {"id": 2}
    ]  # fmt: skip


def test_json_numbers_and_long_numbers(read, tree, tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1, "b": 9999999999, "c": 1.5, "d": [], "e": {}}')
    assert tree(read(tmp_path, "json")) == [
        "root", "|-- a: int", "|-- b: long", "|-- c: double", "|-- d: array",
        "|    |-- element: null", "|-- e: struct",
    ]  # fmt: skip


def test_broken_json_is_an_error_record(read, rows, tmp_path):
    (tmp_path / "a.json").write_text('{"id": 1}\n{"id": \n{"id": 2}\n')
    made = read(tmp_path, "json")
    assert (rows(made), made.errorsCount()) == ([{"id": 1}, {"id": 2}], 1)
    (error,) = rows(made.errorsAsDynamicFrame())
    assert error["error"]["input"] == '{"id": '
    assert error["error"]["msg"].startswith("JSONDecodeError")


@pytest.mark.parametrize("format", ["parquet", "orc", "avro"])
def test_formats_with_a_schema(glue, spark, read, rows, tmp_path, format):
    df = spark.createDataFrame(
        [(1, "a", [1.5]), (2, None, None)], "n long, t string, l array<double>"
    )
    df.coalesce(1).write.format(format).save(str(tmp_path / "one"))
    assert rows(read(tmp_path / "one", format)) == [
        {"n": 1, "t": "a", "l": [1.5]}, {"n": 2, "t": None, "l": None}
    ]  # fmt: skip


def test_parquet_files_with_other_columns_are_read_together(spark, read, rows, tmp_path):
    spark.createDataFrame([(1,)], "a int").write.parquet(str(tmp_path / "t/x"))
    spark.createDataFrame([(2, "q")], "a int, b string").write.parquet(str(tmp_path / "t/y"))
    assert rows(read(tmp_path / "t", "parquet", {"recurse": True})) == [
        {"a": 1, "b": None}, {"a": 2, "b": "q"}
    ]  # fmt: skip


XML = """<?xml version="1.0" encoding="UTF-8"?>
<books><book id="7"><title>A</title><price>1.5</price><tag>x</tag><tag>y</tag></book>
<book id="8"><title lang="de">B</title><price>free</price></book></books>"""


def test_xml(read, rows, tree, tmp_path):
    (tmp_path / "a.xml").write_text(XML)
    made = read(tmp_path, "xml", rowTag="book")
    assert rows(made.drop_fields(["title", "tag"])) == [
        {"_id": 7, "price": {"double": 1.5, "string": None}},
        {"_id": 8, "price": {"double": None, "string": "free"}},
    ]
    assert tree(made.select_fields(["title", "tag"])) == [
        "root", "|-- title: choice", "|    |-- string", "|    |-- struct",
        "|    |    |-- _lang: string", "|    |    |-- _VALUE: string",
        "|-- tag: array", "|    |-- element: string",
    ]  # fmt: skip
    schema = g.StructType([g.Field("price", g.StringType()), g.Field("_id", g.LongType())])
    given = read(tmp_path, "xml", rowTag="book", withSchema=schema.json())
    assert rows(given) == [{"price": "1.5", "_id": 7}, {"price": "free", "_id": 8}]
    with pytest.raises(ValueError, match="rowTag"):
        read(tmp_path, "xml")


def test_broken_xml_is_an_error_record(read, rows, tmp_path):
    (tmp_path / "a.xml").write_text("<b><r><x>1</x></r><r>")
    made = read(tmp_path, "xml", rowTag="r")
    assert (rows(made), made.errorsCount()) == ([{"x": 1}], 1)


def test_logs_by_grok_patterns(read, rows, tmp_path):
    (tmp_path / "a.log").write_text(
        '127.0.0.1 - bob [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 23\nnonsense\n'
    )
    made = read(tmp_path, "grokLog", logFormat="%{COMMONAPACHELOG}")
    (row,) = rows(made.select_fields(["clientip", "ident", "auth", "verb", "request", "bytes"]))
    assert row == {"clientip": "127.0.0.1", "ident": None, "auth": "bob", "verb": "GET",
                   "request": "/a.gif", "bytes": "23"}  # fmt: skip
    assert made.errorsCount() == 1
    (tmp_path / "a.log").write_text("code-7 ok\n")
    custom = read(
        tmp_path, "grokLog", logFormat="%{CODE:c} %{WORD:w}", customPatterns="CODE code-\\d"
    )
    assert rows(custom) == [{"c": "code-7", "w": "ok"}]


def test_ion_without_its_reader_says_so(read, tmp_path, monkeypatch):
    (tmp_path / "a.ion").write_text("{id: 1}")
    monkeypatch.setitem(sys.modules, "amazon.ion.simpleion", None)
    with pytest.raises(NotImplementedError, match=r"format ion.*amazon\.ion"):
        read(tmp_path, "ion")


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed_files(read, rows, tmp_path, ending, pack):
    (tmp_path / f"a.json{ending}").write_bytes(pack(b'{"a": 1}\n'))
    assert rows(read(tmp_path, "json")) == [{"a": 1}]
    (tmp_path / f"a.json{ending}").rename(tmp_path / "hidden")
    kind = {".gz": "gzip", ".bz2": "bzip"}[ending]
    assert rows(read(tmp_path, "json", {"compressionType": kind})) == [{"a": 1}]
    (tmp_path / "hidden").write_bytes(pack(b"h\nx\n"))
    found = read(tmp_path, "csv", {"compressionType": kind}, withHeader=True)
    assert rows(found) == [{"h": "x"}]


def test_which_files_are_read(read, rows, tmp_path):
    for name in ("a.json", "b.json", "sub/c.json", "_SUCCESS", ".hid.json", "sub/d.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"f": name}))
    assert rows(read(tmp_path, "json")) == [{"f": "a.json"}, {"f": "b.json"}]
    everything = ["a.json", "b.json", "sub/c.json", "sub/d.tmp"]
    assert [row["f"] for row in rows(read(tmp_path, "json", {"recurse": True}))] == everything
    some = {"recurse": True, "exclusions": '["**.tmp", "b.*"]'}
    assert [row["f"] for row in rows(read(tmp_path, "json", some))] == ["a.json", "sub/c.json"]
    assert rows(read(tmp_path / "b.json", "json")) == [{"f": "b.json"}]
    assert rows(read(tmp_path / "*.json", "json")) == [{"f": "a.json"}, {"f": "b.json"}]
    assert read(tmp_path / "nothing", "json").count() == 0


def test_files_in_groups(read, tmp_path):
    for at in range(6):
        (tmp_path / f"{at}.json").write_text('{"a": 1}')
    grouped = read(tmp_path, "json", {"groupFiles": "inPartition", "groupSize": "24"})
    assert (grouped.getNumPartitions(), grouped.count()) == (2, 6)


def test_where_a_record_comes_from(read, rows, tmp_path):
    (tmp_path / "a b+%41.json").write_text('{"a": 1}')
    given = {"attachFilename": "file", "attachTimestamp": "at"}
    (row,) = rows(read(tmp_path, "json", given))
    assert (row["a"], row["file"]) == (1, f"file://{tmp_path}/a b+%41.json")
    state = (tmp_path / "a b+%41.json").stat()
    assert abs(row["at"].timestamp() - state.st_mtime) < 1


def test_bounded_reads_take_the_oldest(read, rows, tmp_path):
    import os

    for at in range(4):
        (tmp_path / f"{at}.json").write_text(json.dumps({"a": at}))
        os.utime(tmp_path / f"{at}.json", (1000 + 10 - at, 1000 + 10 - at))
    assert rows(read(tmp_path, "json", {"boundedFiles": "2"})) == [{"a": 2}, {"a": 3}]
    assert rows(read(tmp_path, "json", {"boundedSize": "8"})) == [{"a": 3}]


def test_s3_objects(glue, rows, s3, prefix):
    s3.put_object(Bucket="glue-in", Key=f"{prefix}/a/1.json", Body=b'{"a": 1}')
    s3.put_object(Bucket="glue-in", Key=f"{prefix}/a2/2.json", Body=b'{"a": 2}')
    made = glue.create_dynamic_frame.from_options(
        "s3", {"paths": [f"s3://glue-in/{prefix}/a"], "attachFilename": "f"}, "json"
    )
    assert rows(made) == [{"a": 1, "f": f"s3://glue-in/{prefix}/a/1.json"}]
    whole = glue.create_dynamic_frame.from_options(
        "s3", {"paths": [f"s3://glue-in/{prefix}"], "recurse": True}, "json"
    )
    assert rows(whole) == [{"a": 1}, {"a": 2}]
    source = glue.getSource("s3", paths=[f"s3://glue-in/{prefix}/a2/"])
    source.setFormat("json")
    assert rows(source.getFrame()) == [{"a": 2}]


def test_what_is_not_built_says_so(glue, read, tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(NotImplementedError, match="format excel of an S3 source is not built"):
        read(tmp_path, "excel")
    with pytest.raises(NotImplementedError, match="connection_type dynamodb is not built"):
        glue.create_dynamic_frame.from_options("dynamodb", {})
    with pytest.raises(NotImplementedError, match="connection_type kafka is not built"):
        glue.getSource("kafka")
    with pytest.raises(NotImplementedError, match="forEachBatch is not built"):
        glue.forEachBatch(None, None)
    with pytest.raises(NotImplementedError, match="a streaming data frame of kinesis"):
        glue.create_data_frame.from_options("kinesis", {})
    with pytest.raises(ValueError, match="paths is required"):
        glue.create_dynamic_frame.from_options("s3", {}, "json")
