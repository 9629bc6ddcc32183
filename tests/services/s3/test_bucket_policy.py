from __future__ import annotations

import json

import pytest

from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, open_to_policies, other

BUCKET, OBJECTS = "arn:aws:s3:::lake", "arn:aws:s3:::lake/*"
DENIED = 403, {"Code": "AccessDenied", "Message": "Access Denied"}


def policy(*statements, **changes):
    """Return a policy; of each statement what is not said lets everybody read objects."""
    whole = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": OBJECTS}
    many = [{**whole, **one} for one in statements or ({},)]
    return json.dumps({"Version": "2012-10-17", "Statement": many, **changes})


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="k", Body=b"body", Tagging="open=yes")
    client.put_object(Bucket="lake", Key="a/k", Body=b"body")
    return client


def put(s3, *statements):
    open_to_policies(s3, "lake")
    s3.put_bucket_policy(Bucket="lake", Policy=policy(*statements))


def read(client, key="k"):
    return client.get_object(Bucket="lake", Key=key)["Body"].read()


def test_a_bucket_has_no_policy_at_first(s3):
    none = (
        404,
        {
            "Code": "NoSuchBucketPolicy",
            "Message": "The bucket policy does not exist",
            "BucketName": "lake",
        },
    )
    assert refusal(s3.get_bucket_policy, Bucket="lake") == none
    assert refusal(s3.get_bucket_policy_status, Bucket="lake") == none
    deleted = s3.delete_bucket_policy(Bucket="lake")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_a_policy_comes_back_as_it_was_put_and_goes(s3):
    text = policy({"Principal": {"AWS": OTHER}})
    response = s3.put_bucket_policy(Bucket="lake", Policy=text)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert answer(s3.get_bucket_policy(Bucket="lake")) == {"Policy": text}
    status = answer(s3.get_bucket_policy_status(Bucket="lake"))
    assert status == {"PolicyStatus": {"IsPublic": False}}
    s3.delete_bucket_policy(Bucket="lake")
    assert refusal(s3.get_bucket_policy, Bucket="lake")[1]["Code"] == "NoSuchBucketPolicy"
    s3.put_bucket_policy(Bucket="lake", Policy=text)
    for key in ("k", "a/k"):
        s3.delete_object(Bucket="lake", Key=key)
    s3.delete_bucket(Bucket="lake")
    s3.create_bucket(Bucket="lake")
    assert refusal(s3.get_bucket_policy, Bucket="lake")[1]["Code"] == "NoSuchBucketPolicy"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Policies must be valid JSON and the first byte must be '{'"),
        (" {}", "Policies must be valid JSON and the first byte must be '{'"),
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        ("{}", "Missing required field Statement"),
        ('{"Statement": []}', "Could not parse the policy: Statement is empty!"),
        ('{"Statement": [{"Effect": "Allow"}]}', "Missing required field Principal"),
        ('{"Statement": [{}]}', "Missing required field Effect"),
        (policy({"Effect": "Maybe"}), "Invalid effect: Maybe"),
        (policy({"Colour": "red"}), "Unknown field Colour"),
        (policy({"Principal": {"AWS": "nobody"}}), "Invalid principal in policy"),
        (policy({"Action": "s3:Paint"}), "Policy has invalid action"),
        (policy({"Action": "glue:GetTable"}), "Policy has invalid action"),
        (policy({"Resource": "arn:aws:s3:::other/*"}), "Policy has invalid resource"),
        (policy({"Resource": "arn:aws:s3:::lakes/*"}), "Policy has invalid resource"),
        (policy({"Resource": "*"}), "Policy has invalid resource"),
        (policy({"Resource": BUCKET}), "Action does not apply to any resource(s) in statement"),
        (
            policy({"Action": "s3:ListBucket"}),
            "Action does not apply to any resource(s) in statement",
        ),
        (
            policy({"Condition": {"StringEquals": {"s3:colour": "red"}}}),
            "Policy has an invalid condition key",
        ),
        (
            policy({"Resource": [f"{BUCKET}/{number:01000}" for number in range(21)]}),
            "Normalized policy document exceeds the maximum allowed size of 20480 bytes.",
        ),
    ],
)
def test_what_is_no_policy_is_refused_in_s3s_words(s3, text, message):
    expected = 400, {"Code": "MalformedPolicy", "Message": message}
    assert refusal(s3.put_bucket_policy, Bucket="lake", Policy=text) == expected


def test_a_condition_that_no_request_has_here_is_refused_by_name(s3):
    text = policy({"Condition": {"StringEquals": {"s3:AccessGrantsInstanceArn": "x"}}})
    status, error = refusal(s3.put_bucket_policy, Bucket="lake", Policy=text)
    assert (status, error["Code"]) == (501, "NotImplemented")
    assert "s3.PutBucketPolicy (condition key s3:accessgrantsinstancearn)" in error["Message"]


PUBLIC = [
    ({}, True),
    ({"Principal": {"AWS": "*"}}, True),
    ({"Principal": {"AWS": OTHER}}, False),
    ({"Effect": "Deny"}, False),
    ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
    ({"Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
    ({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, False),
    ({"Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}}, True),
    ({"Condition": {"StringEquals": {"aws:UserAgent": "me"}}}, True),
]


@pytest.mark.parametrize(("statement", "is_public"), PUBLIC)
def test_a_policy_is_public_if_it_lets_in_whoever_comes(s3, statement, is_public):
    text = policy(statement)
    put(s3, statement)
    status = answer(s3.get_bucket_policy_status(Bucket="lake"))
    assert status == {"PolicyStatus": {"IsPublic": is_public}}
    s3.put_public_access_block(
        Bucket="lake", PublicAccessBlockConfiguration={"BlockPublicPolicy": True}
    )
    if not is_public:
        s3.put_bucket_policy(Bucket="lake", Policy=text)
        return
    assert refusal(s3.put_bucket_policy, Bucket="lake", Policy=text) == (
        403,
        {
            "Code": "AccessDenied",
            "Message": "User: arn:aws:iam::000000000000:root is not authorized to perform: "
            's3:PutBucketPolicy on resource: "arn:aws:s3:::lake" because public policies are '
            "prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
        },
    )


def test_whoever_comes_may_do_what_a_public_policy_lets_them(lakebed, s3):
    anyone = nobody(lakebed)
    assert refusal(anyone.get_object, Bucket="lake", Key="k") == DENIED
    put(s3, {})
    assert read(anyone) == b"body"
    assert refusal(anyone.list_objects_v2, Bucket="lake") == DENIED
    assert refusal(anyone.put_object, Bucket="lake", Key="k", Body=b"") == DENIED
    assert refusal(anyone.delete_object, Bucket="lake", Key="k") == DENIED
    assert refusal(anyone.list_buckets) == DENIED
    assert refusal(anyone.create_bucket, Bucket="mine") == DENIED
    assert refusal(anyone.get_object, Bucket="nowhere", Key="k")[1]["Code"] == "NoSuchBucket"
    s3.put_public_access_block(
        Bucket="lake", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    assert refusal(anyone.get_object, Bucket="lake", Key="k") == DENIED
    assert read(s3) == b"body"


def test_only_who_may_list_a_bucket_is_told_what_is_not_in_it(lakebed, s3):
    anyone, missing = nobody(lakebed), {"Bucket": "lake", "Key": "missing"}
    put(s3, {})
    assert refusal(anyone.get_object, **missing) == DENIED
    assert refusal(anyone.head_object, **missing)[0] == 403
    put(s3, {}, {"Action": "s3:ListBucket", "Resource": BUCKET})
    assert refusal(anyone.get_object, **missing)[1]["Code"] == "NoSuchKey"
    assert refusal(anyone.head_object, **missing)[0] == 404


@pytest.mark.parametrize("ownership", ["BucketOwnerEnforced", "ObjectWriter"])
def test_who_may_list_by_a_prefix_is_told_what_is_not_there_of_it(lakebed, s3, ownership):
    stranger = other(lakebed)
    controls = {"Rules": [{"ObjectOwnership": ownership}]}
    s3.put_bucket_ownership_controls(Bucket="lake", OwnershipControls=controls)
    lists = {"Action": "s3:ListBucket", "Resource": BUCKET}
    put(s3, {}, {**lists, "Condition": {"StringLike": {"s3:prefix": "a/*"}}})
    call = {"Bucket": "lake", "Key": "a/missing"}
    assert refusal(stranger.get_object, **call)[1]["Code"] == "NoSuchKey"
    assert refusal(stranger.head_object, **call)[0] == 404
    assert refusal(stranger.get_object, Bucket="lake", Key="missing") == DENIED
    assert refusal(stranger.head_object, Bucket="lake", Key="missing")[0] == 403
    # What is there is asked for without a prefix.
    put(s3, {"Condition": {"StringLike": {"s3:prefix": "a/*"}}})
    assert refusal(stranger.get_object, Bucket="lake", Key="a/k") == DENIED


def test_another_account_needs_the_policys_leave(lakebed, s3):
    stranger = other(lakebed)
    assert refusal(stranger.get_object, Bucket="lake", Key="k") == DENIED
    put(s3, {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}})
    assert read(stranger) == b"body"
    assert refusal(other(lakebed, "222222222222").get_object, Bucket="lake", Key="k") == DENIED
    put(s3, {"Principal": {"CanonicalUser": OTHER}, "Resource": f"{BUCKET}/a/*"})
    assert read(stranger, "a/k") == b"body"
    assert refusal(stranger.get_object, Bucket="lake", Key="k") == DENIED
    put(s3, {"Principal": {"AWS": OTHER}, "Action": "s3:*", "Resource": [BUCKET, OBJECTS]})
    stranger.put_object(Bucket="lake", Key="theirs", Body=b"theirs")
    owners = {one["Owner"]["ID"] for one in stranger.list_objects(Bucket="lake")["Contents"]}
    assert owners == {"000000000000"}
    assert refusal(stranger.get_bucket_policy, Bucket="lake") == (
        405,
        {
            "Code": "MethodNotAllowed",
            "Message": "The specified method is not allowed against this resource.",
            "Method": "GET",
            "ResourceType": "BUCKETPOLICY",
        },
    )


def test_a_copy_needs_leave_at_both_ends(lakebed, s3):
    stranger = other(lakebed)
    stranger.create_bucket(Bucket="theirs")
    copy = {"Bucket": "theirs", "Key": "k", "CopySource": "lake/a/k"}
    assert refusal(stranger.copy_object, **copy) == DENIED
    assert refusal(s3.copy_object, **{**copy, "CopySource": "lake/k"}) == DENIED
    put(s3, {"Principal": {"AWS": OTHER}})
    assert stranger.copy_object(**copy)["CopyObjectResult"]["ETag"]
    # The tags of an object are copied by who may read them.
    assert refusal(stranger.copy_object, **{**copy, "CopySource": "lake/k"}) == DENIED
    stranger.copy_object(**{**copy, "CopySource": "lake/k", "TaggingDirective": "REPLACE"})


def test_several_objects_are_deleted_by_who_may_delete_each(lakebed, s3):
    stranger, keys = other(lakebed), [{"Key": "a/k"}, {"Key": "k"}]
    put(s3, {"Principal": {"AWS": OTHER}, "Action": "s3:DeleteObject", "Resource": f"{BUCKET}/a/*"})
    assert answer(stranger.delete_objects(Bucket="lake", Delete={"Objects": keys})) == {
        "Deleted": [{"Key": "a/k"}],
        "Errors": [{"Key": "k", "Code": "AccessDenied", "Message": "Access Denied"}],
    }
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]] == ["k"]


@pytest.mark.parametrize(
    ("condition", "is_allowed"),
    [
        ({"StringEquals": {"s3:ExistingObjectTag/open": "yes"}}, True),
        ({"StringEquals": {"s3:ExistingObjectTag/open": "no"}}, False),
        ({"StringEquals": {"s3:ResourceAccount": "000000000000"}}, True),
        ({"Null": {"s3:VersionId": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
    ],
)
def test_conditions_are_asked_of_reads(lakebed, s3, condition, is_allowed):
    put(s3, {"Condition": condition})
    if is_allowed:
        assert read(nobody(lakebed)) == b"body"
    else:
        assert refusal(nobody(lakebed).get_object, Bucket="lake", Key="k") == DENIED


def test_conditions_are_asked_of_listings_and_writes(lakebed, s3):
    anyone = nobody(lakebed)
    put(
        s3,
        {
            "Action": "s3:ListBucket",
            "Resource": BUCKET,
            "Condition": {
                "StringLike": {"s3:prefix": "a/*"},
                "StringEquals": {"s3:delimiter": "/"},
            },
        },
        {
            "Action": ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl"],
            "Condition": {"StringEquals": {"s3:RequestObjectTag/team": "ours"}},
        },
    )
    listing = anyone.list_objects_v2(Bucket="lake", Prefix="a/", Delimiter="/")
    assert [one["Key"] for one in listing["Contents"]] == ["a/k"]
    assert refusal(anyone.list_objects_v2, Bucket="lake", Prefix="a/") == DENIED
    assert refusal(anyone.list_objects_v2, Bucket="lake", Prefix="b/", Delimiter="/") == DENIED
    new = {"Bucket": "lake", "Key": "new", "Body": b""}
    anyone.put_object(**new, Tagging="team=ours&x=y")
    assert refusal(anyone.put_object, **new, Tagging="team=theirs") == DENIED
    assert refusal(anyone.put_object, **new) == DENIED


def test_a_part_is_uploaded_and_completed_by_who_may_put(lakebed, s3):
    anyone, put_key = nobody(lakebed), {"Bucket": "lake", "Key": "a/big"}
    assert refusal(anyone.create_multipart_upload, **put_key) == DENIED
    put(s3, {"Action": "s3:PutObject", "Resource": f"{BUCKET}/a/*"})
    upload = {**put_key, "UploadId": anyone.create_multipart_upload(**put_key)["UploadId"]}
    part = anyone.upload_part(**upload, PartNumber=1, Body=b"part")
    assert refusal(anyone.list_parts, **upload) == DENIED
    assert refusal(anyone.abort_multipart_upload, **upload) == DENIED
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    anyone.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert read(s3, "a/big") == b"part"
