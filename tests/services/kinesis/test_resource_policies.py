"""Policies of streams and consumers, by boto3: what they say, and whom they let in."""

import json

import pytest

from lakebed.testing import server
from tests.services.kinesis.answers import ARN, body, refused

STREAM = f"{ARN}clicks"
OTHER = "111122223333"


@pytest.fixture
def kinesis(lakebed):
    client = lakebed.client("kinesis")
    client.create_stream(StreamName="clicks", ShardCount=1)
    return client


def policy(resource, *actions, effect="Allow", principal=f"arn:aws:iam::{OTHER}:root"):
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": list(actions),
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def registered(kinesis):
    answer = kinesis.register_stream_consumer(StreamARN=STREAM, ConsumerName="app")
    return answer["Consumer"]["ConsumerARN"]


def test_a_policy_is_put_got_and_deleted(kinesis):
    consumer = registered(kinesis)
    for arn in (STREAM, consumer):
        none = ("ResourceNotFoundException", f"No resource policy exists for {arn}.")
        assert refused(kinesis.get_resource_policy, ResourceARN=arn) == none
        text = policy(arn, "kinesis:DescribeStreamSummary")
        kinesis.put_resource_policy(ResourceARN=arn, Policy=text)
        assert body(kinesis.get_resource_policy(ResourceARN=arn)) == {"Policy": text}
        kinesis.delete_resource_policy(ResourceARN=arn)
        assert refused(kinesis.delete_resource_policy, ResourceARN=arn) == none


def test_a_policy_goes_with_what_it_is_of(kinesis):
    text = policy(STREAM, "kinesis:ListShards")
    kinesis.put_resource_policy(ResourceARN=STREAM, Policy=text)
    kinesis.delete_stream(StreamName="clicks")
    assert refused(kinesis.get_resource_policy, ResourceARN=STREAM) == (
        "ResourceNotFoundException",
        "Stream clicks under account 000000000000 not found.",
    )
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    answer = refused(kinesis.get_resource_policy, ResourceARN=STREAM)
    assert answer == ("ResourceNotFoundException", f"No resource policy exists for {STREAM}.")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Syntax errors in policy."),
        (json.dumps({"Version": "2012-10-17", "Statement": []}), "Syntax errors in policy."),
        (
            policy(STREAM, "kinesis:ListShards").replace('"Resource"', '"NotThere"'),
            "Syntax errors in policy.",
        ),
    ],
)
def test_what_is_no_policy(kinesis, text, why):
    answer = refused(kinesis.put_resource_policy, ResourceARN=STREAM, Policy=text)
    assert answer == ("InvalidArgumentException", f"The resource policy is malformed: {why}")
    long = policy(STREAM, *["kinesis:ListShards"] * 1000)
    assert refused(kinesis.put_resource_policy, ResourceARN=STREAM, Policy=long) == (
        "InvalidArgumentException",
        "A resource policy can have at most 20480 bytes.",
    )


def test_another_account_sees_what_a_policy_shows_it(lakebed, kinesis):
    theirs = lakebed.client("kinesis", aws_access_key_id=OTHER, aws_secret_access_key="test")
    shards = {"StreamARN": STREAM}
    assert refused(theirs.list_shards, **shards)[0] == "AccessDeniedException"
    text = policy(STREAM, "kinesis:ListShards", "kinesis:DescribeStreamSummary")
    kinesis.put_resource_policy(ResourceARN=STREAM, Policy=text)
    assert len(theirs.list_shards(**shards)["Shards"]) == 1
    summary = theirs.describe_stream_summary(StreamARN=STREAM)["StreamDescriptionSummary"]
    assert summary["StreamARN"] == STREAM
    assert refused(theirs.delete_stream, StreamARN=STREAM)[0] == "AccessDeniedException"
    assert theirs.list_streams()["StreamNames"] == []
    gone = "Stream clicks under account 111122223333 not found."
    named = {"StreamName": "clicks"}
    assert refused(theirs.list_shards, **named) == ("ResourceNotFoundException", gone)


def test_a_token_is_worth_no_more_than_its_stream(lakebed, kinesis):
    theirs = lakebed.client("kinesis", aws_access_key_id=OTHER, aws_secret_access_key="test")
    kinesis.create_stream(StreamName="wide", ShardCount=3)
    token = kinesis.list_shards(StreamName="wide", MaxResults=1)["NextToken"]
    assert refused(theirs.list_shards, NextToken=token)[0] == "AccessDeniedException"
    assert len(kinesis.list_shards(NextToken=token)["Shards"]) == 2


def test_another_account_uses_a_consumer_by_the_consumers_policy(lakebed, kinesis):
    theirs = lakebed.client("kinesis", aws_access_key_id=OTHER, aws_secret_access_key="test")
    arn = registered(kinesis)
    describe = theirs.describe_stream_consumer
    assert refused(describe, ConsumerARN=arn)[0] == "AccessDeniedException"
    text = policy(arn, "kinesis:DescribeStreamConsumer")
    kinesis.put_resource_policy(ResourceARN=arn, Policy=text)
    assert describe(ConsumerARN=arn)["ConsumerDescription"]["ConsumerARN"] == arn
    remove = theirs.deregister_stream_consumer
    assert refused(remove, ConsumerARN=arn)[0] == "AccessDeniedException"


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


def signed_as(strict, name, *statements):
    iam = strict.client("iam")
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return strict.client(
        "kinesis",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_a_user_may_do_what_a_policy_says_and_no_more(strict):
    root = strict.client("kinesis")
    root.create_stream(StreamName="clicks", ShardCount=1, Tags={"team": "data"})
    root.create_stream(StreamName="other", ShardCount=1)
    user = signed_as(
        strict,
        "reader",
        {"Effect": "Allow", "Action": "kinesis:List*", "Resource": STREAM},
        {"Effect": "Allow", "Action": "kinesis:CreateStream", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "kinesis:DescribeStreamSummary",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "data"}},
        },
    )
    assert len(user.list_shards(StreamName="clicks")["Shards"]) == 1
    assert user.describe_stream_summary(StreamARN=STREAM)["StreamDescriptionSummary"]
    code, sentence = refused(user.list_shards, StreamName="other")
    assert code == "AccessDeniedException"
    assert sentence == (
        "User: arn:aws:iam::000000000000:user/reader is not authorized to perform: "
        f"kinesis:ListShards on resource: {ARN}other because no identity-based policy allows the "
        "kinesis:ListShards action"
    )
    for refusal in (
        refused(user.describe_stream_summary, StreamName="other"),
        refused(user.delete_stream, StreamName="clicks"),
        refused(user.list_streams),
        # Tags ask for a permission of their own.
        refused(user.create_stream, StreamName="new", ShardCount=1, Tags={"a": "b"}),
    ):
        assert refusal[0] == "AccessDeniedException"
    user.create_stream(StreamName="new", ShardCount=1)


def test_whose_records_are_read_is_said_by_the_iterator(strict):
    root = strict.client("kinesis")
    for name in ("own", "theirs"):
        root.create_stream(StreamName=name, ShardCount=1)
    own, theirs = f"{ARN}own", f"{ARN}theirs"
    may = {"Effect": "Allow", "Action": ["kinesis:Get*"], "Resource": own}
    user = signed_as(strict, "curious", may)

    def iterator(client, arn):
        which = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        return client.get_shard_iterator(StreamARN=arn, **which)["ShardIterator"]

    assert user.get_records(ShardIterator=iterator(user, own))["Records"] == []
    assert refused(iterator, user, theirs)[0] == "AccessDeniedException"
    found = iterator(root, theirs)
    for which in ({}, {"StreamARN": own}):
        code, _ = refused(user.get_records, ShardIterator=found, **which)
        assert code == "AccessDeniedException"


def test_a_streams_policy_denies_even_who_is_allowed(strict):
    root = strict.client("kinesis")
    root.create_stream(StreamName="shut", ShardCount=1)
    every = {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}
    user = signed_as(strict, "writer", every)
    assert user.list_shards(StreamName="shut")["Shards"]
    denied = policy(
        f"{ARN}shut",
        "kinesis:ListShards",
        effect="Deny",
        principal="arn:aws:iam::000000000000:user/writer",
    )
    root.put_resource_policy(ResourceARN=f"{ARN}shut", Policy=denied)
    assert refused(user.list_shards, StreamName="shut")[0] == "AccessDeniedException"
    assert user.describe_stream(StreamName="shut")["StreamDescription"]
