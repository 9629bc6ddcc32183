"""Policies of roles, by boto3."""

from __future__ import annotations

import json

import pytest

from tests.services.iam.holders import (
    check_attached_policies,
    check_inline_policies,
    check_inline_size,
)
from tests.services.iam.test_policies import TRUST


@pytest.fixture(autouse=True)
def holder(iam):
    iam.create_role(RoleName="x", AssumeRolePolicyDocument=json.dumps(TRUST))


def test_inline_policies_are_written_and_read(iam):
    check_inline_policies(iam, "Role", "x")


def test_managed_policies_are_attached_and_detached(iam):
    check_attached_policies(iam, "Role", "x")


def test_inline_policies_are_counted_together(iam):
    check_inline_size(iam, "Role", "x", 10240)
