from __future__ import annotations

import pytest
from botocore.config import Config

from lakebed.services.s3.model import is_legal_bucket_name
from tests.services.s3.answers import RECENT, answer, refusal


def test_a_bucket_is_created_seen_listed_and_deleted(lakebed):
    s3 = lakebed.client("s3")
    assert answer(s3.create_bucket(Bucket="flights")) == {
        "Location": "/flights",
        "BucketArn": "arn:aws:s3:::flights",
    }
    assert answer(s3.head_bucket(Bucket="flights")) == {
        "BucketArn": "arn:aws:s3:::flights",
        "BucketRegion": "us-east-1",
    }
    assert answer(s3.get_bucket_location(Bucket="flights")) == {"LocationConstraint": None}
    assert answer(s3.list_buckets()) == {
        "Buckets": [
            {
                "Name": "flights",
                "CreationDate": RECENT,
                "BucketRegion": "us-east-1",
                "BucketArn": "arn:aws:s3:::flights",
            }
        ],
        "Owner": {"ID": "000000000000"},
    }
    assert (lakebed.data_dir / "lake" / "flights").is_dir()
    assert answer(s3.delete_bucket(Bucket="flights")) == {}
    assert answer(s3.list_buckets()) == {"Buckets": [], "Owner": {"ID": "000000000000"}}
    assert not (lakebed.data_dir / "lake" / "flights").exists()


def test_what_is_not_there_is_no_such_bucket(lakebed):
    s3 = lakebed.client("s3")
    expected = (
        404,
        {
            "Code": "NoSuchBucket",
            "Message": "The specified bucket does not exist",
            "BucketName": "nothing",
        },
    )
    for call in (s3.get_bucket_location, s3.delete_bucket, s3.list_objects_v2, s3.list_objects):
        assert refusal(call, Bucket="nothing") == expected
    for call in (s3.get_object, s3.put_object, s3.delete_object, s3.create_multipart_upload):
        assert refusal(call, Bucket="nothing", Key="k") == expected
    not_found = 404, {"Code": "404", "Message": "Not Found"}
    assert refusal(s3.head_bucket, Bucket="nothing") == not_found


def test_ones_own_bucket_can_be_created_again_only_in_us_east_1(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="k", Body=b"kept")
    assert answer(s3.create_bucket(Bucket="mine")) == {
        "Location": "/mine",
        "BucketArn": "arn:aws:s3:::mine",
    }
    assert s3.get_object(Bucket="mine", Key="k")["Body"].read() == b"kept"
    west = lakebed.session().client("s3", endpoint_url=lakebed.url, region_name="eu-west-1")
    configuration = {"LocationConstraint": "eu-west-1"}
    west.create_bucket(Bucket="west", CreateBucketConfiguration=configuration)
    assert answer(west.get_bucket_location(Bucket="west")) == configuration
    assert refusal(west.create_bucket, Bucket="west", CreateBucketConfiguration=configuration) == (
        409,
        {
            "Code": "BucketAlreadyOwnedByYou",
            "Message": "Your previous request to create the named bucket succeeded and you "
            "already own it.",
            "BucketName": "west",
        },
    )


def test_another_accounts_bucket_name_is_taken(lakebed):
    lakebed.client("s3").create_bucket(Bucket="taken")
    other = lakebed.session().client(
        "s3",
        endpoint_url=lakebed.url,
        aws_access_key_id="111122223333",
        aws_secret_access_key="test",
    )
    status, error = refusal(other.create_bucket, Bucket="taken")
    assert (status, error["Code"], error["BucketName"]) == (409, "BucketAlreadyExists", "taken")
    assert refusal(other.list_objects_v2, Bucket="taken") == (
        403,
        {"Code": "AccessDenied", "Message": "Access Denied"},
    )
    assert answer(other.list_buckets()) == {"Buckets": [], "Owner": {"ID": "111122223333"}}


def test_a_location_constraint_must_fit_the_region(lakebed):
    west = lakebed.session().client("s3", endpoint_url=lakebed.url, region_name="eu-west-1")
    assert refusal(west.create_bucket, Bucket="west") == (
        400,
        {
            "Code": "IllegalLocationConstraintException",
            "Message": "The unspecified location constraint is incompatible for the region "
            "specific endpoint this request was sent to.",
        },
    )
    assert refusal(
        west.create_bucket,
        Bucket="west",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    ) == (
        400,
        {
            "Code": "IllegalLocationConstraintException",
            "Message": "The eu-central-1 location constraint is incompatible for the region "
            "specific endpoint this request was sent to.",
        },
    )
    assert refusal(
        lakebed.client("s3").create_bucket,
        Bucket="east",
        CreateBucketConfiguration={"LocationConstraint": "us-east-1"},
    ) == (
        400,
        {
            "Code": "InvalidLocationConstraint",
            "Message": "The specified location-constraint is not valid",
            "LocationConstraint": "us-east-1",
        },
    )


@pytest.mark.parametrize(
    ("name", "is_legal"),
    [
        ("abc", True), ("a.b-c", True), ("0" * 63, True), ("ab", False), ("a" * 64, False),
        ("Abc", False), ("a_b", False), ("-ab", False), ("ab-", False), ("a..b", False),
        ("192.168.5.4", False), ("xn--abc", False), ("abc-s3alias", False), ("a/b", False),
        ("..", False), ("abc\n", False),
    ],
)  # fmt: skip
def test_bucket_names_follow_the_rules(name, is_legal):
    assert is_legal_bucket_name(name) == is_legal


def test_an_illegal_bucket_name_is_refused(lakebed):
    s3 = lakebed.client("s3")
    assert refusal(s3.create_bucket, Bucket="Not_Legal") == (
        400,
        {
            "Code": "InvalidBucketName",
            "Message": "The specified bucket is not valid.",
            "BucketName": "Not_Legal",
        },
    )


def test_a_bucket_with_an_object_is_not_deleted(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="full")
    s3.put_object(Bucket="full", Key="k", Body=b"")
    expected = (
        409,
        {
            "Code": "BucketNotEmpty",
            "Message": "The bucket you tried to delete is not empty",
            "BucketName": "full",
        },
    )
    assert refusal(s3.delete_bucket, Bucket="full") == expected
    s3.delete_object(Bucket="full", Key="k")
    dropped = lakebed.data_dir / "lake" / "full" / "dropped.csv"
    dropped.write_bytes(b"by hand")
    assert refusal(s3.delete_bucket, Bucket="full") == expected
    assert dropped.read_bytes() == b"by hand"


def test_buckets_are_listed_by_pages_and_prefix(lakebed):
    s3 = lakebed.client("s3")
    for name in ("a-1", "b-1", "b-2", "b-3", "c-1"):
        s3.create_bucket(Bucket=name)
    first = s3.list_buckets(Prefix="b-", MaxBuckets=2)
    assert [bucket["Name"] for bucket in first["Buckets"]] == ["b-1", "b-2"]
    token = first["ContinuationToken"]
    second = s3.list_buckets(Prefix="b-", MaxBuckets=2, ContinuationToken=token)
    assert [bucket["Name"] for bucket in second["Buckets"]] == ["b-3"]
    assert "ContinuationToken" not in second


def test_what_is_not_built_is_refused_by_name(lakebed):
    s3 = lakebed.client("s3", config=Config(retries={"max_attempts": 1}))
    status, error = refusal(s3.create_bucket, Bucket="named", BucketNamespace="account-regional")
    assert (status, error["Code"]) == (501, "NotImplemented")
    assert "s3.CreateBucket (BucketNamespace)" in error["Message"]
    assert answer(s3.list_buckets())["Buckets"] == []


def test_the_expected_owner_is_checked(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="mine")
    s3.list_objects_v2(Bucket="mine", ExpectedBucketOwner="000000000000")
    assert refusal(s3.list_objects_v2, Bucket="mine", ExpectedBucketOwner="1" * 12) == (
        403,
        {"Code": "AccessDenied", "Message": "Access Denied"},
    )


def test_the_expected_owner_must_be_an_account(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="mine")
    message = "The value of the expected bucket owner parameter must be an AWS Account ID... [0000]"
    expected = 400, {"Code": "InvalidBucketOwnerAWSAccountID", "Message": message}
    assert refusal(s3.list_objects_v2, Bucket="mine", ExpectedBucketOwner="0000") == expected
