"""The keys of OpenID Connect providers: found by their discovery documents, and remembered.

https://openid.net/specs/openid-connect-discovery-1_0.html
Only providers that an account has named are asked; over HTTPS, or HTTP on loopback, without
following redirects, within a time and a size.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from lakebed.core.limits import (
    WEB_KEYS_ASKED_SECONDS,
    WEB_KEYS_BYTES_MAX,
    WEB_KEYS_KEPT_SECONDS,
    WEB_KEYS_MAX,
    WEB_KEYS_SECONDS_MAX,
)

_REMEMBERED_MAX = 256
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Keys = tuple[Mapping[str, Any], ...]


class UnreachableError(Exception):
    """A provider that does not answer, or answers something else than its documents."""


def keys_of(issuer: str, name: str | None, now: float) -> Iterator[Mapping[str, Any]]:
    """Yield a provider's keys of a name, all of them for None; UnreachableError without an answer.

    They are kept for an hour. If none fits they are asked for again, but not with every request:
    whoever sends tokens of unknown keys does not make us ask without end.
    """
    found = _remembered(issuer, "kept", int(now // WEB_KEYS_KEPT_SECONDS))
    chosen = _chosen(found, name)
    if not chosen:
        found = _remembered(issuer, "asked", int(now // WEB_KEYS_ASKED_SECONDS))
        chosen = _chosen(found, name)
    if isinstance(found, str):
        raise UnreachableError(found)
    yield from chosen


def _chosen(found: Keys | str, name: str | None) -> list[Mapping[str, Any]]:
    if isinstance(found, str):
        return []
    return [
        one for one in found
        if (name is None or one.get("kid") == name) and one.get("use", "sig") == "sig"
    ]  # fmt: skip


@lru_cache(maxsize=_REMEMBERED_MAX)
def _remembered(issuer: str, why: str, period: int) -> Keys | str:
    """Return the keys, or why there are none: what is asked for anew has another period."""
    del why, period
    try:
        document = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            return "its discovery document is another issuer's"
        keys: Any = _fetched(str(document.get("jwks_uri", ""))).get("keys")
    except (OSError, HTTPException, ValueError) as error:
        return str(error)
    if not isinstance(keys, list):
        return "its document of keys has none"
    many = cast("list[Any]", keys)[:WEB_KEYS_MAX]
    return tuple(cast("dict[str, Any]", one) for one in many if isinstance(one, dict))


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: where a provider's keys are is what its own documents say."""


def _fetched(url: str) -> dict[str, Any]:
    """Return a JSON object; OSError, HTTPException or ValueError if there is none."""
    parts = urlsplit(url)
    is_loopback = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
        raise ValueError(f"{url!r} is not https")
    handlers = [_NoRedirects(), *([ProxyHandler({})] if is_loopback else [])]
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "lakebed"})
    end = time.monotonic() + WEB_KEYS_SECONDS_MAX
    try:
        with build_opener(*handlers).open(request, timeout=WEB_KEYS_SECONDS_MAX) as answer:
            data = _read(answer, end)
    except HTTPError as error:
        raise ValueError(f"{url} answers {error.code}") from None
    document: Any = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError(f"{url} is no JSON object")
    return cast("dict[str, Any]", document)


def _read(answer: HTTPResponse, end: float) -> bytes:
    data = b""
    while piece := answer.read1(65_536):
        data += piece
        if len(data) > WEB_KEYS_BYTES_MAX:
            raise ValueError("the document is too large")
        if time.monotonic() > end:
            raise TimeoutError("the document takes too long")
    return data
