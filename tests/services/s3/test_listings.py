from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.services.s3._pages import Wanted, from_token, page_of, page_token
from tests.services.s3.answers import RECENT, answer, refusal

EMPTY = '"d41d8cd98f00b204e9800998ecf8427e"'
KEYS = ["a/1", "a/2", "b", "c/d/1", "c/d/2", "c/e", "f", "ü/ 1+2"]


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    for key in KEYS:
        client.put_object(Bucket="lake", Key=key, Body=b"")
    return client


def listed(key: str, **more):
    return {
        "Key": key,
        "LastModified": RECENT,
        "ETag": EMPTY,
        "ChecksumAlgorithm": ["CRC32"],
        "ChecksumType": "FULL_OBJECT",
        "Size": 0,
        "StorageClass": "STANDARD",
        **more,
    }


def test_all_keys_are_listed_in_order(s3):
    assert answer(s3.list_objects_v2(Bucket="lake")) == {
        "IsTruncated": False,
        "Name": "lake",
        "Prefix": "",
        "MaxKeys": 1000,
        "KeyCount": 8,
        "EncodingType": "url",
        "Contents": [listed(key) for key in KEYS],
    }
    assert answer(s3.list_objects(Bucket="lake")) == {
        "IsTruncated": False,
        "Name": "lake",
        "Prefix": "",
        "Marker": "",
        "MaxKeys": 1000,
        "EncodingType": "url",
        "Contents": [listed(key, Owner={"ID": "000000000000"}) for key in KEYS],
    }


@pytest.mark.parametrize("algorithm", ["CRC64NVME", "SHA512", "XXHASH3"])
def test_an_object_of_any_checksum_is_listed(s3, algorithm):
    s3.put_object(Bucket="lake", Key="summed", Body=b"", ChecksumAlgorithm=algorithm)
    (entry,) = answer(s3.list_objects_v2(Bucket="lake", Prefix="summed"))["Contents"]
    assert entry == listed("summed", ChecksumAlgorithm=[algorithm])


def test_no_object_has_a_restore_status(s3):
    asked = {"Bucket": "lake", "Prefix": "b", "OptionalObjectAttributes": ["RestoreStatus"]}
    for listing in (s3.list_objects, s3.list_objects_v2):
        (entry,) = answer(listing(**asked))["Contents"]
        assert "RestoreStatus" not in entry
    (entry,) = answer(s3.list_object_versions(**asked))["Versions"]
    assert entry == listed("b", Owner={"ID": "000000000000"}, VersionId="null", IsLatest=True)


def test_names_are_rolled_up_at_the_delimiter(s3):
    page = answer(s3.list_objects_v2(Bucket="lake", Delimiter="/", FetchOwner=True))
    assert page == {
        "IsTruncated": False,
        "Name": "lake",
        "Prefix": "",
        "Delimiter": "/",
        "MaxKeys": 1000,
        "KeyCount": 5,
        "EncodingType": "url",
        "Contents": [listed(key, Owner={"ID": "000000000000"}) for key in ("b", "f")],
        "CommonPrefixes": [{"Prefix": prefix} for prefix in ("a/", "c/", "ü/")],
    }
    page = answer(s3.list_objects_v2(Bucket="lake", Delimiter="/", Prefix="c/"))
    assert [item["Key"] for item in page["Contents"]] == ["c/e"]
    assert page["CommonPrefixes"] == [{"Prefix": "c/d/"}]
    assert page["Prefix"] == "c/"


def test_pages_follow_each_other(s3):
    first = answer(s3.list_objects_v2(Bucket="lake", Delimiter="/", MaxKeys=2))
    assert (first["IsTruncated"], first["KeyCount"]) == (True, 2)
    token = first["NextContinuationToken"]
    second = answer(
        s3.list_objects_v2(Bucket="lake", Delimiter="/", MaxKeys=2, ContinuationToken=token)
    )
    assert second == {
        "IsTruncated": True,
        "Name": "lake",
        "Prefix": "",
        "Delimiter": "/",
        "MaxKeys": 2,
        "KeyCount": 2,
        "EncodingType": "url",
        "ContinuationToken": token,
        "NextContinuationToken": second["NextContinuationToken"],
        "Contents": [listed("f")],
        "CommonPrefixes": [{"Prefix": "c/"}],
    }
    paginator = s3.get_paginator("list_objects_v2")
    for size in (1, 2, 3, 8):
        pages = list(paginator.paginate(Bucket="lake", MaxKeys=size))
        assert [item["Key"] for page in pages for item in page["Contents"]] == KEYS
        pages = list(s3.get_paginator("list_objects").paginate(Bucket="lake", MaxKeys=size))
        assert [item["Key"] for page in pages for item in page["Contents"]] == KEYS


def test_the_older_form_names_the_next_marker_only_with_a_delimiter(s3):
    page = answer(s3.list_objects(Bucket="lake", Delimiter="/", MaxKeys=1))
    assert (page["IsTruncated"], page["NextMarker"]) == (True, "a/")
    page = answer(s3.list_objects(Bucket="lake", Delimiter="/", MaxKeys=1, Marker="a/"))
    assert ([item["Key"] for item in page["Contents"]], page["Marker"]) == (["b"], "a/")
    assert "NextMarker" not in answer(s3.list_objects(Bucket="lake", MaxKeys=1))


def test_a_listing_starts_after_a_key(s3):
    page = answer(s3.list_objects_v2(Bucket="lake", StartAfter="c/d/1", Prefix="c/"))
    assert [item["Key"] for item in page["Contents"]] == ["c/d/2", "c/e"]
    assert page["StartAfter"] == "c/d/1"


def test_a_page_of_no_keys_is_empty(s3):
    assert answer(s3.list_objects_v2(Bucket="lake", MaxKeys=0)) == {
        "IsTruncated": False,
        "Name": "lake",
        "Prefix": "",
        "MaxKeys": 0,
        "KeyCount": 0,
        "EncodingType": "url",
    }


def test_what_cannot_be_meant_is_refused(s3):
    assert refusal(s3.list_objects_v2, Bucket="lake", ContinuationToken="nonsense!") == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "The continuation token provided is incorrect",
            "ArgumentName": "continuation-token",
            "ArgumentValue": "nonsense!",
        },
    )
    assert refusal(s3.list_objects_v2, Bucket="lake", MaxKeys=-1) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "Argument max-keys must be an integer between 0 and 2147483647",
            "ArgumentName": "max-keys",
            "ArgumentValue": "-1",
        },
    )
    assert refusal(s3.list_objects, Bucket="lake", EncodingType="base64") == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "Invalid Encoding Method specified in Request",
            "ArgumentName": "encoding-type",
            "ArgumentValue": "base64",
        },
    )


NAMES = st.sets(st.text(st.sampled_from("ab/é"), min_size=1, max_size=6), max_size=25)


def read_from(keys: list[str], prefix: str, reads: list[int]):
    def read(start: str, is_after: bool, limit: int) -> list[Name]:
        first = [
            key
            for key in keys
            if key.startswith(prefix)
            and (key.encode() > start.encode() if is_after else key.encode() >= start.encode())
        ]
        reads.append(len(first[:limit]))
        return [Name(key) for key in first[:limit]]

    return read


class Name:
    def __init__(self, key: str) -> None:
        self.key = key


@given(NAMES, st.sampled_from(["", "/", "b", "/a"]), st.sampled_from(["", "a", "a/", "é"]),
       st.integers(1, 7))  # fmt: skip
def test_pages_put_together_are_the_whole_listing(names, delimiter, prefix, limit):
    keys = sorted(names, key=str.encode)
    items, prefixes = [], []
    for key in keys:
        if not key.startswith(prefix):
            continue
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        if at < 0:
            items.append(key)
        elif key[: at + len(delimiter)] not in prefixes:
            prefixes.append(key[: at + len(delimiter)])
    found_items, found_prefixes, after = [], [], ""
    while True:
        page = page_of(Wanted(prefix, delimiter, after, limit), read_from(keys, prefix, []))
        assert page.count <= limit
        found_items += [item.key for item in page.items]
        found_prefixes += page.prefixes
        if not page.is_truncated:
            break
        assert page.count == limit
        after = from_token(page_token(page.last))
    assert (found_items, found_prefixes) == (items, prefixes)


def test_a_page_of_prefixes_does_not_read_what_is_under_them():
    keys = [f"{year}/{n:05d}" for year in range(10, 22) for n in range(1000)]
    reads: list[int] = []
    page = page_of(Wanted("", "/", "", 1000), read_from(keys, "", reads))
    assert page.prefixes == [f"{year}/" for year in range(10, 22)]
    assert sum(reads) < 60


@pytest.mark.parametrize("token", ["", "MQ", "MmE=", "####", "MfA="])
def test_a_token_that_is_not_ours_is_refused(token):
    with pytest.raises(AwsError, match="InvalidArgument"):
        from_token(token)
