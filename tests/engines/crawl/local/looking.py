"""Looks into a text or a file as the worker does, in the test's own process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lakebed.engines.crawl import Classifier, Finding, Sample
from lakebed.engines.crawl.local.chain import classify


def look(folder: Path, content: bytes | str, name: str = "data", *own: Classifier) -> Finding:
    """Write a file and say what it is."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return look_at(path, own)


def look_at(path: Path, own: Sequence[Classifier] = ()) -> Finding:
    """Say what a file is."""
    return classify(Sample(path.name, path, path.stat().st_size), own)


def columns(found: Finding) -> list[str]:
    """Return the columns as `name type`."""
    return [f"{column.name} {column.type}" for column in found.columns]
