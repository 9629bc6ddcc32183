"""Functions written in Python: what neither DuckDB's own functions nor a macro can say.

Lowered text calls one by a name that says all: `"py url.decode(VARCHAR) VARCHAR"(x)` is `decode` of
the module `url` beside this file, from these DuckDB types to that one. So a text needs nothing but
itself to be run: `define` finds the names in it and makes the functions.

A module declares a function with `@function`: it is called once a row, with Python values, and not
at all where an argument is NULL (`@function(nulls=True)` is). `@vectorised` takes and returns Arrow
arrays. A user's mistake is a `TrinoError`; TRY makes NULL of it as of any other.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import Parameter
from inspect import Signature as CallSignature
from typing import Any, cast

import duckdb

from lakebed.dialect import macros
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers import duck_types
from lakebed.engines.sql.duckdb.readers.arrow import arrow

_CALL = re.compile(r'"py ((?:[^"]|"")+)"')
_SIGNATURE = re.compile(r"(\w+)\.(\w+)\((.*)\) (.+)", re.S)
_KIND = "__lakebed_udf__"

Columns = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """What the name of a call says."""

    module: str
    function: str
    arguments: tuple[str, ...]
    returns: str


def function(body: Any = None, *, nulls: bool = False) -> Any:
    """Declare a function of one row; with `nulls` it gets None for NULL."""

    def declare(body: Callable[..., Any]) -> Callable[..., Any]:
        setattr(body, _KIND, "nulls" if nulls else "row")
        return body

    return declare if body is None else declare(body)


def vectorised(body: Columns) -> Columns:
    """Declare a function of Arrow arrays, which sees NULLs and returns an array of its type."""
    setattr(body, _KIND, "vectorised")
    return body


def define(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Make the macros and the functions that `text` calls, in its database."""
    made = macros.needed(text)
    if made:
        connection.execute(made)
    for quoted in dict.fromkeys(_CALL.findall(text + made)):
        _make(connection, "py " + quoted.replace('""', '"'))


def _make(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make the function of a name; a name that is none (a user's text) is left alone."""
    found = _callable(name)
    if found is None:
        return
    signature, call = found
    create = cast(Any, connection).create_function
    with contextlib.suppress(duckdb.NotImplementedException):  # it is there already
        create(
            name, call, list(signature.arguments), signature.returns,
            type="arrow", null_handling="special",
        )  # fmt: skip


def parse_signature(name: str) -> Signature | None:
    """Read the name of a call; None if it is none."""
    found = _SIGNATURE.fullmatch(name.removeprefix("py "))
    if found is None:
        return None
    module, function_name, arguments, returns = found.groups()
    return Signature(module, function_name, tuple(duck_types.split(arguments)), returns)


@cache
def _callable(name: str) -> tuple[Signature, Columns] | None:
    signature = parse_signature(name)
    if signature is None or find_spec(f"{__name__}.{signature.module}") is None:
        return None
    body = getattr(import_module(f"{__name__}.{signature.module}"), signature.function, None)
    kind = getattr(body, _KIND, None)
    if body is None or kind is None:
        return None
    columns = body if kind == "vectorised" else _by_row(body, signature, kind == "nulls")
    return signature, _raising(columns, len(signature.arguments))


def _by_row(body: Callable[..., Any], signature: Signature, nulls: bool) -> Columns:
    """Return the function of columns that calls `body` for each row."""
    pa = arrow()
    kind = _arrow_type(signature.returns)

    def columns(*arrays: Any) -> Any:
        rows = zip(*(array.to_pylist() for array in arrays), strict=True)
        if nulls:
            return pa.array([body(*row) for row in rows], kind)
        return pa.array([None if None in row else body(*row) for row in rows], kind)

    return columns


def _raising(call: Columns, count: int) -> Columns:
    """Return the function with a user's mistake in the form that the engine's errors have.

    DuckDB counts the parameters of what it is given, so it is told that there are `count`.
    """

    def raising(*arrays: Any) -> Any:
        try:
            return call(*arrays)
        except TrinoError as error:
            raise ValueError(f"lakebed|{error.name}|{error.message}") from None

    parameters = [Parameter(f"x{at}", Parameter.POSITIONAL_ONLY) for at in range(count)]
    setattr(raising, "__signature__", CallSignature(parameters))  # noqa: B010 - typed as unknown
    return raising


@cache
def _arrow_type(duck: str) -> Any:
    """Return the Arrow type DuckDB exchanges for one of its own."""
    with duckdb.connect() as connection:
        found: Any = connection.sql(f"SELECT CAST(NULL AS {duck}) AS x")
        return found.to_arrow_table().field(0).type
