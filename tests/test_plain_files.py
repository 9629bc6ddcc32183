"""Engines read encrypted objects through S3: crawls, queries, their results."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.services.athena.athena_client import finish, rows
from tests.services.glue.crawler_runs import crawled, make_crawler

ROWS = b"id,name\n1,apple\n2,pear\n"


@pytest.fixture
def s3(lakebed):
    """Return a client, and buckets for data and results that encrypt by default."""
    client = lakebed.client("s3")
    for bucket in ("lake", "results"):
        client.create_bucket(Bucket=bucket)
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
        configuration = {"Rules": [default]}
        client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=configuration)
    return client


def parquet(**given):
    file = io.BytesIO()
    pq.write_table(pa.table(given), file)
    return file.getvalue()


def test_encrypted_objects_are_crawled_and_queried_and_results_encrypted(lakebed, s3):
    s3.put_object(Bucket="lake", Key="orders/a.csv", Body=ROWS)
    s3.put_object(Bucket="lake", Key="orders/b.csv", Body=ROWS)
    s3.put_object(
        Bucket="lake", Key="orders/c.csv", Body=ROWS, ServerSideEncryption="AES256"
    )  # fmt: skip
    glue, athena = lakebed.client("glue"), lakebed.client("athena")
    assert crawled(glue, make_crawler(glue))["Status"] == "SUCCEEDED"
    query = finish(athena, "SELECT name, count(*) FROM shop.orders GROUP BY 1 ORDER BY 1")
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    assert rows(athena, query) == [["name", "_col1"], ["apple", "3"], ["pear", "3"]]
    page = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"], MaxResults=1)
    more = {"NextToken": page["NextToken"], "MaxResults": 1}
    assert rows(athena, query, **more) == [["apple", "3"]]
    bucket, _, key = query["ResultConfiguration"]["OutputLocation"][5:].partition("/")
    result = s3.get_object(Bucket=bucket, Key=key)
    assert result["ServerSideEncryption"] == "aws:kms"
    text = result["Body"].read()
    assert text == b'"name","_col1"\n"apple","3"\n"pear","3"\n'
    assert text not in (lakebed.data_dir / "lake" / bucket / key).read_bytes()
    left = lakebed.data_dir / "state" / "queries"
    assert [path for path in left.rglob("*") if path.is_file()] == []


def test_tables_are_written_and_read_where_everything_is_encrypted(lakebed, s3):
    athena, glue = lakebed.client("athena"), lakebed.client("glue")
    glue.create_database(DatabaseInput={"Name": "shop"})
    s3.put_object(Bucket="lake", Key="n/a.parquet", Body=parquet(n=[1, 2, 3]))
    for text in (
        "CREATE EXTERNAL TABLE shop.n (n bigint) STORED AS PARQUET LOCATION 's3://lake/n/'",
        "CREATE TABLE shop.copy WITH (external_location = 's3://lake/copy/') AS "
        "SELECT n * 10 AS n FROM shop.n",
        "CREATE TABLE shop.ice (n bigint) LOCATION 's3://lake/ice/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')",
        "INSERT INTO shop.ice SELECT n FROM shop.copy",
        "INSERT INTO shop.ice VALUES 7",
    ):
        query = finish(athena, text)
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    query = finish(athena, "SELECT n FROM shop.ice ORDER BY n")
    assert rows(athena, query) == [["n"], ["7"], ["10"], ["20"], ["30"]]
    for found in s3.list_objects_v2(Bucket="lake")["Contents"]:
        head = s3.head_object(Bucket="lake", Key=found["Key"])
        assert head["ServerSideEncryption"] == "aws:kms"
        file = lakebed.data_dir / "lake" / "lake" / found["Key"]
        assert not file.read_bytes().startswith((b"PAR1", b"{"))


def test_a_customers_key_is_nothing_a_query_has(lakebed, s3):
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    s3.put_bucket_encryption(Bucket="lake", ServerSideEncryptionConfiguration={"Rules": [rule]})
    customer = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": bytes(32)}
    s3.put_object(Bucket="lake", Key="orders/a.csv", Body=ROWS, **customer)
    athena = lakebed.client("athena")
    lakebed.client("glue").create_database(DatabaseInput={"Name": "shop"})
    finish(
        athena,
        "CREATE EXTERNAL TABLE shop.o (id int, name string) ROW FORMAT DELIMITED FIELDS TERMINATED "
        "BY ',' LOCATION 's3://lake/orders/'",
    )
    status = finish(athena, "SELECT * FROM shop.o")["Status"]
    assert status["State"] == "FAILED"
    assert "a form of Server Side Encryption" in status["StateChangeReason"]


def test_who_may_not_use_the_key_does_not_query_the_object(lakebed, s3):
    kms = lakebed.client("kms")
    s3.put_object(Bucket="lake", Key="orders/a.csv.gz", Body=gzip.compress(ROWS))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    s3.put_object(
        Bucket="lake", Key="o/a.csv", Body=ROWS, ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    kms.disable_key(KeyId=key)
    athena = lakebed.client("athena")
    lakebed.client("glue").create_database(DatabaseInput={"Name": "shop"})
    for name, folder in (("o", "o"), ("p", "orders")):
        finish(
            athena,
            f"CREATE EXTERNAL TABLE shop.{name} (id string) LOCATION 's3://lake/{folder}/'",
        )
    status = finish(athena, "SELECT * FROM shop.o")["Status"]
    assert status["State"] == "FAILED"
    assert "is disabled" in status["StateChangeReason"]
    found = rows(athena, finish(athena, "SELECT id FROM shop.p WHERE id LIKE '1%'"))
    assert found == [["id"], ["1,apple"]]


def test_results_are_encrypted_as_the_query_asks(lakebed, s3):
    athena = lakebed.client("athena")
    key = lakebed.client("kms").create_key()["KeyMetadata"]["Arn"]
    for bucket in ("lake", "results"):
        s3.delete_bucket_encryption(Bucket=bucket)
    lakebed.client("glue").create_database(DatabaseInput={"Name": "shop"})
    for option, wanted in (
        ({"EncryptionOption": "SSE_S3"}, ("AES256", None)),
        ({"EncryptionOption": "SSE_KMS", "KmsKey": key}, ("aws:kms", key)),
    ):
        to = {"OutputLocation": "s3://results/q/", "EncryptionConfiguration": option}
        query = finish(athena, "SELECT 1 AS n", ResultConfiguration=to)
        result = query["ResultConfiguration"]["OutputLocation"].removeprefix("s3://results/")
        head = s3.head_object(Bucket="results", Key=result)
        assert (head["ServerSideEncryption"], head.get("SSEKMSKeyId")) == wanted
        assert b'"n"' not in (lakebed.data_dir / "lake" / "results" / result).read_bytes()
        assert rows(athena, query) == [["n"], ["1"]]
        text = "CREATE TABLE shop.t WITH (external_location = 's3://lake/t/') AS SELECT 7 AS n"
        finish(athena, text, ResultConfiguration=to)
        (made,) = s3.list_objects_v2(Bucket="lake")["Contents"]
        head = s3.head_object(Bucket="lake", Key=made["Key"])
        assert (head["ServerSideEncryption"], head.get("SSEKMSKeyId")) == wanted
        finish(athena, "DROP TABLE shop.t")
        s3.delete_object(Bucket="lake", Key=made["Key"])
