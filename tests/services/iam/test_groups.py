"""Groups and their users, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole


@pytest.fixture
def analysts(iam):
    """The group as it was made."""
    return iam.create_group(GroupName="analysts", Path="/data/")


GROUP = {
    "Path": "/data/", "GroupName": "analysts", "GroupId": "AGPA", "CreateDate": "TIME",
    "Arn": "arn:aws:iam::000000000000:group/data/analysts",
}  # fmt: skip


def test_a_group_and_its_users_come_back(iam, analysts):
    assert whole(analysts) == {"Group": GROUP}
    for name in ("bob", "ann"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="analysts", UserName=name)
    iam.add_user_to_group(GroupName="analysts", UserName="ann")
    got = iam.get_group(GroupName="analysts")
    assert whole(got)["Group"] == GROUP
    assert [one["UserName"] for one in got["Users"]] == ["ann", "bob"]
    assert whole(iam.list_groups_for_user(UserName="ann")) == {
        "Groups": [GROUP], "IsTruncated": False,
    }  # fmt: skip
    iam.remove_user_from_group(GroupName="analysts", UserName="ann")
    assert iam.list_groups_for_user(UserName="ann")["Groups"] == []
    gone = error_of(lambda: iam.remove_user_from_group(GroupName="analysts", UserName="ann"))
    assert gone[0] == "NoSuchEntity"


def test_groups_are_listed_below_a_path(iam, analysts):
    iam.create_group(GroupName="all")
    assert [one["GroupName"] for one in iam.list_groups()["Groups"]] == ["all", "analysts"]
    assert whole(iam.list_groups(PathPrefix="/data/")) == {"Groups": [GROUP], "IsTruncated": False}


def test_a_renamed_group_keeps_its_users_and_policies(iam, analysts):
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="analysts", UserName="ann")
    iam.attach_group_policy(GroupName="analysts", PolicyArn=administrator)
    iam.update_group(GroupName="analysts", NewGroupName="people", NewPath="/")
    assert [one["UserName"] for one in iam.get_group(GroupName="people")["Users"]] == ["ann"]
    attached = iam.list_entities_for_policy(PolicyArn=administrator)
    assert [one["GroupName"] for one in attached["PolicyGroups"]] == ["people"]
    assert error_of(lambda: iam.get_group(GroupName="analysts")) == (
        "NoSuchEntity", "The group with name analysts cannot be found.", 404,
    )  # fmt: skip


def test_a_group_with_users_is_not_deleted(iam, analysts):
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="analysts", UserName="ann")
    assert error_of(lambda: iam.delete_user(UserName="ann")) == (
        "DeleteConflict", "Cannot delete entity, must remove users from group first.", 409,
    )  # fmt: skip
    assert error_of(lambda: iam.delete_group(GroupName="analysts"))[0] == "DeleteConflict"
    iam.remove_user_from_group(GroupName="analysts", UserName="ann")
    iam.delete_group(GroupName="analysts")
    assert iam.list_groups()["Groups"] == []


def test_a_user_is_in_ten_groups_at_most(iam):
    iam.create_user(UserName="ann")
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{number}", UserName="ann")
    assert error_of(lambda: iam.add_user_to_group(GroupName="g10", UserName="ann")) == (
        "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10", 409,
    )  # fmt: skip
