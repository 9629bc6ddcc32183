"""Real files inside packages, and what they are by AWS Glue's rules (`real_files.tsv`).

Files of packages that are not installed are passed over, unless the folder that LAKEBED_REAL_FILES
names holds their packages, unpacked.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lakebed.engines.crawl import Finding, Sample
from lakebed.engines.crawl.local.chain import classify

_KEY = Path(__file__).parent / "real_files.tsv"
_ANY = ("struct", "array")


class RealFile(msgspec.Struct, frozen=True):
    """A file and what it is: its delimiter as a character, whether it has a header, its types."""

    package: str
    path: Path
    licence: str
    format: str
    delimiter: str
    has_header: bool
    types: tuple[str, ...]


def real_files() -> Iterator[RealFile]:
    """Yield the files of the key that are there."""
    roots = [Path(sysconfig.get_path("purelib"))]
    if more := os.environ.get("LAKEBED_REAL_FILES"):
        roots.append(Path(more))
    for line in _KEY.read_text("utf-8").splitlines()[3:]:
        package, name, licence, kind, mark, header, types = line.split("\t")
        path = next((root / name for root in roots if (root / name).is_file()), None)
        if path is not None:
            delimiter = {"\\t": "\t", "-": ""}.get(mark, mark)
            yield RealFile(package, path, licence, kind, delimiter, header == "yes", _types(types))


def _types(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for part in text.split(" ") if text != "-" else []:
        count, star, kind = part.partition("*")
        found += [kind] * int(count) if star else [part]
    return tuple(found)


def mistakes(real: RealFile) -> list[str]:
    """Return what our classifiers get wrong about a file."""
    found = classify(Sample(real.path.name, real.path, real.path.stat().st_size), [])
    if found.classification != real.format:
        return [f"is {found.classification}"]
    wrong = [] if types_match(found, real.types) else [f"types {_shown(found)}"]
    if found.parameters.get("delimiter", "") != real.delimiter:
        wrong.append(f"delimiter {found.parameters.get('delimiter')!r}")
    if ("skip.header.line.count" in found.parameters) != real.has_header:
        wrong.append("header")
    return wrong


def types_match(found: Finding, types: tuple[str, ...]) -> bool:
    """Tell whether the columns have these types."""
    kinds = [column.type for column in found.columns]
    return len(kinds) == len(types) and all(
        kind.startswith(f"{one}<") if one in _ANY else kind == one
        for kind, one in zip(kinds, types, strict=True)
    )


def _shown(found: Finding) -> str:
    return " ".join(column.type for column in found.columns)
