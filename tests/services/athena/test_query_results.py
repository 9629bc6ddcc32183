"""Results, by boto3: rows and types through the API, and the files in S3."""

from __future__ import annotations

from tests.services.athena.athena_client import finish, rows
from tests.services.glue.test_databases import error_of


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


def test_create_table_as_counts_its_rows_and_lists_its_files(athena, lakebed):
    finish(athena, "CREATE DATABASE shop")
    query = finish(
        athena,
        "CREATE TABLE shop.t WITH (external_location = 's3://results/data/', format = 'PARQUET', "
        "partitioned_by = ARRAY['p']) AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(n, p)",
    )
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    answer = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])
    assert answer["UpdateCount"] == 2
    manifest = query["Statistics"]["DataManifestLocation"].removeprefix("s3://results/")
    s3 = lakebed.client("s3")
    listed = s3.get_object(Bucket="results", Key=manifest)["Body"].read().decode().split()
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
