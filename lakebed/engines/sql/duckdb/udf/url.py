"""Trino's URL functions (https://trino.io/docs/current/functions/url.html).

An address is read by RFC 3986; what is none answers NULL, as java.net.URI's failure does there.
"""

from __future__ import annotations

import re
from urllib.parse import quote_plus, unquote_plus

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_PARTS = re.compile(r"(?:([A-Za-z][\w+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_UNFIT = re.compile(r"[\s\"<>\\^`{|}\x00-\x1f]|%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@function
def encode(text: str) -> str:
    """Escape a text for use in a query string: a space becomes `+`, `*` stays."""
    return quote_plus(text, safe="*").replace("~", "%7E")


@function
def decode(text: str) -> str:
    """Undo `encode`; INVALID_FUNCTION_ARGUMENT where an escape is broken."""
    broken = _ESCAPE.search(text)
    if broken is not None:
        message = "Illegal hex characters in escape (%) pattern"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    return unquote_plus(text, errors="replace")


@function
def protocol(address: str) -> str | None:
    """Return the scheme."""
    return _part(address, 1)


@function
def host(address: str) -> str | None:
    """Return the host, without user and port."""
    authority = _part(address, 2)
    if authority is None:
        return None
    return re.sub(r":\d*$", "", authority.rpartition("@")[2])


@function
def port(address: str) -> int | None:
    """Return the port, None without one."""
    found = re.search(r":(\d+)$", _part(address, 2) or "")
    return int(found.group(1)) if found else None


@function
def path(address: str) -> str | None:
    """Return the path, its escapes undone."""
    found = _part(address, 3)
    return None if found is None else unquote_plus(found.replace("+", "%2B"))


@function
def query(address: str) -> str | None:
    """Return the query string, its escapes undone."""
    found = _part(address, 4)
    return None if found is None else unquote_plus(found.replace("+", "%2B"))


@function
def fragment(address: str) -> str | None:
    """Return the fragment, its escapes undone."""
    found = _part(address, 5)
    return None if found is None else unquote_plus(found.replace("+", "%2B"))


@function
def parameter(address: str, name: str) -> str | None:
    """Return the first query parameter of a name, its escapes undone."""
    for pair in (_part(address, 4) or "").split("&"):
        key, _, value = pair.partition("=")
        if unquote_plus(key) == name:
            return unquote_plus(value)
    return None


def _part(address: str, group: int) -> str | None:
    """Return a part of an address; '' for one that is not there, None for what is no address."""
    found = None if _UNFIT.search(address) else _PARTS.fullmatch(address)
    if found is None:
        return None
    scheme, _, rest = address.partition(":")
    if found.group(1) == scheme and rest[:1] not in ("/", "") and group in (3, 4):
        return ""  # an opaque address, `mailto:a@b.c`, has no path and no query
    return found.group(group) or ""
