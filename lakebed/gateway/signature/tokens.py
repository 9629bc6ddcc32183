"""The session token that has to come with temporary credentials.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html
"""

from __future__ import annotations

import hmac
from typing import Protocol

from lakebed.gateway.signature.authenticate import refusals_of
from lakebed.gateway.wire.headers import decode_percent
from lakebed.gateway.wire.http import HttpRequest

_NAME = "x-amz-security-token"


class Held(Protocol):
    """What a token is compared with: see `gateway.credentials.Key`."""

    @property
    def token(self) -> str | None:
        """The token; empty if none may come, None if none is looked at."""
        ...

    @property
    def expires(self) -> float:
        """Until when the key may be used, in seconds."""
        ...


def check_token(request: HttpRequest, access_key: str, held: Held, now: float) -> None:
    """Refuse, in the called service's words, a token that is not the key's, or too old."""
    if held.token is None:
        return
    given = _token(request)
    if not given and not held.token:
        return
    if not given:
        raise refusals_of(request).unknown_key(access_key)
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), held.token.encode()):
        raise refusals_of(request).wrong_token(given)
    if now >= held.expires:
        raise refusals_of(request).expired_token(given)


def _token(request: HttpRequest) -> str:
    token = request.headers.get(_NAME)
    if token is not None:
        return token
    if "ecurity-" in request.query or "ECURITY-" in request.query:
        for part in request.query.split("&"):
            name, _, value = part.partition("=")
            if name.lower() == _NAME:
                return decode_percent(value)
    return ""
