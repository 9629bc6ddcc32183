"""SearchTables: tables of all databases by what their metadata says."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_PAGE_MAX
from lakebed.services.glue.model import (
    TABLES,
    CatalogTable,
    check_catalog,
    read_token,
    table_shape,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

Keep = Callable[[CatalogTable], bool]

_TIMES: dict[str, Callable[[CatalogTable], float | None]] = {
    "CreateTime": lambda table: table.created,
    "UpdateTime": lambda table: table.updated,
    "LastAccessTime": lambda table: table.definition.get("LastAccessTime"),
}
_TEXTS: dict[str, Callable[[CatalogTable], str]] = {
    "Name": lambda table: table.name,
    "DatabaseName": lambda table: table.database,
    "Description": lambda table: table.definition.get("Description", ""),
    "Owner": lambda table: table.definition.get("Owner", ""),
    "TableType": lambda table: table.definition.get("TableType", ""),
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "EQUALS": lambda left, right: left == right,
    "GREATER_THAN": lambda left, right: left > right,
    "LESS_THAN": lambda left, right: left < right,
    "GREATER_THAN_EQUALS": lambda left, right: left >= right,
    "LESS_THAN_EQUALS": lambda left, right: left <= right,
}
_TOKEN = re.compile(r"[^\W_]+")


def search_tables(
    ctx: Context, request: shapes.SearchTablesRequest
) -> Generator[None, None, shapes.SearchTablesResponse]:
    """Return the tables that have all words of a text, or a text in quotes exactly, and filters.

    A word is compared with the words of the names, descriptions, comments and parameters of a table
    and its columns, without regard to case; a filter's key that names no member is a parameter's.
    https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    if request.get("ResourceShareType") in ("FOREIGN", "FEDERATED"):
        # Nothing is shared with this account.
        return {"TableList": []}
    keep = _all([*_of_text(request.get("SearchText")), *map(_filter, request.get("Filters") or ())])
    criteria = request.get("SortCriteria") or []
    size = request.get("MaxResults") or GLUE_PAGE_MAX
    if criteria:
        order = _order(criteria[0].get("FieldName", ""))
        found = yield from _found(ctx, keep, None, None)
        found.sort(key=order, reverse=criteria[0].get("Sort") == "DESC")
        begin = _offset(request.get("NextToken"))
        following = str(begin + size) if len(found) > begin + size else None
        found = found[begin : begin + size]
    else:
        token = read_token(request.get("NextToken"))
        after = tuple(token[0].split("\n")) if token else None
        found = yield from _found(ctx, keep, after, size + 1)
        last = found[size - 1] if len(found) > size else None
        following = None if last is None else f"{last.database}\n{last.name}"
    page: shapes.SearchTablesResponse = {
        "TableList": [table_shape(ctx, table) for table in found[:size]]
    }
    if following is not None:
        page["NextToken"] = write_token(following)
    return page


def _found(
    ctx: Context, keep: Keep, after: tuple[str, ...] | None, number_max: int | None
) -> Generator[None, None, list[CatalogTable]]:
    """Return the tables that `keep` keeps, reading a slice at a time."""
    found: list[CatalogTable] = []
    while number_max is None or len(found) < number_max:
        rows = list(TABLES.scan(ctx, Range(after=after, limit=GLUE_PAGE_MAX)))
        found += filter(keep, rows)
        if len(rows) < GLUE_PAGE_MAX:
            break
        after = (rows[-1].database, rows[-1].name)
        yield
    return found


def _all(conditions: Sequence[Keep]) -> Keep:
    return lambda table: all(keep(table) for keep in conditions)


def _of_text(text: str | None) -> Iterator[Keep]:
    if text is None:
        return
    if len(text) > 1 and text[0] == text[-1] == '"':
        exact = text[1:-1].lower()
        yield lambda table: any(exact == value.lower() for value in _values(table))
        return
    words = _words(text)
    yield lambda table: words <= {word for value in _values(table) for word in _words(value)}


def _words(text: str) -> set[str]:
    return set(_TOKEN.findall(text.lower()))


def _values(table: CatalogTable) -> Iterator[str]:
    """Yield every text of a table's metadata that is searched."""
    for read in _TEXTS.values():
        yield read(table)
    descriptor: Mapping[str, Any] = table.definition.get("StorageDescriptor") or {}
    columns: list[Any] = [
        *(descriptor.get("Columns") or ()), *(table.definition.get("PartitionKeys") or ()),
    ]  # fmt: skip
    for column in columns:
        yield column["Name"]
        yield column.get("Comment", "")
    for key, value in _parameters(table).items():
        yield key
        yield value


def _parameters(table: CatalogTable) -> Mapping[str, str]:
    return table.definition.get("Parameters") or {}


def _filter(predicate: Any) -> Keep:
    key, value = predicate.get("Key", ""), predicate.get("Value", "")
    if key in _TIMES:
        read, right = _TIMES[key], _time(value)
        compare = _COMPARE[predicate.get("Comparator", "EQUALS")]

        def keep(table: CatalogTable) -> bool:
            left = read(table)
            return left is not None and compare(left, right)

        return keep
    wanted = value.lower()
    text = _TEXTS.get(key, lambda table: _parameters(table).get(key, ""))

    def has(table: CatalogTable) -> bool:
        found = text(table).lower()
        return wanted == found or wanted in _words(found)

    return has


def _time(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise AwsError("InvalidInputException", f"{value} is not a timestamp") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _order(field: str) -> Callable[[CatalogTable], Any]:
    if field in _TIMES:
        time = _TIMES[field]
        return lambda table: (time(table) or 0.0, table.database, table.name)
    if field in _TEXTS:
        text = _TEXTS[field]
        return lambda table: (text(table).lower(), table.database, table.name)
    raise AwsError("InvalidInputException", f"Tables cannot be sorted by {field!r}.")


def _offset(token: str | None) -> int:
    read = read_token(token)
    if read is None:
        return 0
    if not read[0].isdecimal():
        raise AwsError("InvalidInputException", "Invalid NextToken")
    return int(read[0])
