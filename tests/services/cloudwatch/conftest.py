"""A client of CloudWatch."""

from __future__ import annotations

import pytest


@pytest.fixture
def cloudwatch(lakebed):
    return lakebed.client("cloudwatch")
