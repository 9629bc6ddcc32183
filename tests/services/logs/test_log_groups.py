"""Log groups, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import events, now

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:"


def names(answer):
    return [group["logGroupName"] for group in answer["logGroups"]]


def test_a_group_is_described_whole(logs):
    begun = now()
    answer = logs.create_log_group(logGroupName="/aws-glue/jobs", tags={"team": "data"})
    assert body(answer) == {}
    found = body(logs.describe_log_groups())
    assert begun - 1000 <= found["logGroups"][0].pop("creationTime") <= now() + 1000
    assert found == {
        "logGroups": [
            {
                "logGroupName": "/aws-glue/jobs",
                "metricFilterCount": 0,
                "arn": f"{ARN}/aws-glue/jobs:*",
                "logGroupArn": f"{ARN}/aws-glue/jobs",
                "storedBytes": 0,
                "logGroupClass": "STANDARD",
                "deletionProtectionEnabled": False,
            }
        ]
    }


def test_a_name_is_taken_once_and_free_again_after_a_deletion(logs, stream):
    logs.put_log_events(**stream, logEvents=events("old"))
    assert error_of(lambda: logs.create_log_group(logGroupName="/app")) == (
        "ResourceAlreadyExistsException", "The specified log group already exists", 400,
    )  # fmt: skip
    assert body(logs.delete_log_group(logGroupName="/app")) == {}
    missing = ("ResourceNotFoundException", "The specified log group does not exist.", 400)
    assert error_of(lambda: logs.delete_log_group(logGroupName="/app")) == missing
    assert error_of(lambda: logs.describe_log_streams(logGroupName="/app")) == missing
    logs.create_log_group(logGroupName="/app")
    assert body(logs.describe_log_streams(logGroupName="/app")) == {"logStreams": []}
    assert body(logs.filter_log_events(logGroupName="/app"))["events"] == []


def test_names_are_checked(logs):
    code, message, status = error_of(lambda: logs.create_log_group(logGroupName="a b"))
    assert (code, status) == ("InvalidParameterException", 400)
    assert message.startswith(
        "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: "
    )
    assert error_of(lambda: logs.create_log_group(logGroupName="aws/mine")) == (
        "InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.", 400,
    )  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [{"kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/1"}, {"logGroupClass": "DELIVERY"}],
)
def test_what_is_not_built_says_so(logs, more):
    assert error_of(lambda: logs.create_log_group(logGroupName="x", **more))[0] == "LakebedNotBuilt"
    assert names(logs.describe_log_groups()) == []


def test_groups_are_found_by_prefix_pattern_class_and_identifier(logs):
    for name in ("/a/one", "/a/Two", "/b/one"):
        logs.create_log_group(logGroupName=name)
    logs.create_log_group(logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    assert names(logs.describe_log_groups(logGroupNamePrefix="/a")) == ["/a/Two", "/a/one"]
    assert names(logs.describe_log_groups(logGroupNamePattern="TWO")) == ["/a/Two"]
    assert names(logs.describe_log_groups(logGroupClass="INFREQUENT_ACCESS")) == ["rare"]
    wanted = [f"{ARN}/b/one", "rare"]
    assert names(logs.describe_log_groups(logGroupIdentifiers=wanted)) == ["/b/one", "rare"]
    both = {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}
    assert error_of(lambda: logs.describe_log_groups(**both)) == (
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        400,
    )


def test_groups_are_listed_in_pages(logs):
    made = [f"g{index:03}" for index in range(7)]
    for name in made:
        logs.create_log_group(logGroupName=name)
    pages = list(
        logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3})
    )
    assert [names(page) for page in pages] == [made[:3], made[3:6], made[6:]]
    assert names(logs.describe_log_groups(logGroupNamePrefix="g00", limit=50)) == made
    assert error_of(lambda: logs.describe_log_groups(nextToken="%")) == (
        "InvalidParameterException", "The specified nextToken is invalid.", 400,
    )  # fmt: skip


def test_groups_are_listed_by_pattern_and_tags(logs):
    logs.create_log_group(logGroupName="/aws/lambda/a", tags={"env": "prod-1"})
    logs.create_log_group(logGroupName="/discovery", tags={"env": "test"})
    logs.create_log_group(logGroupName="other")
    assert body(logs.list_log_groups(logGroupNamePattern="^/aws/lam|disco")) == {
        "logGroups": [
            {
                "logGroupName": name,
                "logGroupArn": ARN + name,
                "logGroupClass": "STANDARD",
            }
            for name in ("/aws/lambda/a", "/discovery")
        ]
    }
    tagged = logs.list_log_groups(logGroupTags=[{"key": "env", "values": ["prod*"]}])
    assert names(tagged) == ["/aws/lambda/a"]
    negated = logs.list_log_groups(logGroupTags=[{"key": "env", "values": ["!prod*"]}])
    assert names(negated) == ["/discovery"]


def test_a_protected_group_stays(logs):
    logs.create_log_group(logGroupName="kept", deletionProtectionEnabled=True)
    code, _, status = error_of(lambda: logs.delete_log_group(logGroupName="kept"))
    assert (code, status) == ("ValidationException", 400)
    logs.put_log_group_deletion_protection(
        logGroupIdentifier=f"{ARN}kept", deletionProtectionEnabled=False
    )
    assert body(logs.delete_log_group(logGroupName="kept")) == {}
    assert names(logs.describe_log_groups()) == []


def test_groups_belong_to_a_region(lakebed, logs, stream):
    elsewhere = lakebed.client("logs", region_name="eu-west-1")
    assert names(elsewhere.describe_log_groups()) == []
    assert names(logs.describe_log_groups()) == ["/app"]
