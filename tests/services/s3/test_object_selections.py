"""S3 Select by boto3: what is asked of CSV, JSON and Parquet, and what is answered."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import EventStreamError

from lakebed.core.bodies import Event, EventStream
from lakebed.services.s3.object_selections import _kept_alive
from tests.gateway.raw import leftovers
from tests.services.s3.answers import refusal

ROWS = b'id,name,price\n1,ann,2.5\n2,"b, ob",10\n3,,x\n'
USE = {"CSV": {"FileHeaderInfo": "USE"}}
CSV, JSON = {"CSV": {}}, {"JSON": {}}
LINES = {"JSON": {"Type": "LINES"}}
DOCUMENT = {"JSON": {"Type": "DOCUMENT"}}
OBJECTS = b'{"id":1,"n":{"x":[1,2]},"t":"a"}\n{"id":2,"t":null}\n{"id":"3","B":true}\n'
NESTED = b'{"rows":[{"a":1},{"a":2,"B c":"x"}],"none":[],"k":5}'


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def call(expression, source, target, **more):
    return {
        "Bucket": "lake", "Key": "k", "ExpressionType": "SQL", "Expression": expression,
        "InputSerialization": source, "OutputSerialization": target, **more,
    }  # fmt: skip


def events(s3, body, expression, source=USE, target=CSV, **more):
    s3.put_object(Bucket="lake", Key="k", Body=body)
    return list(s3.select_object_content(**call(expression, source, target, **more))["Payload"])


def selected(s3, body, expression, source=USE, target=CSV, **more):
    """Return the records of an answer that came to its end."""
    found = events(s3, body, expression, source, target, **more)
    assert list(found[-1]) == ["End"]
    return b"".join(one["Records"]["Payload"] for one in found if "Records" in one).decode()


def test_an_answer_is_a_stream_of_events(s3):
    asked = {"Enabled": True}
    found = events(s3, ROWS, "SELECT s.name FROM S3Object s LIMIT 1", RequestProgress=asked)
    details = {"BytesScanned": len(ROWS), "BytesProcessed": len(ROWS), "BytesReturned": 4}
    assert found == [
        {"Records": {"Payload": b"ann\n"}},
        {"Progress": {"Details": details}},
        {"Stats": {"Details": details}},
        {"End": {}},
    ]


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("SELECT * FROM S3Object", '1,ann,2.5\n2,"b, ob",10\n3,,x\n'),
        ("select * from s3object S where S.ID = 3", "3,,x\n"),
        ("SELECT s.name, _3 FROM S3Object s WHERE s.price > 5", '"b, ob",10\n'),
        ("SELECT S3Object.id FROM S3Object WHERE name LIKE 'b%'", "2\n"),
        ("SELECT id FROM S3Object WHERE name LIKE '%!, o_' ESCAPE '!'", "2\n"),
        ("SELECT id FROM S3Object WHERE NOT (id = 1 OR id = 3)", "2\n"),
        ("SELECT id FROM S3Object WHERE id BETWEEN 2 AND 3 AND name IN ('', 'z')", "3\n"),
        ("SELECT id FROM S3Object WHERE id NOT IN (1, 2)", "3\n"),
        ("SELECT CAST(id AS INT) * 2 + 1, -id, id % 2, 7 / 2, 7 / 2.0 FROM S3Object LIMIT 1",
         "3,-1,1,3,3.5\n"),
        ("SELECT COUNT(*), SUM(CAST(id AS INT)), AVG(id), MIN(id), MAX(name) FROM S3Object",
         '3,6,2,1,"b, ob"\n'),
        ("SELECT CASE WHEN price > 5 THEN 'dear' ELSE 'cheap' END FROM S3Object",
         "cheap\ndear\ncheap\n"),
        ("SELECT CASE id WHEN 1 THEN 'one' END FROM S3Object LIMIT 2", "one\n\n"),
        ("SELECT TRIM(LEADING 'a' FROM name), TRIM('  x '), UPPER(name) FROM S3Object LIMIT 1",
         "nn,x,ANN\n"),
        ("SELECT SUBSTRING(name, 2), SUBSTRING(name FROM 0 FOR 2), CHAR_LENGTH(name) "
         "FROM S3Object LIMIT 1", "nn,a,3\n"),
        ("SELECT COALESCE(NULLIF(name, ''), 'none') FROM S3Object WHERE id = 3", "none\n"),
        ("SELECT COALESCE(NULLIF(CAST(id AS INT), 2), 7) + 1 FROM S3Object", "2\n8\n4\n"),
        ("SELECT COUNT(*) FROM S3Object WHERE NULLIF(CAST(id AS INT), 2) > 2", "1\n"),
        ("SELECT EXTRACT(YEAR FROM `2020T`), DATE_ADD(day, 1, `2020-01-31`), "
         "DATE_DIFF(day, `2020-01-01`, `2020-03-01`) FROM S3Object LIMIT 1",
         "2020,2020-02-01T00:00:00Z,60\n"),
        ("SELECT TO_STRING(TO_TIMESTAMP('2020-01-02T03:04:05Z'), 'MMMM d, yyyy HH:mm') "
         "FROM S3Object LIMIT 1", '"January 2, 2020 03:04"\n'),
        ("SELECT id FROM S3Object WHERE UTCNOW() > `2024-01-01T00:00:00Z` LIMIT 1", "1\n"),
        ("SELECT CAST('true' AS BOOL), CAST(2.5 AS STRING), CAST('1.50' AS DECIMAL) "
         "FROM S3Object LIMIT 1", "true,2.5,1.5\n"),
        ("SELECT id FROM S3Object -- a comment\nWHERE id <> 1;", "2\n3\n"),
    ],
)  # fmt: skip
def test_csv_is_asked(s3, expression, answer):
    assert selected(s3, ROWS, expression) == answer


@pytest.mark.parametrize(
    ("body", "form", "expression", "answer"),
    [
        (b"1;a\n2;b\n", {"FieldDelimiter": ";"}, "SELECT _2 FROM S3Object", "a\nb\n"),
        (b"1,a|2,b", {"RecordDelimiter": "|"}, "SELECT _2 FROM S3Object", "a\nb\n"),
        (b"1,a\r\n2,b\r\n", {}, "SELECT _2 FROM S3Object", "a\nb\n"),
        (b"x,y\n1,a\n", {"FileHeaderInfo": "IGNORE"}, "SELECT _2 FROM S3Object", "a\n"),
        (b"#no\n1,a\n", {"Comments": "#"}, "SELECT _2 FROM S3Object", "a\n"),
        (b"'1,1',a\n", {"QuoteCharacter": "'"}, "SELECT _1 FROM S3Object", '"1,1"\n'),
        (b'"a\\"b",1\n', {"QuoteEscapeCharacter": "\\"}, "SELECT _1 FROM S3Object", '"a""b"\n'),
        (b'"a\nb",1\n', {"AllowQuotedRecordDelimiter": True}, "SELECT _2 FROM S3Object", "1\n"),
        (b"1,a,x\n2\n", {}, "SELECT _1 FROM S3Object WHERE _2 IS MISSING", "2\n"),
    ],
)
def test_csv_is_read_as_it_is_said_to_be_written(s3, body, form, expression, answer):
    assert selected(s3, body, expression, {"CSV": form}) == answer


@pytest.mark.parametrize(
    ("body", "source", "expression", "answer"),
    [
        (OBJECTS, LINES, "SELECT * FROM S3Object", OBJECTS.decode()),
        (OBJECTS, LINES, "SELECT s.id, s.n.x[1] AS y, s.t FROM S3Object s",
         '{"id":1,"y":2,"t":"a"}\n{"id":2,"t":null}\n{"id":"3"}\n'),
        (OBJECTS, LINES, "SELECT s.id FROM S3Object s WHERE s.t IS NULL", '{"id":2}\n{"id":"3"}\n'),
        (OBJECTS, LINES, "SELECT s.id FROM S3Object s WHERE s.t IS MISSING", '{"id":"3"}\n'),
        (OBJECTS, LINES, "SELECT s.id FROM S3Object s WHERE s.id > 1", '{"id":2}\n{"id":"3"}\n'),
        (OBJECTS, LINES, "SELECT s.id FROM S3Object s WHERE s.b", '{"id":"3"}\n'),
        (OBJECTS, LINES, 'SELECT s."b" FROM S3Object s WHERE s."B"', "{}\n"),
        (OBJECTS, LINES, "SELECT s.n['x'] AS x FROM S3Object s LIMIT 1", '{"x":[1,2]}\n'),
        (NESTED, DOCUMENT, "SELECT * FROM S3Object[*].rows[*] r", '{"a":1}\n{"a":2,"B c":"x"}\n'),
        (NESTED, DOCUMENT, "SELECT r.a + 1 FROM S3Object[*].rows[*] r", '{"_1":2}\n{"_1":3}\n'),
        (NESTED, DOCUMENT, 'SELECT r."B c" FROM S3Object[*].rows[1] r', '{"B c":"x"}\n'),
        (NESTED, DOCUMENT, "SELECT * FROM S3Object[*].none[*] r", "{}\n"),
        (NESTED, DOCUMENT, "SELECT s.rows[0].a, s.k FROM S3Object s", '{"a":1,"k":5}\n'),
        (b'[{"a":1},{"a":2}]', DOCUMENT, "SELECT s.a FROM S3Object[*] s", '{"a":1}\n{"a":2}\n'),
        (b'{"a":1}\n{"a":2}', DOCUMENT, "SELECT SUM(s.a) AS t FROM S3Object s", '{"t":3}\n'),
    ],
)  # fmt: skip
def test_json_is_asked(s3, body, source, expression, answer):
    assert selected(s3, body, expression, source, JSON) == answer


def test_csv_in_json_out_and_the_other_way_round(s3):
    named = '{"id":"1","name":"ann","price":"2.5"}\n'
    assert selected(s3, ROWS, "SELECT * FROM S3Object LIMIT 1", USE, JSON) == named
    plain = selected(s3, ROWS, "SELECT * FROM S3Object LIMIT 1", {"CSV": {}}, JSON)
    assert plain == '{"_1":"id","_2":"name","_3":"price"}\n'
    text = "SELECT s.id, s.n FROM S3Object s LIMIT 1"
    assert selected(s3, OBJECTS, text, LINES) == '1,"{""x"":[1,2]}"\n'


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({"QuoteFields": "ALWAYS"}, '"1";"a""b"\n'.replace(";", ",")),
        ({"FieldDelimiter": "|", "RecordDelimiter": "!"}, '1|"a""b"!'),
        ({"QuoteCharacter": "'"}, '1,a"b\n'),
        ({"QuoteEscapeCharacter": "\\"}, '1,"a\\"b"\n'),
    ],
)
def test_csv_is_written_as_asked(s3, form, answer):
    body = b'1,"a""b"\n'
    assert selected(s3, body, "SELECT * FROM S3Object", {"CSV": {}}, {"CSV": form}) == answer


def test_json_records_end_as_asked(s3):
    target = {"JSON": {"RecordDelimiter": ","}}
    assert (
        selected(s3, b"1\n2\n", "SELECT _1 FROM S3Object", CSV, target) == '{"_1":"1"},{"_1":"2"},'
    )


def test_parquet_is_asked(s3):
    rows = {"id": [1, 2], "name": ["ann", None], "f": [0.5, 1.0], "l": [[1], []]}
    file = io.BytesIO()
    pq.write_table(pa.table(rows), file)
    text = "SELECT s.id, s.name, s.f, s.l FROM S3Object s WHERE s.f >= 0.5"
    found = selected(s3, file.getvalue(), text, {"Parquet": {}}, JSON)
    assert [json.loads(line) for line in found.splitlines()] == [
        {"id": 1, "name": "ann", "f": 0.5, "l": [1]},
        {"id": 2, "name": None, "f": 1, "l": []},
    ]


@pytest.mark.parametrize(("name", "compress"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
def test_compressed_files_are_read(s3, name, compress):
    source = {**USE, "CompressionType": name}
    found = events(s3, compress(ROWS), "SELECT id FROM S3Object", source)
    assert found[0] == {"Records": {"Payload": b"1\n2\n3\n"}}
    details = found[-2]["Stats"]["Details"]
    assert details["BytesScanned"] == len(compress(ROWS))
    assert details["BytesProcessed"] == len(ROWS)


@pytest.mark.parametrize(
    ("scan", "answer"),
    [
        ({"Start": 0, "End": 0}, "aa\n"),
        ({"Start": 1, "End": 5}, "bb\n"),
        ({"Start": 3}, "bb\ncc\n"),
        ({"Start": 7, "End": 99}, ""),
    ],
)
def test_records_that_begin_in_a_range_are_asked(s3, scan, answer):
    body = b"aa\nbb\ncc\n"
    assert selected(s3, body, "SELECT * FROM S3Object", CSV, ScanRange=scan) == answer


def test_many_records_come_in_pieces_and_in_order(s3):
    body = b"".join(b"%d,%s\n" % (number, b"x" * 100) for number in range(30_000))
    found = events(s3, body, "SELECT _1, _2 FROM S3Object WHERE _1 >= 0", CSV)
    pieces = [one["Records"]["Payload"] for one in found if "Records" in one]
    assert len(pieces) > 2
    assert b"".join(pieces) == body


def test_an_encrypted_object_is_asked(s3):
    s3.put_object(Bucket="lake", Key="k", Body=ROWS, ServerSideEncryption="aws:kms")
    assert events_of(s3)[0] == {"Records": {"Payload": b"1\n2\n3\n"}}


def events_of(s3):
    return list(s3.select_object_content(**call("SELECT id FROM S3Object", USE, CSV))["Payload"])


def test_no_plain_copy_is_left_of_an_encrypted_object(lakebed, s3):
    s3.put_object(Bucket="lake", Key="k", Body=ROWS * 10_000, ServerSideEncryption="AES256")
    for _ in range(4):
        events_of(s3)
        s3.select_object_content(**call("SELECT id FROM S3Object", USE, CSV))["Payload"].close()
    # The last answer may be given up before its copy is made: once nothing is there is too early.
    looks, deadline = [leftovers(lakebed)], time.monotonic() + 60
    while any(looks[-20:]) or len(looks) < 20:
        assert time.monotonic() < deadline, looks[-1]
        time.sleep(0.05)
        looks.append(leftovers(lakebed))


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("DROP TABLE a", "UnsupportedSqlOperation"),
        ("SELECT *", "ParseSelectMissingFrom"),
        ("SELECT * FROM other", "InvalidDataSource"),
        ("SELECT * FROM S3Object WHERE", "ParseUnexpectedToken"),
        ("SELECT * FROM S3Object GROUP BY a", "UnsupportedSqlStructure"),
        ("SELECT * FROM S3Object LIMIT x", "ParseExpectedNumber"),
        ("SELECT ? FROM S3Object", "LexerInvalidChar"),
        ("SELECT nope(1) FROM S3Object", "UnsupportedFunction"),
        ("SELECT CAST(a AS BLOB) FROM S3Object", "ParseExpectedTypeName"),
        ("SELECT EXTRACT(EON FROM a) FROM S3Object", "ParseExpectedDatePart"),
        ("SELECT LOWER(a, b) FROM S3Object", "EvaluatorInvalidArguments"),
        ("SELECT a, COUNT(*) FROM S3Object", "UnsupportedSqlStructure"),
        ("SELECT " + "(" * 200 + "1" + ")" * 200 + " FROM S3Object", "ExpressionTooLong"),
        ("SELECT '" + "x" * 300_000 + "' FROM S3Object", "ExpressionTooLong"),
    ],
)
def test_what_is_no_statement_is_refused_before_the_answer(s3, expression, code):
    s3.put_object(Bucket="lake", Key="k", Body=ROWS)
    status, error = refusal(s3.select_object_content, **call(expression, USE, CSV))
    assert (status, error["Code"]) == (400, code)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"ExpressionType": "XQUERY"}, "InvalidExpressionType"),
        ({"InputSerialization": {}}, "MissingRequiredParameter"),
        ({"InputSerialization": {**USE, **LINES}}, "MissingRequiredParameter"),
        ({"InputSerialization": {**USE, "CompressionType": "ZIP"}}, "InvalidCompressionFormat"),
        ({"InputSerialization": {"CSV": {"FileHeaderInfo": "MAYBE"}}}, "InvalidFileHeaderInfo"),
        ({"InputSerialization": {"JSON": {"Type": "TREE"}}}, "InvalidJsonType"),
        ({"InputSerialization": {"CSV": {"FieldDelimiter": "ab"}}}, "InvalidRequestParameter"),
        ({"OutputSerialization": {}}, "MissingRequiredParameter"),
        ({"OutputSerialization": {"CSV": {"QuoteFields": "NEVER"}}}, "InvalidQuoteFields"),
        ({"ScanRange": {"Start": 5, "End": 2}}, "InvalidScanRange"),
        ({"ScanRange": {"Start": 1}, "InputSerialization": DOCUMENT}, "UnsupportedScanRangeInput"),
    ],
)
def test_what_is_asked_wrongly_is_refused(s3, members, code):
    s3.put_object(Bucket="lake", Key="k", Body=ROWS)
    asked = {**call("SELECT * FROM S3Object", USE, CSV), **members}
    status, error = refusal(s3.select_object_content, **asked)
    assert (status, error["Code"]) == (400, code)


def test_what_is_not_there_is_not_asked(s3):
    asked = call("SELECT * FROM S3Object", USE, CSV)
    assert refusal(s3.select_object_content, **asked)[1]["Code"] == "NoSuchKey"
    asked["Bucket"] = "nowhere"
    assert refusal(s3.select_object_content, **asked)[1]["Code"] == "NoSuchBucket"


@pytest.mark.parametrize(
    ("body", "source", "expression", "code"),
    [
        (ROWS, USE, "SELECT CAST(price AS FLOAT) FROM S3Object", "CastFailed"),
        (ROWS, USE, "SELECT nope FROM S3Object", "InvalidColumnIndex"),
        (ROWS, CSV, "SELECT name FROM S3Object", "MissingHeaders"),
        (b'{"a":', LINES, "SELECT * FROM S3Object", "JSONParsingError"),
        (b"[1, 2", DOCUMENT, "SELECT * FROM S3Object", "JSONParsingError"),
        (b"\xff\xfe,1\n", CSV, "SELECT * FROM S3Object", "InvalidTextEncoding"),
        (b"no", {**CSV, "CompressionType": "GZIP"}, "SELECT * FROM S3Object",
         "InvalidCompressionFormat"),
        (b"no parquet", {"Parquet": {}}, "SELECT * FROM S3Object", "ParquetParsingError"),
    ],
)  # fmt: skip
def test_what_fails_on_the_way_ends_the_answer_with_an_error(s3, body, source, expression, code):
    with pytest.raises(EventStreamError) as error:
        events(s3, body, expression, source)
    assert error.value.response["Error"]["Code"] == code


def test_a_range_of_parquet_is_the_row_groups_that_begin_in_it(s3):
    table, held = pa.table({"n": list(range(6))}), io.BytesIO()
    pq.write_table(table, held, row_group_size=2)
    metadata = pq.ParquetFile(held).metadata
    starts = [metadata.row_group(at).column(0).dictionary_page_offset for at in range(3)]
    body, text = held.getvalue(), "SELECT s.n FROM S3Object s"

    def rows(start, end):
        return selected(
            s3, body, text, {"Parquet": {}}, CSV, ScanRange={"Start": start, "End": end}
        ).split()

    assert rows(0, len(body)) == ["0", "1", "2", "3", "4", "5"]
    assert rows(starts[1], starts[2] - 1) == ["2", "3"]
    assert rows(starts[1] + 1, starts[2]) == ["4", "5"]
    assert rows(starts[1] + 1, starts[2] - 1) == []
    found = [rows(start, start + 159) for start in range(0, len(body), 160)]
    assert [row for rows_of in found for row in rows_of] == ["0", "1", "2", "3", "4", "5"]


def test_words_are_taken_in_any_case(s3):
    source = {"CSV": {"FileHeaderInfo": "Use"}, "CompressionType": "None"}
    text = "SELECT s.name FROM S3Object s WHERE s.id = 1"
    assert selected(s3, ROWS, text, source, {"CSV": {"QuoteFields": "Always"}}) == '"ann"\n'
    lines = {"JSON": {"Type": "Lines"}}
    assert selected(s3, OBJECTS, "SELECT s.t FROM S3Object s LIMIT 1", lines, CSV) == "a\n"


def test_a_client_that_waits_is_told_that_the_answer_goes_on():
    stream = EventStream(16)

    async def slow():
        while stream.take() != Event("Cont", {}):
            await asyncio.sleep(0.01)
        return b"answer"

    assert asyncio.run(_kept_alive(slow(), stream, 0.01)) == b"answer"


def test_an_answer_that_takes_long_comes_to_its_end(s3):
    # DuckDB draws a bar of a query that takes two seconds.
    body = b"1\n" * 600_000
    text = selected(s3, body, "SELECT SUM(CAST(s._1 AS INT)) FROM S3Object s", CSV)
    assert text == "600000\n"
