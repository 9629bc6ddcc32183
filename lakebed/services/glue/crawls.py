"""Crawls: the history of a crawler's runs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.limits import CRAWLS_PAGE, CRAWLS_PAGE_MAX
from lakebed.services.glue._crawl_life import settled
from lakebed.services.glue._crawler_shape import DPU_HOURS, crawl_shape
from lakebed.services.glue._crawlers import CRAWLS, ENTRY, Crawl, find_crawler, invalid
from lakebed.services.glue._runs import read_place, write_place
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
    "EQ": operator.eq,
    "NE": operator.ne,
}
_TEXTS: Mapping[str, Callable[[Crawl], str]] = {
    "CRAWL_ID": lambda crawl: crawl.id,
    "STATE": lambda crawl: crawl.state,
}
_NUMBERS: Mapping[str, Callable[[Crawl], float | None]] = {
    "START_TIME": lambda crawl: _milliseconds(crawl.started),
    "END_TIME": lambda crawl: _milliseconds(crawl.ended) if crawl.ended else None,
    "DPU_HOUR": lambda crawl: DPU_HOURS if crawl.ended else None,
}

_MEMBERS = ("FieldName", "FilterOperator", "FieldValue")


@long
def list_crawls(ctx: Context, request: shapes.ListCrawlsRequest) -> shapes.ListCrawlsResponse:
    """Return a crawler's crawls that every filter lets through, the newest first.

    Times in filters are milliseconds since the epoch, as the page says, or written as ISO 8601,
    as some clients do. Twelve months are kept. The sentences about filters are AWS's, as met by
    clients.
    https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawls.html
    """
    row = settled(ctx, find_crawler(ctx, request["CrawlerName"], ENTRY))
    size = min(request.get("MaxResults") or CRAWLS_PAGE, CRAWLS_PAGE_MAX)
    tests = [_test(wanted) for wanted in request.get("Filters", ())]
    found: list[Crawl] = []
    for crawl in CRAWLS.scan(ctx, _span(row.name, request.get("NextToken"), tests, size)):
        if all(test(crawl) for test in tests):
            found.append(crawl)
        if len(found) > size:
            break
    page: shapes.ListCrawlsResponse = {"Crawls": [crawl_shape(crawl) for crawl in found[:size]]}
    if len(found) > size:
        page["NextToken"] = write_place(found[size - 1].started, found[size - 1].id)
    return page


def _span(name: str, token: str | None, tests: Sequence[Any], size: int) -> Range:
    limit = None if tests else size + 1
    return Range((name,), after=read_place(token), limit=limit, reverse=True)


def _test(wanted: Mapping[str, Any]) -> Callable[[Crawl], bool]:
    """Return what tells whether a crawl passes one filter."""
    field, sign = wanted.get("FieldName", ""), wanted.get("FilterOperator", "")
    value = wanted.get("FieldValue", "")
    if not field or not sign or not value:
        said = (f"{name}: {wanted.get(name, 'null')}" for name in _MEMBERS)
        raise invalid(f"Invalid Filter Provided: {', '.join(said)}")
    compare = _OPERATORS[sign]
    if field in _TEXTS:
        text = _TEXTS[field]
        if sign not in ("EQ", "NE"):
            raise invalid(f"Only EQ or NE operator is allowed for field : {field}")
        return lambda crawl: compare(text(crawl), value)
    bound, number = _bound(field, value), _NUMBERS[field]

    def passes(crawl: Crawl) -> bool:
        held = number(crawl)
        return held is not None and compare(held, bound)

    return passes


def _bound(field: str, value: str) -> float:
    """Return what a field is compared with, in its own unit."""
    try:
        return float(value)
    except ValueError:
        pass
    try:
        if field != "DPU_HOUR":
            written = datetime.fromisoformat(value)
            return _milliseconds(written.replace(tzinfo=written.tzinfo or UTC).timestamp())
    except ValueError:
        pass
    raise invalid(f"{value} is no value of {field}.")


def _milliseconds(seconds: float) -> int:
    """Return a time as filters have it; the answer's times have the same precision."""
    return int(seconds * 1000)
