"""Tags of workgroups and data catalogs, by their ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.limits import ATHENA_TAGS_PAGE_MAX
from lakebed.services.athena._pages import after, page, token
from lakebed.services.athena._tags import read_tags
from lakebed.services.athena.model import (
    DATA_CATALOGS,
    WORK_GROUPS,
    DataCatalog,
    WorkGroup,
    find_work_group,
    invalid,
    not_found,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def tag_resource(ctx: Context, request: shapes.TagResourceInput) -> shapes.TagResourceOutput:
    """Add tags to a workgroup or a data catalog; a key that is there gets the new value.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_TagResource.html
    """
    resource = _find(ctx, request["ResourceARN"])
    _put(ctx, resource, read_tags(request["Tags"], resource.tags))
    return {}


def untag_resource(ctx: Context, request: shapes.UntagResourceInput) -> shapes.UntagResourceOutput:
    """Remove tags; keys that are not there are ignored.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_UntagResource.html
    """
    resource = _find(ctx, request["ResourceARN"])
    gone = set(request["TagKeys"])
    _put(ctx, resource, {key: resource.tags[key] for key in resource.tags if key not in gone})
    return {}


def list_tags_for_resource(
    ctx: Context, request: shapes.ListTagsForResourceInput
) -> shapes.ListTagsForResourceOutput:
    """Return the tags of a workgroup or a data catalog, by key.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListTagsForResource.html
    """
    tags = _find(ctx, request["ResourceARN"]).tags
    last = after(request.get("NextToken"))
    keys = sorted(key for key in tags if last is None or key > last[0])
    found, has_more = page(keys, request.get("MaxResults") or ATHENA_TAGS_PAGE_MAX)
    answer: shapes.ListTagsForResourceOutput = {
        "Tags": [{"Key": key, "Value": tags[key]} for key in found]
    }
    if has_more:
        answer["NextToken"] = token(found[-1])
    return answer


def _find(ctx: Context, arn: str) -> WorkGroup | DataCatalog:
    """Return what an ARN names; the sentences are ours."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != "athena":
        raise invalid(f"Invalid ARN: {arn}")
    kind, _, name = parts[5].partition("/")
    found: WorkGroup | DataCatalog | None = None
    if (parts[3], parts[4]) == (ctx.region, ctx.account):
        if kind == "workgroup":
            if name == "primary":
                find_work_group(ctx, name)
            found = WORK_GROUPS.get(ctx, name)
        elif kind == "datacatalog":
            found = DATA_CATALOGS.get(ctx, name)
    if found is None:
        raise not_found(f"Resource {arn} was not found.", arn)
    return found


def _put(ctx: Context, resource: WorkGroup | DataCatalog, tags: dict[str, str]) -> None:
    if isinstance(resource, WorkGroup):
        WORK_GROUPS.put(ctx, replace(resource, tags=tags))
    else:
        DATA_CATALOGS.put(ctx, replace(resource, tags=tags))
