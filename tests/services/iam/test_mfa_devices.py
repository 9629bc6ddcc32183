"""Second factors of users, by boto3."""

from __future__ import annotations

import base64
import time

import pytest

from lakebed.govern.one_time_codes import code_at
from tests.kept import holding
from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole

SERIAL = "arn:aws:iam::000000000000:mfa/people/phone"


@pytest.fixture
def phone(iam):
    """Ann's virtual device, not enabled yet: returns its code of some steps from now."""
    iam.create_user(UserName="ann")
    made = iam.create_virtual_mfa_device(Path="/people/", VirtualMFADeviceName="phone")
    seed = base64.b32decode(made["VirtualMFADevice"]["Base32StringSeed"])
    assert len(seed) == 40
    now = int(time.time()) // 30
    return lambda away=0: code_at(seed, now + away)


def enable(iam, first, second):
    return iam.enable_mfa_device(
        UserName="ann", SerialNumber=SERIAL, AuthenticationCode1=first, AuthenticationCode2=second
    )


def test_a_device_is_enabled_by_two_codes(iam, phone):
    assert error_of(lambda: enable(iam, phone(-1), phone(-1))) == (
        "InvalidAuthenticationCode", "Authentication code for device is not valid.", 403,
    )  # fmt: skip
    assert whole(iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")) == {
        "VirtualMFADevices": [{"SerialNumber": SERIAL}], "IsTruncated": False,
    }  # fmt: skip
    enable(iam, phone(-1), phone())
    shown = {"UserName": "ann", "SerialNumber": SERIAL, "EnableDate": "TIME"}
    assert whole(iam.list_mfa_devices(UserName="ann")) == {
        "MFADevices": [shown], "IsTruncated": False,
    }  # fmt: skip
    assert whole(iam.get_mfa_device(UserName="ann", SerialNumber=SERIAL)) == shown
    (listed,) = whole(iam.list_virtual_mfa_devices())["VirtualMFADevices"]
    assert (listed["User"]["UserName"], listed["EnableDate"]) == ("ann", "TIME")
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == []
    assert error_of(lambda: enable(iam, phone(1), phone(2)))[0] == "EntityAlreadyExists"
    iam.resync_mfa_device(
        UserName="ann", SerialNumber=SERIAL,
        AuthenticationCode1=phone(9), AuthenticationCode2=phone(10),
    )  # fmt: skip


def test_a_device_in_use_is_not_deleted(iam, phone):
    enable(iam, phone(-1), phone())
    assert error_of(lambda: iam.delete_user(UserName="ann")) == (
        "DeleteConflict", "Cannot delete entity, must delete MFA device first.", 409,
    )  # fmt: skip
    assert error_of(lambda: iam.delete_virtual_mfa_device(SerialNumber=SERIAL)) == (
        "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", 409,
    )  # fmt: skip
    iam.update_user(UserName="ann", NewUserName="anna")
    assert iam.list_mfa_devices(UserName="anna")["MFADevices"][0]["UserName"] == "anna"
    iam.deactivate_mfa_device(UserName="anna", SerialNumber=SERIAL)
    iam.delete_virtual_mfa_device(SerialNumber=SERIAL)
    iam.delete_user(UserName="anna")
    assert error_of(lambda: iam.delete_virtual_mfa_device(SerialNumber=SERIAL)) == (
        "NoSuchEntity", f"VirtualMFADevice with serial number {SERIAL} doesn't exist.", 404,
    )  # fmt: skip


def test_a_seed_is_kept_sealed(iam, lakebed):
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
    seed = made["VirtualMFADevice"]["Base32StringSeed"]
    raw = base64.b32decode(seed)
    assert holding(lakebed.data_dir, seed, raw, base64.b64encode(raw)) == []
    assert error_of(lambda: iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")) == (
        "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.", 409,
    )  # fmt: skip


def test_tags(iam, phone):
    iam.tag_mfa_device(SerialNumber=SERIAL, Tags=[{"Key": "b", "Value": "1"}])
    iam.tag_mfa_device(SerialNumber=SERIAL, Tags=[{"Key": "a", "Value": "2"}])
    tags = [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}]
    assert whole(iam.list_mfa_device_tags(SerialNumber=SERIAL)) == {
        "Tags": tags, "IsTruncated": False,
    }  # fmt: skip
    iam.untag_mfa_device(SerialNumber=SERIAL, TagKeys=["A"])
    assert iam.list_mfa_device_tags(SerialNumber=SERIAL)["Tags"] == tags[1:]
