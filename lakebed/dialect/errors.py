"""Trino's errors: the name a client matches on, the sentence a person reads, where it is."""

from __future__ import annotations


class TrinoError(Exception):
    """A statement is wrong, in Trino's words.

    `line` and `column` count from 1 and are 0 where the error has no place in the text.
    """

    def __init__(self, name: str, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.line = line
        self.column = column
        self.message = f"line {line}:{column}: {message}" if line else message


def not_supported(what: str, line: int = 0, column: int = 0) -> TrinoError:
    """Return the honest answer for what Athena has and lakebed has not built yet."""
    return TrinoError("NOT_SUPPORTED", f"{what} is not built in lakebed yet", line, column)
