"""A nearly full disk: writes are refused in words that no SDK takes for a reason to try again."""

from __future__ import annotations

import json

import pytest
from botocore.config import Config

from lakebed import testing
from lakebed.dispatch.watermark import grows
from tests.cli.commands import lakebed as command
from tests.services.glue.test_databases import error_of

MUCH = 1 << 60
"""No disk has so much free."""


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("put_object", True), ("upload_part", True), ("copy_object", True), ("create_table", True),
        ("start_query_execution", True), ("put_log_events", True), ("batch_create_partition", True),
        ("get_object", False), ("delete_object", False), ("delete_objects", False),
        ("put_bucket_lifecycle_configuration", False), ("put_bucket_policy", False),
        ("assume_role", False), ("create_access_key", False), ("stop_query_execution", False),
        ("abort_multipart_upload", False), ("complete_multipart_upload", False),
    ],
)  # fmt: skip
def test_what_grows(operation, answer):
    assert grows(operation) is answer


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A server whose disk is below its mark, with an object from before."""
    folder = tmp_path_factory.mktemp("full")
    running = testing.start(folder / "data", log=folder / "log")
    s3 = running.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"kept")
    running.client("glue").create_database(DatabaseInput={"Name": "shop"})
    running.stop()
    (folder / "data" / "lakebed.toml").write_text(f"disk_free_bytes_min = {MUCH}\n")
    running = testing.start(folder / "data", log=folder / "log")
    yield running
    running.stop()


def test_writes_are_refused_at_once_and_reads_and_deletes_go_on(full):
    patient = Config(retries={"max_attempts": 5, "mode": "standard"})
    s3, glue = full.client("s3", config=patient), full.client("glue", config=patient)
    for call, status in (
        (lambda: s3.put_object(Bucket="lake", Key="b", Body=b"x"), 507),
        (lambda: s3.put_object(Bucket="lake", Key="b", Body=b"x" * 2_000_000), 507),
        (lambda: s3.copy_object(Bucket="lake", Key="b", CopySource="lake/a"), 507),
        (lambda: s3.create_multipart_upload(Bucket="lake", Key="b"), 507),
        (lambda: glue.create_database(DatabaseInput={"Name": "b"}), 400),
    ):
        with pytest.raises(Exception, match="LakebedDiskFull") as caught:
            call()
        metadata = caught.value.response["ResponseMetadata"]
        assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (status, 0)
    code, sentence, _ = error_of(lambda: s3.put_object(Bucket="lake", Key="b", Body=b"x"))
    assert (code, "less than the" in sentence) == ("LakebedDiskFull", True)
    assert s3.get_object(Bucket="lake", Key="a")["Body"].read() == b"kept"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]] == ["a"]
    glue.delete_database(Name="shop")
    s3.delete_object(Bucket="lake", Key="a")
    assert s3.list_objects_v2(Bucket="lake")["KeyCount"] == 0


def test_status_says_so(full):
    said = command("status", full.data_dir).stdout
    assert "DISK NEARLY FULL: less than 1073741824.00 GiB (disk_free_bytes_min) is free" in said
    report = json.loads(command("status", full.data_dir, "--json").stdout)
    assert report["free_bytes"] < report["free_bytes_min"] == MUCH
