"""Amazon Ion documents as records, by Amazon's own reader where it is installed.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-ion-home.html
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ._not_built import NotBuiltError

_READER = "amazon.ion.simpleion"
_PLAIN: tuple[Any, ...] = (bool, int, float, str, bytes)


def check() -> None:
    """Raise where the reader is not installed."""
    try:
        importlib.import_module(_READER)
    except ImportError as problem:
        hint = "Install its reader with --additional-python-modules amazon.ion"
        raise NotBuiltError("format ion", hint) from problem


def records(content: bytes) -> Iterator[Any]:
    """Return the values of a document, text or binary, as Python's own."""
    reader: Any = importlib.import_module(_READER)
    for one in reader.loads(content, single_value=False):
        yield _plain(one)


def _plain(value: Any) -> Any:
    kind = cast("type[object]", type(value)).__name__
    if value is None or kind == "IonPyNull":
        return None
    if kind == "IonPyBool":
        return bool(value)
    if isinstance(value, Mapping):
        fields = cast("Mapping[Any, Any]", value)
        return {str(name): _plain(one) for name, one in fields.items()}
    symbol: str | None = getattr(cast("object", value), "text", None)
    if symbol is not None:
        return str(symbol)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in cast("list[Any]", value)]
    for plain in _PLAIN:
        if isinstance(value, plain):
            return plain(value)
    return value
