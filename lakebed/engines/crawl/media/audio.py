"""Audio, by TinyTag: how long it is, what its tags say."""

from __future__ import annotations

from pathlib import Path

from tinytag import TinyTag

from lakebed.engines.crawl.media import MediaFacts


def read_audio(path: Path, facts: MediaFacts) -> None:
    """Read the tags of a file into its facts."""
    with path.open("rb") as stream:
        # The name says the format where the content does not; the lake's file has it, too.
        tag = TinyTag.get(facts.name, file_obj=stream)
    if tag.duration:
        facts.duration_seconds = round(tag.duration, 3)
    facts.title, facts.author, facts.album = tag.title, tag.artist, tag.album
