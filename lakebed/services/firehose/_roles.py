"""The roles Firehose works with: they have to trust it.

https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
"""

from __future__ import annotations

import msgspec

from lakebed.context import Context
from lakebed.govern import service_roles
from lakebed.services.firehose.model import SERVICE, invalid

SESSION = "AWSFirehoseToS3"
"""The name of the session, as it stands in the errors of AWS's service."""


def check_role(ctx: Context, arn: str) -> None:
    """Refuse a role of another account, and one that does not trust Firehose."""
    role = service_roles.named(arn)
    if role is None or role.account != ctx.account or service_roles.refuses(ctx, role, SERVICE):
        message = f"Firehose is unable to assume role {arn}. Please check the role provided."
        raise invalid(message)


def role_context(ctx: Context, arn: str) -> Context:
    """Return the context in which calls are made with a role: the caller's, as its session."""
    role = service_roles.named(arn)
    assert role is not None
    principal = service_roles.session_of(ctx, role, SERVICE, SESSION)
    return msgspec.structs.replace(ctx, principal=principal)
