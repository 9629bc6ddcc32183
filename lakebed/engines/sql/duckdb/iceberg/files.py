"""The lake as PyIceberg's FileIO: objects read from their plain files, written through the server.

What a statement has put is remembered until its commit; `undo` takes it back.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyiceberg.io import FileIO, InputFile, OutputFile

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.catalog import File, Server, split_location

_SINGLY_MAX = 64
"""More files than this are looked up by one listing of the table's folder."""


class LakeFiles(FileIO):
    """Files by their locations, for one statement."""

    def __init__(self, server: Server, scratch: Path) -> None:
        super().__init__()
        self.server = server
        self.scratch = scratch
        self.put: list[str] = []
        self._known: dict[str, File] = {}

    def find(self, locations: Iterable[str], folder: str = "") -> dict[str, File]:
        """Return the files at the locations; `folder` is where many of them lie.

        ICEBERG_CANNOT_OPEN_SPLIT if one is missing (Trino's name, remembered).
        """
        wanted = [one for one in dict.fromkeys(locations) if one not in self._known]
        if folder and len(wanted) > _SINGLY_MAX:
            self._list(folder)
            wanted = [one for one in wanted if one not in self._known]
        if wanted:
            for place, found in zip(wanted, self.server.exactly(wanted), strict=True):
                if found is None:
                    message = f"Error opening Iceberg split {place}: File does not exist: {place}"
                    raise TrinoError("ICEBERG_CANNOT_OPEN_SPLIT", message)
                self._known[place] = found
        return {one: self._known[one] for one in locations}

    def _list(self, folder: str) -> None:
        scheme = folder.split("://", 1)[0]
        bucket, _ = split_location(folder)
        for one in self.server.files(folder):
            self._known[f"{scheme}://{bucket}/{one.key}"] = one

    def put_file(self, location: str, path: Path) -> None:
        """Make a scratch file the object at a location."""
        self.server.put(location, str(path))
        self.put.append(location)

    def undo(self, first: int = 0) -> None:
        """Delete what was put, from the `first` on: it was not committed."""
        while len(self.put) > first:
            self.delete(self.put.pop())

    def new_input(self, location: str) -> InputFile:
        """Return the object at a location."""
        return _LakeInput(self, location)

    def new_output(self, location: str) -> OutputFile:
        """Return an object to be written."""
        return _LakeOutput(self, location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete the object at a location."""
        place = location if isinstance(location, str) else location.location
        self._known.pop(place, None)
        self.server.delete(place)


class _LakeInput(InputFile):
    def __init__(self, files: LakeFiles, location: str) -> None:
        super().__init__(location)
        self._files = files

    def __len__(self) -> int:
        return self._files.find([self.location])[self.location].size

    def exists(self) -> bool:
        return self._files.server.exactly([self.location])[0] is not None

    def open(self, seekable: bool = True) -> Any:
        del seekable
        found = self._files.find([self.location])[self.location]
        return io.BytesIO(Path(found.path).read_bytes())


class _LakeOutput(OutputFile):
    """Collects the bytes of a metadata file, which are few, and puts them when it is closed."""

    def __init__(self, files: LakeFiles, location: str) -> None:
        super().__init__(location)
        self._files = files
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return _LakeInput(self._files, self.location)

    def create(self, overwrite: bool = False) -> Any:
        del overwrite  # The names hold a UUID: nothing is there.
        return _Written(self)

    def finished(self, content: bytes) -> None:
        """Put what was written."""
        self._length = len(content)
        path = self._files.scratch / f"iceberg-{uuid.uuid4().hex}"
        path.write_bytes(content)
        self._files.put_file(self.location, path)


class _Written(io.BytesIO):
    def __init__(self, output: _LakeOutput) -> None:
        super().__init__()
        self._output = output

    def close(self) -> None:
        if not self.closed:
            self._output.finished(self.getvalue())
        super().close()
