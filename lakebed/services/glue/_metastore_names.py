"""How Hive writes partitions and conditions on them, and patterns of names. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from lakebed.engines.metastore.server import MethodError
from lakebed.services.glue._sort_keys import NULL_PARTITION

_ESCAPED = re.compile(r"""[\x01-\x1f"#%'*/:=?\\\x7f{\[\]^]""")
"""What Hive escapes in the name of a partition's folder (its FileUtils)."""
_ANY = re.compile(r"\.\*")


def partition_name(keys: Sequence[Mapping[str, Any]], values: Sequence[str]) -> str:
    """Return the name of a partition, which is its folder's, too: `year=2020/name=a%2Fb`."""
    pairs = zip(keys, values, strict=True)
    return "/".join(f"{_escaped(key['Name'])}={_escaped(value)}" for key, value in pairs)


def _escaped(text: str) -> str:
    escaped = _ESCAPED.sub(lambda match: f"%{ord(match.group()):02X}", text)
    return escaped or NULL_PARTITION


def partition_values(name: str) -> list[str]:
    """Return the values that the name of a partition says."""
    return [unquote(part.partition("=")[2]) for part in name.split("/")]


def matching(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a name matches a pattern of Hive's: `a*|b*`, whatever the case."""
    parts = (re.escape(part).replace(r"\.\*", ".*").replace(r"\*", ".*")
             for part in pattern.strip().split("|"))  # fmt: skip
    compiled = re.compile("|".join(parts), re.IGNORECASE)
    return lambda name: compiled.fullmatch(name) is not None


def is_like(wanted: Sequence[str], values: Sequence[str]) -> bool:
    """Tell whether a partition has the values wanted; an empty one, and one not given, is any."""
    return all(not one or one == value for one, value in zip(wanted, values, strict=False))


def expression(condition: str) -> str:
    """Return a condition of Hive's in the language of GetPartitions.

    Texts are in single quotes there, and `like` knows `%` where Hive's knows `.*`. A text in which
    `%` or `_` stands for itself finds more than it should: Spark asks again of what is found.
    """
    found: list[str] = []
    is_pattern = False
    for token in re.findall(r""""[^"]*"|'[^']*'|[^"']+""", condition):
        if token[0] not in "\"'":
            found.append(token)
            is_pattern = re.search(r"\blike\s*$", token, re.IGNORECASE) is not None
            continue
        text = token[1:-1].replace("'", "''")
        found.append(f"'{_ANY.sub('%', text) if is_pattern else text}'")
    if condition.count('"') % 2 and condition.count("'") % 2:
        raise MethodError("MetaException", f"Error parsing partition filter: {condition}")
    return "".join(found)
