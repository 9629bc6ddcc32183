r"""Exclude patterns of a crawler: globs over paths relative to the include path.

`*` matches within a folder or name, `**` across slashes, `?` one character, `[a-c]` and `[!a-c]`
one of a class, `{a,b}` either pattern, `\` takes what follows as it is.
https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from lakebed.core.errors import AwsError

_CLASS = re.compile(r"\[(!?)([^\]]+)\]", re.DOTALL)


def excludes(patterns: Sequence[str], path: str) -> bool:
    """Tell whether a path is excluded; a folder is by its name with and without its slash."""
    plain = path.rstrip("/")
    return any(
        one.fullmatch(path) is not None or one.fullmatch(plain) is not None
        for one in map(compiled, patterns)
    )


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern; a broken one is refused."""
    text = "".join(_parts(pattern))
    try:
        return re.compile(text, re.DOTALL)
    except re.error as error:
        message = f"The exclude pattern {pattern} is not valid: {error}"
        raise AwsError("InvalidInputException", message) from error


def _parts(pattern: str) -> Iterator[str]:
    at, depth = 0, 0
    while at < len(pattern):
        letter = pattern[at]
        match = _CLASS.match(pattern, at)
        if pattern.startswith("**", at):
            yield ".*"
            at += 1
        elif letter == "\\" and at + 1 < len(pattern):
            at += 1
            yield re.escape(pattern[at])
        elif letter == "[" and match:
            yield _class(match)
            at = match.end() - 1
        elif letter == "{":
            depth += 1
            yield "(?:"
        elif letter == "}" and depth:
            depth -= 1
            yield ")"
        elif letter == "," and depth:
            yield "|"
        else:
            yield {"*": "[^/]*", "?": "[^/]"}.get(letter) or re.escape(letter)
        at += 1
    if depth:
        message = f"The exclude pattern {pattern} is not valid: a brace is not closed"
        raise AwsError("InvalidInputException", message)


def _class(match: re.Match[str]) -> str:
    r"""Return a class of characters, which never matches a slash; `*`, `?`, `\` are themselves."""
    inner = re.sub(r"([\\\[&~|^])", r"\\\1", match.group(2))
    return f"(?!/)[{'^' if match.group(1) else ''}{inner}]"
