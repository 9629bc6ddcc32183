"""Requests signed by botocore, as the gateway would read them from a socket."""

from __future__ import annotations

import calendar
import time
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lakebed.gateway.wire.http import HttpRequest

ACCESS_KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:4566"
SECRETS = {ACCESS_KEY: SECRET}


def signed(
    signer: type[SigV4Auth],
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    service: str = "s3",
    **options: object,
) -> tuple[HttpRequest, float]:
    """Return a request that botocore signed, and the time it was signed at."""
    request = AWSRequest(
        method=method, url=f"http://{HOST}{target}", headers=headers or {}, data=body
    )
    request.context["client_config"] = None
    request.context["payload_signing_enabled"] = True
    credentials = Credentials(ACCESS_KEY, SECRET)
    signer(credentials, service, "eu-west-1", **options).add_auth(request)
    parts = urlsplit(request.url)
    lowered = {name.lower(): value for name, value in request.headers.items()}
    lowered.setdefault("host", HOST)
    at = lowered.get("x-amz-date") or parts.query.split("X-Amz-Date=")[1][:16]
    seconds = calendar.timegm(time.strptime(at, "%Y%m%dT%H%M%SZ"))
    return HttpRequest(method, parts.path, parts.query, lowered, body), float(seconds)


__all__ = [
    "ACCESS_KEY",
    "SECRET",
    "SECRETS",
    "S3SigV4Auth",
    "S3SigV4QueryAuth",
    "SigV4Auth",
    "SigV4QueryAuth",
    "signed",
]
