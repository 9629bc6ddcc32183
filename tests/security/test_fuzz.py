"""A few seconds of what `tests.security.fuzz` does for an hour."""

from __future__ import annotations

import os

from lakebed.testing import server
from tests.security.fuzz import fuzz

SECONDS = 90 if os.environ.get("LAKEBED_SLOW") else 3


def test_odd_requests_are_refused_in_order():
    with server() as running:
        running.client("s3").create_bucket(Bucket="lake")
        report = fuzz(running, SECONDS, seed=1, sent_min=200)
        assert running.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert report.findings == []
    assert len(report.answers) > 20, "most requests should come as far as an operation"
