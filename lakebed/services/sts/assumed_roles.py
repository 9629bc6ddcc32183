"""Roles are assumed: whoever a role trusts gets temporary credentials of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.identities import Session
from lakebed.services.sts._roles import begin_session, role_of, seconds_of
from lakebed.services.sts._second_factors import spend
from lakebed.services.sts._sessions import (
    caller_session,
    denied,
    refuse_unbuilt,
    tags_of,
)

if TYPE_CHECKING:
    from lakebed.shapes import sts as shapes


def assume_role(ctx: Context, request: shapes.AssumeRoleRequest) -> shapes.AssumeRoleResponse:
    """Return temporary credentials of a role; its trust policy was asked before (`_access.py`).

    An account's root may assume roles that trust its account, which AWS refuses. A role that
    does not exist is denied in the sentence of one that does not trust.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    refuse_unbuilt("AssumeRole", request)
    role = role_of(ctx, request["RoleArn"])
    if role is None:
        raise denied(
            f"User: {ctx.principal.arn} is not authorized to perform: sts:AssumeRole because no "
            "role trust policy allows the sts:AssumeRole action"
        )
    caller = caller_session(ctx)
    is_chained = caller is not None and bool(caller.role)
    seconds = seconds_of(role, request, is_chained=is_chained)
    tags, transitive = _tags(request, caller)
    session = Session(
        "", "", "", "", "", "", 0.0,
        tags=tags, transitive=transitive, source_identity=_source_identity(request, caller),
        has_mfa=spend(ctx, request),
    )  # fmt: skip
    return begin_session(ctx, role, request, session, seconds)


def _tags(
    request: shapes.AssumeRoleRequest, caller: Session | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the session's tags and which of them go on; those of the calling session go first.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
    """
    tags = tags_of(request)
    wanted = tuple(request.get("TransitiveTagKeys") or ())
    inherited: dict[str, str] = {}
    if caller is not None:
        inherited = {key: caller.tags[key] for key in caller.transitive if key in caller.tags}
    if {key.lower() for key in inherited} & {key.lower() for key in (*tags, *wanted)}:
        raise AwsError(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session.",
        )
    if not set(wanted) <= tags.keys():
        # The sentence is remembered.
        message = "The specified transitive tag key must be included in the requested tags."
        raise AwsError("InvalidParameterValue", message)
    return {**inherited, **tags}, (*inherited, *wanted)


def _source_identity(request: shapes.AssumeRoleRequest, caller: Session | None) -> str:
    """Return who is behind the session: once said, it stays the same along a chain."""
    held = caller.source_identity if caller is not None else ""
    given = request.get("SourceIdentity") or held
    if held and given != held:
        # Code and sentence are remembered.
        raise denied("The source identity of the calling session cannot be changed.")
    return given
