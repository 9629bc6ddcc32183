"""Instance profiles, by boto3."""

from __future__ import annotations

import json

import pytest

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole
from tests.services.iam.test_policies import TRUST

PROFILE = {
    "Path": "/x/", "InstanceProfileName": "box", "InstanceProfileId": "AIPA", "Roles": [],
    "Arn": "arn:aws:iam::000000000000:instance-profile/x/box", "CreateDate": "TIME",
}  # fmt: skip


@pytest.fixture
def box(iam):
    """The profile as it was made, beside a role."""
    iam.create_role(RoleName="etl", AssumeRolePolicyDocument=json.dumps(TRUST))
    return iam.create_instance_profile(InstanceProfileName="box", Path="/x/")


def test_a_profile_holds_one_role(iam, box):
    assert whole(box) == {"InstanceProfile": PROFILE}
    names = {"InstanceProfileName": "box", "RoleName": "etl"}
    iam.add_role_to_instance_profile(**names)
    role = whole(iam.list_roles())["Roles"]
    held = {**PROFILE, "Roles": role}
    assert whole(iam.get_instance_profile(InstanceProfileName="box")) == {"InstanceProfile": held}
    listed = {"InstanceProfiles": [held], "IsTruncated": False}
    assert whole(iam.list_instance_profiles(PathPrefix="/x/")) == listed
    assert whole(iam.list_instance_profiles_for_role(RoleName="etl")) == listed
    assert error_of(lambda: iam.add_role_to_instance_profile(**names)) == (
        "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409,
    )  # fmt: skip
    held_still = (
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
        409,
    )
    assert error_of(lambda: iam.delete_role(RoleName="etl")) == held_still
    assert error_of(lambda: iam.delete_instance_profile(InstanceProfileName="box")) == held_still
    iam.remove_role_from_instance_profile(**names)
    gone = error_of(lambda: iam.remove_role_from_instance_profile(**names))
    assert gone == ("NoSuchEntity", "The role with name etl cannot be found.", 404)
    iam.delete_instance_profile(InstanceProfileName="box")
    assert error_of(lambda: iam.get_instance_profile(InstanceProfileName="box")) == (
        "NoSuchEntity", "Instance Profile box cannot be found.", 404,
    )  # fmt: skip


def test_a_name_is_taken_whatever_its_case(iam, box):
    assert error_of(lambda: iam.create_instance_profile(InstanceProfileName="BOX")) == (
        "EntityAlreadyExists", "Instance Profile BOX already exists.", 409,
    )  # fmt: skip


def test_tags_are_added_and_removed(iam, box):
    name = {"InstanceProfileName": "box"}
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    iam.tag_instance_profile(**name, Tags=tags)
    iam.untag_instance_profile(**name, TagKeys=["a"])
    assert whole(iam.list_instance_profile_tags(**name)) == {
        "Tags": tags[1:], "IsTruncated": False,
    }  # fmt: skip
    assert iam.get_instance_profile(**name)["InstanceProfile"]["Tags"] == tags[1:]
