"""The macros that lowered text may call: only those a statement names are made for it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"\blb_[a-z0-9_]+|\bcurrent_timestamp_utc\b")
_DEFINITION = re.compile(r"CREATE OR REPLACE MACRO (\w+)")


@cache
def definitions() -> dict[str, str]:
    """Return the definitions by name, in the order of the file: each after what it uses."""
    text = files("lakebed.dialect").joinpath("macros.sql").read_text("utf-8")
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _DEFINITION.match(line)
        if match is not None:
            found[match.group(1)] = line
    return found


def needed(text: str) -> str:
    """Return the statements that define every macro `text` calls, directly or through others."""
    known = definitions()
    wanted: set[str] = set()
    rest = [name for name in set(_NAME.findall(text)) if name in known]
    while rest:
        name = rest.pop()
        if name not in wanted:
            wanted.add(name)
            rest += [used for used in _NAME.findall(known[name]) if used in known]
    return "\n".join(line for name, line in known.items() if name in wanted)
