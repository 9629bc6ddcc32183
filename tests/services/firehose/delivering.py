"""Streams for tests, and the clock that delivers."""

from __future__ import annotations

import time

from tests.cli.owner import owner

ROLE = "arn:aws:iam::000000000000:role/delivery"


def bucket(lakebed, name="lake"):
    """Make a bucket and return the members that name it as a destination."""
    lakebed.client("s3").create_bucket(Bucket=name)
    return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{name}"}


def make(lakebed, name="flights", **members):
    """Make a stream into a bucket that is made with it; return the client."""
    firehose = lakebed.client("firehose")
    destination = {**bucket(lakebed), **members}
    firehose.create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination
    )
    return firehose


def put(firehose, *data, name="flights"):
    """Put records, in one call."""
    records = [{"Data": one} for one in data]
    answer = firehose.put_record_batch(DeliveryStreamName=name, Records=records)
    assert answer["FailedPutCount"] == 0


def deliver(lakebed, after=1000):
    """Deliver what is due some seconds from now; return how many records that was, by stream."""
    return owner(lakebed, "deliveries", now=time.time() + after)["done"]


def objects(lakebed, name="lake"):
    """Return what is in a bucket, bytes by key."""
    s3 = lakebed.client("s3")
    listed = s3.list_objects_v2(Bucket=name).get("Contents", [])
    return {one["Key"]: s3.get_object(Bucket=name, Key=one["Key"])["Body"].read() for one in listed}
