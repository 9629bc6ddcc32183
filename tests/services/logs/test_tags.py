"""Tags of log groups, by boto3: by ARN and by name."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:/app"


def test_tags_are_added_and_removed_by_arn(logs, stream):
    assert body(logs.tag_resource(resourceArn=ARN, tags={"a": "1", "b": "2"})) == {}
    logs.tag_resource(resourceArn=ARN, tags={"b": "3", "empty": ""})
    assert body(logs.untag_resource(resourceArn=ARN, tagKeys=["a", "nope"])) == {}
    assert body(logs.list_tags_for_resource(resourceArn=ARN)) == {"tags": {"b": "3", "empty": ""}}


def test_tags_are_added_and_removed_by_name(logs):
    logs.create_log_group(logGroupName="/app", tags={"a": "1"})
    assert body(logs.tag_log_group(logGroupName="/app", tags={"b": "2"})) == {}
    assert body(logs.untag_log_group(logGroupName="/app", tags=["a"])) == {}
    assert body(logs.list_tags_log_group(logGroupName="/app")) == {"tags": {"b": "2"}}


def test_what_has_no_tags_is_said(logs, stream):
    missing = ("ResourceNotFoundException", "The specified log group does not exist.", 400)
    assert error_of(lambda: logs.list_tags_for_resource(resourceArn=ARN + "x")) == missing
    assert error_of(lambda: logs.list_tags_log_group(logGroupName="x")) == missing
    destination = ARN.replace("log-group", "destination")
    assert error_of(lambda: logs.list_tags_for_resource(resourceArn=destination))[0] == (
        "LakebedNotBuilt"
    )
    assert error_of(lambda: logs.list_tags_for_resource(resourceArn="nope")) == (
        "InvalidParameterException", "Invalid resource ARN: nope", 400,
    )  # fmt: skip
    many = {str(index): "x" for index in range(51)}
    assert error_of(lambda: logs.tag_resource(resourceArn=ARN, tags=many))[0] in (
        "TooManyTagsException", "InvalidParameterException",
    )  # fmt: skip
