"""pyarrow, which has no types of its own: loaded when it is first needed, seen as Any.

The names say what is meant where Python cannot check it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

Array = Any
Batch = Any
DataType = Any
Schema = Any


def arrow(module: str = "pyarrow") -> Any:
    """Return pyarrow, or a module of it."""
    return import_module(module)
