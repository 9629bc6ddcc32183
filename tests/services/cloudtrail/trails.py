"""What the tests of trails share."""

from __future__ import annotations

import gzip
import json
from typing import Any

from botocore.exceptions import ClientError

from tests.cli.owner import owner


def deliver(lakebed: Any) -> dict[str, int]:
    """Have the server deliver what there is, as its loop does each minute."""
    return owner(lakebed, "trails")["done"]


def delivered(s3: Any, bucket: str = "trail") -> list[dict[str, Any]]:
    """Return the events of all files that were delivered."""
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    return [record for body in bodies for record in json.loads(gzip.decompress(body))["Records"]]


def refused(call: Any) -> tuple[str, str]:
    """Return code and sentence of a refusal."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")
