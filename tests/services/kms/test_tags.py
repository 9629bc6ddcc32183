"""Tags of keys by boto3."""

from __future__ import annotations

from botocore.config import Config

from tests.services.kms.keys import body, refused


def test_tags_come_and_go(lakebed):
    kms = lakebed.client("kms")
    key = kms.create_key(Tags=[{"TagKey": "a", "TagValue": "1"}])["KeyMetadata"]["KeyId"]
    kms.tag_resource(
        KeyId=key, Tags=[{"TagKey": "b", "TagValue": ""}, {"TagKey": "a", "TagValue": "2"}]
    )
    one, two = {"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": ""}
    assert body(kms.list_resource_tags(KeyId=key)) == {"Tags": [one, two], "Truncated": False}
    pages = kms.get_paginator("list_resource_tags").paginate(
        KeyId=key, PaginationConfig={"PageSize": 1}
    )
    assert [page["Tags"] for page in pages] == [[one], [two]]
    kms.untag_resource(KeyId=key, TagKeys=["a", "none"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [two]


def test_what_is_refused(lakebed):
    # The SDK asks again where a limit is exceeded.
    kms = lakebed.client("kms", config=Config(retries={"total_max_attempts": 1}))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    tag = {"TagKey": "a", "TagValue": "1"}
    assert refused(lambda: kms.tag_resource(KeyId=key, Tags=[tag, tag])) == (
        "TagException", "Duplicate tag keys",
    )  # fmt: skip
    many = [{"TagKey": str(one), "TagValue": ""} for one in range(51)]
    assert refused(lambda: kms.tag_resource(KeyId=key, Tags=many)) == (
        "TagException", "Too many tags",
    )  # fmt: skip
    ours = [{"TagKey": "AWS:a", "TagValue": ""}]
    assert refused(lambda: kms.create_key(Tags=ours)) == (
        "TagException", "Tags beginning with aws: are reserved",
    )  # fmt: skip
