"""A client of IAM as the account's root."""

from __future__ import annotations

import pytest


@pytest.fixture
def iam(lakebed):
    return lakebed.client("iam")
