"""Writes docs/reference/functions.md from the function table and the cases of each function."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from lakebed.dialect import functions

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "functions.md"
SIGNATURES = ROOT / "lakebed" / "dialect" / "signatures"
CASES = ROOT / "tests" / "dialect" / "cases"
_PYTHON = re.compile(r"\{py:(\w+[.]\w+)\}")

HEAD = """# Functions

Made by `make generate` from `lakebed/dialect/signatures/`. Signatures are Trino's, as SHOW
FUNCTIONS shows them. *native*: DuckDB's own functions; *macro*: SQL over them; *rule*: text that
depends on the types; *Python*: the function named, in `lakebed/engines/sql/duckdb/udf/`.
*not built*: a call answers NOT_SUPPORTED and names the function. The last column names the files of
`tests/dialect/cases/` whose answers are Trino's.

Trino's functions that Athena has not, so that a call is FUNCTION_NOT_FOUND: those of Trino's
plug-ins for Teradata (`char2hexint`, `index`, `to_char`, `to_date`, `to_timestamp`), MongoDB
(`objectid`, `objectid_timestamp`, `timestamp_objectid`) and Delta Lake (`table_changes`).

More than ten thousand generated statements are answered as Trino 476 answered them
(`tests/conformance/oracle/`). What was asked and is not among them is listed in `left_out.tsv`
there, each with its class; the classes and their reasons are in `tests/conformance/left_out.py`.
"""


def page() -> str:
    """Return the page."""
    texts = {path.stem: path.read_text("utf-8").lower() for path in sorted(CASES.glob("*.txt"))}
    parts = [HEAD]
    built = total = 0
    for path in sorted(SIGNATURES.glob("*.tsv")):
        rows = functions.read(path.read_text("utf-8"))
        done = [row for row in rows if row.template != functions.NOT_BUILT]
        built, total = built + len(done), total + len(rows)
        parts.append(f"## {path.stem}: {len(done)} of {len(rows)} signatures\n")
        parts.append("| function | signatures | implementation | cases |\n|---|---|---|---|")
        parts += _lines(rows, texts)
        parts.append("")
    parts.insert(1, f"{built} of {total} signatures are built.\n")
    return "\n".join(parts)


def _lines(rows: Sequence[functions.Signature], texts: dict[str, str]) -> Iterator[str]:
    for name, group in groupby(sorted(rows, key=lambda row: row.name), key=lambda row: row.name):
        found = list(group)
        shown = "<br>".join(
            f"`({', '.join(row.arguments)})` {row.kind} `{row.returns}`".replace("|", "\\|")
            for row in found
        )
        made = ", ".join(dict.fromkeys(map(_implementation, found)))
        called = re.compile(rf"\b{re.escape(name)}\(")
        cases = ", ".join(stem for stem, text in texts.items() if called.search(text))
        yield f"| {name} | {shown} | {made} | {cases} |"


def _implementation(row: functions.Signature) -> str:
    if row.template == functions.NOT_BUILT:
        return "not built"
    python = _PYTHON.search(row.template)
    if python is not None:
        return f"Python `{python.group(1)}`"
    if row.template.startswith("@"):
        return "rule"
    return "macro" if "lb_" in row.template else "native"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with --check tell whether it is as the table says."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        return 0
    print("docs/reference/functions.md is not what the function table says: run `make generate`")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
