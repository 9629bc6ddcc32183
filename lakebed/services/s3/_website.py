"""Websites: what S3 takes for a configuration, where its rules lead, what its error pages say.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
Pure: configurations are AWS's structures. The sentences of refusals are S3's as clients report
them; those about codes and the number of rules are remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from lakebed.core.errors import AwsError
from lakebed.core.limits import WEBSITE_RULES_MAX
from lakebed.services.s3.model import invalid_argument, malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3

_PROTOCOLS = ("http", "https")


def check_configuration(given: s3.WebsiteConfiguration) -> None:
    """Refuse a configuration that S3 does not take."""
    everywhere = given.get("RedirectAllRequestsTo")
    if everywhere is not None:
        if len(given) > 1:
            message = (
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."
            )
            raise invalid_argument(message, "RedirectAllRequestsTo", "not null")
        if not everywhere.get("HostName"):
            raise malformed_xml()
        _check_protocol(everywhere)
        return
    if "IndexDocument" not in given:
        message = (
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"
        )
        raise invalid_argument(message, "IndexDocument", "null")
    suffix = given["IndexDocument"].get("Suffix", "")
    if not suffix or "/" in suffix:
        message = "The IndexDocument Suffix is not well formed"
        raise invalid_argument(message, "IndexDocument", suffix)
    if "ErrorDocument" in given and not given["ErrorDocument"].get("Key"):
        raise invalid_argument("The ErrorDocument Key is not well formed", "ErrorDocument", "")
    _check_rules(given.get("RoutingRules", ()))


def _check_rules(rules: Sequence[s3.RoutingRule]) -> None:
    if len(rules) > WEBSITE_RULES_MAX:
        raise _invalid(
            f"{len(rules)} routing rules provided, the number of routing rules in a website "
            f"configuration is limited to {WEBSITE_RULES_MAX}."
        )
    for rule in rules:
        condition, redirect = rule.get("Condition"), rule.get("Redirect")
        if not redirect:
            raise malformed_xml()
        if condition is not None and not condition:
            raise _invalid(
                "Condition cannot be empty. To redirect all requests without a condition, the "
                "condition element shouldn't be present."
            )
        _check_protocol(redirect)
        if "ReplaceKeyPrefixWith" in redirect and "ReplaceKeyWith" in redirect:
            raise _invalid("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
        _check_codes(condition or {}, redirect)


def _check_codes(condition: s3.Condition, redirect: s3.Redirect) -> None:
    error = condition.get("HttpErrorCodeReturnedEquals", "404")
    if len(error) != 3 or not error.isdecimal() or error[0] not in "45":
        raise _invalid(
            f"The provided HTTP error code ({error}) is not valid. Valid codes are 4XX or 5XX."
        )
    code = redirect.get("HttpRedirectCode", "301")
    if len(code) != 3 or not code.isdecimal() or code[0] != "3" or code == "300":
        raise _invalid(
            f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except "
            "300."
        )


def _check_protocol(given: Mapping[str, Any]) -> None:
    if given.get("Protocol", "http") not in _PROTOCOLS:
        raise _invalid(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be "
            "selected automatically."
        )


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRequest", message, 400)


# -- where to -----------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a visitor is: `key` as text, the query still encoded."""

    scheme: str
    host: str
    key: str
    query: str = ""


class Redirection(NamedTuple):
    """Where a visitor is sent, and by which status."""

    status: int
    location: str


def everywhere_to(configuration: s3.WebsiteConfiguration, place: Place) -> Redirection | None:
    """Return where a website sends all that come, if it does."""
    target = configuration.get("RedirectAllRequestsTo")
    if target is None:
        return None
    moved = place._replace(scheme=target.get("Protocol", place.scheme), host=target["HostName"])
    return Redirection(301, _url(moved))


def redirected(
    configuration: s3.WebsiteConfiguration, place: Place, error: int | None
) -> Redirection | None:
    """Return where the first rule that fits sends a visitor.

    `error` is the status that reading the object came to; None before it was read, when only rules
    that ask for no status count.
    """
    for rule in configuration.get("RoutingRules", ()):
        condition = rule.get("Condition", {})
        wanted = condition.get("HttpErrorCodeReturnedEquals")
        if (None if wanted is None else int(wanted)) != error:
            continue
        prefix = condition.get("KeyPrefixEquals", "")
        if place.key.startswith(prefix):
            return _sent(rule["Redirect"], place, prefix)
    return None


def _sent(redirect: s3.Redirect, place: Place, prefix: str) -> Redirection:
    key = place.key
    if "ReplaceKeyWith" in redirect:
        key = redirect["ReplaceKeyWith"]
    elif "ReplaceKeyPrefixWith" in redirect:
        key = redirect["ReplaceKeyPrefixWith"] + key[len(prefix) :]
    scheme, host = redirect.get("Protocol", place.scheme), redirect.get("HostName", place.host)
    location = _url(Place(scheme, host, key, place.query))
    return Redirection(int(redirect.get("HttpRedirectCode", "301")), location)


def _url(place: Place) -> str:
    # A rule may put a query into the key it leads to.
    path = quote(place.key, safe="/?#=&%+:@!$'()*,;~")
    return f"{place.scheme}://{place.host}/{path}" + (f"?{place.query}" if place.query else "")


# -- pages ----------------------------------------------------------------------------------------


def error_page(error: AwsError, ids: tuple[str, str], nested: AwsError | None) -> str:
    """Return the page of an error, as S3 writes it.

    `ids` are the request's and the host's, `nested` is why there is no page of the website's own.
    """
    title = f"{error.status} {HTTPStatus(error.status).phrase}"
    rows = [*_rows(error), ("RequestId", ids[0]), ("HostId", ids[1])]
    more = ""
    if nested is not None:
        more = (
            "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n"
            + _listed(_rows(nested))
        )
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n"
        f"{_listed(rows)}{more}<hr/>\n</body>\n</html>\n"
    )


def _rows(error: AwsError) -> list[tuple[str, str]]:
    members = [(name, str(value)) for name, value in error.members.items()]
    return [("Code", error.code), ("Message", error.message), *members]


def _listed(rows: Sequence[tuple[str, str]]) -> str:
    items = "".join(f"<li>{name}: {escape(value, quote=False)}</li>\n" for name, value in rows)
    return f"<ul>\n{items}</ul>\n"
