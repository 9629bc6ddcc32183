"""Lines of text files, as Hadoop's TextInputFormat splits them, in batches.

A line ends with `\\n`, `\\r` or `\\r\\n`; a byte order mark at the start of a file is no text; the
first `skip.header.line.count` and the last `skip.footer.line.count` lines of every file are left
out. A blank line is a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakebed.core.limits import KIB, LINE_BYTES_MAX
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers.arrow import Array, Batch, arrow
from lakebed.engines.sql.duckdb.readers.storage import Scan, Stored
from lakebed.engines.sql.duckdb.readers.stream import Meter, Rows, decompressed

if TYPE_CHECKING:
    pass

BATCH_BYTES = 512 * KIB
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Text files to read, what to leave out of each, where read bytes are counted."""

    files: Sequence[Stored]
    header: int
    footer: int
    meter: Meter

    @classmethod
    def of(cls, scan: Scan, files: Sequence[Stored]) -> TextFiles:
        """Read what the table's properties say of lines."""
        storage = scan.storage
        ending = storage.option("line.delim", "\n")
        if ending not in ("\n", "\\n", "10"):
            message = f"The line delimiter {ending!r}: Athena reads lines that end with \\n only"
            raise TrinoError("HIVE_UNSUPPORTED_FORMAT", message)
        header = storage.count("skip.header.line.count")
        return cls(files, header, storage.count("skip.footer.line.count"), scan.meter)

    def batches(self) -> Iterator[tuple[int, list[bytes]]]:
        """Yield lines without their ends, each batch with the number of its file."""
        for number, stored in enumerate(self.files):
            for batch in self._of_file(stored):
                if batch:
                    yield number, batch

    def _of_file(self, stored: Stored) -> Iterator[list[bytes]]:
        batches = split(decompressed(stored.file.path, stored.file.key, self.meter))
        left, kept = self.header, list[bytes]()
        for batch in batches:
            if left:
                left, batch = max(0, left - len(batch)), batch[left:]
            if self.footer:
                batch = kept + batch
                batch, kept = batch[: -self.footer], batch[-self.footer :]
            yield batch


def split(blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Split text into lines."""
    rest, first = b"", True
    for block in _joined(blocks):
        text = rest + block if rest else block
        if first:
            text, first = text.removeprefix(_MARK), False
        if b"\r" in text:
            # A \r at the end may be half of \r\n: it waits for the next block.
            end = len(text) - (text[-1] == 13)
            at = max(text.rfind(b"\n", 0, end), text.rfind(b"\r", 0, end)) + 1
            lines = text[:at].splitlines()
        else:
            at = text.rfind(b"\n") + 1
            lines = text[: at - 1].split(b"\n") if at else []
        rest = text[at:]
        if len(rest) > LINE_BYTES_MAX:
            raise TrinoError("HIVE_CURSOR_ERROR", f"A line of more than {LINE_BYTES_MAX} bytes")
        if lines:
            yield lines
    if rest:
        yield rest.splitlines()


def _joined(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Join small blocks, so that a batch is worth its cost."""
    parts: list[bytes] = []
    size = 0
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size >= BATCH_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


def line_rows(files: TextFiles) -> Rows:
    """Return the lines as rows of `line` and `lbf`, the number of the file."""
    pa = arrow()

    schema = pa.schema([("line", pa.string()), ("lbf", pa.int32())])

    def make() -> Iterator[Batch]:
        for number, batch in files.batches():
            columns = [text_array(batch), numbers(number, len(batch))]
            yield pa.record_batch(columns, schema=schema)

    return Rows(schema, make)


def numbers(number: int, count: int) -> Array:
    """Return a column of the same number."""
    pa = arrow()

    return pa.repeat(pa.scalar(number, pa.int32()), count)


def text_array(texts: Sequence[bytes | None]) -> Array:
    """Return a column of text; bytes that are no UTF-8 become U+FFFD as in Java."""
    pa = arrow()

    try:
        return pa.array(texts, type=pa.string())
    except (pa.ArrowInvalid, UnicodeDecodeError):
        pass
    return pa.array(
        [None if text is None else text.decode("utf-8", "replace") for text in texts],
        type=pa.string(),
    )
