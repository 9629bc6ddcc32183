"""IAM's own nouns, beside those every decision reads (`govern/identities.py`), and its errors."""

from __future__ import annotations

import msgspec

from lakebed.core.errors import AwsError
from lakebed.store import Table


class Attachment(msgspec.Struct, frozen=True):
    """That an entity has a managed policy: `usage` is `policy` or `boundary`.

    `kind` is User, Group or Role. It tells of a policy whom it is attached to; the entity's own row
    is what decides.
    """

    account: str
    arn: str
    usage: str
    kind: str
    name: str


class InstanceProfile(msgspec.Struct, frozen=True):
    """An instance profile: it holds one role, or none yet."""

    account: str
    name: str
    id: str
    path: str = "/"
    created: float = 0.0
    role: str = ""
    tags: dict[str, str] = {}
    folded: str = ""

    @property
    def arn(self) -> str:
        """The profile's ARN."""
        return f"arn:aws:iam::{self.account}:instance-profile{self.path}{self.name}"


class Alias(msgspec.Struct, frozen=True):
    """The one name an account may have besides its number."""

    account: str
    name: str


class PasswordPolicy(msgspec.Struct, frozen=True):
    """What passwords of an account's users have to be; 0 where there is no bound (days, times)."""

    account: str
    length_min: int = 6
    needs_symbols: bool = False
    needs_numbers: bool = False
    needs_uppercase: bool = False
    needs_lowercase: bool = False
    users_may_change: bool = False
    days_max: int = 0
    reuse_prevented: int = 0
    is_hard_expiry: bool = False


class LoginProfile(msgspec.Struct, frozen=True):
    """A user's password, as a hash with its salt; `earlier` are the last ones it had."""

    account: str
    user_id: str
    hashed: str
    created: float = 0.0
    changed: float = 0.0
    is_reset_required: bool = False
    earlier: tuple[str, ...] = ()


class SshPublicKey(msgspec.Struct, frozen=True):
    """A user's public key for SSH: `body` as it was uploaded."""

    account: str
    user_id: str
    id: str
    body: str
    fingerprint: str
    uploaded: float = 0.0
    is_active: bool = True


ATTACHMENTS = Table(
    "iam_attachment", Attachment, key=("account", "arn", "usage", "kind", "name"), everywhere=True
)
INSTANCE_PROFILES = Table(
    "iam_instance_profile", InstanceProfile, key=("account", "name"),
    indexes={"by_folded": ("account", "folded"), "by_role": ("account", "role")}, everywhere=True,
)  # fmt: skip
ALIASES = Table("iam_alias", Alias, key=("account",), everywhere=True)
PASSWORD_POLICIES = Table("iam_password_policy", PasswordPolicy, key=("account",), everywhere=True)
LOGIN_PROFILES = Table(
    "iam_login_profile", LoginProfile, key=("account", "user_id"), everywhere=True
)
SSH_PUBLIC_KEYS = Table(
    "iam_ssh_public_key", SshPublicKey, key=("account", "user_id", "id"), everywhere=True
)


def no_such(message: str) -> AwsError:
    """Return NoSuchEntity."""
    return AwsError("NoSuchEntity", message, 404)


def exists(message: str) -> AwsError:
    """Return EntityAlreadyExists."""
    return AwsError("EntityAlreadyExists", message, 409)


def conflict(message: str) -> AwsError:
    """Return DeleteConflict."""
    return AwsError("DeleteConflict", message, 409)


def limit_exceeded(message: str) -> AwsError:
    """Return LimitExceeded."""
    return AwsError("LimitExceeded", message, 409)


def quota_exceeded(quota: str, most: int) -> AwsError:
    """Return LimitExceeded in the sentence of a quota by its name in GetAccountSummary."""
    return limit_exceeded(f"Cannot exceed quota for {quota}: {most}")


def invalid(message: str) -> AwsError:
    """Return ValidationError."""
    return AwsError("ValidationError", message, 400)
