"""Values and calls as the text of Python programs: deterministic, readable, PEP 8. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

WIDTH = 88
_STEP = "    "


class Code(str):
    """A piece of a program, which stands in a value as it is."""

    __slots__ = ()


def literal(value: Any, indent: str = "", used: int = 0) -> str:
    """Return a value as Python writes it; one that does not fit has a line for each element.

    `indent` is that of the line it stands in, `used` how many characters stand around it there.
    """
    flat = _flat(value)
    if len(indent) + used + len(flat) <= WIDTH or not _has_elements(value):
        return flat
    inner = indent + _STEP
    if isinstance(value, Mapping):
        lines = [
            f"{inner}{_flat(key)}: {literal(one, inner, len(_flat(key)) + 3)},"
            for key, one in cast("Mapping[Any, Any]", value).items()
        ]
        return "\n".join(["{", *lines, f"{indent}}}"])
    lines = [f"{inner}{literal(one, inner, 1)}," for one in cast("Sequence[Any]", value)]
    first, last = "()" if isinstance(value, tuple) else "[]"
    return "\n".join([first, *lines, indent + last])


def call(target: str, function: str, arguments: Mapping[str, Any]) -> str:
    """Return a call with named arguments, `target = function(a=…)`; one a line if they are long.

    Without a target nothing is assigned; an argument whose name is a number is positional.
    """
    start = f"{target} = {function}(" if target else f"{function}("
    flat = ", ".join(_named(name) + _flat(value) for name, value in arguments.items())
    if len(start) + len(flat) + 1 <= WIDTH:
        return f"{start}{flat})"
    lines = [
        f"{_STEP}{_named(name)}{literal(value, _STEP, len(_named(name)) + 1)},"
        for name, value in arguments.items()
    ]
    return "\n".join([start, *lines, ")"])


def block(text: str) -> Code:
    """Return a text of several lines between triple quotes, if it can stand there as it is."""
    is_plain = "\\" not in text and '"""' not in text and not text.endswith('"')
    if "\n" in text and is_plain and all(one.isprintable() or one in "\n\t" for one in text):
        return Code(f'"""{text}"""')
    return Code(_flat(text))


def comment(text: str) -> str:
    """Return a text as one line that may follow `#`."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _named(name: str) -> str:
    return "" if name.isdigit() else f"{name}="


def _has_elements(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple)) and bool(cast("Sequence[Any]", value))


def _flat(value: Any) -> str:
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value).items()
        return "{" + ", ".join(f"{_flat(key)}: {_flat(one)}" for key, one in pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flat(one) for one in cast("list[Any]", value)) + "]"
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        return "(" + ", ".join(_flat(one) for one in items) + ("," if len(items) == 1 else "") + ")"
    return repr(value)


def _text(value: str) -> str:
    """Return a text between quotes: JSON's escapes are Python's, but for these."""
    quoted = json.dumps(value, ensure_ascii=False)
    if '"' in value and "'" not in value:
        inside = quoted[1:-1].replace('\\"', '"')
        quoted = f"'{inside}'"
    return "".join(
        one if one.isprintable() else f"\\u{ord(one):04x}" if ord(one) < 1 << 16
        else f"\\U{ord(one):08x}" for one in quoted
    )  # fmt: skip
