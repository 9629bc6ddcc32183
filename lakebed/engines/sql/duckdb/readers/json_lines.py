"""JSON, a document a line: OpenX's JsonSerDe and Hive's (hcatalog).

https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html and …/hive-json-serde.html.
Beyond what these pages say it is remembered that OpenX makes a row of NULLs of a malformed line
when `ignore.malformed.json` is set, reads a top-level array by order, takes epoch numbers for
timestamps, and that both write an object in a string column as its JSON text.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import msgspec

from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import APPROXIMATE, INTEGERS, Type
from lakebed.engines.sql.duckdb.readers import arrow_values, java_dates
from lakebed.engines.sql.duckdb.readers.arrow import Batch, arrow
from lakebed.engines.sql.duckdb.readers.arrow_values import Rules, Value
from lakebed.engines.sql.duckdb.readers.lines import TextFiles, numbers
from lakebed.engines.sql.duckdb.readers.storage import Column, Scan, Storage
from lakebed.engines.sql.duckdb.readers.stream import Rows

OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE = ("org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe")
Record = dict[str, Value]
_EPOCH = datetime(1970, 1, 1)
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the SerDe's properties say."""

    openx: bool
    skip_malformed: bool
    rules: Rules

    @classmethod
    def of(cls, storage: Storage) -> Dialect:
        """Read the SerDe's parameters."""
        openx = storage.serde == OPENX
        lenient = storage.flag("use.null.for.invalid.data")
        formats = [one for one in storage.option("timestamp.formats").split(",") if one]
        moment = _moments(formats, openx)
        folded = storage.flag("case.insensitive", True) if openx else True
        dots = openx and storage.flag("dots.in.keys")
        names = tuple(
            (name.removeprefix("mapping.").lower(), key)
            for name, key in storage.options
            if openx and name.startswith("mapping.")
        )
        rules = Rules(_convert(moment), _fold(folded, dots), names, lenient, unique=folded)
        return cls(openx, openx and storage.flag("ignore.malformed.json"), rules)


def _fold(lowered: bool, dots: bool) -> Callable[[str], str]:
    def key(name: str) -> str:
        name = name.lower() if lowered else name
        return name.replace(".", "_") if dots else name

    return key


def read(scan: Scan) -> list[str]:
    """Write the text that reads lines of JSON."""
    dialect = Dialect.of(scan.storage)
    files = TextFiles.of(scan, scan.files)
    used = [column for column in scan.columns if column.position >= 0]
    order = [name for name, _ in scan.storage.columns]

    def batches() -> Iterator[tuple[int, list[Record]]]:
        parse = _parser(dialect, order, used)
        for number, lines in files.batches():
            yield number, parse(lines)

    rows = record_rows(used, batches, dialect.rules)
    return [scan.select(record_values(scan), scan.register(rows), scan.files, "lbf")]


def record_values(scan: Scan) -> dict[int, str]:
    """Write the used columns over rows that `record_rows` made."""
    return {
        column.at: column.converted(f"t{column.at}") if column.position >= 0 else scan.null(column)
        for column in scan.columns
    }


def record_rows(
    used: Sequence[Column], batches: Callable[[], Iterator[tuple[int, list[Record]]]], rules: Rules
) -> Rows:
    """Return records as rows of the used columns, and `lbf`, the number of the file."""
    pa = arrow()

    fields = [pa.field(f"t{one.at}", arrow_values.arrow_type(one.kind)) for one in used]
    schema = pa.schema([*fields, pa.field("lbf", pa.int32())])

    def make() -> Iterator[Batch]:
        names, kinds = [one.name for one in used], [one.kind for one in used]
        for number, records in batches():
            columns = arrow_values.members(records, names, kinds, rules) if used else []
            yield pa.record_batch([*columns, numbers(number, len(records))], schema=schema)

    return Rows(schema, make)


def _parser(
    dialect: Dialect, order: list[str], used: Sequence[Column]
) -> Callable[[list[bytes]], list[Record]]:
    exact = any(_keeps_digits(column.kind) for column in used)
    decoder = msgspec.json.Decoder(float_hook=Decimal) if exact else msgspec.json.Decoder()

    def one(line: bytes) -> Record:
        if dialect.openx and not line.strip():
            return {}
        try:
            found = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
            return _malformed(dialect, str(error))
        if isinstance(found, dict):
            return cast("Record", found)
        if dialect.openx and isinstance(found, list):
            return dict(zip(order, cast("list[Value]", found), strict=False))
        return _malformed(dialect, "A JSONObject text must begin with '{'")

    def many(lines: list[bytes]) -> list[Record]:
        try:
            found = decoder.decode_lines(b"\n".join(lines))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError):
            return [one(line) for line in lines]
        if len(found) == len(lines) and set(map(type, found)) == {dict}:
            return found
        return [one(line) for line in lines]

    return many


def _keeps_digits(kind: Type) -> bool:
    """Tell whether a number's own digits matter: for text and for decimals."""
    return kind.name in ("varchar", "char", "decimal") or any(map(_keeps_digits, kind.inner))


def _malformed(dialect: Dialect, reason: str) -> Record:
    if dialect.skip_malformed:
        return {}
    what = "JSONException" if dialect.openx else "JsonParseException"
    message = f"Row is not a valid JSON Object - {what}: {reason}"
    raise TrinoError("HIVE_CURSOR_ERROR", message)


def text_of(value: Value) -> str:
    """Return the text of a value in a string column."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return _encode(value).decode()
    return str(value)


def _convert(moment: Callable[[Value], Any]) -> arrow_values.Convert:
    def convert(value: Value, kind: Type) -> Value:
        if kind.name in ("varchar", "char"):
            return sized(text_of(value), kind)
        if kind.name == "timestamp":
            return moment(value)
        return scalar(value, kind)

    return convert


def sized(text: str, kind: Type) -> str:
    """Cut a text to a varchar(n), pad it to a char(n)."""
    length = kind.numbers[0]
    return text[:length].ljust(length) if kind.name == "char" else text[:length]


def scalar(value: Value, kind: Type) -> Value:
    """Convert a JSON value; ValueError or TypeError for what is none of the type."""
    if kind.name == "boolean":
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}[str(value).lower()] if value in _TRUTHS else _no()
    if isinstance(value, bool | dict | list):
        return _no()
    if kind.name in INTEGERS:
        return int(value) if not isinstance(value, str) else int(value.strip())
    if kind.name in APPROXIMATE:
        return float(value)
    if kind.name == "decimal":
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-kind.numbers[1]))
    if kind.name == "date":
        return date.fromisoformat(str(value)[:10])
    if kind.name == "varbinary":
        return base64.b64decode(str(value), validate=True)
    return _no()


_TRUTHS = ("true", "false", "TRUE", "FALSE", "True", "False")


def _no() -> Value:
    raise ValueError("no value of the type")


_DATE_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?")


def _moments(formats: Sequence[str], openx: bool) -> Callable[[Value], Any]:
    codes = [java_dates.codes(one).replace("%-", "%").replace("%g", "%f") for one in formats
             if one != "millis"]  # fmt: skip
    millis = "millis" in formats

    def moment(value: Value) -> Any:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return _from_number(value, openx or millis)
        text = str(value).strip()
        for code in codes:
            try:
                found = datetime.strptime(text, code)
            except ValueError:
                continue
            return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return _from_number(Decimal(text), openx or millis)
        return _from_text(text, openx)

    return moment


def _from_number(value: int | float | Decimal, allowed: bool) -> int:
    """Read a number: milliseconds since 1970 if it is whole and long, else seconds."""
    if not allowed:
        return _no()
    whole = value == int(value)
    return int(value) * 1000 if whole and abs(value) >= 10**11 else int(value * 1_000_000)


def _from_text(text: str, openx: bool) -> datetime:
    match = _DATE_TIME.match(text)
    if match is None:
        return datetime.fromisoformat(text) if len(text) == 10 else _no()
    zone = text[match.end() :]
    if not openx and ("T" in text or zone):
        return _no()
    moment = datetime.fromisoformat(_padded(match.group().replace(",", ".")))
    if zone in ("", "Z"):
        return moment
    return (
        datetime.fromisoformat(f"{moment.isoformat()}{zone}").astimezone(UTC).replace(tzinfo=None)
    )


def _padded(text: str) -> str:
    """Return a date and time with its fraction cut to microseconds."""
    head, dot, fraction = text.partition(".")
    return f"{head}.{fraction[:6].ljust(6, '0')}" if dot else head
