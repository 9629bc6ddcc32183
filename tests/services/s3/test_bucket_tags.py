from __future__ import annotations

import pytest

from tests.services.s3.answers import answer, refusal

TAGS = [{"Key": "team", "Value": "lake"}, {"Key": "cost centre", "Value": ""}]


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def tag(s3, tags):
    return s3.put_bucket_tagging(Bucket="lake", Tagging={"TagSet": tags})


def no_tags(bucket: str = "lake"):
    members = {"Code": "NoSuchTagSet", "Message": "The TagSet does not exist"}
    return 404, {**members, "BucketName": bucket}


def test_tags_are_put_read_replaced_and_deleted(s3):
    assert refusal(s3.get_bucket_tagging, Bucket="lake") == no_tags()
    put = tag(s3, TAGS)
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert answer(put) == {}
    assert answer(s3.get_bucket_tagging(Bucket="lake")) == {"TagSet": TAGS}
    tag(s3, TAGS[:1])
    assert answer(s3.get_bucket_tagging(Bucket="lake")) == {"TagSet": TAGS[:1]}
    assert answer(s3.delete_bucket_tagging(Bucket="lake")) == {}
    assert refusal(s3.get_bucket_tagging, Bucket="lake") == no_tags()
    tag(s3, TAGS)
    tag(s3, [])
    assert refusal(s3.get_bucket_tagging, Bucket="lake") == no_tags()


def test_a_bucket_is_created_with_tags(s3):
    configuration = {"Tags": TAGS}
    created = {"Bucket": "tagged", "CreateBucketConfiguration": configuration}
    s3.create_bucket(**created)
    assert answer(s3.get_bucket_tagging(Bucket="tagged")) == {"TagSet": TAGS}
    again = {
        "Code": "BucketAlreadyOwnedByYou",
        "Message": "Your previous request to create the named bucket succeeded and you already "
        "own it.",
        "BucketName": "tagged",
    }
    assert refusal(s3.create_bucket, **created) == (409, again)
    s3.create_bucket(Bucket="tagged")
    assert answer(s3.get_bucket_tagging(Bucket="tagged")) == {"TagSet": TAGS}
    system = {"Bucket": "other", "CreateBucketConfiguration": {"Tags": [tag_of("aws:x")]}}
    assert refusal(s3.create_bucket, **system) == (
        400,
        {
            "Code": "InvalidTag",
            "Message": 'User-defined tag keys can\'t start with "aws:". This prefix is reserved '
            'for system tags. Remove "aws:" from your tag keys and try again.',
        },
    )
    assert refusal(s3.head_bucket, Bucket="other")[0] == 404


def tag_of(key: str, value: str = "v"):
    return {"Key": key, "Value": value}


def test_illegal_tags_are_refused(s3):
    tag(s3, TAGS)
    many = [tag_of(str(number)) for number in range(51)]
    message = "Bucket tag count cannot be greater than 50"
    assert refusal(tag, s3=s3, tags=many) == (400, {"Code": "BadRequest", "Message": message})
    for tags, members in (
        (
            [tag_of("a"), tag_of("a")],
            {"Message": "Cannot provide multiple Tags with the same key", "TagKey": "a"},
        ),
        ([tag_of("a,b")], {"Message": "The TagKey you have provided is invalid", "TagKey": "a,b"}),
        (
            [tag_of("a", "b,c")],
            {
                "Message": "The TagValue you have provided is invalid",
                "TagKey": "a",
                "TagValue": "b,c",
            },
        ),
        (
            [tag_of("aws:x")],
            {"Message": "System tags cannot be added/updated by requester", "TagKey": "aws:x"},
        ),
    ):
        assert refusal(tag, s3=s3, tags=tags) == (400, {"Code": "InvalidTag", **members})
    assert answer(s3.get_bucket_tagging(Bucket="lake")) == {"TagSet": TAGS}
    tag(s3, many[:50])
    assert len(s3.get_bucket_tagging(Bucket="lake")["TagSet"]) == 50


def test_a_new_bucket_of_the_same_name_has_no_tags(s3):
    tag(s3, TAGS)
    s3.delete_bucket(Bucket="lake")
    s3.create_bucket(Bucket="lake")
    assert refusal(s3.get_bucket_tagging, Bucket="lake") == no_tags()
