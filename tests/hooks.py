"""Changes what a client sends: clients are shared by tests, so the change ends with its block."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Any


@contextlib.contextmanager
def hooked(client: Any, event: str, change: Callable[..., Any]) -> Generator[None]:
    """Call `change` at an event of botocore (`before-sign.s3.PutObject`) within the block."""
    client.meta.events.register(event, change)
    try:
        yield
    finally:
        client.meta.events.unregister(event, change)
