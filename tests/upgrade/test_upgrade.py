"""Data folders of older releases open in this one, with all that was in them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lakebed import testing
from tests.services.athena.athena_client import finish, rows

FOLDERS = sorted(Path(__file__).parent.glob("format-*"))


def test_there_is_a_folder_of_each_format():
    from lakebed.store.ownership import FORMAT

    assert [folder.name for folder in FOLDERS] == [f"format-{n}" for n in range(1, FORMAT + 1)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_older_folder_opens_with_all_that_was_in_it(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "data")
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    s3, glue, athena = (server.client(name) for name in ("s3", "glue", "athena"))
    bodies = {
        item["Key"]: s3.get_object(Bucket="lake", Key=item["Key"])["Body"].read()
        for item in s3.list_objects_v2(Bucket="lake")["Contents"]
        if not item["Key"].startswith("r/")
    }
    assert bodies["csv/a.csv"] == b"1,x\n2,y\n"
    assert glue.get_table(DatabaseName="d", Name="t")["Table"]["VersionId"] == "0"
    (query_id,) = athena.list_query_executions()["QueryExecutionIds"]
    query = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    assert query["Status"]["State"] == "SUCCEEDED"
    assert rows(athena, query) == [["_col0"], ["3"]]
    output = {"OutputLocation": "s3://lake/r/"}
    again = finish(athena, "SELECT s FROM d.t WHERE n = 2", ResultConfiguration=output)
    assert rows(athena, again) == [["s"], ["y"]]
    server.kill()


def test_versions_uploads_and_rules_of_format_2_are_all_there(tmp_path):
    shutil.copytree(FOLDERS[1], tmp_path / "data")
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    s3, name = server.client("s3"), {"Bucket": "versions"}
    listed = s3.list_object_versions(**name)
    bodies = {
        (one["Key"], one["IsLatest"]): s3.get_object(
            **name, Key=one["Key"], VersionId=one["VersionId"]
        )["Body"].read()
        for one in listed["Versions"]
    }
    assert bodies == {("a", True): b"second", ("a", False): b"null", ("gone", False): b"kept"}
    assert [one["Key"] for one in listed["DeleteMarkers"]] == ["gone"]
    assert s3.get_object_tagging(**name, Key="a", VersionId="null")["TagSet"] == [
        {"Key": "k", "Value": "v"}
    ]
    (upload,) = s3.list_multipart_uploads(**name)["Uploads"]
    parts = s3.list_parts(**name, Key="parts", UploadId=upload["UploadId"])["Parts"]
    chosen = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
    s3.complete_multipart_upload(
        **name, Key="parts", UploadId=upload["UploadId"], MultipartUpload={"Parts": chosen}
    )
    assert s3.get_object(**name, Key="parts")["Body"].read() == b"part"
    (rule,) = s3.get_bucket_lifecycle_configuration(**name)["Rules"]
    assert (rule["ID"], rule["Expiration"]) == ("r", {"Days": 1})
    server.kill()


def test_partitions_of_format_2_are_found_changed_and_deleted(tmp_path):
    shutil.copytree(FOLDERS[1], tmp_path / "data")
    place = ("000000000000", "us-east-1", "d", "old")
    with closing(sqlite3.connect(tmp_path / "data/state/store.sqlite")) as store, store:
        keys = [{"Name": "year", "Type": "int"}, {"Name": "city", "Type": "string"}]
        table = {
            "database": "d", "name": "old", "version": 0, "definition": {"PartitionKeys": keys},
            "created": 1.0, "updated": 1.0,
        }  # fmt: skip
        store.execute("INSERT INTO glue_table VALUES (?, ?, ?, ?, ?)", (*place, json.dumps(table)))
        columns = ("account", "region", "database", "table", "sort_key")
        named = ", ".join(f"[{column}]" for column in columns)
        typed = ", ".join(f"[{column}] TEXT NOT NULL" for column in columns)
        store.execute(
            f"CREATE TABLE glue_partition ({typed}, value BLOB NOT NULL, "
            f"PRIMARY KEY ({named})) WITHOUT ROWID"
        )
        for key, values in (("10/a%2Fb", ["10", "a/b"]), ("9/x", ["9", "x"])):
            row = {
                "database": "d", "table": "old", "sort_key": key, "values": values,
                "definition": {"StorageDescriptor": {"Columns": [], "Location": "l"}},
                "created": 1.0,
            }  # fmt: skip
            store.execute(
                "INSERT INTO glue_partition VALUES (?, ?, ?, ?, ?, ?)",
                (*place, key, json.dumps(row)),
            )
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    glue, names = server.client("glue"), {"DatabaseName": "d", "TableName": "old"}

    def found(**more):
        partitions = glue.get_partitions(**names, **more)["Partitions"]
        return [(*one["Values"], one["StorageDescriptor"]["Location"]) for one in partitions]

    assert found(Expression="year < 10 or city = 'a/b'") == [("10", "a/b", "l"), ("9", "x", "l")]
    assert found(Expression="year = 9") == [("9", "x", "l")]
    first = glue.get_partitions(**names, MaxResults=1)
    assert found(NextToken=first["NextToken"]) == [("9", "x", "l")]
    given = {"Values": ["9", "x"], "StorageDescriptor": {"Location": "m"}}
    glue.update_partition(**names, PartitionValueList=["9", "x"], PartitionInput=given)
    glue.create_partition(**names, PartitionInput={**given, "Values": ["8", "y"]})
    glue.delete_partition(**names, PartitionValues=["10", "a/b"])
    assert found() == [("8", "y", "m"), ("9", "x", "m")]
    server.kill()
