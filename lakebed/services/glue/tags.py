"""Tags of what the Data Catalog holds, by ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_TAGS_MAX
from lakebed.services.glue._crawlers import CRAWLERS
from lakebed.services.glue._jobs import JOBS
from lakebed.services.glue._triggers import TRIGGERS
from lakebed.services.glue._workflows import WORKFLOWS
from lakebed.services.glue.model import (
    CONNECTIONS,
    DATABASES,
    FUNCTIONS,
    TABLES,
    TAGS,
    ResourceTags,
    arn_of,
)

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_KINDS = {
    "database": (DATABASES, 1),
    "table": (TABLES, 2),
    "userDefinedFunction": (FUNCTIONS, 2),
    "connection": (CONNECTIONS, 1),
    "crawler": (CRAWLERS, 1),
    "job": (JOBS, 1),
    "trigger": (TRIGGERS, 1),
    "workflow": (WORKFLOWS, 1),
}
"""Kinds of resources: where they are, and by how many names."""

_CASED = ("connection", "crawler", "job", "trigger", "workflow")
"""Kinds whose names keep their case."""


def tag_resource(ctx: Context, request: shapes.TagResourceRequest) -> shapes.TagResourceResponse:
    """Add tags to a resource, or replace their values; it has at most 50.

    https://docs.aws.amazon.com/glue/latest/webapi/API_TagResource.html
    """
    arn = _checked(ctx, "TagResource", request["ResourceArn"])
    tags = {**_tags(ctx, arn), **request["TagsToAdd"]}
    if len(tags) > GLUE_TAGS_MAX:
        message = f"A resource has at most {GLUE_TAGS_MAX} tags."
        raise AwsError("InvalidInputException", message)
    TAGS.put(ctx, ResourceTags(arn, tags))
    return {}


def untag_resource(
    ctx: Context, request: shapes.UntagResourceRequest
) -> shapes.UntagResourceResponse:
    """Take tags from a resource; those it does not have are passed over.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UntagResource.html
    """
    arn = _checked(ctx, "UntagResource", request["ResourceArn"])
    tags = _tags(ctx, arn)
    for name in request["TagsToRemove"]:
        tags.pop(name, None)
    TAGS.put(ctx, ResourceTags(arn, tags))
    return {}


def get_tags(ctx: Context, request: shapes.GetTagsRequest) -> shapes.GetTagsResponse:
    """Return the tags of a resource.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTags.html
    """
    return {"Tags": _tags(ctx, _checked(ctx, "GetTags", request["ResourceArn"]))}


def _tags(ctx: Context, arn: str) -> dict[str, str]:
    row = TAGS.get(ctx, arn)
    return {} if row is None else dict(row.tags)


def _checked(ctx: Context, operation: str, arn: str) -> str:
    """Return the ARN as tags are kept by; EntityNotFoundException if there is no such resource."""
    parts = arn.split(":", 5)
    place = ["arn", "aws", "glue", ctx.region, ctx.account]
    if parts[:5] != place or len(parts) < 6:
        raise AwsError("EntityNotFoundException", f"Resource {arn} not found.")
    kind, *names = parts[5].split("/")
    if kind == "catalog" and not names:
        return arn
    if kind not in _KINDS:
        raise NotBuiltError("glue", operation, f"of a {kind}")
    table, count = _KINDS[kind]
    if kind not in _CASED:
        names = [name.lower() for name in names]
    if len(names) != count or table.get(ctx, *names) is None:
        raise AwsError("EntityNotFoundException", f"Resource {arn} not found.")
    return arn_of(ctx, kind, *names)
