"""Many alike rows of an answer, kept by column, so that a listing is written quickly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload


class Columns(Sequence[dict[str, Any]]):
    """Rows that all have the same members; a row is made when someone asks for it."""

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        self.columns = columns
        self._length = max(map(len, columns.values()), default=0)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._length))]
        return {name: column[index] for name, column in self.columns.items()}
