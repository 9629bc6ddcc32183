"""Results, by boto3: rows and types through the API, and the files in S3."""

from __future__ import annotations

import json
import os

from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.bodies import FileSlice
from lakebed.engines.sql import Column
from lakebed.services.athena._metadata import metadata_file
from lakebed.services.athena._result_rows import read_page
from tests.services.athena.athena_client import finish, rows, start
from tests.services.glue.test_databases import body, error_of

VALUES = st.none() | st.text(st.sampled_from('a",\n\r\\é '), max_size=5)
TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(VALUES, min_size=columns, max_size=columns).filter(lambda row: row != [None]),
        max_size=12,
    )
)


def csv_line(row):
    quoted = ("" if one is None else '"' + one.replace('"', '""') + '"' for one in row)
    return ",".join(quoted) + "\n"


@given(table=TABLES, rows_max=st.integers(1, 5), block=st.integers(1, 40))
def test_any_page_of_any_csv_is_read_back(tmp_path_factory, table, rows_max, block):
    path = tmp_path_factory.getbasetemp() / "page.csv"
    path.write_bytes("".join(map(csv_line, table)).encode())
    size, offset, found, pages = path.stat().st_size, 0, [], 0
    while offset is not None:
        file = FileSlice(os.open(path, os.O_RDONLY), 0, size)
        columns = len(table[0]) if table else 1
        page = read_page(file, offset, rows_max, columns, block_bytes=block)
        decoded = [json.loads(row)["Data"] for row in page.rows]
        found += [[value.get("VarCharValue") for value in row] for row in decoded]
        assert (len(page.rows) == rows_max) == (page.next_offset is not None)
        offset, pages = page.next_offset, pages + 1
    assert found == table
    assert pages == len(table) // rows_max + 1


def test_the_metadata_of_a_type_has_the_members_that_athena_writes():
    # Sizes of files measured on Athena for these columns.
    described = [Column(name, "string") for name in ("col_name", "data_type", "comment")]
    assert len(metadata_file("6f0ab452-01a7-4d24-9128-216ba996b760", described)) == 152
    rows_column = [Column("rows", "bigint", 19)]
    engine_id = "20260917_085915_00133_pqi84"
    assert len(metadata_file(engine_id, rows_column, ("INSERT", 0))) == 75
    assert len(metadata_file(engine_id, [Column("i", "integer", 10)])) == 60
    assert metadata_file("q", [Column("s", "varchar", 3, case_sensitive=True)]) == (
        b"\x0a\x01q"  # 1: the query
        b"\x22\x1d"  # 4: a column
        b"\x0a\x04hive\x22\x01s\x2a\x01s\x32\x07varchar"  # catalog, name, label, type
        b"\x38\x03\x40\x00\x48\x03\x50\x01"  # precision, scale, nullable, case
    )


def test_rows_and_columns(athena):
    query = finish(athena, "SELECT 1 AS n, 'a' AS s, CAST(NULL AS varchar), '' AS e, 2.50 AS d")
    answer = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])
    assert rows(athena, query) == [["n", "s", "_col2", "e", "d"], ["1", "a", None, "", "2.50"]]
    assert answer["UpdateCount"] == 0
    columns = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert columns[0] == {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": "n",
        "Label": "n",
        "Type": "integer",
        "Precision": 10,
        "Scale": 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": False,
    }
    found = [(c["Name"], c["Type"], c["Precision"], c["Scale"]) for c in columns]
    assert found[1][1] == "varchar"
    assert found[4] == ("d", "decimal", 3, 2)


def test_the_result_files_in_s3(athena, lakebed):
    query = finish(athena, "SELECT 1 AS n, 'say \"hi\"\nnow' AS s, CAST(NULL AS varchar) AS e")
    identity = query["QueryExecutionId"]
    s3 = lakebed.client("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="results")["Contents"]]
    assert keys == [f"q/{identity}.csv", f"q/{identity}.csv.metadata"]
    body = s3.get_object(Bucket="results", Key=keys[0])["Body"].read()
    assert body == b'"n","s","e"\n"1","say ""hi""\nnow",\n'
    assert identity.encode() in s3.get_object(Bucket="results", Key=keys[1])["Body"].read()
    assert rows(athena, query) == [["n", "s", "e"], ["1", 'say "hi"\nnow', None]]


def test_pages_of_rows(athena):
    ten = "(VALUES 0,1,2,3,4,5,6,7,8,9)"
    query = finish(athena, f"SELECT a.x * 10 + b.x AS n FROM {ten} a(x), {ten} b(x) ORDER BY 1")
    found, token = [], {}
    while True:
        page = athena.get_query_results(
            QueryExecutionId=query["QueryExecutionId"], MaxResults=7, **token
        )
        found += [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == ["n", *(str(number) for number in range(100))]


def test_ddl_has_a_text_file_and_no_header(athena, lakebed):
    finish(athena, "CREATE DATABASE shop")
    query = finish(athena, "SHOW DATABASES")
    assert rows(athena, query) == [["default"], ["shop"]]
    assert (query["StatementType"], query["SubstatementType"]) == ("UTILITY", "SHOW_DATABASES")
    location = query["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://results/q/{query['QueryExecutionId']}.txt"
    body = (
        lakebed.client("s3")
        .get_object(Bucket="results", Key=location.removeprefix("s3://results/"))["Body"]
        .read()
    )
    assert body == b"default\nshop\n"


def test_errors_of_results(athena):
    failed = finish(athena, "SELECT nope(1)")
    assert error_of(
        lambda: athena.get_query_results(QueryExecutionId=failed["QueryExecutionId"])
    ) == (
        "InvalidRequestException",
        "Query did not finish successfully. Final query state: FAILED",
        400,
    )
    query = finish(athena, "SELECT 1")
    assert error_of(
        lambda: athena.get_query_results(
            QueryExecutionId=query["QueryExecutionId"], NextToken="x.y"
        )
    ) == ("InvalidRequestException", "Malformed nextPageToken x.y", 400)


def test_a_full_page_has_a_token_even_if_nothing_is_left(athena):
    query = finish(athena, "SELECT * FROM (VALUES 1, 2, 3) t(n)")
    known = {"QueryExecutionId": query["QueryExecutionId"]}
    first = athena.get_query_results(MaxResults=4, **known)
    last = athena.get_query_results(NextToken=first["NextToken"], **known)
    assert [len(page["ResultSet"]["Rows"]) for page in (first, last)] == [4, 0]
    assert "NextToken" not in last


def test_a_cancelled_query_has_no_results(athena):
    known = start(athena, "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a, "
                          "UNNEST(sequence(1, 10000)) b, UNNEST(sequence(1, 100)) c")  # fmt: skip
    athena.stop_query_execution(**known)
    assert error_of(lambda: athena.get_query_results(**known)) == (
        "InvalidRequestException", "Could not find results", 400,
    )  # fmt: skip


def test_failed_ddl_has_an_empty_result_and_its_reason_in_its_file(athena, lakebed):
    query = finish(athena, "DROP DATABASE nope")
    assert query["Status"]["State"] == "FAILED"
    answer = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])
    assert body(answer) == {"ResultSet": {"Rows": []}}
    key = query["ResultConfiguration"]["OutputLocation"].removeprefix("s3://results/")
    assert key == f"q/{query['QueryExecutionId']}.txt"
    s3 = lakebed.client("s3")
    assert (
        s3.get_object(Bucket="results", Key=key)["Body"].read().decode()
        == (query["Status"]["StateChangeReason"])
    )
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="results")["Contents"]]
    assert keys == [key]


def test_statements_count_what_they_wrote_and_others_as_athena_does(athena):
    finish(athena, "CREATE DATABASE shop")
    counts = {}
    for text in (
        "CREATE TABLE shop.t WITH (external_location = 's3://results/t/') AS SELECT 1 AS n",
        "INSERT INTO shop.t SELECT CAST(x AS integer) FROM UNNEST(sequence(1, 5)) u(x)",
        "SELECT * FROM shop.t", "SHOW TABLES IN shop", "DROP TABLE shop.t",
    ):  # fmt: skip
        query = finish(athena, text)
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        answer = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])
        counts[query["SubstatementType"]] = answer.get("UpdateCount")
    assert counts == {
        "CREATE_TABLE_AS_SELECT": 1, "INSERT": 5, "SELECT": 0, "SHOW_TABLES": 0, "DROP_TABLE": None,
    }  # fmt: skip


def test_create_table_as_counts_its_rows_and_lists_its_files(athena, lakebed):
    finish(athena, "CREATE DATABASE shop")
    query = finish(
        athena,
        "CREATE TABLE shop.t WITH (external_location = 's3://results/data/', format = 'PARQUET', "
        "partitioned_by = ARRAY['p']) AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(n, p)",
    )
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    identity = query["QueryExecutionId"]
    base = f"s3://results/q/tables/{identity}"
    assert query["ResultConfiguration"]["OutputLocation"] == base
    assert query["Statistics"]["DataManifestLocation"] == f"{base}-manifest.csv"
    answer = athena.get_query_results(QueryExecutionId=identity)
    assert body(answer) == {
        "UpdateCount": 2,
        "ResultSet": {
            "Rows": [],
            "ResultSetMetadata": {
                "ColumnInfo": [
                    {
                        "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": "rows",
                        "Label": "rows", "Type": "bigint", "Precision": 19, "Scale": 0,
                        "Nullable": "UNKNOWN", "CaseSensitive": False,
                    }
                ]
            },
        },
    }  # fmt: skip
    s3 = lakebed.client("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="results", Prefix="q/tables/")["Contents"]]
    assert keys == [f"q/tables/{identity}-manifest.csv", f"q/tables/{identity}.metadata"]
    listed = s3.get_object(Bucket="results", Key=keys[0])["Body"].read().decode().split()
    manifest = athena.get_query_results(QueryExecutionId=identity, QueryResultType="DATA_MANIFEST")
    assert [row["Data"][0]["VarCharValue"] for row in manifest["ResultSet"]["Rows"]] == listed
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="results", Prefix="data/")["Contents"]]
    assert sorted(listed) == [f"s3://results/{key}" for key in keys]
    assert [key.split("/")[1] for key in keys] == ["p=a", "p=b"]
    assert rows(athena, finish(athena, "SELECT * FROM shop.t ORDER BY n")) == [
        ["n", "p"], ["1", "a"], ["2", "b"],
    ]  # fmt: skip


def test_scanned_bytes_are_those_of_the_files_read(athena, lakebed):
    finish(athena, "CREATE DATABASE shop")
    s3 = lakebed.client("s3")
    body = b"".join(b"%d,x\n" % number for number in range(1000))
    for part in ("a", "b"):
        s3.put_object(Bucket="results", Key=f"csv/p={part}/f.csv", Body=body)
    finish(
        athena,
        "CREATE EXTERNAL TABLE shop.c (n int, s string) PARTITIONED BY (p string) ROW FORMAT "
        "DELIMITED FIELDS TERMINATED BY ',' STORED AS TEXTFILE LOCATION 's3://results/csv/'",
    )
    finish(athena, "MSCK REPAIR TABLE shop.c")
    one = finish(athena, "SELECT sum(n) FROM shop.c WHERE p = 'a'")
    both = finish(athena, "SELECT sum(n) FROM shop.c")
    assert rows(athena, one) == [["_col0"], ["499500"]]
    assert rows(athena, both) == [["_col0"], ["999000"]]
    assert one["Statistics"]["DataScannedInBytes"] == len(body)
    assert both["Statistics"]["DataScannedInBytes"] == 2 * len(body)


def test_a_plan_has_its_columns_name_above_it(athena):
    query = finish(athena, "EXPLAIN SELECT 1")
    assert (query["StatementType"], query["SubstatementType"]) == ("DML", "EXPLAIN")
    assert query["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    found = rows(athena, query)
    assert (found[0], len(found) > 1) == (["Query Plan"], True)
