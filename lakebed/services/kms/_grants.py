"""Grants as the decision and the operations that use keys see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.kms.model import GRANTS, Grant, KmsKey
from lakebed.store import Range


def grants_of(ctx: Context, key: KmsKey) -> list[Grant]:
    """Return all grants of a key."""
    return list(GRANTS.scan(ctx, Range((key.account, key.region, key.id))))


def token_of(grant: Grant) -> str:
    """Return the token of a grant, which names it."""
    import base64

    text = f"{grant.account}/{grant.region}/{grant.key_id}/{grant.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def grant_of_token(ctx: Context, token: str) -> Grant:
    """Return the grant of a token; InvalidGrantTokenException for a token of none."""
    import base64
    import binascii

    found: Grant | None = None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    parts = text.split("/")
    if len(parts) == 4:
        found = GRANTS.get(ctx, *parts)
    if found is None:
        raise AwsError("InvalidGrantTokenException", "The grant token is not valid.")
    return found


def check_tokens(ctx: Context, tokens: Sequence[str]) -> None:
    """Check the tokens of a request. Here a grant is in force at once, with or without them."""
    for token in tokens:
        grant_of_token(ctx, token)


def allows(grant: Grant, operation: str, context: Mapping[str, Any]) -> bool:
    """Tell whether a grant is about an operation under an encryption context."""
    if operation not in grant.operations:
        return False
    if grant.equals is not None and dict(context) != grant.equals:
        return False
    return grant.subset is None or grant.subset.items() <= context.items()
