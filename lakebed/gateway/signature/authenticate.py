"""Who signed a request: Signature Version 4 in the Authorization header or in a presigned URL."""

from __future__ import annotations

import calendar
import functools
import hmac
import re
import time
from collections.abc import Callable
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from lakebed.core.errors import AwsError
from lakebed.core.principal import Principal
from lakebed.gateway.routing import family_of
from lakebed.gateway.signature import canonical, version_2
from lakebed.gateway.signature.refusals import (
    CREDENTIAL_FORM,
    JSON,
    QUERY,
    S3_HEADER,
    S3_QUERY,
    SKEW_SECONDS_MAX,
    Mismatch,
    Refusals,
)
from lakebed.gateway.wire import timestamps
from lakebed.gateway.wire.headers import decode_percent
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import load

EXPIRES_SECONDS_MAX = 604_800
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
QUERY_STRING = "REST-QUERY-STRING"
_TIMES_CACHED = 1024
_SIGNATURE_CHARACTERS = 64

_SCOPE_DATE = re.compile(r"\d{8}", re.ASCII)
_BASIC_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_USUAL = re.compile(
    rf"{canonical.ALGORITHM} Credential=([^/,= ]+)/(\d{{8}})/([^/,= ]+)/([^/,= ]+)/aws4_request, ?"
    r"SignedHeaders=([^,= ]+), ?Signature=",
    re.ASCII,
)
_EXPIRES = re.compile(r"-?\d{1,18}", re.ASCII)
_PRESIGNED = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")

_OF_SIGNATURE = frozenset(
    f"x-amz-{name.lower()}" for name in (*_PRESIGNED, "Security-Token", "Content-SHA256")
)

SecretFor = Callable[[str], str | None]


class Identity(msgspec.Struct, frozen=True):
    """Who signed a request, for which scope, and what signed chunks of its body continue.

    `payload_hash` is the body's SHA-256 in hexadecimal as the client signed it, which the receiver
    of the body must verify, or a word of AWS's (`UNSIGNED-PAYLOAD`, `STREAMING-…`). `principal` is
    filled in by who knows whose the access key is.
    """

    access_key: str
    service: str
    region: str
    payload_hash: str
    signature: str
    signing_key: bytes
    signed_at: str
    scope: str
    principal: Principal | None = None
    auth_type: str = "REST-HEADER"

    @property
    def version(self) -> str:
        """The version of the signature, as a policy asks for it."""
        return canonical.ALGORITHM if self.signing_key else "AWS"


class _Signed(msgspec.Struct, frozen=True):
    """What a request says about its signature, wherever it says it."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@functools.lru_cache(maxsize=_TIMES_CACHED)
def _usual(text: str) -> _Signed | None:
    """Return what a header says up to its signature, if it is written as SDKs write it.

    A client says the same all day; what is written otherwise is read, or refused, part by part.
    """
    match = _USUAL.fullmatch(text)
    if match is None:
        return None
    access_key, date, region, service, signed_headers = match.groups()
    return _Signed(access_key, date, region, service, signed_headers, "")


@functools.lru_cache(maxsize=_TIMES_CACHED)
def _names(signed_headers: str) -> frozenset[str]:
    return frozenset(signed_headers.split(";"))


@functools.lru_cache(maxsize=_TIMES_CACHED)
def _epoch(text: str) -> float | None:
    if not _BASIC_TIME.fullmatch(text):
        return None
    try:
        return float(calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ")))
    except ValueError:
        return None


def authenticate(request: HttpRequest, secret_for: SecretFor, now: float) -> Identity | None:
    """Return who signed the request, None for an anonymous one that S3 may let through.

    Raise AWS's error, in the called service's own words, for a signature that does not hold.
    """
    family = family_of(request)
    authorization = request.headers.get("authorization")
    query = request.query
    if "X-Amz-Algorithm=" in query or "X-Amz-Signature=" in query:
        if authorization is not None:
            raise AwsError(
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                "Signature query string parameter or the Authorization header should be specified",
            )
        return _Verifier(request, secret_for, family, is_query=True).presigned(now)
    verifier = _Verifier(request, secret_for, family, is_query=False)
    if authorization is not None:
        return verifier.header(authorization, now)
    if family == "s3" and "AWSAccessKeyId=" in query:
        identity = _version_2(request, secret_for, now)
        if identity is not None:
            return identity
    refusal = verifier.refusals.anonymous()
    if refusal is not None:
        raise refusal
    return None


def _version_2(request: HttpRequest, secret_for: SecretFor, now: float) -> Identity | None:
    """Verify a version 2 URL, which names no region: it is older than regions."""
    signed = version_2.presigned(request)
    if signed is None:
        return None
    secret = secret_for(signed.access_key)
    if secret is None:
        raise S3_QUERY.unknown_key(signed.access_key)
    version_2.verify(request, signed, secret, now)
    identity = Identity(
        signed.access_key, "s3", "us-east-1", UNSIGNED_PAYLOAD, signed.signature, b"", "", ""
    )
    return replace(identity, auth_type=QUERY_STRING)


def refusals_of(request: HttpRequest) -> Refusals:
    """Return how the service that a request calls refuses it."""
    return _refusals(family_of(request), is_query="authorization" not in request.headers)


def _refusals(family: str, *, is_query: bool) -> Refusals:
    if family == "s3":
        return S3_QUERY if is_query else S3_HEADER
    return QUERY if "query" in load(family).protocols else JSON


class _Verifier:
    """Verifies one request."""

    __slots__ = ("_family", "_request", "_secret_for", "refusals")

    def __init__(
        self, request: HttpRequest, secret_for: SecretFor, family: str, *, is_query: bool
    ) -> None:
        self._request = request
        self._secret_for = secret_for
        self._family = family
        self.refusals = _refusals(family, is_query=is_query)

    def header(self, authorization: str, now: float) -> Identity:
        """Verify the Authorization header."""
        signed = self._from_header(authorization)
        signed_at, epoch = self._header_time()
        self._check_scope(signed, signed_at)
        self._check_headers(signed)
        secret = self._secret(signed)
        if abs(now - epoch) > SKEW_SECONDS_MAX:
            raise self.refusals.skewed(epoch, now)
        return self._verify(signed, signed_at, secret, self._header_payload())

    def _from_header(self, authorization: str) -> _Signed:
        usual = _usual(authorization[:-_SIGNATURE_CHARACTERS])
        signature = authorization[-_SIGNATURE_CHARACTERS:]
        if usual is not None and signature.isalnum():
            return replace(usual, signature=signature)
        scheme, _, rest = authorization.partition(" ")
        if scheme != canonical.ALGORITHM:
            raise self.refusals.unsupported(authorization)
        parts: dict[str, str] = {}
        for part in rest.split(","):
            name, _, value = part.strip().partition("=")
            parts[name] = value
        for name in ("Credential", "SignedHeaders", "Signature"):
            if not parts.get(name):
                raise self._missing(name, authorization)
        return self._signed(parts["Credential"], parts["SignedHeaders"], parts["Signature"])

    def _missing(self, name: str, authorization: str) -> AwsError:
        if self._family == "s3":
            return self.refusals.malformed(f"a non-empty {name} must be provided in the header.")
        return self.refusals.malformed(
            f"Authorization header requires '{name}' parameter. Authorization={authorization[:256]}"
        )

    def _signed(self, credential: str, signed_headers: str, signature: str) -> _Signed:
        parts = credential.rsplit("/", 4)
        if len(parts) != 5 or not parts[0] or parts[4] != "aws4_request":
            raise self.refusals.malformed(self._credential_sentence(credential))
        access_key, date, region, service, _ = parts
        if not _SCOPE_DATE.fullmatch(date) or not service:
            raise self.refusals.malformed(self._credential_sentence(credential))
        return _Signed(access_key, date, region, service, signed_headers, signature)

    def _credential_sentence(self, credential: str) -> str:
        if self._family == "s3":
            is_query = self.refusals is S3_QUERY
            before = "Error parsing the X-Amz-Credential parameter; " if is_query else ""
            return before + CREDENTIAL_FORM
        return (
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{credential[:256]}'"
        )

    def _header_time(self) -> tuple[str, float]:
        headers = self._request.headers
        text = headers.get("x-amz-date")
        if text is None and "date" in headers:
            try:
                text = time.strftime(
                    "%Y%m%dT%H%M%SZ", time.gmtime(timestamps.read(headers["date"]))
                )
            except (ValueError, OverflowError, OSError):
                text = None
        epoch = _epoch(text) if text is not None else None
        if text is None or epoch is None:
            raise self.refusals.no_date()
        return text, epoch

    def _check_scope(self, signed: _Signed, signed_at: str) -> None:
        if signed.date != signed_at[:8]:
            raise self.refusals.other_date(signed.date, signed_at)
        expected = "s3" if self._family == "s3" else load(self._family).signing_name
        if signed.service != expected:
            raise self.refusals.other_service(signed.service, expected)

    def _check_headers(self, signed: _Signed) -> None:
        """Refuse a request whose host or whose own headers of AWS's are not signed."""
        names = _names(signed.signed_headers)
        if "host" not in names:
            raise self.refusals.unsigned_headers(["host"])
        missing = [
            name
            for name in self._request.headers
            if name.startswith("x-amz-") and name not in names and name != "x-amz-content-sha256"
        ]
        if missing:
            raise self.refusals.unsigned_headers(sorted(missing))

    def _secret(self, signed: _Signed) -> str:
        secret = self._secret_for(signed.access_key)
        if secret is None:
            raise self.refusals.unknown_key(signed.access_key)
        return secret

    def _header_payload(self) -> str:
        claimed = self._request.headers.get("x-amz-content-sha256")
        if self._family != "s3":
            # Their bodies are in memory: what was signed is what is here.
            return sha256(self._request.body).hexdigest()
        if claimed is None:
            raise AwsError(
                "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
            )
        _check_payload_word(claimed)
        return claimed

    def _verify(
        self, signed: _Signed, signed_at: str, secret: str, payload_hash: str, without: str = ""
    ) -> Identity:
        request, names = self._request, signed.signed_headers
        scope = signed.scope
        query = canonical.canonical_query(request.query, without=without)
        key = canonical.signing_key(secret, signed.date, signed.region, signed.service)
        text = to_sign = ""
        came = request.signed_path or request.path
        for path in canonical.canonical_paths(came, signed.service):
            text = canonical.canonical_request(request, path, query, names) + payload_hash
            to_sign = canonical.string_to_sign(text, signed_at, scope)
            if _is_same(canonical.sign(key, to_sign), signed.signature):
                break
        else:
            raise self.refusals.mismatch(
                Mismatch(signed.access_key, text, to_sign, signed.signature)
            )
        return Identity(
            signed.access_key,
            signed.service,
            signed.region,
            payload_hash,
            signed.signature,
            key,
            signed_at,
            scope,
        )

    def presigned(self, now: float) -> Identity:
        """Verify a presigned URL."""
        values = self._presigned_values()
        signed = self._signed(values["Credential"], values["SignedHeaders"], values["Signature"])
        epoch = _epoch(values["Date"])
        if epoch is None:
            raise self.refusals.no_date()
        self._check_scope(signed, values["Date"])
        self._check_headers(signed)
        secret = self._secret(signed)
        _check_expiry(self._expires(values["Expires"]), epoch, now)
        identity = self._verify(
            signed, values["Date"], secret, self._presigned_payload(), "X-Amz-Signature"
        )
        if self._family == "s3":
            self._take_headers_of_query()
        return replace(identity, auth_type=QUERY_STRING)

    def _take_headers_of_query(self) -> None:
        """Read S3's own headers (metadata, tags, …) that the URL's signer put into its query.

        AWS's SDK for JavaScript puts all of them there, so that the URL alone is enough.
        """
        headers = self._request.headers
        for part in self._request.query.split("&"):
            name, _, value = part.partition("=")
            lower = decode_percent(name).lower()
            if lower.startswith("x-amz-") and lower not in _OF_SIGNATURE:
                headers.setdefault(lower, decode_percent(value))

    def _presigned_values(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in self._request.query.split("&"):
            name, _, value = part.partition("=")
            if name.startswith("X-Amz-"):
                found.setdefault(name[6:], decode_percent(value))
        if any(not found.get(name) for name in _PRESIGNED):
            names = [f"X-Amz-{name}" for name in
                     ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders")]  # fmt: skip
            raise self.refusals.malformed(
                "Query-string authentication version 4 requires the "
                f"{', '.join(names)}, and X-Amz-Expires parameters."
            )
        if found["Algorithm"] != canonical.ALGORITHM:
            raise self.refusals.malformed(
                'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
            )
        return found

    def _expires(self, text: str) -> int:
        if not _EXPIRES.fullmatch(text):
            raise self.refusals.malformed("X-Amz-Expires should be a number")
        expires = int(text)
        if expires < 0:
            raise self.refusals.malformed("X-Amz-Expires must be non-negative")
        if expires > EXPIRES_SECONDS_MAX:
            raise self.refusals.malformed(
                "X-Amz-Expires must be less than a week (in seconds) that is 604800"
            )
        return expires

    def _presigned_payload(self) -> str:
        if self._family != "s3":
            return sha256(self._request.body).hexdigest()
        claimed = self._request.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
        _check_payload_word(claimed)
        return claimed


def _is_same(one: str, other: str) -> bool:
    """Compare in a time that tells nothing; a text with other characters is no signature."""
    return other.isascii() and hmac.compare_digest(one, other)


def _check_expiry(expires: int, signed_at: float, now: float) -> None:
    if signed_at > now + SKEW_SECONDS_MAX:
        raise AwsError("AccessDenied", "Request is not valid yet", 403)
    if now > signed_at + expires:
        raise S3_QUERY.expired(expires, signed_at, now)


def _check_payload_word(claimed: str) -> None:
    if claimed == UNSIGNED_PAYLOAD or claimed.startswith("STREAMING-"):
        return
    if len(claimed) != 64:
        raise AwsError(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, "
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
            400,
            {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": claimed},
        )
