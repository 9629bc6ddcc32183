"""Lines by Grok patterns: com.amazonaws.glue.serde.GrokSerDe.

https://docs.aws.amazon.com/athena/latest/ug/grok-serde.html. `input.format` names patterns as
`%{PATTERN:column}`; `input.grokCustomPatterns` defines more, a line each. A column is found by its
name, or by the pattern's where the pattern is not named. A line matches if a part of it does, as in
the Grok libraries (remembered). Files: `grok_patterns.tsv` holds the
documented pattern names, their expressions written for this project.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files as resources

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers import regex
from lakebed.engines.sql.duckdb.readers.lines import TextFiles
from lakebed.engines.sql.duckdb.readers.storage import Scan, Storage

SERDE = "com.amazonaws.glue.serde.GrokSerDe"
DEPTH_MAX = 32
EXPRESSION_CHARACTERS_MAX = 1 << 20
_USE = re.compile(r"%\{(\w+)(?::([\w.\[\]@-]+))?(?::\w+)?\}")


@cache
def patterns() -> dict[str, str]:
    """Return the predefined patterns by name."""
    text = (
        resources("lakebed.engines.sql.duckdb.readers")
        .joinpath("grok_patterns.tsv")
        .read_text("utf-8")
    )
    return defined(text)


def defined(text: str) -> dict[str, str]:
    """Read definitions: a name, blanks, an expression; `#` opens a comment."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, *expression = line.strip().split(None, 1)[:2] or [""]
        if name and not name.startswith("#"):
            found[name] = expression[0] if expression else ""
    return found


def read(scan: Scan) -> list[str]:
    """Write the text that reads lines by Grok patterns."""
    expression, names = expanded(scan.storage)
    pattern = regex.translated(expression, re.ASCII)
    order = [name for name, _ in scan.storage.columns]
    absent = [name for name in order if name not in names]
    if absent:
        message = f"input.format has no pattern for the column {absent[0]}"
        raise TrinoError("HIVE_INVALID_METADATA", message)
    files = TextFiles.of(scan, scan.files)
    return regex.matched(scan, files, pattern.search, lambda at: names[order[at]])


def expanded(storage: Storage) -> tuple[str, dict[str, str]]:
    """Return the expression of `input.format`, and the group of each column."""
    given = storage.option("input.format")
    if not given:
        raise TrinoError("HIVE_INVALID_METADATA", "The table has no serde property input.format")
    custom = storage.option("input.grokCustomPatterns").replace("\\n", "\n")
    return expand(given, patterns() | defined(custom))


def expand(given: str, known: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Put every pattern's expression in its place; each use of the format becomes a group."""
    groups: dict[str, str] = {}

    def top(match: re.Match[str]) -> str:
        name, column = match.group(1), (match.group(2) or match.group(1)).lower()
        inner = _inside(name, known, 0)
        if column in groups:
            return f"(?:{inner})"
        groups[column] = f"lb{len(groups)}"
        return f"(?<{groups[column]}>{inner})"

    text = _USE.sub(top, given)
    if len(text) > EXPRESSION_CHARACTERS_MAX:
        raise TrinoError("HIVE_INVALID_METADATA", "The Grok expression is too long")
    return text, groups


def _inside(name: str, known: dict[str, str], depth: int) -> str:
    expression = known.get(name)
    if expression is None:
        raise TrinoError("HIVE_INVALID_METADATA", f"No definition for key '{name}' found")
    if depth > DEPTH_MAX:
        raise TrinoError("HIVE_INVALID_METADATA", f"The Grok pattern {name} uses itself")
    expression = re.sub(r"\(\?<(?![=!])\w+>", "(?:", expression)
    return _USE.sub(lambda match: f"(?:{_inside(match.group(1), known, depth + 1)})", expression)
