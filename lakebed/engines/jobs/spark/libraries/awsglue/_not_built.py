"""What this package refuses by name, instead of pretending."""

from __future__ import annotations


class NotBuiltError(NotImplementedError):
    """An operation or an option that Glue documents and that is not built here."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"awsglue: {what} is not built in lakebed{'. ' + hint if hint else ''}")
