"""The canonical request and the keys of Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import functools
import hmac
import re
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from lakebed.gateway.wire.http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
# One key a day, region, service and credential; a server with more live ones derives again.
_SIGNING_KEYS_MAX = 1024

_is_plain = re.compile(r"[A-Za-z0-9\-_.~]*").fullmatch
_is_plain_path = re.compile(r"[A-Za-z0-9\-_.~/]*").fullmatch
_spaces = re.compile(" {2,}")
_SAFE = "-_.~"


@functools.lru_cache(maxsize=_SIGNING_KEYS_MAX)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the key of one credential for one day, region and service."""
    key = b"AWS4" + secret.encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode("utf-8", "replace"), "sha256")
    return key


def _encode(text: str) -> str:
    return text if _is_plain(text) else quote(unquote_to_bytes(text), safe=_SAFE)


def canonical_paths(path: str, service: str) -> tuple[str, ...]:
    """Return the forms of the path a client may have signed, the likely one first.

    S3's path is encoded once: as it was sent, or as AWS would encode it. All others' are encoded
    twice and have no dot segments.
    """
    if service == "s3":
        if _is_plain_path(path):
            return (path,)
        normal = quote(unquote_to_bytes(path), safe="/" + _SAFE)
        return (path,) if normal == path else (path, normal)
    if path in ("/", ""):
        return ("/",)
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    ending = "/" if kept and path.endswith("/") else ""
    return ("/" + quote("/".join(kept), safe="/" + _SAFE) + ending,)


def canonical_query(query: str, *, without: str = "") -> str:
    """Return the parameters encoded and sorted, without the one called `without`."""
    if not query:
        return ""
    pairs: list[tuple[str, str]] = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            if name != without:
                pairs.append((_encode(name), _encode(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def canonical_headers(headers: dict[str, str], signed: Sequence[str]) -> str:
    """Return the signed headers, a line each, with their spaces folded."""
    lines: list[str] = []
    for name in signed:
        value = headers.get(name, "").strip()
        if "  " in value:
            value = _spaces.sub(" ", value)
        lines.append(f"{name}:{value}\n")
    return "".join(lines)


def canonical_request(request: HttpRequest, path: str, query: str, signed: str) -> str:
    """Return the canonical form, up to the payload's hash, for signed header names `a;b;c`."""
    headers = canonical_headers(request.headers, signed.split(";"))
    return f"{request.method}\n{path}\n{query}\n{headers}\n{signed}\n"


def string_to_sign(canonical: str, signed_at: str, scope: str) -> str:
    """Return what is signed for a canonical request."""
    # A header that came as Latin-1 was signed as the bytes that were on the wire.
    digest = sha256(_wire_bytes(canonical)).hexdigest()
    return f"{ALGORITHM}\n{signed_at}\n{scope}\n{digest}"


def _wire_bytes(text: str) -> bytes:
    if text.isascii():
        return text.encode("ascii")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def sign(key: bytes, text: str) -> str:
    """Return the signature of `text`."""
    return hmac.digest(key, text.encode("utf-8", "replace"), "sha256").hex()
