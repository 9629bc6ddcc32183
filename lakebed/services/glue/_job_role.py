"""The role a job works with, and the credentials its process is given.

What a job does, it does as the session `GlueJobRunnerSession` of its role, with temporary
credentials that end with its run's timeout. A role that IAM does not know is let through when a job
is defined, as crawlers' are (see `_crawler_role`).
https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.govern import service_roles
from lakebed.govern.identities import Session
from lakebed.govern.service_roles import RoleName
from lakebed.govern.temporary_credentials import issue
from lakebed.services.glue._crawler_role import role_name

SESSION = "GlueJobRunnerSession"
_GLUE = "glue.amazonaws.com"
_MINUTE = 60


def check_role(ctx: Context, role: str) -> None:
    """Refuse a role of another account, and one that does not trust Glue."""
    role_name(ctx, role)


def role_context(ctx: Context, role: str) -> Context:
    """Return the context in which what is done for a run is called: as its role's session."""
    named = RoleName(ctx.account, role_name(ctx, role))
    principal = service_roles.session_of(ctx, named, _GLUE, SESSION)
    return msgspec.structs.replace(ctx, principal=principal)


def credentials(ctx: Context, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return credentials for a run's process, of the principal that `ctx` is called as."""
    principal, policy = ctx.principal, definition.get("ExecutionRoleSessionPolicy")
    session = Session(
        id="",
        account=principal.account,
        secret="",
        token="",
        arn=principal.arn,
        user_id=principal.user_id,
        expires=0.0,
        role=principal.role,
        session=principal.session,
        policies=None if policy is None else (policy,),
    )
    seconds = (definition["Timeout"] + 10) * _MINUTE
    return issue(ctx, ctx.settings, ctx.ids, session, (ctx.clock.now(), seconds))
