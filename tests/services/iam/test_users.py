"""Users, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def user(name: str, path: str = "/", **more: object) -> dict[str, object]:
    arn = f"arn:aws:iam::000000000000:user{path}{name}"
    return {
        "Path": path, "UserName": name, "UserId": "AIDA", "Arn": arn, "CreateDate": "TIME", **more,
    }  # fmt: skip


def test_a_created_user_is_found(iam):
    tags = [{"Key": "team", "Value": "data"}]
    made = iam.create_user(UserName="ann", Path="/data/", Tags=tags)
    assert whole(made) == {"User": user("ann", "/data/", Tags=tags)}
    assert whole(iam.get_user(UserName="ann")) == whole(made)


def test_users_are_listed_by_page_and_path(iam):
    for name, path in (("carl", "/a/"), ("ann", "/"), ("bob", "/a/b/")):
        iam.create_user(UserName=name, Path=path, Tags=[{"Key": "a", "Value": ""}])
    pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2}))
    assert [[one["UserName"] for one in page["Users"]] for page in pages] == [
        ["ann", "bob"], ["carl"],
    ]  # fmt: skip
    below = iam.list_users(PathPrefix="/a/")
    assert whole(below) == {
        "Users": [user("bob", "/a/b/"), user("carl", "/a/")], "IsTruncated": False,
    }  # fmt: skip
    wrong = error_of(lambda: iam.list_users(Marker="é"))
    assert wrong[0] == "ValidationError"


def test_a_name_is_unique_whatever_its_case(iam):
    iam.create_user(UserName="Ann")
    assert error_of(lambda: iam.create_user(UserName="ann")) == (
        "EntityAlreadyExists", "User with name ann already exists.", 409,
    )  # fmt: skip
    assert error_of(lambda: iam.get_user(UserName="bob")) == (
        "NoSuchEntity", "The user with name bob cannot be found.", 404,
    )  # fmt: skip


def test_a_wrong_name_is_refused_as_iam_does(iam):
    code, sentence, status = error_of(lambda: iam.create_user(UserName="a b"))
    assert (code, status) == ("ValidationError", 400)
    assert "at 'userName' failed to satisfy constraint" in sentence
    assert error_of(lambda: iam.create_user(UserName="a", Path="/a//b/"))[0] == "ValidationError"


def test_a_renamed_user_keeps_keys_and_policies(iam):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.update_user(UserName="ann", NewUserName="Anna", NewPath="/x/")
    assert whole(iam.get_user(UserName="Anna")) == {"User": user("Anna", "/x/")}
    keys = iam.list_access_keys(UserName="Anna")["AccessKeyMetadata"]
    assert [(one["AccessKeyId"], one["UserName"]) for one in keys] == [(key, "Anna")]
    assert error_of(lambda: iam.get_user(UserName="ann"))[0] == "NoSuchEntity"
    iam.update_user(UserName="Anna", NewUserName="ANNA")


def test_a_user_with_keys_is_not_deleted(iam):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    assert error_of(lambda: iam.delete_user(UserName="ann")) == (
        "DeleteConflict", "Cannot delete entity, must delete access keys first.", 409,
    )  # fmt: skip
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    iam.delete_user(UserName="ann")
    assert error_of(lambda: iam.delete_user(UserName="ann"))[0] == "NoSuchEntity"


def test_tags_are_added_and_removed(iam):
    iam.create_user(UserName="ann", Tags=[{"Key": "Team", "Value": "x"}])
    iam.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "y"}, {"Key": "b", "Value": "1"}])
    assert whole(iam.list_user_tags(UserName="ann")) == {
        "Tags": [{"Key": "b", "Value": "1"}, {"Key": "team", "Value": "y"}], "IsTruncated": False,
    }  # fmt: skip
    iam.untag_user(UserName="ann", TagKeys=["TEAM", "nope"])
    assert iam.list_user_tags(UserName="ann")["Tags"] == [{"Key": "b", "Value": "1"}]
    twice = [{"Key": "c", "Value": ""}, {"Key": "C", "Value": ""}]
    assert error_of(lambda: iam.tag_user(UserName="ann", Tags=twice)) == (
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        400,
    )


def test_a_root_has_to_name_a_user(iam):
    assert error_of(iam.get_user) == (
        "ValidationError", "Must specify userName when calling with non-User credentials", 400,
    )  # fmt: skip


@pytest.mark.parametrize("other", ["123456789012"])
def test_users_of_another_account_are_not_seen(iam, lakebed, other):
    iam.create_user(UserName="ann")
    client = lakebed.client("iam", aws_access_key_id=other, aws_secret_access_key="test")
    assert client.list_users()["Users"] == []
    assert client.create_user(UserName="ann")["User"]["Arn"] == f"arn:aws:iam::{other}:user/ann"
