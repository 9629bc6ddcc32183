"""The page's statements, run: a refused call is found by SQL."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.engines.sql.iceberg_tables import Athena
from tests.services.cloudtrail.trails import deliver

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cloudtrail.md"


def test_a_refused_call_is_found_by_sql(lakebed):
    athena, trail = Athena(lakebed), lakebed.client("cloudtrail")
    lakebed.client("s3").create_bucket(Bucket="trail")
    trail.create_trail(Name="audit", S3BucketName="trail")
    trail.start_logging(Name="audit")
    with pytest.raises(ClientError):
        lakebed.client("glue").get_database(Name="not_there")
    [block] = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    create, select, _ = block.split(";")
    athena.ok(create)
    until, rows = time.monotonic() + 10, []
    while not rows and time.monotonic() < until:
        deliver(lakebed)
        rows = athena.rows(select)
    assert [row[1:] for row in rows] == [[
        "arn:aws:iam::000000000000:root", "GetDatabase", "EntityNotFoundException",
        "Database not_there not found.",
    ]]  # fmt: skip
