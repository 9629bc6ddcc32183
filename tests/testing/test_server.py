"""What people replacing a mock look for: ready at once, empty at once, apart from each other."""

from __future__ import annotations

import os
import time

import boto3
import pytest

from lakebed import testing


def test_the_environment_points_at_the_server():
    before = os.environ.get("AWS_ENDPOINT_URL")
    with testing.server() as lake:
        assert os.environ["AWS_ENDPOINT_URL"] == lake.url
        boto3.client("s3").create_bucket(Bucket="bucket")
        assert (lake.data_dir / "lake" / "bucket").is_dir()
    assert os.environ.get("AWS_ENDPOINT_URL") == before
    assert not lake.data_dir.exists()


def test_environments_may_end_in_any_order(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "before")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    first = testing.environment({"AWS_REGION": "first", "AWS_DEFAULT_REGION": "first"})
    second = testing.environment({"AWS_REGION": "second"})
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (os.environ["AWS_REGION"], os.environ.get("AWS_DEFAULT_REGION")) == ("second", None)
    second.__exit__(None, None, None)
    assert (os.environ["AWS_REGION"], os.environ.get("AWS_DEFAULT_REGION")) == ("before", None)


def test_reset_leaves_an_empty_lake(lakebed):
    s3, glue = lakebed.client("s3"), lakebed.client("glue")
    for _ in range(2):
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="a/b", Body=b"x")
        glue.create_database(DatabaseInput={"Name": "d"})
        lakebed.reset()
        assert s3.list_buckets()["Buckets"] == []
        assert glue.get_databases()["DatabaseList"] == []
        assert list((lakebed.data_dir / "lake").iterdir()) == []


def test_resets_one_after_the_other(lakebed):
    s3 = lakebed.client("s3")
    for number in range(60):
        s3.create_bucket(Bucket=f"bucket-{number}")
        lakebed.reset()
    assert s3.list_buckets()["Buckets"] == []


def test_reset_is_only_for_tests(tmp_path):
    import urllib.error
    import urllib.request

    server = testing.start(tmp_path / "data", "--no-testing", log=tmp_path / "log")
    request = urllib.request.Request(f"{server.url}/_lakebed/reset", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    server.kill()
    assert refused.value.code == 404


def test_two_servers_are_apart():
    with testing.server() as one, testing.server() as two:
        one.client("s3").create_bucket(Bucket="bucket")
        assert two.client("s3").list_buckets()["Buckets"] == []


def test_a_stopped_server_is_gone():
    began = time.monotonic()
    with testing.server() as lake:
        pass
    assert lake.process.poll() == 0
    assert time.monotonic() - began < 20
