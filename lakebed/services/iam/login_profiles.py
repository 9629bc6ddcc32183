"""Login profiles: the passwords of users. They are kept as hashes; nothing is logged in to yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context, long
from lakebed.core.errors import AwsError
from lakebed.govern.identities import User
from lakebed.services.iam._entities import USER
from lakebed.services.iam._passwords import check_password, check_reuse, hashed, is_password
from lakebed.services.iam._users import meant
from lakebed.services.iam.model import (
    LOGIN_PROFILES,
    PASSWORD_POLICIES,
    LoginProfile,
    exists,
    invalid,
    no_such,
)

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes

HIDDEN_MEMBERS = frozenset({"Password", "OldPassword", "NewPassword"})
_EARLIER_MAX = 24
"""As far as a password policy may look back."""


@long
def create_login_profile(
    ctx: Context, request: shapes.CreateLoginProfileRequest
) -> shapes.CreateLoginProfileResponse:
    """Give a user a password; in a thread, since hashing takes its time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html
    """
    user = meant(ctx, request)
    if LOGIN_PROFILES.get(ctx, ctx.account, user.id) is not None:
        raise exists(f"Login Profile for user {user.name} already exists.")
    password = request.get("Password")
    if password is None:
        # The sentence is ours: only AssumeRoot, which is not built, goes without.
        raise invalid("A password is needed.")
    check_password(PASSWORD_POLICIES.get(ctx, ctx.account), password, ctx.account)
    now = ctx.clock.now()
    profile = LoginProfile(
        ctx.account, user.id, hashed(password), now, now,
        bool(request.get("PasswordResetRequired")),
    )  # fmt: skip
    LOGIN_PROFILES.put(ctx, profile)
    return {"LoginProfile": _shape(user, profile)}


def get_login_profile(
    ctx: Context, request: shapes.GetLoginProfileRequest
) -> shapes.GetLoginProfileResponse:
    """Return since when a user has a password.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
    """
    user = meant(ctx, request)
    return {"LoginProfile": _shape(user, _find(ctx, user))}


@long
def update_login_profile(
    ctx: Context, request: shapes.UpdateLoginProfileRequest
) -> shapes.UpdateLoginProfileResponse:
    """Change a user's password, or whether the user has to.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateLoginProfile.html
    """
    user = USER.find(ctx, request["UserName"])
    profile = _find(ctx, user)
    if "Password" in request:
        profile = _changed(ctx, profile, request["Password"])
    if "PasswordResetRequired" in request:
        is_required = request["PasswordResetRequired"]
        profile = msgspec.structs.replace(profile, is_reset_required=is_required)
    LOGIN_PROFILES.put(ctx, profile)
    return {}


def delete_login_profile(
    ctx: Context, request: shapes.DeleteLoginProfileRequest
) -> shapes.DeleteLoginProfileResponse:
    """Take a user's password away; access keys stay.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html
    """
    user = meant(ctx, request)
    LOGIN_PROFILES.delete(ctx, ctx.account, _find(ctx, user).user_id)
    return {}


@long
def change_password(
    ctx: Context, request: shapes.ChangePasswordRequest
) -> shapes.ChangePasswordResponse:
    """Change the password of the user who asks. The sentences are remembered.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html
    """
    if not ctx.principal.user:
        raise AwsError("InvalidUserType", "Only IAM Users can change their own password")
    user = USER.find(ctx, ctx.principal.user)
    profile = _find(ctx, user)
    if not is_password(request["OldPassword"], profile.hashed):
        raise AwsError("AccessDenied", "The old password was incorrect.", 403)
    changed = _changed(ctx, profile, request["NewPassword"])
    LOGIN_PROFILES.put(ctx, msgspec.structs.replace(changed, is_reset_required=False))
    return {}


def _changed(ctx: Context, profile: LoginProfile, password: str) -> LoginProfile:
    policy = PASSWORD_POLICIES.get(ctx, ctx.account)
    check_password(policy, password, ctx.account)
    earlier = (profile.hashed, *profile.earlier)
    check_reuse(policy, password, earlier)
    return msgspec.structs.replace(
        profile,
        hashed=hashed(password),
        changed=ctx.clock.now(),
        earlier=earlier[: _EARLIER_MAX - 1],
    )


def _find(ctx: Context, user: User) -> LoginProfile:
    held = LOGIN_PROFILES.get(ctx, ctx.account, user.id)
    if held is None:
        raise no_such(f"Login Profile for User {user.name} cannot be found.")
    return held


def _shape(user: User, profile: LoginProfile) -> Any:
    return {
        "UserName": user.name,
        "CreateDate": profile.created,
        "PasswordResetRequired": profile.is_reset_required,
    }
