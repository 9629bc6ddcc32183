"""Workgroups, by boto3: their settings, and what queries make of them."""

from __future__ import annotations

import pytest

from tests.services.athena.athena_client import finish, rows, start
from tests.services.glue.test_databases import body, error_of

VERSION = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
DEFAULTS = {
    "ResultConfiguration": {},
    "EnforceWorkGroupConfiguration": False,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
    "EngineVersion": VERSION,
    "EnableMinimumEncryptionConfiguration": False,
}


def show(athena, name):
    group = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert group.pop("CreationTime")
    return group


def refusal(call):
    code, message, status = error_of(call)
    assert (code, status) == ("InvalidRequestException", 400)
    return message


def test_primary_is_there_with_its_whole_configuration(athena):
    assert show(athena, "primary") == {
        "Name": "primary", "State": "ENABLED", "Configuration": DEFAULTS,
    }  # fmt: skip
    listed = athena.list_work_groups()["WorkGroups"]
    assert [group.pop("CreationTime") for group in listed]
    assert listed == [
        {"Name": "primary", "State": "ENABLED", "Description": "", "EngineVersion": VERSION}
    ]


def test_another_workgroup_is_not_found(athena):
    for call in (
        lambda: athena.get_work_group(WorkGroup="other"),
        lambda: athena.update_work_group(WorkGroup="other"),
        lambda: athena.delete_work_group(WorkGroup="other"),
        lambda: start(athena, "SELECT 1", WorkGroup="other"),
        lambda: athena.list_query_executions(WorkGroup="other"),
    ):
        assert refusal(call) == "WorkGroup is not found."


def test_a_workgroup_comes_back_as_it_was_made(athena):
    configuration = {
        "ResultConfiguration": {
            "OutputLocation": "s3://results/team/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "k"},
            "ExpectedBucketOwner": "000000000000",
            "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
        },
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": True,
        "BytesScannedCutoffPerQuery": 10_000_000,
        "EnableMinimumEncryptionConfiguration": False,
        "ExecutionRole": "arn:aws:iam::000000000000:role/athena",
        "AdditionalConfiguration": "{}",
        "CustomerContentEncryptionConfiguration": {"KmsKey": "alias/x"},
        "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
    }
    athena.create_work_group(
        Name="team", Description="ours", Configuration=configuration,
        Tags=[{"Key": "a", "Value": "1"}],
    )  # fmt: skip
    configuration["EngineVersion"] = VERSION | {"SelectedEngineVersion": "Athena engine version 3"}
    assert show(athena, "team") == {
        "Name": "team", "State": "ENABLED", "Description": "ours", "Configuration": configuration,
    }  # fmt: skip
    assert refusal(lambda: athena.create_work_group(Name="team")) == "WorkGroup is already created"


def test_updates_change_what_they_name_and_remove_what_they_say(athena):
    athena.create_work_group(
        Name="team",
        Configuration={
            "ResultConfiguration": {
                "OutputLocation": "s3://results/team/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            },
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    athena.update_work_group(
        WorkGroup="team",
        Description="new",
        State="DISABLED",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": True,
            "RemoveBytesScannedCutoffPerQuery": True,
            "ResultConfigurationUpdates": {
                "RemoveEncryptionConfiguration": True,
                "ExpectedBucketOwner": "000000000000",
            },
        },
    )
    assert show(athena, "team") == {
        "Name": "team",
        "State": "DISABLED",
        "Description": "new",
        "Configuration": DEFAULTS
        | {
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {
                "OutputLocation": "s3://results/team/", "ExpectedBucketOwner": "000000000000",
            },
        },
    }  # fmt: skip
    athena.update_work_group(
        WorkGroup="team",
        ConfigurationUpdates={"ResultConfigurationUpdates": {"RemoveOutputLocation": True}},
    )
    assert show(athena, "team")["Configuration"]["ResultConfiguration"] == {
        "ExpectedBucketOwner": "000000000000"
    }


@pytest.mark.parametrize(
    ("configuration", "code", "said"),
    [
        (
            {"ResultConfiguration": {"OutputLocation": "/tmp/x"}},
            "InvalidRequestException", "outputLocation is not a valid S3 path.",
        ),
        (
            {
                "ResultConfiguration": {"OutputLocation": "s3://results/"},
                "ManagedQueryResultsConfiguration": {"Enabled": True},
            },
            "InvalidRequestException",
            "OutputLocation cannot be set when managed query results are enabled.",
        ),
        (
            {"EngineVersion": {"SelectedEngineVersion": "Athena engine version 1"}},
            "InvalidRequestException", "Invalid engine version: Athena engine version 1",
        ),
        (
            {"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}},
            "LakebedNotBuilt", "EngineVersion PySpark engine version 3",
        ),
        (
            {"ResultConfiguration": {"EncryptionConfiguration": {"EncryptionOption": "CSE_KMS"}}},
            "LakebedNotBuilt", "EncryptionConfiguration CSE_KMS",
        ),
        (
            {"IdentityCenterConfiguration": {"EnableIdentityCenter": True}},
            "LakebedNotBuilt", "IdentityCenterConfiguration",
        ),
        (
            {"MonitoringConfiguration": {"CloudWatchLoggingConfiguration": {"Enabled": True}}},
            "LakebedNotBuilt", "MonitoringConfiguration",
        ),
    ],
)  # fmt: skip
def test_configurations_that_are_refused(athena, configuration, code, said):
    found = error_of(lambda: athena.create_work_group(Name="w", Configuration=configuration))
    assert (found[0], said in found[1], found[2]) == (code, True, 400)


def test_workgroups_are_listed_by_name_in_pages(athena):
    for name in ("b", "a", "z"):
        athena.create_work_group(Name=name)
    first = athena.list_work_groups(MaxResults=3)
    second = athena.list_work_groups(MaxResults=3, NextToken=first["NextToken"])
    names = [[group["Name"] for group in page["WorkGroups"]] for page in (first, second)]
    assert (names, "NextToken" in second) == ([["a", "b", "primary"], ["z"]], False)
    assert refusal(lambda: athena.list_work_groups(NextToken="?")) == "Malformed nextPageToken ?"


def test_a_disabled_workgroup_runs_nothing(athena):
    athena.create_work_group(Name="team")
    athena.update_work_group(WorkGroup="team", State="DISABLED")
    assert refusal(lambda: start(athena, "SELECT 1", WorkGroup="team")) == "WorkGroup is disabled."


def test_only_an_empty_workgroup_is_deleted_unless_asked(athena):
    athena.create_work_group(Name="team")
    finish(athena, "SELECT 1", WorkGroup="team")
    named = athena.create_named_query(
        Name="n", Database="d", QueryString="SELECT 1", WorkGroup="team"
    )
    assert refusal(lambda: athena.delete_work_group(WorkGroup="team")) == (
        "WorkGroup team is not empty"
    )
    athena.delete_work_group(WorkGroup="team", RecursiveDeleteOption=True)
    assert refusal(lambda: athena.get_work_group(WorkGroup="team")) == "WorkGroup is not found."
    refusal(lambda: athena.get_named_query(NamedQueryId=named["NamedQueryId"]))
    athena.create_work_group(Name="team")
    assert athena.list_query_executions(WorkGroup="team")["QueryExecutionIds"] == []
    assert body(athena.delete_work_group(WorkGroup="team")) == {}
    assert refusal(lambda: athena.delete_work_group(WorkGroup="primary")) == (
        "The primary workgroup cannot be deleted."
    )


def test_an_enforcing_workgroup_overrides_the_client(athena):
    athena.create_work_group(
        Name="team",
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {
                "OutputLocation": "s3://results/team",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            },
        },
    )
    query = finish(
        athena, "SELECT 1", WorkGroup="team",
        ResultConfiguration={"OutputLocation": "s3://results/mine/"},
    )  # fmt: skip
    assert query["ResultConfiguration"] == {
        "OutputLocation": f"s3://results/team/{query['QueryExecutionId']}.csv",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
    }


def test_a_workgroup_fills_in_what_the_client_did_not_give(athena):
    athena.create_work_group(
        Name="team",
        Configuration={
            "ResultConfiguration": {
                "OutputLocation": "s3://results/team/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            },
        },
    )
    kms = {"EncryptionOption": "SSE_KMS", "KmsKey": "k"}
    found = [
        finish(athena, "SELECT 1", WorkGroup="team", ResultConfiguration=given)
        for given in ({}, {"EncryptionConfiguration": kms}, {"OutputLocation": "s3://results/me"})
    ]
    ids = [query["QueryExecutionId"] for query in found]
    assert [query["ResultConfiguration"] for query in found] == [
        {
            "OutputLocation": f"s3://results/team/{ids[0]}.csv",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        },
        {
            "OutputLocation": f"s3://results/team/{ids[1]}.csv",
            "EncryptionConfiguration": kms,
        },
        {
            "OutputLocation": f"s3://results/me/{ids[2]}.csv",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        },
    ]


def test_a_minimum_of_encryption_is_kept(athena):
    athena.create_work_group(
        Name="team",
        Configuration={
            "EnableMinimumEncryptionConfiguration": True,
            "ResultConfiguration": {
                "OutputLocation": "s3://results/team/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "k"},
            },
        },
    )
    message = refusal(
        lambda: start(
            athena, "SELECT 1", WorkGroup="team",
            ResultConfiguration={"EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}},
        )
    )  # fmt: skip
    assert message == "Encryption must be at least the workgroup's minimum, SSE_KMS."


def test_managed_results_are_read_by_athena_alone(athena, lakebed):
    athena.create_work_group(
        Name="team", Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}}
    )
    query = finish(athena, "SELECT 1 AS n", WorkGroup="team", ResultConfiguration={})
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    assert query["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    assert query["ResultConfiguration"] == {}
    assert rows(athena, query) == [["n"], ["1"]]
    shown = finish(athena, "SHOW DATABASES", WorkGroup="team", ResultConfiguration={})
    assert rows(athena, shown) == [["default"]]
    assert "Contents" not in lakebed.client("s3").list_objects_v2(Bucket="results")
    message = refusal(lambda: start(athena, "SELECT 1", WorkGroup="team"))
    assert message == (
        "WorkGroup team uses managed query results: OutputLocation cannot be specified."
    )


def test_a_query_that_scans_more_than_its_workgroup_lets_it_is_cancelled(athena, lakebed):
    athena.create_work_group(
        Name="team",
        Configuration={
            "BytesScannedCutoffPerQuery": 10_000_000,
            "ResultConfiguration": {"OutputLocation": "s3://results/q/"},
        },
    )
    finish(athena, "CREATE DATABASE big")
    s3 = lakebed.client("s3")
    line = b"%06d," + b"x" * 93 + b"\n"
    half = b"".join(line % number for number in range(60_000))
    for part in "ab":
        s3.put_object(Bucket="results", Key=f"big/p={part}/f.csv", Body=half)
    finish(
        athena,
        "CREATE EXTERNAL TABLE big.t (n int, s string) PARTITIONED BY (p string) ROW FORMAT "
        "DELIMITED FIELDS TERMINATED BY ',' STORED AS TEXTFILE LOCATION 's3://results/big/'",
    )
    finish(athena, "MSCK REPAIR TABLE big.t")
    whole = finish(athena, "SELECT max(s) FROM big.t", WorkGroup="team")
    status, statistics = whole["Status"], whole["Statistics"]
    assert (status["State"], status["StateChangeReason"], "AthenaError" in status) == (
        "CANCELLED", "Bytes scanned limit was exceeded", False,
    )  # fmt: skip
    assert statistics["DataScannedInBytes"] > 10_000_000
    half_query = finish(athena, "SELECT max(n) FROM big.t WHERE p = 'a'", WorkGroup="team")
    assert rows(athena, half_query) == [["_col0"], ["59999"]]
    written = finish(
        athena, "CREATE TABLE big.copy WITH (external_location = 's3://results/copy/') AS "
        "SELECT * FROM big.t", WorkGroup="team",
    )  # fmt: skip
    assert written["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert "Contents" not in s3.list_objects_v2(Bucket="results", Prefix="copy/")
    assert rows(athena, finish(athena, "SHOW TABLES IN big")) == [["t"]]
