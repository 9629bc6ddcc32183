"""Scalars as text, which is how XML, forms, headers and queries carry them."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from typing import Any

from lakebed.gateway.wire import timestamps

_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_BITS = {"byte": 8, "short": 16, "integer": 32, "long": 64}


def _integer(kind: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"no {kind}: {text}")
    value = int(text)
    limit = 1 << (_BITS[kind] - 1)
    if not -limit <= value < limit:
        raise ValueError(f"no {kind}: {text}")
    return value


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise ValueError(f"no boolean: {text}")
    return lowered == "true"


def read_scalar(kind: str, text: str) -> Any:
    """Return the value of a scalar's text, or raise ValueError."""
    if kind in ("string", "character"):
        return text
    if kind in _BITS:
        return _integer(kind, text.strip())
    if kind == "boolean":
        return _boolean(text.strip())
    if kind == "timestamp":
        return timestamps.read(text)
    if kind == "blob":
        return base64.b64decode(text, validate=True)
    return float(text)


def _write_boolean(value: bool) -> str:
    return "true" if value else "false"


def _write_number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _write_blob(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def scalar_writer(kind: str, timestamp_format: str, default_format: str) -> Callable[[Any], str]:
    """Return what writes a scalar of `kind` as text, not yet escaped."""
    if kind == "timestamp":
        return {
            "iso8601": timestamps.write_iso8601,
            "rfc822": timestamps.write_rfc7231,
            "unixTimestamp": timestamps.write_unix,
        }[timestamp_format or default_format]
    if kind in _BITS:
        return str
    return {
        "boolean": _write_boolean,
        "float": _write_number,
        "double": _write_number,
        "blob": _write_blob,
    }.get(kind, str)
