"""Heads of videos, whatever their bytes are: read, or refused, and never for long."""

from __future__ import annotations

import asyncio
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines import child
from lakebed.engines.child import ChildError
from lakebed.engines.crawl import media
from lakebed.engines.crawl.media import MediaFacts, MediaFile, extension_of, kind_of, look, video
from tests.services.glue import media_files as made

FILMS = (made.film(), made.webm(), made.avi())


def read(content: bytes, tmp_path_factory) -> MediaFacts:
    path = tmp_path_factory.mktemp("video") / "film.mp4"
    path.write_bytes(content)
    facts = MediaFacts("s3://b/film.mp4", "film.mp4", "mp4", "video", "video/mp4", 1, 1.0, "e")
    video.read_video(path, facts)
    return facts


@given(st.sampled_from(FILMS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))))
def test_a_damaged_head_is_read_or_refused(tmp_path_factory, film, changes):
    content = bytearray(film)
    for at, value in changes:
        content[at % len(content)] = value
    try:
        facts = read(bytes(content), tmp_path_factory)
    except (ValueError, struct.error, RecursionError):
        return
    assert (facts.width or 0) >= 0


@given(st.sampled_from(FILMS), st.integers(0, 400))
def test_a_head_that_is_cut_off_is_read_or_refused(tmp_path_factory, film, length):
    try:
        facts = read(film[:length], tmp_path_factory)
    except (ValueError, struct.error):
        return
    assert facts.duration_seconds is None or facts.duration_seconds < 1e6


def test_boxes_of_64_bits_and_headers_of_version_1(tmp_path_factory):
    header = b"\x01" + bytes(19) + struct.pack(">IQ", 600, 600 * 7) + bytes(80)
    moov = made.box(b"moov", made.box(b"mvhd", header))
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 100) + bytes(100)
    assert read(made.box(b"ftyp", b"mp42") + large + moov, tmp_path_factory).duration_seconds == 7


def test_boxes_without_end_are_refused():
    with pytest.raises(video.VideoError, match="shorter than its head"):
        list(video._boxes(io.BytesIO(struct.pack(">I4s", 4, b"free") * 10)))


@pytest.mark.parametrize(
    ("key", "extension", "kind"),
    [
        ("a/B.JPG", "jpg", "image"), ("a.tar/x", "", None), (".png", "", None),
        ("x.mkv", "mkv", "video"), ("x.y.pdf", "pdf", "document"), ("x.csv", "csv", None),
    ],
)  # fmt: skip
def test_kinds(key, extension, kind):
    found = kind_of(extension_of(key))
    assert (extension_of(key), found[0] if found else None) == (extension, kind)


def test_numbers_that_only_rubbish_can_mean_are_left_out(tmp_path):
    head = made.element(0x1A45DFA3, made.element(0x4282, b"webm"))
    info = made.element(0x1549A966, made.element(0x4489, struct.pack(">d", float("nan"))))
    sides = made.element(0xB0, b"\xff" * 40) + made.element(0xBA, b"\x01")
    tracks = made.element(0x1654AE6B, made.element(0xAE, made.element(0xE0, sides)))
    path = tmp_path / "x.webm"
    path.write_bytes(head + made.element(0x18538067, info + tracks))
    file = MediaFile("s3://b/x.webm", path, path.stat().st_size, 1.0, "e")
    (facts,) = asyncio.run(look([file]))
    assert (facts.width, facts.height, facts.duration_seconds, facts.message) == (
        None, 1, None, None,
    )  # fmt: skip


def test_a_file_that_ends_its_process_has_a_message_and_the_others_their_facts(
    tmp_path, monkeypatch
):
    async def ask(module, request, bounds):
        if b"bad.png" in request:
            raise ChildError("It ended with -11.")
        return await child.ask(module, request, bounds)

    monkeypatch.setattr(media, "ask", ask)
    (tmp_path / "p").write_bytes(made.picture())
    names = ("a.png", "bad.png", "c.png")
    files = [MediaFile(f"s3://b/{name}", tmp_path / "p", 9, 1.0, "e") for name in names]
    found = asyncio.run(look(files))
    assert [(one.name, one.width, one.message) for one in found] == [
        ("a.png", 3, None), ("bad.png", None, "It ended with -11."), ("c.png", 3, None),
    ]  # fmt: skip
