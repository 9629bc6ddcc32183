"""`lakebed user`: a user with keys, who may what the policies say."""

from __future__ import annotations

import re

import boto3
import pytest
from botocore.exceptions import ClientError

from lakebed import testing
from tests.cli.commands import lakebed as command_of


@pytest.fixture
def command(lakebed):
    def run(*arguments: str):
        return command_of("user", lakebed.data_dir, *arguments)

    return run


def test_a_user_is_added_listed_and_removed(lakebed, command):
    added = command("add", "ann", "--policy", "AmazonS3ReadOnlyAccess")
    assert added.returncode == 0, added.stderr
    lines = dict(re.findall(r"export (\w+)='(.*)'", added.stdout))
    assert lines["AWS_ENDPOINT_URL"] == lakebed.url
    keys = {
        "aws_access_key_id": lines["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": lines["AWS_SECRET_ACCESS_KEY"],
    }
    arn = "arn:aws:iam::000000000000:user/ann"
    assert lakebed.client("sts", **keys).get_caller_identity()["Arn"] == arn
    attached = lakebed.client("iam").list_attached_user_policies(UserName="ann")
    assert [one["PolicyName"] for one in attached["AttachedPolicies"]] == ["AmazonS3ReadOnlyAccess"]
    assert command("list").stdout.split() == ["ann"]
    assert command("remove", "ann").returncode == 0
    assert command("list").stdout == ""
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        lakebed.client("sts", **keys).get_caller_identity()


def test_a_user_of_a_policy_that_is_not_there_is_not_added(command):
    refused = command("add", "ann", "--policy", "NoSuchPolicy")
    assert refused.returncode == 1
    assert "NoSuchEntity" in refused.stderr
    assert command("list").stdout == ""


def test_a_name_is_needed(command):
    assert command("add").returncode == 2


def test_the_user_of_a_server_for_strangers(tmp_path, monkeypatch):
    for variable in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "lake"
    assert command_of("init", folder, "--server").returncode == 0
    server = testing.start(folder, "--host", "127.0.0.1", log=tmp_path / "log")
    try:
        added = command_of("user", folder, "add", "ann", "--policy", "AmazonS3ReadOnlyAccess")
        assert added.returncode == 0, added.stderr
        lines = dict(re.findall(r"export (\w+)='(.*)'", added.stdout))
        assert lines["AWS_ENDPOINT_URL"] == server.url
        ann = boto3.Session(
            lines["AWS_ACCESS_KEY_ID"], lines["AWS_SECRET_ACCESS_KEY"],
            region_name=lines["AWS_DEFAULT_REGION"],
        )  # fmt: skip
        s3 = ann.client("s3", endpoint_url=server.url, verify=lines["AWS_CA_BUNDLE"])
        assert s3.list_buckets()["Buckets"] == []
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.create_bucket(Bucket="not-hers")
    finally:
        server.stop()
