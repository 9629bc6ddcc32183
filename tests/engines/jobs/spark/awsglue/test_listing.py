"""Listings of buckets as sources read them, beside botocore's own."""

from __future__ import annotations

import botocore.exceptions
import pytest

from lakebed.engines.jobs.spark.libraries.awsglue import _listing

KEYS = ["in/a b+c%20.json", "in/ü/ä&<>\"'.json", "in/new\nline", "in/_hidden", "in/folder/", "x/y"]


@pytest.mark.slow
def test_a_listing_is_what_botocore_makes_of_it(lakebed, monkeypatch):
    monkeypatch.setattr(_listing, "s3", lambda: lakebed.client("s3", config=None))
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="lake")
    for key in [*KEYS, *(f"in/many/{number:04}" for number in range(1_005))]:
        s3.put_object(Bucket="lake", Key=key, Body=b"x" * (len(key) % 7))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake", Prefix="in/")
    wanted = [
        (f"s3://lake/{one['Key']}", one["Size"], one["LastModified"].timestamp(), one["ETag"])
        for page in pages
        for one in page["Contents"]
        if not one["Key"].endswith("/")
    ]
    found = [tuple(one) for one in _listing.listed("s3://lake/in", data_only=False)]
    assert found == wanted
    assert len(found) == 1_009
    flat = _listing.listed("s3://lake/in/", recurse=False)
    assert [one.path for one in flat] == ["s3://lake/in/a b+c%20.json", "s3://lake/in/new\nline"]
    assert [one.path for one in _listing.listed("s3://lake/x/y")] == ["s3://lake/x/y"]


def test_a_bucket_that_is_not_there_is_s3s_own_error(lakebed, monkeypatch):
    monkeypatch.setattr(_listing, "s3", lambda: lakebed.client("s3", config=None))
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchBucket"):
        list(_listing.listed("s3://none/"))
