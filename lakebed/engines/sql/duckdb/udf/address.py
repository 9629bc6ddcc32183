"""IP addresses: 16 bytes, IPv4 as ::ffff:a.b.c.d, so that bytes order as Trino's values do.

https://trino.io/docs/current/language/types.html#ipaddress
"""

from __future__ import annotations

import contextlib
import ipaddress

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function


@function
def read(text: str) -> bytes:
    """Read `1.2.3.4` or `2001:db8::1`."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        message = f"Cannot cast value to IPADDRESS: {text}"
        raise TrinoError("INVALID_CAST_ARGUMENT", message) from None
    return b"\x00" * 10 + b"\xff\xff" + found.packed if found.version == 4 else found.packed


@function
def try_read(text: str) -> bytes | None:
    """Read an address; NULL for a text that is none."""
    with contextlib.suppress(TrinoError):
        return read(text)
    return None


@function
def text(address: bytes) -> str:
    """Write an address as RFC 5952 does; IPv4 in its own form."""
    found = ipaddress.IPv6Address(address)
    return str(found.ipv4_mapped or found)
