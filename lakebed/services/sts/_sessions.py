"""Temporary credentials: how they are made, and what narrows them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import (
    SESSION_POLICIES_MAX,
    SESSION_POLICY_CHARACTERS_MAX,
    SESSION_TAGS_MAX,
)
from lakebed.govern.identities import SESSIONS, Session, document
from lakebed.govern.policies import PolicyError, parsed
from lakebed.govern.temporary_credentials import issue

_UNBUILT = ("ProvidedContexts", "MinimumSessionTokenSize")


def invalid(message: str) -> AwsError:
    """Return ValidationError."""
    return AwsError("ValidationError", message)


def denied(message: str) -> AwsError:
    """Return AccessDenied."""
    return AwsError("AccessDenied", message, 403)


def refuse_unbuilt(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse members that would change the answer."""
    for member in _UNBUILT:
        if member in request:
            raise NotBuiltError("sts", operation, member)


def caller_session(ctx: Context) -> Session | None:
    """Return the session whose credentials signed the request, if temporary ones did."""
    key = ctx.principal.access_key
    return SESSIONS.get(ctx, key) if key.startswith("ASIA") else None


def policies_of(ctx: Context, request: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the session policies that a request gives, None if it gives none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    arns: Sequence[Any] = request.get("PolicyArns") or ()
    texts = [request["Policy"]] if request.get("Policy") else []
    if len(arns) > SESSION_POLICIES_MAX:
        # The sentence is remembered.
        raise invalid(f"Cannot exceed quota for SessionPolicyArns: {SESSION_POLICIES_MAX}")
    if sum(map(len, texts)) > SESSION_POLICY_CHARACTERS_MAX:
        raise AwsError("PackedPolicyTooLarge", "The session policy is too large.")
    for one in arns:
        text = document(ctx, one.get("arn", ""))
        if text is None:
            # The sentence is remembered.
            raise invalid(f"PolicyArn {one.get('arn', '')} does not exist.")
        texts.append(text)
    for text in texts:
        try:
            parsed(text)
        except PolicyError as error:
            raise AwsError("MalformedPolicyDocument", str(error)) from None
    return tuple(texts) if texts else None


def tags_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the session tags that a request gives."""
    given: Sequence[Any] = request.get("Tags") or ()
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) < len(given):
        raise _duplicate()
    check_tags(tags)
    return tags


def _duplicate() -> AwsError:
    message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    return AwsError("InvalidParameterValue", message)


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse tags that no session may have."""
    if len({key.lower() for key in tags}) < len(tags):
        raise _duplicate()
    if len(tags) > SESSION_TAGS_MAX:
        raise invalid(f"A session can have at most {SESSION_TAGS_MAX} tags.")
    if any(key.lower().startswith("aws:") for key in tags):
        message = "aws: prefixed tag names are not allowed for external use."
        raise AwsError("InvalidParameterValue", message)


def packed_percent(request: Mapping[str, Any]) -> int | None:
    """Return how much of the room for policies and tags a request fills, None without any.

    How AWS packs them is not published: characters are counted here.
    """
    if not any(request.get(name) for name in ("Policy", "PolicyArns", "Tags")):
        return None
    size = len(request.get("Policy") or "")
    size += sum(len(one.get("arn", "")) for one in request.get("PolicyArns") or ())
    size += sum(len(tag["Key"]) + len(tag["Value"]) for tag in request.get("Tags") or ())
    return min(100, math.ceil(100 * size / SESSION_POLICY_CHARACTERS_MAX))


def begin(ctx: Context, session: Session, seconds: int) -> Any:
    """Write a session with credentials of its own, and return them as answers have them."""
    return issue(ctx, ctx.settings, ctx.ids, session, (ctx.clock.now(), seconds))
