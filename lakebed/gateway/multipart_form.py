"""A form as browsers send it, `multipart/form-data`, taken apart as it arrives.

RFC 7578. The fields before the file are kept, the file's bytes are passed on, and what follows the
file is ignored: https://docs.aws.amazon.com/AmazonS3/latest/userguide/HTTPPOSTForms.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from lakebed.core.errors import AwsError
from lakebed.core.limits import FORM_FIELDS_BYTES_MAX

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(\w+)\*?=(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))')
_FILE = "file"


class FormFile(msgspec.Struct, frozen=True):
    """The head of the file in a form: what it is called there, None if that is not said."""

    name: str | None


class FormParser:
    """Takes a form apart; `fields` are those before the file, by name in lower case.

    Values are the bytes as Latin-1 text, as those of headers are; of a name that comes again they
    are joined by commas, as S3 says.
    """

    def __init__(self, content_type: str) -> None:
        found = _BOUNDARY.search(content_type)
        if found is None:
            raise malformed_form()
        self._delimiter = b"\r\n--" + (found[1] or found[2]).encode("latin-1")
        # As if a line ended before the first delimiter, too.
        self._buffer = b"\r\n"
        self._taken = -len(self._buffer)
        self._next = self._preamble
        self.fields: dict[str, str] = {}
        self.file: FormFile | None = None
        self.is_whole = False
        """Whether the file's end has been seen, or the form's."""
        self._name = ""

    def file_size(self, length: int) -> int:
        """Return how long a file is that begins here and ends a form of so many bytes."""
        return max(length - self._taken - len(self._delimiter) - len(b"--\r\n"), 0)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes of the form; yield what of them is the file's."""
        if self.is_whole:
            return
        self._buffer += data
        while self.file is None and self._next():
            pass
        if self.file is None:
            self._check_size(self._taken + len(self._buffer))
        elif not self.is_whole:
            piece = self._of_file()
            if piece:
                yield piece

    def _check_size(self, size: int) -> None:
        if size > FORM_FIELDS_BYTES_MAX:
            message = "Your POST request fields preceeding the upload file was too large."
            members = {"MaxPostPreDataLengthBytes": FORM_FIELDS_BYTES_MAX}
            raise AwsError("MaxPostPreDataLengthExceeded", message, 400, members)

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        self._taken += count
        return taken

    def _preamble(self) -> bool:
        """Pass over what comes before the first part."""
        at = self._buffer.find(self._delimiter)
        if at < 0:
            return False
        self._take(at + len(self._delimiter))
        self._next = self._delimited
        return True

    def _delimited(self) -> bool:
        """Tell a delimiter before a part from the last one."""
        if len(self._buffer) < 2:
            return False
        if self._buffer.startswith(b"--"):
            self.is_whole = True
            return False
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        if self._buffer[:end].strip(b" \t"):
            raise malformed_form()
        # The line's end is where the headers begin, or that of no header at all.
        self._take(end)
        self._next = self._headers
        return True

    def _headers(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        parameters = _disposition(self._take(end + 4).decode("latin-1").split("\r\n"))
        self._name = parameters.get("name", "").lower()
        if self._name == _FILE:
            self._check_size(self._taken)
            self.file = FormFile(parameters.get("filename"))
        self._next = self._field
        return True

    def _field(self) -> bool:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            return False
        value = self._take(at + len(self._delimiter))[:at].decode("latin-1")
        if self._name:
            known = self.fields.get(self._name)
            self.fields[self._name] = value if known is None else f"{known},{value}"
        self._next = self._delimited
        return True

    def _of_file(self) -> bytes:
        """Return what is surely the file's."""
        at = self._buffer.find(self._delimiter)
        self.is_whole = at >= 0
        count = at if self.is_whole else max(len(self._buffer) - len(self._delimiter) + 1, 0)
        return self._take(count)


def _disposition(lines: list[str]) -> dict[str, str]:
    """Return the parameters of a part's Content-Disposition, if it is a field of a form."""
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            kind = value.partition(";")[0].strip().lower()
            if kind != "form-data":
                return {}
            return {
                found[1].lower(): found[3] if found[2] is None else _unescaped(found[2])
                for found in _PARAMETER.finditer(value)
            }
    return {}


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"')


def malformed_form() -> AwsError:
    """Return S3's answer for a body that is no form."""
    message = "The body of your POST request is not well-formed multipart/form-data."
    return AwsError("MalformedPOSTRequest", message, 400)
