"""Subscription filters, by boto3: what they could send to is not there, and is named."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of


def put(logs, destination, pattern="ERROR"):
    logs.put_subscription_filter(
        logGroupName="/app", filterName="f", filterPattern=pattern, destinationArn=destination
    )


@pytest.mark.parametrize(
    ("destination", "named"),
    [
        ("arn:aws:kinesis:us-east-1:000000000000:stream/s", "Kinesis"),
        ("arn:aws:firehose:us-east-1:000000000000:deliverystream/s", "Firehose"),
        ("arn:aws:lambda:us-east-1:000000000000:function:f", "Lambda"),
        ("arn:aws:logs:us-east-1:111111111111:destination:d", "other accounts"),
    ],
)
def test_what_is_not_there_is_named(logs, stream, destination, named):
    code, message, status = error_of(lambda: put(logs, destination))
    assert (code, status) == ("LakebedNotBuilt", 400)
    assert "logs.PutSubscriptionFilter (all destinations: " in message
    assert named in message
    assert body(logs.describe_subscription_filters(logGroupName="/app")) == {
        "subscriptionFilters": []
    }


def test_what_is_wrong_is_said_first(logs, stream):
    assert error_of(lambda: put(logs, "arn:aws:s3:::bucket")) == (
        "InvalidParameterException", "Invalid destination ARN.", 400,
    )  # fmt: skip
    kinesis = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
    assert error_of(lambda: put(logs, kinesis, "{ a }"))[0] == "InvalidParameterException"
    given = {"logGroupName": "/app", "filterName": "f"}
    assert error_of(lambda: logs.delete_subscription_filter(**given)) == (
        "ResourceNotFoundException", "The specified subscription filter does not exist.", 400,
    )  # fmt: skip
    for call in (logs.describe_subscription_filters,):
        assert error_of(lambda call=call: call(logGroupName="nope"))[0] == (
            "ResourceNotFoundException"
        )
