"""How each family of services refuses a request it cannot authenticate.

S3, the JSON services and the query services have different codes, sentences and statuses for the
same failure: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import time
from typing import Protocol

import msgspec

from lakebed.core.errors import AwsError

SKEW_SECONDS_MAX = 900
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
)
CREDENTIAL_FORM = (
    'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
)


def basic_time(seconds: float) -> str:
    """Return `20240101T000000Z`."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def iso_time(seconds: float) -> str:
    """Return `2024-01-01T00:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Mismatch(msgspec.Struct, frozen=True):
    """What a client needs to see to find its own mistake in signing."""

    access_key: str
    canonical_request: str
    string_to_sign: str
    signature: str


_TOKEN_SHOWN_MAX = 4096


class Refusals(Protocol):
    """The errors of one family of services."""

    def anonymous(self) -> AwsError | None:
        """Return the error for a request without a signature, None if it may go on."""
        ...

    def malformed(self, what: str) -> AwsError:
        """Return the error for an authorization that cannot be read."""
        ...

    def unsupported(self, value: str) -> AwsError:
        """Return the error for another way of signing."""
        ...

    def no_date(self) -> AwsError:
        """Return the error for a request without a usable date."""
        ...

    def skewed(self, signed_at: float, now: float) -> AwsError:
        """Return the error for a request signed too long ago or in the future."""
        ...

    def other_date(self, scope_date: str, signed_at: str) -> AwsError:
        """Return the error for a scope of another day than the request."""
        ...

    def other_service(self, found: str, expected: str) -> AwsError:
        """Return the error for a scope of another service than the one called."""
        ...

    def unknown_key(self, access_key: str) -> AwsError:
        """Return the error for an access key nobody has."""
        ...

    def wrong_token(self, token: str) -> AwsError:
        """Return the error for a session token that is not the access key's."""
        ...

    def expired_token(self, token: str) -> AwsError:
        """Return the error for temporary credentials past their time."""
        ...

    def unsigned_headers(self, names: list[str]) -> AwsError:
        """Return the error for headers that had to be signed."""
        ...

    def mismatch(self, details: Mismatch) -> AwsError:
        """Return the error for a wrong signature."""
        ...


def _hex_bytes(text: str) -> str:
    return text.encode("utf-8", "replace").hex(" ")


class S3Refusals:
    """S3's errors; `is_query` for presigned URLs."""

    def __init__(self, *, is_query: bool) -> None:
        self._is_query = is_query

    def anonymous(self) -> AwsError | None:
        """Return nothing: what is public may be read without a signature."""
        return None

    def malformed(self, what: str) -> AwsError:
        """Return AuthorizationHeaderMalformed, or its sister for presigned URLs."""
        if self._is_query:
            return AwsError("AuthorizationQueryParametersError", what)
        sentence = f"The authorization header is malformed; {what}"
        return AwsError("AuthorizationHeaderMalformed", sentence)

    def unsupported(self, value: str) -> AwsError:
        """Return S3's answer to signature version 2 and to anything else."""
        if value.startswith("AWS ") or self._is_query:
            return AwsError(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. "
                "Please use AWS4-HMAC-SHA256.",
            )
        members = {"ArgumentName": "Authorization", "ArgumentValue": value[:256]}
        return AwsError("InvalidArgument", "Unsupported Authorization Type", 400, members)

    def no_date(self) -> AwsError:
        """Return AccessDenied."""
        if self._is_query:
            return self.malformed(
                "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
            )
        return AwsError(
            "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403
        )

    def skewed(self, signed_at: float, now: float) -> AwsError:
        """Return RequestTimeTooSkewed; boto3 sets its clock by it."""
        return AwsError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
            {
                "RequestTime": basic_time(signed_at),
                "ServerTime": iso_time(now),
                "MaxAllowedSkewMilliseconds": SKEW_SECONDS_MAX * 1000,
            },
        )

    def other_date(self, scope_date: str, signed_at: str) -> AwsError:
        """Return the malformed authorization that names both dates."""
        return self.malformed(
            f'Invalid credential date "{scope_date}". This date is not the same as X-Amz-Date: '
            f'"{signed_at[:8]}".'
        )

    def other_service(self, found: str, expected: str) -> AwsError:
        """Return the malformed authorization that names the service."""
        return self.malformed(
            f'incorrect service "{found}". This endpoint belongs to "{expected}".'
        )

    def unknown_key(self, access_key: str) -> AwsError:
        """Return InvalidAccessKeyId."""
        return AwsError(
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403,
            {"AWSAccessKeyId": access_key},
        )

    def wrong_token(self, token: str) -> AwsError:
        """Return InvalidToken with the token, as S3 does."""
        sentence = "The provided token is malformed or otherwise invalid."
        return AwsError("InvalidToken", sentence, 400, {"Token-0": token[:_TOKEN_SHOWN_MAX]})

    def expired_token(self, token: str) -> AwsError:
        """Return ExpiredToken with the token, as S3 does."""
        sentence = "The provided token has expired."
        return AwsError("ExpiredToken", sentence, 400, {"Token-0": token[:_TOKEN_SHOWN_MAX]})

    def unsigned_headers(self, names: list[str]) -> AwsError:
        """Return AccessDenied with the headers' names."""
        return AwsError(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            403,
            {"HeadersNotSigned": ", ".join(names)},
        )

    def mismatch(self, details: Mismatch) -> AwsError:
        """Return SignatureDoesNotMatch with what was signed here."""
        return AwsError(
            "SignatureDoesNotMatch",
            f"{_MISMATCH}key and signing method.",
            403,
            {
                "AWSAccessKeyId": details.access_key,
                "StringToSign": details.string_to_sign,
                "SignatureProvided": details.signature,
                "StringToSignBytes": _hex_bytes(details.string_to_sign),
                "CanonicalRequest": details.canonical_request,
                "CanonicalRequestBytes": _hex_bytes(details.canonical_request),
            },
        )

    def expired(self, expires: int, signed_at: float, now: float) -> AwsError:
        """Return AccessDenied for a presigned URL that is past its time."""
        return AwsError(
            "AccessDenied",
            "Request has expired",
            403,
            {
                "X-Amz-Expires": expires,
                "Expires": iso_time(signed_at + expires),
                "ServerTime": iso_time(now),
            },
        )


class ServiceRefusals(msgspec.Struct, frozen=True):
    """The errors of the other services: the same sentences under two sets of codes."""

    missing: str
    incomplete: str
    invalid: str
    unknown: str
    expired: str
    status: int

    def anonymous(self) -> AwsError | None:
        """Return the missing authentication token: nothing is public here."""
        return AwsError(self.missing, "Request is missing Authentication Token", self.status)

    def malformed(self, what: str) -> AwsError:
        """Return the incomplete signature."""
        return AwsError(self.incomplete, what)

    def unsupported(self, value: str) -> AwsError:
        """Return the incomplete signature that names the algorithm."""
        scheme = value.partition(" ")[0][:64]
        return AwsError(self.incomplete, f"Unsupported AWS 'algorithm': '{scheme}'.")

    def no_date(self) -> AwsError:
        """Return the incomplete signature that asks for a date."""
        return AwsError(
            self.incomplete,
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )

    def skewed(self, signed_at: float, now: float) -> AwsError:
        """Return the expired signature, or the one of the future; SDKs set their clocks by it."""
        at, server = basic_time(signed_at), basic_time(now)
        if signed_at < now:
            edge = basic_time(now - SKEW_SECONDS_MAX)
            sentence = f"Signature expired: {at} is now earlier than {edge} ({server} - 15 min.)"
        else:
            edge = basic_time(now + SKEW_SECONDS_MAX)
            sentence = (
                f"Signature not yet current: {at} is still later than {edge} ({server} + 15 min.)"
            )
        return AwsError(self.invalid, sentence, self.status)

    def other_date(self, scope_date: str, signed_at: str) -> AwsError:
        """Return the invalid signature that names both dates."""
        return AwsError(
            self.invalid,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{scope_date}' != '{signed_at[:8]}', from '{signed_at}'.",
            self.status,
        )

    def other_service(self, found: str, expected: str) -> AwsError:
        """Return the invalid signature that names the service."""
        return AwsError(
            self.invalid,
            f"Credential should be scoped to correct service: '{expected}'. ",
            self.status,
        )

    def unknown_key(self, access_key: str) -> AwsError:
        """Return the invalid token."""
        sentence = "The security token included in the request is invalid."
        return AwsError(self.unknown, sentence, self.status)

    def wrong_token(self, token: str) -> AwsError:
        """Return the invalid token."""
        return self.unknown_key("")

    def expired_token(self, token: str) -> AwsError:
        """Return the expired token."""
        sentence = "The security token included in the request is expired"
        return AwsError(self.expired, sentence, self.status)

    def unsigned_headers(self, names: list[str]) -> AwsError:
        """Return the invalid signature that names the headers."""
        return AwsError(
            self.invalid,
            f"'{names[0]}' must be a 'SignedHeader' in the AWS Authorization.",
            self.status,
        )

    def mismatch(self, details: Mismatch) -> AwsError:
        """Return the invalid signature."""
        return AwsError(
            self.invalid,
            f"{_MISMATCH}AWS Secret Access Key and signing method. Consult the service "
            "documentation for details.",
            self.status,
        )


JSON = ServiceRefusals(
    missing="MissingAuthenticationTokenException",
    incomplete="IncompleteSignatureException",
    invalid="InvalidSignatureException",
    unknown="UnrecognizedClientException",
    expired="ExpiredTokenException",
    status=400,
)
QUERY = ServiceRefusals(
    missing="MissingAuthenticationToken",
    incomplete="IncompleteSignature",
    invalid="SignatureDoesNotMatch",
    unknown="InvalidClientTokenId",
    expired="ExpiredToken",
    status=403,
)
S3_HEADER = S3Refusals(is_query=False)
S3_QUERY = S3Refusals(is_query=True)
