"""Amazon Ion, binary or text: structs one after another.

https://docs.aws.amazon.com/athena/latest/ug/ion-serde.html. Binary Ion is known by its first bytes.
Text is taken for Ion if it says so (`$ion_1_0`) or begins as a struct that is no JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from lakebed.core.limits import CRAWL_RECORDS_MAX
from lakebed.engines.crawl import Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.source import Source
from lakebed.engines.crawl.local.values import Kinds, columns_of
from lakebed.engines.crawl.types import DECIMAL_DIGITS_MAX, DOUBLE, GlueType, Scalar

_BINARY_MARK = b"\xe0\x01\x00\xea"
_TEXT_MARK = b"$ion_1_0"
_DEPTH_MAX = 60


def classify(source: Source) -> Finding | None:
    """Take a file of Ion structs."""
    text = source.text
    if not text.startswith(_BINARY_MARK):
        opening = text.lstrip()
        if not opening.startswith((_TEXT_MARK, b"{")) or b"\x00" in text:
            return None
    records, seen = _records(source)
    columns = columns_of(records, _KINDS) if records else ()
    if not columns:
        return None
    parameters = {"typeOfData": "file"}
    share = len(text) / max(1, seen)
    return source.finding("ion", columns, storages.ION_STORAGE, parameters, len(records) * share)


def _records(source: Source) -> tuple[list[dict[str, Any]], int]:
    """Return the first structs and the bytes they took; none if another value stands among them."""
    # Loaded here: few files are Ion.
    from amazon.ion import simpleion
    from amazon.ion.exceptions import IonException

    file = BytesIO(source.text)
    found: list[dict[str, Any]] = []
    try:
        load: Any = vars(simpleion)["load"]
        values = load(file, single_value=False, parse_eagerly=False)
        for value in values:
            if value.ion_type.name != "STRUCT" or type(value).__name__ == "IonPyNull":
                return [], 0
            found.append(_plain(value, 0))
            if len(found) >= CRAWL_RECORDS_MAX:
                return found, file.tell()
    except (IonException, ValueError, EOFError):
        if source.is_whole:
            return [], 0
    return found, len(source.text)


def _plain(value: Any, depth: int) -> Any:
    """Return a value of Ion's as one of Python's own classes."""
    if depth > _DEPTH_MAX:
        return ""
    if type(value).__name__ == "IonPyNull":
        return None
    kind: str = value.ion_type.name
    if kind == "STRUCT":
        return {str(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if kind in ("LIST", "SEXP"):
        return [_plain(inner, depth + 1) for inner in value]
    rule = _SCALARS.get(kind)
    return value if rule is None else rule(value)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "BOOL": bool,
    "INT": int,
    "FLOAT": float,
    "CLOB": bytes,
    "BLOB": bytes,
    "STRING": str,
    "SYMBOL": lambda value: value.text or "",
}
"""Of decimals and timestamps the classes stay: they are Python's own, or inherit from them."""


def _decimals(values: list[Decimal]) -> GlueType:
    """Return the decimal that holds all of some."""
    whole = scale = 0
    for value in values:
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            return DOUBLE
        scale = max(scale, -exponent)
        whole = max(whole, len(digits) + exponent)
    digits_in_all = max(1, whole + scale)
    return (
        DOUBLE if digits_in_all > DECIMAL_DIGITS_MAX else Scalar("decimal", (digits_in_all, scale))
    )


def _moments(values: list[Any]) -> GlueType:
    return Scalar("timestamp")


def _bytes(values: list[Any]) -> GlueType:
    return Scalar("binary")


_KINDS: Kinds = {bytes: _bytes, datetime: _moments, Decimal: _decimals}
