"""Lines by a regular expression: org.apache.hadoop.hive.serde2.RegexSerDe.

https://docs.aws.amazon.com/athena/latest/ug/regex-serde.html. The expression must match the whole
line: a line that does not is a row of NULLs. A group is a column, by order; a group that took no
part is NULL, and so is a column without a group. The expressions are Java's: what Python's engine
spells otherwise is rewritten, what it cannot do is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.readers import lazy_simple
from lakebed.engines.sql.duckdb.readers.arrow import Batch, arrow
from lakebed.engines.sql.duckdb.readers.lines import TextFiles, numbers
from lakebed.engines.sql.duckdb.readers.storage import Scan, Storage
from lakebed.engines.sql.duckdb.readers.stream import Rows

SERDES = (
    "org.apache.hadoop.hive.serde2.RegexSerDe",
    "org.apache.hadoop.hive.contrib.serde2.RegexSerDe",
    "com.amazonaws.glue.serde.RegexSerDe",
)
_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": r"\x00-\x7f", "Alpha": "a-zA-Z", "Digit": "0-9",
    "Alnum": "a-zA-Z0-9", "Punct": r"!-/:-@\[-`{-~", "Graph": "!-~", "Print": " -~",
    "Blank": r" \t", "Cntrl": r"\x00-\x1f\x7f", "XDigit": "0-9a-fA-F", "Space": r" \t\n\x0b\f\r",
}  # fmt: skip
_OUTSIDE = {
    "h": r"[ \t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]",
    "R": r"(?:\r\n|[\n-\r\x85\u2028\u2029])",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
    "e": r"\x1b",
}
_REFUSED = "GXkpPH"
Match = Callable[[str], re.Match[str] | None]


def read(scan: Scan) -> list[str]:
    """Write the text that reads lines by a regular expression."""
    pattern = compiled(scan.storage)
    groups = pattern.groups
    files = TextFiles.of(scan, scan.files)
    return matched(scan, files, pattern.fullmatch, lambda at: at + 1 if at < groups else None)


def compiled(storage: Storage) -> re.Pattern[str]:
    """Return the SerDe's expression."""
    given = storage.option("input.regex")
    if not given:
        message = 'This table does not have serde property "input.regex"!'
        raise TrinoError("HIVE_SERDE_NOT_FOUND", message)
    flags = re.ASCII | (re.IGNORECASE if storage.flag("input.regex.case.insensitive") else 0)
    return translated(given, flags)


def translated(java: str, flags: int) -> re.Pattern[str]:
    """Compile a Java expression."""
    out: list[str] = []
    at, depth = 0, 0
    while at < len(java):
        text, at, depth = _piece(java, at, depth)
        out.append(text)
    try:
        return re.compile("".join(out), flags)
    except re.error as error:
        raise not_supported(f"The regular expression {java!r} ({error})") from error


def _piece(java: str, at: int, depth: int) -> tuple[str, int, int]:
    """Translate the next piece; `depth` is how deep in brackets it stands."""
    one = java[at]
    if one == "\\":
        return (*_escape(java, at, depth), depth)
    if depth and java.startswith("&&", at):
        raise not_supported("A regular expression with an intersection (&&) in a class")
    if one == "[":
        if depth:
            raise not_supported("A regular expression with a class inside of a class")
        end = at + 1 + (java[at + 1 : at + 2] == "^")
        # A bracket that closes at once is an ordinary one.
        first = java[end : end + 1] == "]"
        return java[at:end] + ("\\]" if first else ""), end + first, 1
    if one == "]" and depth:
        return one, at + 1, 0
    if java.startswith("(?<", at) and java[at + 3 : at + 4] not in ("=", "!"):
        return "(?P<", at + 3, depth
    return one, at + 1, depth


def _escape(java: str, at: int, depth: int) -> tuple[str, int]:
    letter = java[at + 1 : at + 2]
    if letter == "Q":
        end = java.find("\\E", at)
        end = len(java) if end < 0 else end
        return re.escape(java[at + 2 : end]), end + 2
    named = re.match(r"\\([pP])\{(?:Is)?(\w+)\}", java[at:])
    if named is not None and named.group(2) in _POSIX:
        inner = _POSIX[named.group(2)]
        if depth and named.group(1) == "P":
            raise not_supported("A negated \\P{…} inside of a class")
        whole = inner if depth else f"[{'^' if named.group(1) == 'P' else ''}{inner}]"
        return whole, at + named.end()
    if letter in _REFUSED:
        shown = named.group() if named is not None else "\\" + letter
        raise not_supported(f"A regular expression with {shown}")
    if letter in _OUTSIDE and not depth:
        return _OUTSIDE[letter], at + 2
    if letter.isalpha() and letter not in "abfnrtuxdDwWsSvBAc0zZ":
        return letter, at + 2
    return java[at : at + 2], at + 2


def matched(
    scan: Scan, files: TextFiles, match: Match, group: Callable[[int], int | str | None]
) -> list[str]:
    """Write the text that reads the groups of a match; `group` numbers a column's group."""
    used = [column for column in scan.columns if column.position >= 0]
    groups = [group(column.position) for column in used]
    rows = _rows(files, match, groups, [f"t{one.at}" for one in used])
    values = {
        one.at: one.converted(lazy_simple.scalar(f"t{one.at}", one.kind))
        if one.position >= 0
        else scan.null(one)
        for one in scan.columns
    }
    for one in used:
        if one.kind.inner:
            raise not_supported(f"A column of type {one.kind} in a table of this SerDe")
    return [scan.select(values, scan.register(rows), files.files, "lbf")]


def _rows(
    files: TextFiles,
    match: Match,
    groups: Sequence[int | str | None],
    names: Sequence[str],
) -> Rows:
    pa = arrow()

    fields = [pa.field(name, pa.string()) for name in names]
    schema = pa.schema([*fields, pa.field("lbf", pa.int32())])

    def make() -> Iterator[Batch]:
        for number, lines in files.batches():
            texts = b"\n".join(lines).decode("utf-8", "replace").split("\n")
            found = [match(text) for text in texts]
            columns = [
                pa.nulls(len(found), pa.string())
                if at is None
                else pa.array([one and one[at] for one in found], pa.string())
                for at in groups
            ]
            yield pa.record_batch([*columns, numbers(number, len(lines))], schema=schema)

    return Rows(schema, make)
