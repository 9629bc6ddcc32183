"""Temporary credentials of whoever asks: the same user's, or narrowed to somebody named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.govern.identities import Session
from lakebed.services.sts._second_factors import spend
from lakebed.services.sts._sessions import (
    begin,
    denied,
    packed_percent,
    policies_of,
    refuse_unbuilt,
    tags_of,
)

if TYPE_CHECKING:
    from lakebed.shapes import sts as shapes

_SECONDS = 43_200
_ROOT_SECONDS_MAX = 3600


def get_session_token(
    ctx: Context, request: shapes.GetSessionTokenRequest
) -> shapes.GetSessionTokenResponse:
    """Return temporary credentials of the user, or the root, who asks.

    They call IAM only if they were had with a second factor (IAM sees to it). That of STS they may
    call but two operations is AWS's rule and not kept here.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    refuse_unbuilt("GetSessionToken", request)
    who = _long_term(ctx, "GetSessionToken")
    who = msgspec.structs.replace(who, has_mfa=spend(ctx, request))
    return {"Credentials": begin(ctx, who, _seconds(ctx, request))}


def get_federation_token(
    ctx: Context, request: shapes.GetFederationTokenRequest
) -> shapes.GetFederationTokenResponse:
    """Return temporary credentials of somebody named, within what the asking user may do.

    Without a policy they may do nothing but what a resource's own policy allows.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    refuse_unbuilt("GetFederationToken", request)
    who, name = _long_term(ctx, "GetFederationToken"), request["Name"]
    arn, identity = f"arn:aws:sts::{ctx.account}:federated-user/{name}", f"{ctx.account}:{name}"
    session = Session(
        "", ctx.account, "", "", arn, identity, 0.0,
        user=who.user, policies=policies_of(ctx, request) or (), tags=tags_of(request),
        federated=name,
    )  # fmt: skip
    answer: dict[str, Any] = {
        "Credentials": begin(ctx, session, _seconds(ctx, request)),
        "FederatedUser": {"FederatedUserId": identity, "Arn": arn},
    }
    packed = packed_percent(request)
    if packed is not None:
        answer["PackedPolicySize"] = packed
    whole: Any = answer
    return whole


def _long_term(ctx: Context, operation: str) -> Session:
    """Return a session of who asks, which must not be one that has temporary credentials."""
    who = ctx.principal
    if who.access_key.startswith("ASIA"):
        raise denied(f"Cannot call {operation} with session credentials")
    return Session(
        "", ctx.account, "", "", who.arn, who.user_id, 0.0, is_root=who.is_root, user=who.user
    )


def _seconds(ctx: Context, request: Any) -> int:
    """Return for how long: the root has an hour at most, and gets that if it asks for more."""
    seconds = request.get("DurationSeconds") or _SECONDS
    return min(seconds, _ROOT_SECONDS_MAX) if ctx.principal.is_root else seconds
