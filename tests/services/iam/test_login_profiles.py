"""Passwords of users, by boto3."""

from __future__ import annotations

import pytest

from tests.kept import holding
from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole

PASSWORD = "correct Horse 1"


@pytest.fixture
def ann(iam):
    iam.create_user(UserName="ann")
    return "ann"


@pytest.fixture
def own(iam, lakebed, ann):
    """IAM's client, as ann."""
    key = iam.create_access_key(UserName=ann)["AccessKey"]
    return lakebed.client(
        "iam", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )


def test_a_password_is_kept_as_a_hash(iam, lakebed, ann):
    made = iam.create_login_profile(UserName=ann, Password=PASSWORD, PasswordResetRequired=True)
    shown = {"UserName": "ann", "CreateDate": "TIME", "PasswordResetRequired": True}
    assert whole(made) == {"LoginProfile": shown}
    assert whole(iam.get_login_profile(UserName=ann)) == {"LoginProfile": shown}
    assert holding(lakebed.data_dir, PASSWORD.encode()) == []
    assert error_of(lambda: iam.create_login_profile(UserName=ann, Password=PASSWORD)) == (
        "EntityAlreadyExists", "Login Profile for user ann already exists.", 409,
    )  # fmt: skip
    iam.update_login_profile(UserName=ann, PasswordResetRequired=False)
    assert not iam.get_login_profile(UserName=ann)["LoginProfile"]["PasswordResetRequired"]


def test_a_user_with_a_password_is_not_deleted(iam, ann):
    iam.create_login_profile(UserName=ann, Password=PASSWORD)
    assert error_of(lambda: iam.delete_user(UserName=ann)) == (
        "DeleteConflict", "Cannot delete entity, must delete login profile first.", 409,
    )  # fmt: skip
    iam.delete_login_profile(UserName=ann)
    missing = ("NoSuchEntity", "Login Profile for User ann cannot be found.", 404)
    assert error_of(lambda: iam.get_login_profile(UserName=ann)) == missing
    assert error_of(lambda: iam.delete_login_profile(UserName=ann)) == missing
    assert error_of(lambda: iam.update_login_profile(UserName=ann, Password=PASSWORD)) == missing
    iam.delete_user(UserName=ann)


def test_a_password_goes_along_with_a_new_name(iam, ann):
    iam.create_login_profile(UserName=ann, Password=PASSWORD)
    iam.update_user(UserName=ann, NewUserName="anna")
    assert iam.get_login_profile(UserName="anna")["LoginProfile"]["UserName"] == "anna"


def test_users_change_their_own_password(iam, own, ann):
    iam.create_login_profile(UserName=ann, Password=PASSWORD, PasswordResetRequired=True)
    wrong = error_of(lambda: own.change_password(OldPassword="x", NewPassword="Another 1 now"))
    assert wrong == ("AccessDenied", "The old password was incorrect.", 403)
    own.change_password(OldPassword=PASSWORD, NewPassword="Another 1 now")
    assert not iam.get_login_profile(UserName=ann)["LoginProfile"]["PasswordResetRequired"]
    own.change_password(OldPassword="Another 1 now", NewPassword=PASSWORD)
    assert error_of(lambda: iam.change_password(OldPassword="x", NewPassword=PASSWORD)) == (
        "InvalidUserType", "Only IAM Users can change their own password", 400,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("aB1$", "Password should have a minimum length of 10"),
        ("abcdefghi1$", "Password should have at least one uppercase letter"),
        ("ABCDEFGHI1$", "Password should have at least one lowercase letter"),
        ("Abcdefghij$", "Password should have at least one number"),
        ("Abcdefghij1", "Password should have at least one symbol"),
    ],
)
def test_a_password_is_what_the_policy_says(iam, ann, password, sentence):
    iam.update_account_password_policy(
        MinimumPasswordLength=10, RequireSymbols=True, RequireNumbers=True,
        RequireUppercaseCharacters=True, RequireLowercaseCharacters=True,
    )  # fmt: skip
    refused = error_of(lambda: iam.create_login_profile(UserName=ann, Password=password))
    assert refused == ("PasswordPolicyViolation", sentence, 400)


def test_earlier_passwords_are_refused_as_far_as_the_policy_looks(iam, own, ann):
    iam.update_account_password_policy(PasswordReusePrevention=2)
    iam.create_login_profile(UserName=ann, Password="first one")
    iam.update_login_profile(UserName=ann, Password="second one")
    again = error_of(lambda: iam.update_login_profile(UserName=ann, Password="first one"))
    assert again[0] == "PasswordPolicyViolation"
    iam.update_login_profile(UserName=ann, Password="third one")
    iam.update_login_profile(UserName=ann, Password="first one")
