"""The password policy of an account, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole


def test_a_policy_is_set_and_deleted(iam):
    assert error_of(iam.get_account_password_policy) == (
        "NoSuchEntity",
        "The Password Policy with domain name 000000000000 cannot be found.",
        404,
    )
    iam.update_account_password_policy()
    plain = {
        "MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": False,
        "RequireUppercaseCharacters": False, "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False, "ExpirePasswords": False,
    }  # fmt: skip
    assert whole(iam.get_account_password_policy()) == {"PasswordPolicy": plain}
    iam.update_account_password_policy(
        MinimumPasswordLength=14, MaxPasswordAge=90, PasswordReusePrevention=3, RequireNumbers=True
    )
    assert iam.get_account_password_policy()["PasswordPolicy"] == plain | {
        "MinimumPasswordLength": 14, "RequireNumbers": True, "ExpirePasswords": True,
        "MaxPasswordAge": 90, "HardExpiry": False, "PasswordReusePrevention": 3,
    }  # fmt: skip
    iam.delete_account_password_policy()
    assert error_of(iam.delete_account_password_policy) == (
        "NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.", 404,
    )  # fmt: skip
