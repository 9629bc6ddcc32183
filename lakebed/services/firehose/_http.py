"""One POST to an endpoint of somebody's: over TLS, without redirects, with a bound of time.

The certificate has to be one that this machine trusts (OpenSSL's `SSL_CERT_FILE` names others).
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from lakebed.core.limits import MIB

TIMEOUT_SECONDS = 180.0
"""https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html"""
_ANSWER_BYTES_MAX = MIB


class Answer(msgspec.Struct, frozen=True):
    """What an endpoint answered."""

    status: int
    body: bytes


def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send a body and return the answer; OSError or HTTPException where there is none."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS, context=context
    )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(_ANSWER_BYTES_MAX))
    finally:
        connection.close()
