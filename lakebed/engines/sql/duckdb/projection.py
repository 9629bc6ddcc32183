"""Partition projection: partitions made from a table's properties instead of the catalog.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html. The query's
predicates bound every column's values before any are made, so the cost follows the partitions
chosen, not the range. The sentences for a wrong configuration are our own; the one for an injected
column without a value is Athena's (remembered).
"""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from lakebed.core.limits import PARTITIONS_PROJECTED_MAX
from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import INTEGERS, Type
from lakebed.engines.sql.duckdb import conditions
from lakebed.engines.sql.duckdb.catalog import Shape, folder, member
from lakebed.engines.sql.duckdb.conditions import Condition
from lakebed.engines.sql.duckdb.readers import java_dates

_NOW = re.compile(
    r"\s*NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.I
)
_UNITS = ("YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS", "MILLISECONDS")
_MONTHS = {"YEARS": 12, "MONTHS": 1}
_SORTED_FORMAT = re.compile(
    r"yyyy[^A-Za-z]*(MM[^A-Za-z]*(dd[^A-Za-z]*(HH[^A-Za-z]*(mm[^A-Za-z]*(ss)?)?)?)?)?"
)


def enabled(shape: Shape) -> bool:
    """Tell whether a table's partitions are projected."""
    return str(member(shape, "Parameters").get("projection.enabled")).strip().lower() == "true"


def wrong(column: str, reason: str) -> TrinoError:
    """Return the error for a column's wrong configuration."""
    message = f"Partition projection of column '{column}' is not valid: {reason}"
    return TrinoError("INVALID_TABLE_PROPERTY", message)


@dataclass(frozen=True, slots=True)
class Key:
    """A projected column: its name, its type, its own properties (without their prefix)."""

    name: str
    kind: Type
    properties: Mapping[str, str]

    def required(self, name: str) -> str:
        """Return a property that must be there."""
        found = self.properties.get(name)
        if found is None or not found.strip():
            raise wrong(self.name, f"the property projection.{self.name}.{name} is missing")
        return found

    def positive(self, name: str) -> int | None:
        """Return a property that is a positive integer, None if it is absent."""
        found = self.properties.get(name)
        if found is None:
            return None
        if not found.strip().isdigit() or int(found) < 1:
            raise wrong(self.name, f"{name} must be a positive integer, not '{found}'")
        return int(found)


def partitions(
    scan: tree.Scan, shape: Shape, found: Sequence[Condition]
) -> list[tuple[tuple[str, ...], str]]:
    """Return the values and locations of the partitions that the conditions leave."""
    given: Mapping[str, str] = member(shape, "Parameters")
    lowered = {name.lower(): value for name, value in given.items()}
    choices: list[Sequence[str]] = []
    for at, (name, kind) in enumerate(scan.table.partition_columns):
        prefix = f"projection.{name}."
        own = {key[len(prefix) :]: v for key, v in lowered.items() if key.startswith(prefix)}
        choices.append(_values(Key(name, kind, own), [one for one in found if one.column == at]))
    count = math.prod(map(len, choices))
    if count > PARTITIONS_PROJECTED_MAX:
        message = f"The projection makes {count} partitions, more than {PARTITIONS_PROJECTED_MAX}"
        raise TrinoError("HIVE_EXCEEDED_PARTITION_LIMIT", f"{message}: filter partition columns")
    place = _places(scan, given, member(shape, "StorageDescriptor")["Location"])
    return [(values, place(values)) for values in itertools.product(*choices)]


def _places(
    scan: tree.Scan, given: Mapping[str, str], location: str
) -> Callable[[tuple[str, ...]], str]:
    names = [name for name, _ in scan.table.partition_columns]
    template = given.get("storage.location.template")
    if not template:
        base = folder(location)
        return lambda values: (
            base
            + "".join(
                f"{name}={quote(value, safe=' ')}/"
                for name, value in zip(names, values, strict=True)
            )
        )
    for name in names:
        if f"${{{name}}}" not in template.lower():
            raise wrong(name, f"storage.location.template has no ${{{name}}}")
    parts = re.split(r"\$\{(\w+)\}", folder(template))
    order = {name: at for at, name in enumerate(names)}
    for name in parts[1::2]:
        if name.lower() not in order:
            raise wrong(name, "storage.location.template names what is no partition column")
    return lambda values: "".join(
        values[order[part.lower()]] if at % 2 else part for at, part in enumerate(parts)
    )


def _values(key: Key, found: list[Condition]) -> Sequence[str]:
    kind = key.required("type").strip().lower()
    rules: dict[str, Callable[[Key, list[Condition]], Sequence[str]]] = {
        "enum": _enum, "integer": _integer, "date": _date, "injected": _injected,
    }  # fmt: skip
    if kind not in rules:
        raise wrong(key.name, f"the type '{kind}' is none of enum, integer, date, injected")
    if key.kind.name == "date" and key.properties.get("format") != "yyyy-MM-dd":
        # Conditions on dates are texts of that format.
        found = []
    return rules[kind](key, found)


def _enum(key: Key, found: list[Condition]) -> Sequence[str]:
    values = dict.fromkeys(key.required("values").split(","))
    return [one for one in values if all(conditions.accepts(c, one) for c in found)]


def _injected(key: Key, found: list[Condition]) -> Sequence[str]:
    if key.kind.name not in ("varchar", "char"):
        raise wrong(key.name, "only columns of type string can be injected")
    given = [c for c in found if c.operator in ("=", "IN")]
    if not given:
        message = (
            f"For the injected projected partition column {key.name}, the WHERE clause must "
            "contain only static equality conditions, and at least one such condition must be "
            "present."
        )
        raise TrinoError("CONSTRAINT_VIOLATION", message)
    values = dict.fromkeys(given[0].values)
    return [one for one in values if all(conditions.accepts(c, one) for c in found)]


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Values in rising order, each made when it is asked for."""

    count: int
    make: Callable[[int], str]
    kind: Type

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: int) -> tuple[int, str]:
        return comparable(self.make(at), self.kind)


def comparable(text: str, kind: Type) -> tuple[int, str]:
    """Return what a value is compared by."""
    return (int(text), "") if kind.name in INTEGERS else (0, text)


def _bounded(values: _Sequence, found: list[Condition]) -> Iterator[str]:
    """Make the values that the conditions leave; the values rise as they compare."""
    low, high = 0, len(values)
    below, above = conditions.bounds(found)
    for one in below:
        least = min(comparable(text, values.kind) for text in one.values)
        low = max(low, bisect_left(values, least))
    for one in above:
        most = max(comparable(text, values.kind) for text in one.values)
        last = bisect_left(values, most)
        if last < len(values) and values[last] == most and one.operator != "<":
            last += 1
        high = min(high, last)
    if high - low > PARTITIONS_PROJECTED_MAX:
        message = f"The projection makes more than {PARTITIONS_PROJECTED_MAX} partitions"
        raise TrinoError("HIVE_EXCEEDED_PARTITION_LIMIT", f"{message}: filter partition columns")
    for at in range(low, high):
        text = values.make(at)
        if all(conditions.accepts(c, text) for c in found):
            yield text


def _integer(key: Key, found: list[Condition]) -> Sequence[str]:
    parts = [part.strip() for part in key.required("range").split(",")]
    if len(parts) != 2 or not all(re.fullmatch(r"[+-]?\d+", part) for part in parts):
        raise wrong(key.name, "range must be two integers, the least and the greatest")
    first, last = map(int, parts)
    if first > last or not -(2**63) <= first <= last < 2**63:
        raise wrong(key.name, "range must rise and lie within 64 bits")
    step, digits = key.positive("interval") or 1, key.positive("digits") or 0

    def write(number: int) -> str:
        return ("-" if number < 0 else "") + str(abs(number)).zfill(digits)

    count = (last - first) // step + 1
    if key.kind.name in INTEGERS:
        return list(
            _bounded(_Sequence(count, lambda at: write(first + at * step), key.kind), found)
        )
    exact = [one for one in found if one.operator in ("=", "IN")]
    if exact:
        numbers = [int(v) for v in exact[0].values if re.fullmatch(r"-?\d+", v)]
        held = dict.fromkeys(n for n in numbers if first <= n <= last and (n - first) % step == 0)
        return [t for t in map(write, held) if all(conditions.accepts(c, t) for c in found)]
    if len(write(first)) == len(write(last)) and first >= 0:
        rising = _Sequence(count, lambda at: write(first + at * step), key.kind)
        return list(_bounded(rising, found))
    unbounded = _Sequence(count, lambda at: write(first + at * step), Type("bigint"))
    texts = _bounded(unbounded, [])
    return [one for one in texts if all(conditions.accepts(c, one) for c in found)]


def _date(key: Key, found: list[Condition]) -> Sequence[str]:
    pattern = key.required("format")
    codes = java_dates.codes(pattern)
    parts = key.required("range").split(",")
    if len(parts) != 2:
        raise wrong(key.name, "range must be two dates, the first and the last")
    unit, step = _step(key, pattern)
    first, last = (_moment(key, part, codes) for part in parts)
    first, last = (_floored(one, pattern) for one in (first, last))
    if first > last:
        raise wrong(key.name, "range must rise")
    count = _count(first, last, unit, step)

    def write(at: int) -> str:
        return java_dates.write(_added(first, unit, at * step), pattern)

    rising = _Sequence(count, write, key.kind)
    if _SORTED_FORMAT.fullmatch(pattern) is not None:
        return list(_bounded(rising, found))
    texts = _bounded(rising, [])
    return [one for one in texts if all(conditions.accepts(c, one) for c in found)]


def _step(key: Key, pattern: str) -> tuple[str, int]:
    unit = key.properties.get("interval.unit", "").strip().upper()
    unit = unit if not unit or unit.endswith("S") else unit + "S"
    step = key.positive("interval")
    plain = re.sub(r"'[^']*'", "", pattern)
    fine = re.search(r"[HhmsSAaNnkK]", plain)
    if unit and unit not in _UNITS:
        raise wrong(key.name, f"interval.unit must be one of {', '.join(_UNITS)}")
    if fine and (not unit or step is None):
        raise wrong(key.name, "interval and interval.unit are required for a format with a time")
    coarse = "DAYS" if re.search(r"[dDeE]", plain) else "MONTHS" if "M" in plain else "YEARS"
    return unit or coarse, step or 1


def _moment(key: Key, text: str, codes: str) -> datetime:
    match = _NOW.fullmatch(text)
    if match is not None:
        now = datetime.now(UTC).replace(tzinfo=None)
        sign, count, unit = match.groups()
        return _added(now, f"{unit.upper()}S", int(f"{sign}{count}")) if unit else now
    try:
        return datetime.strptime(text, codes.replace("%-", "%"))
    except ValueError:
        pass
    try:
        return datetime.strptime(text.strip(), codes.replace("%-", "%"))
    except ValueError as error:
        raise wrong(key.name, f"'{text}' is no date of the format") from error


def _floored(moment: datetime, pattern: str) -> datetime:
    """Cut what the format does not write: the value that NOW is in."""
    plain = re.sub(r"'[^']*'", "", pattern)
    cut: dict[str, int] = {}
    for letters, name, least in (
        ("M", "month", 1), ("dDeE", "day", 1), ("HhkK", "hour", 0), ("m", "minute", 0),
        ("s", "second", 0), ("S", "microsecond", 0),
    ):  # fmt: skip
        if cut or not re.search(f"[{letters}]", plain):
            cut[name] = least
    return moment.replace(**cut)  # type: ignore[arg-type]  # names of datetime's own members


def _added(moment: datetime, unit: str, count: int) -> datetime:
    if unit in _MONTHS:
        months = moment.year * 12 + moment.month - 1 + count * _MONTHS[unit]
        year, month = divmod(months, 12)
        day = min(moment.day, _days(year, month + 1))
        return moment.replace(year=year, month=month + 1, day=day)
    return moment + timedelta(**{unit.lower(): count})


def _days(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def _count(first: datetime, last: datetime, unit: str, step: int) -> int:
    """Return how many values there are from the first to the last."""
    if unit in _MONTHS:
        months = (last.year - first.year) * 12 + last.month - first.month
        count = months // (_MONTHS[unit] * step) + 1
        return count if _added(first, unit, (count - 1) * step) <= last else count - 1
    return (last - first) // timedelta(**{unit.lower(): step}) + 1
