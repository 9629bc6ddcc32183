from __future__ import annotations

import datetime
import json
import re

import pytest

from lakebed.core.accesses import Access, AccessLog
from lakebed.core.limits import ACCESS_RECORDS_MAX
from lakebed.services.s3._access_log import Source, line, operation_name
from tests.cli.owner import owner
from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import nobody, other
from tests.services.s3.test_bucket_cors import ask


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.create_bucket(Bucket="logs")
    return client


def let_in(s3, source="lake"):
    """Let S3 put the logs of a bucket."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/*",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(document))


def enable(s3, prefix="log/", **more):
    status = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": prefix, **more}}
    s3.put_bucket_logging(Bucket="lake", BucketLoggingStatus=status)
    return status


def delivered(lakebed, s3):
    """Deliver, and return the lines of each object; without what differs from time to time."""
    owner(lakebed, "access-logs")
    found = {}
    for item in s3.list_objects_v2(Bucket="logs").get("Contents", ()):
        text = s3.get_object(Bucket="logs", Key=item["Key"])["Body"].read().decode()
        found[item["Key"]] = [normal(row) for row in text.splitlines()]
    return found


def normal(row):
    row = re.sub(r"\[[^]]* \+0000\]", "[time]", row)
    row = re.sub(r" [0-9A-F]{16} ", " request ", row)
    row = re.sub(r" [0-9a-f]{32} ", " host ", row)
    row = re.sub(r'" (\d+) (\S+) (\S+) (\S+) \d+ \d+ ', r'" \1 \2 \3 \4 1 1 ', row)
    row = re.sub(r'"Boto3[^"]*"', '"agent"', row)
    return re.sub(r"127\.0\.0\.1:\d+", "here", row)


def test_where_access_is_logged_is_kept(s3):
    assert answer(s3.get_bucket_logging(Bucket="lake")) == {}
    keys = {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}}
    status = enable(s3, TargetObjectKeyFormat=keys)
    assert answer(s3.get_bucket_logging(Bucket="lake")) == status
    s3.put_bucket_logging(Bucket="lake", BucketLoggingStatus={})
    assert answer(s3.get_bucket_logging(Bucket="lake")) == {}


def test_the_target_must_be_a_bucket_of_the_same_owner_and_region(lakebed, s3):
    def put(name, **more):
        status = {"LoggingEnabled": {"TargetBucket": name, "TargetPrefix": "", **more}}
        return refusal(s3.put_bucket_logging, Bucket="lake", BucketLoggingStatus=status)

    assert put("nowhere") == (
        400,
        {
            "Code": "InvalidTargetBucketForLogging",
            "Message": "The target bucket for logging does not exist",
            "TargetBucket": "nowhere",
        },
    )
    other(lakebed).create_bucket(Bucket="theirs")
    assert put("theirs")[1]["Code"] == "InvalidTargetBucketForLogging"
    there = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="far", CreateBucketConfiguration=there)
    assert put("far") == (
        403,
        {
            "Code": "CrossLocationLoggingProhibitted",
            "Message": "Cross S3 location logging not allowed. ",
            "TargetBucketLocation": "eu-west-1",
        },
    )
    group = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    grants = [{"Grantee": group, "Permission": "READ"}]
    assert put("logs", TargetGrants=grants)[1]["Code"] == "AccessControlListNotSupported"
    both = {"SimplePrefix": {}, "PartitionedPrefix": {}}
    assert put("logs", TargetObjectKeyFormat=both)[1]["Code"] == "MalformedXML"


def test_each_request_is_a_line(lakebed, s3):
    let_in(s3)
    enable(s3)
    owner(lakebed, "access-logs")
    s3.put_object(Bucket="lake", Key="a b", Body=b"12345")
    s3.get_object(Bucket="lake", Key="a b", Range="bytes=1-2")
    s3.list_objects_v2(Bucket="lake", Prefix="x")
    refusal(s3.get_object, Bucket="lake", Key="gone")
    refusal(nobody(lakebed).head_bucket, Bucket="lake")
    ask(lakebed, "OPTIONS", "/lake/k", Referer='https://one.test/"', User_Agent="a\tb")
    (lines,) = delivered(lakebed, s3).values()
    signed = "- host SigV4 - AuthHeader here - - - us-east-1"
    root = "000000000000 lake [time] 127.0.0.1 000000000000 request"
    anonymous = "000000000000 lake [time] 127.0.0.1 - request"
    listed = '"GET /lake?list-type=2&prefix=x&encoding-type=url HTTP/1.1"'
    assert lines == [
        f'{root} REST.PUT.OBJECT a%2520b "PUT /lake/a%20b HTTP/1.1" 200 - - 5 1 1 "-" "agent" '
        + signed,
        f'{root} REST.GET.OBJECT a%2520b "GET /lake/a%20b HTTP/1.1" 206 - 2 5 1 1 "-" "agent" '
        + signed,
        f'{root} REST.GET.BUCKET - {listed} 200 - 268 - 1 1 "-" "agent" ' + signed,
        f'{root} REST.GET.OBJECT gone "GET /lake/gone HTTP/1.1" 404 NoSuchKey 231 - 1 1 "-" '
        '"agent" ' + signed,
        f'{anonymous} REST.HEAD.BUCKET - "HEAD /lake HTTP/1.1" 403 AccessDenied - - 1 1 "-" '
        '"agent" - host - - - here - - - us-east-1',
        f'{anonymous} REST.OPTIONS.PREFLIGHT k "OPTIONS /lake/k HTTP/1.1" 400 BadRequest 239 - 1 1'
        ' "https://one.test/%22" "a%09b" - host - - - here - - - us-east-1',
    ]


def test_logs_are_delivered_by_prefix_or_by_day(lakebed, s3):
    let_in(s3)
    enable(s3, "plain-")
    owner(lakebed, "access-logs")
    s3.head_bucket(Bucket="lake")
    (key,) = delivered(lakebed, s3)
    assert re.fullmatch(r"plain-\d{4}(-\d\d){5}-[0-9A-F]{16}", key)
    s3.delete_object(Bucket="logs", Key=key)
    source = {"PartitionDateSource": "EventTime"}
    enable(s3, "by-day/", TargetObjectKeyFormat={"PartitionedPrefix": source})
    s3.head_bucket(Bucket="lake")
    (key,) = delivered(lakebed, s3)
    today = datetime.datetime.now(datetime.UTC)
    begin = f"by-day/000000000000/us-east-1/lake/{today:%Y/%m/%d/%Y-%m-%d}-00-00-00-"
    assert key.startswith(begin)


def test_a_bucket_that_does_not_let_logs_in_has_none(lakebed, s3):
    enable(s3)
    owner(lakebed, "access-logs")
    s3.head_bucket(Bucket="lake")
    assert delivered(lakebed, s3) == {}
    let_in(s3, "another")
    s3.head_bucket(Bucket="lake")
    assert delivered(lakebed, s3) == {}
    let_in(s3)
    s3.head_bucket(Bucket="lake")
    assert len(delivered(lakebed, s3)) == 1


def test_an_access_list_lets_logs_in_and_others_read_them(lakebed, s3):
    s3.put_bucket_ownership_controls(
        Bucket="logs", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_bucket_acl(Bucket="logs", ACL="log-delivery-write")
    user = {"Type": "CanonicalUser", "ID": "111111111111"}
    enable(s3, TargetGrants=[{"Grantee": user, "Permission": "READ"}])
    owner(lakebed, "access-logs")
    s3.head_bucket(Bucket="lake")
    (key,) = delivered(lakebed, s3)
    grants = answer(s3.get_object_acl(Bucket="logs", Key=key))["Grants"]
    assert {"Grantee": user, "Permission": "READ"} in grants


def test_what_is_not_logged_any_more_leaves_nothing(lakebed, s3):
    let_in(s3)
    enable(s3)
    owner(lakebed, "access-logs")
    s3.put_bucket_logging(Bucket="lake", BucketLoggingStatus={})
    s3.head_bucket(Bucket="lake")
    assert delivered(lakebed, s3) == {}
    enable(s3)
    owner(lakebed, "access-logs")
    s3.delete_bucket(Bucket="lake")
    assert delivered(lakebed, s3) == {}
    assert owner(lakebed, "access-logs") == {"done": {}}


def access(**changes):
    known = {
        "bucket": "lake", "key": "k", "time": 0.0, "address": "", "requester": "",
        "request_id": "ID", "operation": "GetObject", "method": "GET", "path": "/lake/k",
        "query": "", "status": 200, "error": "", "sent_bytes": 0, "object_bytes": -1,
        "milliseconds": 1, "referer": "", "user_agent": "", "host": "", "signature": "",
        "auth": "", "tls_version": "",
    }  # fmt: skip
    return Access(**{**known, **changes})


@pytest.mark.parametrize(
    ("operation", "method", "name"),
    [
        ("GetBucketVersioning", "GET", "REST.GET.VERSIONING"),
        ("GetBucketLogging", "GET", "REST.GET.LOGGING_STATUS"),
        ("PutBucketLogging", "PUT", "REST.PUT.LOGGING_STATUS"),
        ("GetBucketPolicy", "GET", "REST.GET.BUCKETPOLICY"),
        ("CopyObject", "PUT", "REST.COPY.OBJECT"),
        ("UploadPart", "PUT", "REST.PUT.PART"),
        ("DeleteObjects", "POST", "REST.POST.MULTI_OBJECT_DELETE"),
        ("", "GET", "REST.GET.OBJECT"),
    ],
)
def test_operations_have_the_names_of_the_log(operation, method, name):
    assert operation_name(access(operation=operation, method=method)) == name


def test_a_line_cannot_be_torn_by_what_is_in_it():
    wild = access(user_agent='a" 200 -\nforged', referer="\r\n", key="a b", host="x y")
    text = line(wild, Source("lake", "1", "r"))
    assert "\n" not in text
    assert text.count('"') == 6
    assert len(re.findall(r'\[[^]]*\]|"[^"]*"|\S+', text)) == 27


def test_what_waits_is_bounded():
    log = AccessLog()
    for _ in range(ACCESS_RECORDS_MAX + 3):
        log.add(access())
    assert (log.lost, log.is_full) == (3, True)
    assert len(log.take()["lake"]) == ACCESS_RECORDS_MAX
    assert (log.take(), log.is_full) == ({}, False)
