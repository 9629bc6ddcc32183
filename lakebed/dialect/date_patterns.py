"""MySQL's date patterns (`%Y-%m-%d`), as date_format and date_parse take them.

Where every code of a literal pattern has one that DuckDB writes alike, DuckDB does the work; all
else is done by the engine's Python functions.
https://trino.io/docs/current/functions/datetime.html#mysql-date-functions
"""

from __future__ import annotations

from lakebed.dialect.errors import TrinoError

REFUSED = "DUuVwX"
_WRITTEN = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%g000", "H": "%H", "h": "%I",
    "I": "%I", "i": "%M", "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p",
    "r": "%I:%M:%S %p", "S": "%S", "s": "%S", "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G",
    "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
_READ = {
    "d": ("[0-9]{2}", "%d"), "H": ("[0-9]{2}", "%H"), "i": ("[0-9]{2}", "%M"),
    "m": ("[0-9]{2}", "%m"), "S": ("[0-9]{2}", "%S"), "s": ("[0-9]{2}", "%S"),
    "T": ("[0-9]{2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S"), "Y": ("[0-9]{4}", "%Y"),
}  # fmt: skip


def tokens(pattern: str) -> list[tuple[bool, str]]:
    """Split a pattern into codes (True) and texts; a code that is refused is an error."""
    out: list[tuple[bool, str]] = []
    characters = iter(pattern)
    for character in characters:
        if character != "%":
            out.append((False, character))
            continue
        code = next(characters, "")
        if code in REFUSED and code:
            message = f"%{code} not supported in date format string"
            raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
        if code:
            out.append((code in _WRITTEN, code))
    return out


def strftime(pattern: str) -> str | None:
    """Return DuckDB's pattern that writes the same, quotes doubled; None for an empty one."""
    if not pattern:
        return None
    out: list[str] = []
    for is_code, text in tokens(pattern):
        out.append(_WRITTEN[text] if is_code else text.replace("'", "''"))
    return "".join(out)


def strict(pattern: str) -> tuple[str, str] | None:
    """Return the regular expression of plain texts and DuckDB's pattern that reads those."""
    form: list[str] = []
    native: list[str] = []
    for is_code, text in tokens(pattern):
        if not is_code:
            if text not in " -/:T._,":
                return None
            form.append(f"[{text}]")
            native.append(text)
        elif text not in _READ:
            return None
        else:
            form.append(_READ[text][0])
            native.append(_READ[text][1])
    # Without a year DuckDB means 1900.
    return ("".join(form), "".join(native)) if "%Y" in native else None
