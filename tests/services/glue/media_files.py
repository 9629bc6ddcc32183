"""Images, audio, video and documents, as small as their formats allow, made by hand."""

from __future__ import annotations

import io
import struct
import wave
import zipfile

from PIL import ExifTags, Image, TiffImagePlugin
from pypdf import PdfWriter


def photo() -> bytes:
    """Return a JPEG of 40 by 30 pixels, held upright, taken in Bern."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Lakecam"
    exif[ExifTags.Base.Model] = "L1"
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:01 12:30:00"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    rational = TiffImagePlugin.IFDRational
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (rational(46), rational(56), rational(5280, 100))
    place[ExifTags.GPS.GPSLongitudeRef] = "W"
    place[ExifTags.GPS.GPSLongitude] = (rational(7), rational(26), rational(3000, 100))
    out = io.BytesIO()
    Image.new("RGB", (30, 40)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (3, 2)) -> bytes:
    """Return an image without EXIF."""
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


def sound() -> bytes:
    """Return half a second of silence as WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000))
    return out.getvalue()


def song() -> bytes:
    """Return the tags of an MP3, which has no sound."""
    frames = b"".join(
        struct.pack(">4sIH", name, len(text) + 1, 0) + b"\x03" + text
        for name, text in ((b"TIT2", "Été".encode()), (b"TPE1", b"Ada"), (b"TALB", b"Lakes"))
    )
    size = len(frames)
    synchsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + synchsafe + frames + b"\xff\xfb\x90\x00" + bytes(413)


def box(kind: bytes, *inner: bytes) -> bytes:
    content = b"".join(inner)
    return struct.pack(">I", len(content) + 8) + kind + content


def film(brand: bytes = b"isom", width: int = 640, height: int = 360) -> bytes:
    """Return an MP4 of 12.5 seconds, whose head comes last."""
    head = box(b"mvhd", bytes(12), struct.pack(">II", 1000, 12500), bytes(80))
    tracks = [
        box(b"trak", box(b"tkhd", bytes(76), struct.pack(">II", side[0] << 16, side[1] << 16)))
        for side in ((0, 0), (width, height))
    ]
    return box(b"ftyp", brand, bytes(8)) + box(b"mdat", bytes(100)) + box(b"moov", head, *tracks)


def element(number: int, content: bytes) -> bytes:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return raw + (len(content) | 1 << 28).to_bytes(4, "big") + content


def webm() -> bytes:
    """Return a WebM of 2.5 seconds."""
    head = element(0x1A45DFA3, element(0x4282, b"webm"))
    values = (
        (0x2AD7B1, (1_000_000).to_bytes(3, "big")), (0x4489, struct.pack(">d", 2500.0)),
        (0x7BA9, b"Lakes"),
    )  # fmt: skip
    info = element(0x1549A966, b"".join(element(*one) for one in values))
    video = element(0xE0, element(0xB0, b"\x02\x80") + element(0xBA, b"\x01\x68"))
    tracks = element(0x1654AE6B, element(0xAE, video))
    # The length of a live recording is not known, nor is what comes in its clusters.
    return head + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + info + tracks


def avi() -> bytes:
    """Return an AVI of 4 seconds."""
    numbers = [40_000, 0, 0, 0, 100, 0, 1, 0, 320, 240, 0, 0, 0, 0]
    head = b"avih" + struct.pack("<15I", 56, *numbers)
    return b"RIFF" + struct.pack("<I", len(head) + 4) + b"AVI " + head


def pdf(pages: int = 2) -> bytes:
    """Return a PDF with a title."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "On lakes", "/Author": "Ada"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def archive(**parts: str) -> bytes:
    """Return a ZIP archive; two underscores in a name are a slash, one is a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name.replace("__", "/").replace("_", "."), text)
    return out.getvalue()


def letter() -> bytes:
    """Return a DOCX of 3 pages, as far as its properties."""
    return archive(
        docProps__core_xml='<c xmlns:d="x"><d:title>Letter</d:title><d:creator>Bo</d:creator></c>',
        docProps__app_xml='<p xmlns="y"><Pages>3</Pages></p>',
    )
