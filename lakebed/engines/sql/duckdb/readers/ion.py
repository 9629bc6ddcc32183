"""Amazon Ion, text or binary: com.amazon.ionhiveserde.IonHiveSerDe.

Every top-level value is a record; a column is found by its name, or by the path that
`ion.<column>.path_extractor` gives, such as `(identification name)` or `(numbers 0)`.
https://docs.aws.amazon.com/athena/latest/ug/ion-serde.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import APPROXIMATE, INTEGERS, Type
from lakebed.engines.sql.duckdb.readers import json_lines
from lakebed.engines.sql.duckdb.readers.arrow_values import Rules, Value
from lakebed.engines.sql.duckdb.readers.json_lines import Record
from lakebed.engines.sql.duckdb.readers.storage import Column, Scan, Storage, Stored
from lakebed.engines.sql.duckdb.readers.stream import Meter, decompressed

SERDE = "com.amazon.ionhiveserde.IonHiveSerDe"
_BATCH_ROWS = 1024
_STEP = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s()'\"]+)")


def read(scan: Scan) -> list[str]:
    """Write the text that reads Ion."""
    for name, _ in scan.storage.options:
        if name.endswith("fail_on_overflow") and not scan.storage.flag(name, True):
            raise not_supported(f"The SerDe property {name} = false")
    used = [column for column in scan.columns if column.position >= 0]
    folded = not scan.storage.flag("ion.path_extractor.case_sensitive")
    pick = _picker(scan.storage, used, folded)
    rules = Rules(convert, str.lower if folded else str)

    def batches() -> Iterator[tuple[int, list[Record]]]:
        for number, stored in enumerate(scan.files):
            for records in _values(stored, scan.meter):
                yield number, [pick(one) for one in records]

    rows = json_lines.record_rows(used, batches, rules)
    return [scan.select(json_lines.record_values(scan), scan.register(rows), scan.files, "lbf")]


def _picker(storage: Storage, used: Sequence[Column], folded: bool) -> Callable[[Value], Record]:
    paths: dict[str, list[str | int]] = {}
    for one in used:
        given = storage.option(f"ion.{one.name}.path_extractor", "")
        paths[one.name] = steps(given) if given else [one.name]

    def pick(value: Value) -> Record:
        return {name: plain(_followed(value, path, folded)) for name, path in paths.items()}

    return pick


def steps(given: str) -> list[str | int]:
    """Read a search path: `(name 0 'a name')`."""
    text = given.strip()
    if not (text.startswith("(") and text.endswith(")")) or "*" in text:
        raise not_supported(f"The Ion search path {given}")
    found: list[str | int] = []
    for match in _STEP.finditer(text[1:-1]):
        quoted, double, bare = match.groups()
        name = quoted if quoted is not None else double
        if name is None:
            found.append(int(bare) if bare.isdigit() else bare)
        else:
            found.append(name)
    return found


def _followed(value: Value, path: Sequence[str | int], folded: bool) -> Value:
    for step in path:
        if isinstance(step, int):
            items = cast("list[Value]", value) if isinstance(value, list) else []
            value = items[step] if step < len(items) else None
        elif hasattr(value, "items"):
            value = _member(value, step, folded)
        else:
            return None
    return value


def _member(value: Any, name: str, folded: bool) -> Value:
    if not folded:
        return value.get(name)
    lowered = name.lower()
    return next((one for key, one in value.items() if key.lower() == lowered), None)


def plain(value: Value) -> Value:
    """Return an Ion value as Python's own kinds; a typed null is None."""
    from amazon.ion.simple_types import IonPyNull

    if value is None or isinstance(value, IonPyNull):
        return None
    if hasattr(value, "items"):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        # A symbol: a tuple of its text, its number and its place.
        return getattr(cast("Value", value), "text", None)
    if isinstance(value, list):
        return [plain(one) for one in cast("list[Value]", value)]
    return value


def _values(stored: Stored, meter: Meter) -> Iterator[list[Value]]:
    from amazon.ion import exceptions, simpleion

    read: Any = simpleion
    where = f"s3://{stored.bucket}/{stored.file.key}"
    blocks = decompressed(stored.file.path, stored.file.key, meter)
    try:
        batch: list[Value] = []
        for value in read.load(_Reader(blocks), single_value=False, parse_eagerly=False):
            batch.append(value)
            if len(batch) >= _BATCH_ROWS:
                yield batch
                batch = []
        if batch:
            yield batch
    except (exceptions.IonException, ValueError, EOFError) as error:
        raise TrinoError("HIVE_CURSOR_ERROR", f"Failed to read {where}: {error}") from error


class _Reader:
    """Blocks as the file that the Ion reader reads."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, count: int = -1) -> bytes:
        """Return up to `count` bytes, fewer only at the end."""
        while count < 0 or len(self._rest) < count:
            block = next(self._blocks, b"")
            if not block:
                break
            self._rest += block
        end = len(self._rest) if count < 0 else count
        taken, self._rest = self._rest[:end], self._rest[end:]
        return taken


def convert(value: Value, kind: Type) -> Value:
    """Convert an Ion value; ValueError for what is none of the type."""
    if kind.name in ("varchar", "char"):
        return json_lines.sized(_text(value), kind)
    if kind.name == "boolean":
        return bool(value)
    if kind.name in INTEGERS and isinstance(value, int):
        return int(value)
    if kind.name in APPROXIMATE and isinstance(value, float | Decimal | int):
        return float(value)
    if kind.name == "decimal" and isinstance(value, Decimal | int):
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.numbers[1]))
    if kind.name == "date" and isinstance(value, datetime):
        return date(value.year, value.month, value.day)
    if kind.name == "timestamp" and isinstance(value, datetime):
        zoned = value.astimezone(UTC) if value.tzinfo else value
        return datetime(*zoned.timetuple()[:6], zoned.microsecond)
    if kind.name == "varbinary" and isinstance(value, bytes):
        return bytes(value)
    raise ValueError("no value of the type")


def _text(value: Value) -> str:
    if isinstance(value, str):
        return str(value)
    raise ValueError("no text")
