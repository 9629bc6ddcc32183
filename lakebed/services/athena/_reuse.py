"""Reuse of an earlier query's result, when a client asks for it.

https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
"""

from __future__ import annotations

import hashlib

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.athena.model import (
    QUERIES,
    REUSABLE_RESULTS,
    QueryExecution,
    ReusableResult,
)


def digest(query: QueryExecution) -> str:
    """Return what two queries have in common when one may have the other's result."""
    same = (
        query.text,
        query.database.lower(),
        query.catalog.lower(),
        query.parameters,
        query.settings,
    )
    return hashlib.sha256(msgspec.json.encode(same)).hexdigest()


def remember(ctx: Context, query: QueryExecution) -> None:
    """Note a SELECT's result as the last one of its kind."""
    if query.substatement_type == "SELECT" and not query.settings.is_managed and not query.reused:
        REUSABLE_RESULTS.put(ctx, ReusableResult(query.work_group, digest(query), query.id))


def find(ctx: Context, query: QueryExecution, minutes: int) -> QueryExecution | None:
    """Return an earlier query of the workgroup whose result is young enough and still there.

    Managed results are never reused, as AWS documents.
    """
    if query.settings.is_managed:
        return None
    known = REUSABLE_RESULTS.get(ctx, query.work_group, digest(query))
    found = QUERIES.get(ctx, known.query_id) if known else None
    if found is None or found.completed < ctx.clock.now() - minutes * 60:
        return None
    bucket, _, key = found.result.removeprefix("s3://").partition("/")
    try:
        ctx.aws.s3.head_object({"Bucket": bucket, "Key": key})
    except AwsError:
        return None
    return found
