"""The role a crawler works with: its name, and the principal its calls are made as.

Whatever a crawl does, it does as the session `AWS-Crawler` of its role, so every call of it is
decided and audited as that principal's. There is no IAM yet: no role can be looked up, its trust
policy cannot be read. In `open` mode such a session may do what it asks for, in `strict` mode the
decision refuses it (see `govern.decision`), and what it says is what the crawl fails with.
https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html
"""

from __future__ import annotations

import re

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.principal import Principal
from lakebed.services.glue._crawlers import invalid

SESSION = "AWS-Crawler"
"""The name of the session, as it stands in the errors of AWS's crawlers."""

_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/(.+)")
_NAME = re.compile(r"[\w+=,.@/-]{1,576}")


def role_name(ctx: Context, role: str) -> str:
    """Return the name, with its path, of a role given by name or ARN, as GetCrawler shows it."""
    arn = _ARN.fullmatch(role)
    if arn is not None and arn[1] != ctx.account:
        raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.")
    name = arn[2] if arn is not None else role
    if not _NAME.fullmatch(name):
        message = "Service is unable to assume provided role. Please verify role's TrustPolicy"
        raise invalid(message)
    return name


def role_context(ctx: Context, role: str) -> Context:
    """Return the context in which a crawler's calls are made: the caller's, as the role's session.

    `role` is a name with its path; the ARN of a session has the last part of it only. The real id
    of a role (AROA…) comes with IAM; until then its name stands in its place.
    """
    name = role.rpartition("/")[2]
    arn = f"arn:aws:sts::{ctx.account}:assumed-role/{name}/{SESSION}"
    principal = Principal(ctx.account, arn, f"{name}:{SESSION}", role=name, session=SESSION)
    return msgspec.structs.replace(ctx, principal=principal)
