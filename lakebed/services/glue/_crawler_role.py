"""The role a crawler works with: its name, and the principal its calls are made as.

Whatever a crawl does, it does as the session `AWS-Crawler` of its role, so every call of it is
decided and audited as that principal's. A role that IAM knows has to trust Glue, and its policies
decide. One that IAM does not know is let through when a crawler is defined: in `open` mode its
session may do what it asks for, in `strict` mode the decision refuses it (see `govern.decision`),
and what it says is what the crawl fails with.
https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html
"""

from __future__ import annotations

import re

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern import service_roles
from lakebed.govern.service_roles import RoleName
from lakebed.services.glue._crawlers import invalid

SESSION = "AWS-Crawler"
"""The name of the session, as it stands in the errors of AWS's crawlers."""

_GLUE = "glue.amazonaws.com"
_NAME = re.compile(r"[\w+=,.@/-]{1,576}")


def role_name(ctx: Context, role: str) -> str:
    """Return the name, with its path, of a role given by name or ARN, as GetCrawler shows it."""
    named = service_roles.named(role) or RoleName(ctx.account, role)
    if named.account != ctx.account:
        raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.")
    if not _NAME.fullmatch(named.name) or service_roles.refuses(ctx, named, _GLUE):
        message = "Service is unable to assume provided role. Please verify role's TrustPolicy"
        raise invalid(message)
    return named.name


def role_context(ctx: Context, role: str) -> Context:
    """Return the context in which a crawler's calls are made: the caller's, as the role's session.

    `role` is a name with its path; the ARN of a session has the last part of it only.
    """
    named = RoleName(ctx.account, role)
    principal = service_roles.session_of(ctx, named, _GLUE, SESSION)
    return msgspec.structs.replace(ctx, principal=principal)
