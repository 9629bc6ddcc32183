"""Views, as Athena keeps them in the Data Catalog: the query in JSON, in base64, in a comment.

`ViewOriginalText` is `/* Presto View: <base64> */`; the JSON holds the query, the catalog and the
database its names are looked up in, and the columns with Trino's types.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type, parse_type

Shape = dict[str, Any]

_HEAD, _TAIL = "/* Presto View: ", " */"


class Column(msgspec.Struct):
    """A column of a view; `type` as Trino spells it."""

    name: str
    type: str


class Definition(msgspec.Struct, rename="camel", omit_defaults=True):
    """What a view is."""

    original_sql: str
    catalog: str
    schema: str
    columns: list[Column]
    comment: str | None = None
    run_as_invoker: bool = False


def encoded(definition: Definition) -> str:
    """Return the text under which the Data Catalog keeps a view."""
    return _HEAD + base64.b64encode(msgspec.json.encode(definition)).decode() + _TAIL


def decoded(shape: Shape) -> Definition:
    """Return the view a table of the Data Catalog holds; INVALID_VIEW if it is none of Athena's."""
    text = str(shape.get("ViewOriginalText") or "").strip()
    name = f"awsdatacatalog.{shape.get('DatabaseName')}.{shape['Name']}"
    if not text.startswith(_HEAD.strip()):
        message = f"View {name} is not one of Athena's; its text can not be read"
        raise TrinoError("INVALID_VIEW", message)
    body = text.removeprefix(_HEAD.strip()).removesuffix(_TAIL.strip())
    try:
        return msgspec.json.decode(base64.b64decode(body), type=Definition)
    except (msgspec.DecodeError, binascii.Error) as error:
        raise TrinoError("INVALID_VIEW", f"Invalid view JSON of {name}: {error}") from error


def view_info(shape: Shape) -> tree.ViewInfo:
    """Return a view as the analyser wants it."""
    made = decoded(shape)
    columns: list[tuple[str, Type]] = [(one.name, parse_type(one.type)) for one in made.columns]
    return tree.ViewInfo(shape["DatabaseName"], shape["Name"], made.schema, made.original_sql,
                         tuple(columns))  # fmt: skip
