"""Wildcards and variables of IAM policies.

`*` stands for any characters, `?` for one. In an ARN a `*` stays within its part, unless it ends
the part: then it reaches beyond the colon.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
Variables (`${aws:username}`, with a default after a comma):
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

Matcher = Callable[[str], bool]
Context = Mapping[str, str | tuple[str, ...]]
"""What is known of a request: condition keys in lower case; several values are a tuple."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_LITERAL = {"*": "\ue000", "?": "\ue001", "$": "$"}
"""`${*}` is a star that is no wildcard: kept apart by letters of the private use area."""
_BACK = {"\ue000": "*", "\ue001": "?"}


@lru_cache(maxsize=8192)
def wildcard(pattern: str) -> Matcher:
    """Return what tells whether a text is matched as a whole."""
    if pattern == "*":
        return lambda _: True
    whole = plain(pattern)
    if "*" not in pattern and "?" not in pattern:
        return lambda text: text == whole
    if pattern.endswith("*") and "*" not in pattern[:-1] and "?" not in pattern:
        start = plain(pattern[:-1])
        return lambda text: text.startswith(start)
    return _matcher("".join(map(_part, pattern)))


@lru_cache(maxsize=8192)
def arn(pattern: str) -> Matcher:
    """Return what tells whether an ARN is matched."""
    if pattern == "*" or "*" not in pattern[:-1]:
        return wildcard(pattern)
    parts = pattern.split(":", 5)
    texts = ["".join(".*" if one == "*" else _part(one) for one in parts[-1])]
    for part in reversed(parts[:-1]):
        text = "".join("[^:]*" if one == "*" else _part(one) for one in part)
        texts.append(text.removesuffix("[^:]*") + ".*" if part.endswith("*") else text)
    return _matcher(":".join(reversed(texts)))


@lru_cache(maxsize=4096)
def arn_by_parts(pattern: str) -> Matcher:
    """Return what tells whether each of an ARN's six parts is matched, as ArnLike does."""
    wanted = [wildcard(part) for part in pattern.split(":", 5)]

    def match(text: str) -> bool:
        parts = text.split(":", 5)
        return len(parts) == len(wanted) and all(
            one(part) for one, part in zip(wanted, parts, strict=True)
        )

    return match


def _matcher(text: str) -> Matcher:
    match = re.compile(text, re.DOTALL).fullmatch
    return lambda given: match(given) is not None


def _part(letter: str) -> str:
    if letter == "*":
        return ".*"
    return "." if letter == "?" else re.escape(_BACK.get(letter, letter))


def plain(pattern: str) -> str:
    """Return a text whose escaped stars and question marks are themselves again."""
    return pattern.replace("\ue000", "*").replace("\ue001", "?")


def has_variables(pattern: str) -> bool:
    """Tell whether a text names variables."""
    return "${" in pattern


def filled(pattern: str, context: Context) -> str | None:
    """Put the values of variables in their places; None if one has no value, or several.

    What a value brings along is no wildcard.
    """
    is_whole = True

    def value(match: re.Match[str]) -> str:
        nonlocal is_whole
        name, _, default = match[1].partition(",")
        name = name.strip()
        if name in _LITERAL:
            return _LITERAL[name]
        given = context.get(name.lower())
        if given is None and default.strip():
            given = default.strip().strip("'")
        values = (given,) if isinstance(given, str) else given or ()
        if len(values) != 1:
            is_whole = False
            return ""
        found: str = values[0]
        return found.replace("*", "\ue000").replace("?", "\ue001")

    text = _VARIABLE.sub(value, pattern)
    return text if is_whole else None
