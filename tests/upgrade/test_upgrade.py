"""Data folders of older releases open in this one, with all that was in them."""

from __future__ import annotations

import shutil
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
