"""Cross-origin rules: what S3 takes for one, and which rule a browser's request meets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
Pure: rules are AWS's structures, requests are an origin, a method and names of headers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lakebed.core.errors import AwsError
from lakebed.core.limits import CORS_RULE_ID_CHARACTERS_MAX, CORS_RULES_MAX
from lakebed.services.s3.model import malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3

METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
_PATTERNS_KEPT = 1024


class Asked(NamedTuple):
    """What a browser asks for: from where, by which method, with which headers besides."""

    origin: str
    method: str
    headers: tuple[str, ...] = ()


def asked_in(headers: Mapping[str, str], method: str) -> Asked:
    """Return what the headers of a request ask; its own method, unless they name another."""
    names = headers.get("access-control-request-headers", "").split(",")
    wanted = tuple(name.strip() for name in names if name.strip())
    return Asked(headers["origin"], headers.get("access-control-request-method", method), wanted)


def check_rules(rules: Sequence[s3.CORSRule]) -> None:
    """Refuse rules that S3 does not take.

    The sentences are S3's as clients report them; that too many rules and too long an id are
    MalformedXML is assumed.
    """
    if not 1 <= len(rules) <= CORS_RULES_MAX:
        raise malformed_xml()
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: s3.CORSRule) -> None:
    is_whole = rule.get("AllowedMethods") and rule.get("AllowedOrigins")
    is_timed = rule.get("MaxAgeSeconds", 0) >= 0
    if not is_whole or not is_timed or len(rule.get("ID", "")) > CORS_RULE_ID_CHARACTERS_MAX:
        raise malformed_xml()
    for method in rule["AllowedMethods"]:
        if method not in METHODS:
            raise _invalid(
                "Found unsupported HTTP method in CORS config. Unsupported method is " + method
            )
    for origin in rule["AllowedOrigins"]:
        _check_wildcards("AllowedOrigin", origin)
    for header in rule.get("AllowedHeaders", ()):
        _check_wildcards("AllowedHeader", header)
    for header in rule.get("ExposeHeaders", ()):
        if "*" in header:
            raise _invalid(
                f'ExposeHeader "{header}" contains wildcard. We currently do not support '
                "wildcard for ExposeHeader."
            )


def _check_wildcards(member: str, pattern: str) -> None:
    if pattern.count("*") > 1:
        raise _invalid(f'{member} "{pattern}" can not have more than one wildcard.')


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRequest", message, 400)


@lru_cache(maxsize=_PATTERNS_KEPT)
def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern with at most one star, which stands for any characters and for none."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def answered(rules: Sequence[s3.CORSRule], asked: Asked) -> list[tuple[str, str]]:
    """Return the headers by the first rule that a request meets; none if it meets none."""
    for rule in rules:
        origin = _met_origin(rule, asked.origin)
        is_met = origin is not None and asked.method in rule["AllowedMethods"]
        if origin is not None and is_met and _has_headers(rule, asked.headers):
            return _headers(rule, origin, asked)
    return []


def _met_origin(rule: s3.CORSRule, origin: str) -> str | None:
    """Return what the answer names as the origin: a star if everybody is meant."""
    for pattern in rule["AllowedOrigins"]:
        if pattern == "*":
            return "*"
        if _pattern(pattern).fullmatch(origin):
            return origin
    return None


def _has_headers(rule: s3.CORSRule, names: Sequence[str]) -> bool:
    allowed = [_pattern(pattern.lower()) for pattern in rule.get("AllowedHeaders", ())]
    return all(any(one.fullmatch(name.lower()) for one in allowed) for name in names)


def _headers(rule: s3.CORSRule, origin: str, asked: Asked) -> list[tuple[str, str]]:
    found = [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])),
    ]
    if asked.headers:
        names = ", ".join(name.lower() for name in asked.headers)
        found.append(("Access-Control-Allow-Headers", names))
    exposed = rule.get("ExposeHeaders")
    if exposed:
        found.append(("Access-Control-Expose-Headers", ", ".join(exposed)))
    if "MaxAgeSeconds" in rule:
        found.append(("Access-Control-Max-Age", str(rule["MaxAgeSeconds"])))
    if origin != "*":
        found.append(("Access-Control-Allow-Credentials", "true"))
    found.append(("Vary", VARY))
    return found
