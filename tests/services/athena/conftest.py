"""A client of Athena with a bucket for results."""

from __future__ import annotations

import pytest


@pytest.fixture
def athena(lakebed):
    lakebed.client("s3").create_bucket(Bucket="results")
    return lakebed.client("athena")
