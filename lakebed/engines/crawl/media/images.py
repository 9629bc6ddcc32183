"""Images, by Pillow: dimensions and EXIF. Nothing is decoded, so no image is too large.

https://exiv2.org/tags.html names the tags of EXIF.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from defusedxml import ElementTree
from PIL import ExifTags, Image

from lakebed.engines.crawl.media import MediaFacts

_TAKEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)(?:px)?\s*")
_TURNED = (5, 6, 7, 8)
"""Orientations of EXIF in which a picture is shown with its sides exchanged."""


def read_image(path: Path, facts: MediaFacts) -> None:
    """Read an image's head into its facts."""
    if facts.extension == "svg":
        _read_svg(path, facts)
        return
    # The size is only told here: pixels, which a bomb has many of, are never made.
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as image:
        facts.width, facts.height = image.size
        facts.media_type = image.get_format_mimetype() or facts.media_type
        exif = image.getexif()
        if not exif:
            return
        if exif.get(ExifTags.Base.Orientation) in _TURNED:
            facts.width, facts.height = facts.height, facts.width
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        facts.taken = _taken(inner.get(ExifTags.Base.DateTimeOriginal))
        facts.camera_make = _text(exif.get(ExifTags.Base.Make))
        facts.camera_model = _text(exif.get(ExifTags.Base.Model))
        facts.author = _text(exif.get(ExifTags.Base.Artist))
        facts.title = _text(exif.get(ExifTags.Base.ImageDescription))
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        facts.latitude = _degrees(place, ExifTags.GPS.GPSLatitude, "S")
        facts.longitude = _degrees(place, ExifTags.GPS.GPSLongitude, "W")


def _read_svg(path: Path, facts: MediaFacts) -> None:
    root: Any = next(ElementTree.iterparse(path, events=("start",)))[1]
    width = _LENGTH.fullmatch(root.get("width") or "")
    height = _LENGTH.fullmatch(root.get("height") or "")
    if width and height:
        facts.width, facts.height = round(float(width.group(1))), round(float(height.group(1)))


def _text(value: object) -> str | None:
    return value.strip("\0 ") if isinstance(value, str) else None


def _taken(value: object) -> str | None:
    match = _TAKEN.match(value) if isinstance(value, str) else None
    if match is None or match.group(2) == "00":
        return None
    year, month, day, clock = match.groups()
    return f"{year}-{month}-{day}T{clock}"


def _degrees(place: Mapping[int, Any], tag: int, negative: str) -> float | None:
    """Return degrees from degrees, minutes and seconds; the tag before says in which half."""
    parts = place.get(tag)
    if not parts or len(parts) != 3:
        return None
    whole = sum(float(part) / unit for part, unit in zip(parts, (1, 60, 3600), strict=True))
    sign = -1 if str(place.get(tag - 1)).startswith(negative) else 1
    return round(sign * whole, 7) if abs(whole) <= 180 else None
