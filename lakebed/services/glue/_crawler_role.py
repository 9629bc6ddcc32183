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
from lakebed.core.principal import Principal
from lakebed.govern.evaluation import Asked, Policies, evaluate
from lakebed.govern.identities import ROLES, Role
from lakebed.govern.policies import Caller, parsed
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
    held = _role(ctx, name) if _NAME.fullmatch(name) else None
    if not _NAME.fullmatch(name) or (held is not None and not _trusts_glue(held)):
        message = "Service is unable to assume provided role. Please verify role's TrustPolicy"
        raise invalid(message)
    return name


def role_context(ctx: Context, role: str) -> Context:
    """Return the context in which a crawler's calls are made: the caller's, as the role's session.

    `role` is a name with its path; the ARN of a session has the last part of it only. The name
    stands in the place of its id where IAM knows no such role, and where it does not trust Glue any
    more: such a session has no policies.
    """
    name, held = role.rpartition("/")[2], _role(ctx, role)
    arn = f"arn:aws:sts::{ctx.account}:assumed-role/{name}/{SESSION}"
    identity = known = name
    if held is not None and _trusts_glue(held):
        identity, known = held.id, role
    principal = Principal(ctx.account, arn, f"{identity}:{SESSION}", role=known, session=SESSION)
    return msgspec.structs.replace(ctx, principal=principal)


def _role(ctx: Context, name: str) -> Role | None:
    held = ROLES.get(ctx, ctx.account, name.rpartition("/")[2])
    return held if held is not None and f"{held.path}{held.name}" == f"/{name}" else None


def _trusts_glue(role: Role) -> bool:
    """Tell whether a role's trust policy lets Glue assume it, for its own account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
    """
    trust = parsed(role.trust, role.name, is_resource_policy=True)
    arn = f"arn:aws:iam::{role.account}:role{role.path}{role.name}"
    glue = Caller("", "", "service", service="glue.amazonaws.com")
    conditions = {"aws:sourceaccount": role.account}
    asked = Asked(glue, "sts:AssumeRole", arn, role.account, conditions)
    return evaluate(asked, Policies(resource=trust, needs_resource=True)).is_allowed
