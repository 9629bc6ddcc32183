"""Options as scripts give them: `True`, `"true"`, `1`, numbers as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flag(options: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """Return an option that is true or false."""
    given = options.get(name)
    if given is None:
        return default
    return given if isinstance(given, bool) else str(given).strip().lower() in ("true", "1")


def number(options: Mapping[str, Any], name: str) -> int | None:
    """Return an option that is a whole number."""
    given = options.get(name)
    return None if given in (None, "") else int(str(given))
