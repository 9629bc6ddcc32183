"""Policies of groups, by boto3."""

from __future__ import annotations

import pytest

from tests.services.iam.holders import (
    check_attached_policies,
    check_inline_policies,
    check_inline_size,
)


@pytest.fixture(autouse=True)
def holder(iam):
    iam.create_group(GroupName="x")


def test_inline_policies_are_written_and_read(iam):
    check_inline_policies(iam, "Group", "x")


def test_managed_policies_are_attached_and_detached(iam):
    check_attached_policies(iam, "Group", "x")


def test_inline_policies_are_counted_together(iam):
    check_inline_size(iam, "Group", "x", 5120)
