"""contains(network, address): networks in CIDR notation.

https://trino.io/docs/current/functions/ipaddress.html
"""

from __future__ import annotations

import ipaddress

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


@function
def contains(network: str, address: bytes) -> bool:
    """Tell whether an address (16 bytes) is in a network."""
    base, found, length = network.partition("/")
    if not found:
        raise _invalid("Invalid CIDR")
    try:
        first = ipaddress.ip_address(base)
    except ValueError:
        raise _invalid("Invalid network IP address") from None
    if first.version == 6 and first.ipv4_mapped is not None:
        first = first.ipv4_mapped
    digits = length.removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        raise TrinoError("GENERIC_INTERNAL_ERROR", f'For input string: "{length}"')
    bits = int(length)
    if bits < 0:
        raise _invalid("Invalid prefix length")
    if ":" in base and first.version == 4:
        bits = max(0, bits - 96)
    if bits > first.max_prefixlen:
        raise _invalid("Invalid CIDR")
    shift = first.max_prefixlen - bits
    if int(first) >> shift << shift != int(first):
        raise _invalid("Invalid CIDR")
    known = ipaddress.IPv6Address(address)
    other = known.ipv4_mapped or known
    if other.version != first.version:
        return first.version == 6 and bits == 0
    return int(other) >> shift == int(first) >> shift
