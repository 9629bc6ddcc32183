"""Documents: PDF by pypdf; Office, OpenDocument and EPUB by the XML within their archives."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from defusedxml import ElementTree

from lakebed.engines.crawl.media import MediaFacts

_XML_BYTES_MAX = 1 << 20
_OFFICE = ("docProps/core.xml", "docProps/app.xml")
_OPEN = ("meta.xml",)


def read_document(path: Path, facts: MediaFacts) -> None:
    """Read a document's properties into its facts."""
    if facts.extension == "pdf":
        _read_pdf(path, facts)
        return
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if facts.extension == "epub":
            parts = [name for name in names if posixpath.splitext(name)[1] == ".opf"][:1]
        else:
            parts = [name for name in (*_OFFICE, *_OPEN) if name in names]
        for element in _elements(archive, parts):
            _take(element, facts)


def _read_pdf(path: Path, facts: MediaFacts) -> None:
    from pypdf import PdfReader  # It takes half a second, which other documents need not wait for.

    with path.open("rb") as stream:
        reader = PdfReader(stream)
        if reader.is_encrypted and not reader.decrypt(""):
            facts.message = "It is encrypted."
            return
        facts.pages = len(reader.pages)
        said = reader.metadata
        if said is not None:
            facts.title, facts.author = said.title, said.author


def _elements(archive: zipfile.ZipFile, parts: list[str]) -> Iterator[Any]:
    for name in parts:
        with archive.open(name) as stream:
            # A bound on what is unpacked, whatever the archive says.
            yield from ElementTree.fromstring(stream.read(_XML_BYTES_MAX)).iter()


def _take(element: Any, facts: MediaFacts) -> None:
    """Take what an element of Dublin Core, of Office or of OpenDocument says."""
    name = str(element.tag).rpartition("}")[2].lower()
    text = (element.text or "").strip()
    if name == "title" and not facts.title:
        facts.title = text
    elif name in ("creator", "initial-creator") and not facts.author:
        facts.author = text
    elif name in ("pages", "slides") and text.isdecimal():
        facts.pages = int(text)
    elif name == "document-statistic":
        pages = next((value for key, value in element.items() if key.endswith("page-count")), "")
        facts.pages = int(pages) if pages.isdecimal() else facts.pages
