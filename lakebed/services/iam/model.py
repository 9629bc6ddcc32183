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


ATTACHMENTS = Table(
    "iam_attachment", Attachment, key=("account", "arn", "usage", "kind", "name"), everywhere=True
)
INSTANCE_PROFILES = Table(
    "iam_instance_profile", InstanceProfile, key=("account", "name"),
    indexes={"by_folded": ("account", "folded"), "by_role": ("account", "role")}, everywhere=True,
)  # fmt: skip
ALIASES = Table("iam_alias", Alias, key=("account",), everywhere=True)


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
