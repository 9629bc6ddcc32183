"""Policies of users, by boto3."""

from __future__ import annotations

import pytest

from tests.services.iam.holders import (
    check_attached_policies,
    check_inline_policies,
    check_inline_size,
)


@pytest.fixture(autouse=True)
def holder(iam):
    iam.create_user(UserName="x")


def test_inline_policies_are_written_and_read(iam):
    check_inline_policies(iam, "User", "x")


def test_managed_policies_are_attached_and_detached(iam):
    check_attached_policies(iam, "User", "x")


def test_inline_policies_are_counted_together(iam):
    check_inline_size(iam, "User", "x", 2048)
