"""format(): Java's Formatter (https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html).

Values come as Trino gives them to it: whole numbers as Long, decimals as BigDecimal, doubles as
Double, dates and times as the classes of java.time, everything else as text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, cast

from lakebed.dialect import json_text
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.udf import function, java_flags, java_moments
from lakebed.engines.sql.duckdb.udf.java_flags import FormatError
from lakebed.engines.sql.duckdb.udf.java_moments import Moment

_SPECIFIER = re.compile(
    r"%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?([tT]?)([a-zA-Z%])|%|[^%]+", re.S
)
_CONTEXT = Context(prec=400)
_NAMES: dict[type, str] = {bool: "Boolean", int: "Long", float: "Double", str: "String"}


@dataclass(frozen=True, slots=True)
class _Specifier:
    """One `%…` of a format."""

    text: str
    flags: str
    width: int
    precision: int | None
    conversion: str
    is_upper: bool

    def padded(self, shown: str) -> str:
        """Bring a text to the width."""
        shown = shown.upper() if self.is_upper else shown
        return shown.ljust(self.width) if "-" in self.flags else shown.rjust(self.width)

    def signed(self, digits: str, negative: bool) -> str:
        """Put sign, zeros and parentheses around the digits of a number."""
        before, after = "", ""
        if negative:
            before, after = ("(", ")") if "(" in self.flags else ("-", "")
        elif "+" in self.flags or " " in self.flags:
            before = "+" if "+" in self.flags else " "
        if "0" in self.flags:
            digits = digits.rjust(self.width - len(before) - len(after), "0")
        return self.padded(before + digits + after)


@function(nulls=True)
def render(*values: Any) -> str | None:
    """Return the format (the first value) filled with the others."""
    if values[0] is None:
        return None
    try:
        return _rendered(values[0], tuple(map(_read, values[1:])))
    except FormatError as error:
        message = f"Invalid format string: {values[0]} ({error})"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message) from None


def _read(value: Any) -> Any:
    return java_moments.read(cast(dict[str, Any], value)) if isinstance(value, dict) else value


def _rendered(pattern: str, values: tuple[Any, ...]) -> str:
    out: list[str] = []
    ordinary, last = 0, -1
    for found in _SPECIFIER.finditer(pattern):
        text = found.group(0)
        if text[0] != "%":
            out.append(text)
            continue
        index, flags, width, precision, dated, conversion = found.groups()
        if conversion is None:
            raise FormatError("UnknownFormatConversion: Conversion = '%'")
        spec = _Specifier(
            text,
            flags,
            int(width or 0),
            int(precision) if precision else None,
            conversion,
            dated == "T" if dated else conversion.isupper(),
        )
        java_flags.check(text)
        if conversion in "n%" and not dated:
            out.append("\n" if conversion == "n" else spec.padded("%"))
            continue
        if "<" in flags:
            at = last
        elif index:
            at = int(index) - 1
        else:
            at, ordinary = ordinary, ordinary + 1
        if not 0 <= at < len(values):
            raise FormatError(f"MissingFormatArgument: Format specifier '{text}'")
        last = at
        out.append(_dated(spec, values[at]) if dated else _one(spec, values[at]))
    return "".join(out)


def _java_name(value: Any) -> str:
    if isinstance(value, Decimal):
        return "java.math.BigDecimal"
    if isinstance(value, Moment):
        return value.java_name
    kinds = [name for kind, name in _NAMES.items() if isinstance(value, kind)]
    return f"java.lang.{kinds[0] if kinds else 'String'}"


def _mismatch(spec: _Specifier, value: Any) -> FormatError:
    return FormatError(f"IllegalFormatConversion: {spec.conversion} != {_java_name(value)}")


def _one(spec: _Specifier, value: Any) -> str:
    kind = spec.conversion.lower()
    if kind not in "bhscdoxefga":
        raise FormatError(f"UnknownFormatConversion: Conversion = '{spec.conversion}'")
    if kind in "bsh":
        return _general(spec, kind, value)
    if kind == "c":
        return _character(spec, value)
    if value is None:
        return spec.padded("null"[: spec.precision] if kind in "efg" else "null")
    if kind in "dox":
        return _whole(spec, kind, value)
    if isinstance(value, float | Decimal):
        return _fraction(spec, kind, value)
    raise _mismatch(spec, value)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return json_text.java_double(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _general(spec: _Specifier, kind: str, value: Any) -> str:
    if kind == "b":
        shown = str(value if isinstance(value, bool) else value is not None).lower()
    elif kind == "h":
        if value is not None and not isinstance(value, str):
            raise TrinoError(
                "NOT_SUPPORTED", "format with %h of this type is not built in lakebed yet"
            )
        shown = "null" if value is None else f"{string_hash(value):x}"
    else:
        shown = _text(value)
    return spec.padded(shown if spec.precision is None else shown[: spec.precision])


def string_hash(text: str) -> int:
    """Return what Java's String.hashCode does, as a number without sign."""
    total = 0
    units = text.encode("utf-16-be")
    for at in range(0, len(units), 2):
        total = (total * 31 + int.from_bytes(units[at : at + 2], "big")) & 0xFFFFFFFF
    return total


def _character(spec: _Specifier, value: Any) -> str:
    if spec.precision is not None:
        raise FormatError(f"IllegalFormatPrecision: {spec.precision}")
    if value is None:
        return spec.padded("null")
    # Trino hands whole numbers over as Long, which `%c` refuses.
    raise _mismatch(spec, value)


def _whole(spec: _Specifier, kind: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _mismatch(spec, value)
    if spec.precision is not None:
        raise FormatError(f"IllegalFormatPrecision: {spec.precision}")
    if kind == "d":
        digits = f"{abs(value):,}" if "," in spec.flags else str(abs(value))
        return spec.signed(digits, value < 0)
    bits = value & ((1 << 64) - 1)
    digits = f"{bits:o}" if kind == "o" else f"{bits:x}"
    if "#" in spec.flags:
        digits = ("0" if kind == "o" else "0x") + digits
    if "0" in spec.flags:
        digits = digits.rjust(spec.width, "0")
    return spec.padded(digits)


def _fraction(spec: _Specifier, kind: str, value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        shown = json_text.java_double(abs(value))
        sign = "-" if value < 0 else "+" if "+" in spec.flags and value > 0 else ""
        return spec.padded(sign + shown)
    if kind == "a":
        raise not_supported("format with %a")
    exact: Decimal = Decimal(repr(value)) if isinstance(value, float) else value
    negative = exact.is_signed()
    exact = exact.copy_abs()
    places = 6 if spec.precision is None else spec.precision
    if kind == "g":
        kind, places = _general_kind(exact, places)
    if kind == "f":
        rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, context=_CONTEXT)
        digits = format(rounded, ",f" if "," in spec.flags else "f")
    else:
        digits = _scientific(exact, places)
    return spec.signed(digits, negative)


def _general_kind(exact: Decimal, precision: int) -> tuple[str, int]:
    precision = precision or 1
    if exact == 0:
        return "f", precision - 1
    shifted = exact.scaleb(precision - 1 - exact.adjusted())
    rounded = shifted.quantize(Decimal(1), ROUND_HALF_UP).scaleb(exact.adjusted() - precision + 1)
    if Decimal("0.0001") <= rounded < Decimal(10) ** precision:
        return "f", max(0, precision - 1 - rounded.adjusted())
    return "e", precision - 1


def _scientific(exact: Decimal, places: int) -> str:
    power = exact.adjusted() if exact else 0
    mantissa = exact.scaleb(-power, context=_CONTEXT)
    mantissa = mantissa.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, context=_CONTEXT)
    if mantissa >= 10:
        power += 1
        mantissa = (mantissa / 10).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{mantissa:f}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _dated(spec: _Specifier, value: Any) -> str:
    if value is None:
        return spec.padded("null")
    if spec.conversion not in java_moments.KNOWN:
        if spec.conversion in "cZ":
            raise not_supported(f"format with %t{spec.conversion}")
        raise FormatError(f"UnknownFormatConversion: Conversion = 't{spec.conversion}'")
    if isinstance(value, int) and not isinstance(value, bool):
        value = java_moments.of_epoch_millis(value)
    shown = value.shown_as(spec.conversion) if isinstance(value, Moment) else None
    if shown is None:
        raise _mismatch(spec, value)
    return spec.padded(shown)
