"""ID tokens of OpenID Connect providers, verified: who says it, for whom, until when.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
Some of the sentences are remembered.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard, cast

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import WEB_TOKEN_SKEW_SECONDS
from lakebed.govern.identities import WEB_PROVIDERS, WebProvider
from lakebed.public_keys import ALGORITHMS, PublicKeyError, is_signed, unpadded
from lakebed.services.sts._web_keys import UnreachableError, keys_of

_TAGS = "https://aws.amazon.com/tags"
_SECONDS_END = 10**11
_SHOWN_MAX = 500
_BAD_TAGS = "The tags of the token are not what they have to be."
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")
_SOURCE = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"


class WebToken(msgspec.Struct, frozen=True):
    """A token that was verified: `audience` is its `azp` if it has one, as AWS reads it."""

    provider: WebProvider
    claims: Mapping[str, Any]
    subject: str
    audience: str

    def conditions(self) -> dict[str, str | tuple[str, ...]]:
        """Return the condition keys of a token; they begin with the provider's address.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
        """
        prefix = self.provider.url.lower()
        found: dict[str, str | tuple[str, ...]] = {
            f"{prefix}:sub": self.subject,
            f"{prefix}:aud": self.audience,
            "aws:federatedprovider": self.provider.arn,
        }
        if "azp" in self.claims:
            given = _texts(self.claims.get("aud"))
            found[f"{prefix}:oaud"] = given[0] if len(given) == 1 else given
        if methods := _texts(self.claims.get("amr")):
            found[f"{prefix}:amr"] = methods
        return found

    def tags(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the session's tags that the token names, and which of them are transitive.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
        """
        given = self.claims.get(_TAGS)
        if given is None:
            return {}, ()
        try:
            named = cast("dict[str, Any]", given)
            tags = {key: _texts(one)[0] for key, one in named["principal_tags"].items()}
        except (TypeError, KeyError, AttributeError, IndexError):
            raise _invalid(_BAD_TAGS) from None
        if not all(_TAG_KEY.fullmatch(key) and len(one) <= 256 for key, one in tags.items()):
            raise _invalid(_BAD_TAGS)
        return tags, _texts(named.get("transitive_tag_keys"))

    def source_identity(self) -> str:
        """Return the source identity that the token names, if any."""
        given = self.claims.get(_SOURCE_IDENTITY)
        if given is None:
            return ""
        if not isinstance(given, str) or not _SOURCE.fullmatch(given):
            raise _invalid("The source identity of the token is not what it has to be.")
        return given


def verified(ctx: Context, account: str, text: str) -> WebToken:
    """Return a token of a provider that an account has named; AwsError for any other."""
    header, claims, signed, signature = _parts(text)
    issuer = _claim(claims, "iss")
    provider = WEB_PROVIDERS.get(ctx, account, issuer.partition("://")[2])
    if provider is None or provider.issuer != issuer:
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer[:_SHOWN_MAX]}")
    subject = _claim(claims, "sub")
    audiences = _audiences(claims)
    audience = next((one for one in audiences if one in provider.clients), None)
    if audience is None:
        raise _invalid("Incorrect token audience")
    now = ctx.clock.now()
    _check_times(claims, now)
    _check_signature(provider, header, signed, signature, now)
    return WebToken(provider, claims, subject, audience)


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    pieces = text.split(".")
    try:
        head, body, signature = (unpadded(one) for one in pieces)
        header: Any = json.loads(head)
        claims: Any = json.loads(body)
    except (ValueError, RecursionError):
        header = claims = signature = None
    is_token = isinstance(header, dict) and isinstance(claims, dict) and signature is not None
    if not is_token or "crit" in header:
        raise _invalid("The ID Token provided is not a valid JWT. (You may see this error if you "
                       "sent an Access Token)")  # fmt: skip
    return (
        cast("dict[str, Any]", header),
        cast("dict[str, Any]", claims),
        text.rpartition(".")[0].encode(),
        cast(bytes, signature),
    )


def _claim(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # What has control characters or half of a pair in it can stand in no answer.
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise _invalid(f"Missing a required claim: {name}")
    return value


def _audiences(claims: Mapping[str, Any]) -> Sequence[str]:
    if claims.get("azp"):
        return (_claim(claims, "azp"),)
    audiences = _texts(claims.get("aud"))
    if not audiences:
        raise _invalid("Missing a required claim: aud")
    return audiences


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """Refuse a token before or past its time; five minutes either way are for clocks that differ.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html
    """
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if now >= expires + WEB_TOKEN_SKEW_SECONDS:
        raise AwsError(
            "ExpiredTokenException",
            f"Token expired: current date/time {int(now)} must be before the expiration date/time "
            f"{int(expires)}",
        )
    if "nbf" in claims:
        issued = max(issued, _seconds(claims, "nbf"))
    if now < issued - WEB_TOKEN_SKEW_SECONDS:
        raise AwsError("IDPRejectedClaim", "The token is of a time that is yet to come.", 403)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = math.nan
    # Not a number is in no range.
    if not 0 <= value < _SECONDS_END:
        raise _invalid(f"Missing a required claim: {name}")
    return float(value)


def _check_signature(
    provider: WebProvider, header: Mapping[str, Any], signed: bytes, signature: bytes, now: float
) -> None:
    algorithm, name = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        shown = algorithm if _is_text(algorithm) else "none that could be read"
        raise _invalid(f"Token signature algorithm is not supported: {shown[:_SHOWN_MAX]}")
    is_found = False
    try:
        for key in keys_of(provider.issuer, name if isinstance(name, str) else None, now):
            try:
                if is_signed(key, algorithm, signed, signature):
                    return
                is_found = True
            except PublicKeyError:
                continue
    except UnreachableError as error:
        why = "".join(one if one.isprintable() else "?" for one in str(error))[:_SHOWN_MAX]
        message = f"The identity provider {provider.issuer} could not be reached: {why}"
        raise AwsError("IDPCommunicationError", message) from None
    if is_found:
        raise _invalid("The signature of the token is not valid.")
    raise _invalid(
        "Couldn't retrieve verification key from your identity provider, please reference "
        "AssumeRoleWithWebIdentity documentation for requirements"
    )


def _texts(value: object) -> tuple[str, ...]:
    """Return a text, or the texts of a list, as a tuple."""
    if _is_text(value):
        return (value,)
    if not isinstance(value, list):
        return ()
    return tuple(one for one in cast("list[object]", value) if _is_text(one))


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.isprintable()


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidIdentityToken", message)
