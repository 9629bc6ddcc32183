"""Tags of parameters; Systems Manager's other resources are not built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.ssm._parameters import lookup
from lakebed.services.ssm._tags import tags_of
from lakebed.services.ssm.model import PARAMETERS, Parameter, replace

if TYPE_CHECKING:
    from lakebed.shapes import ssm as shapes


def add_tags_to_resource(
    ctx: Context, request: shapes.AddTagsToResourceRequest
) -> shapes.AddTagsToResourceResult:
    """Add tags to a parameter, or give them other values.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
    """
    found = _found(ctx, "AddTagsToResource", request["ResourceType"], request["ResourceId"])
    PARAMETERS.put(ctx, replace(found, tags=tags_of(request["Tags"], found.tags)))
    return {}


def remove_tags_from_resource(
    ctx: Context, request: shapes.RemoveTagsFromResourceRequest
) -> shapes.RemoveTagsFromResourceResult:
    """Remove tags of a parameter; what it does not have is no error.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RemoveTagsFromResource.html
    """
    found = _found(ctx, "RemoveTagsFromResource", request["ResourceType"], request["ResourceId"])
    tags = {name: value for name, value in found.tags.items() if name not in request["TagKeys"]}
    PARAMETERS.put(ctx, replace(found, tags=tags))
    return {}


def list_tags_for_resource(
    ctx: Context, request: shapes.ListTagsForResourceRequest
) -> shapes.ListTagsForResourceResult:
    """Return the tags of a parameter.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListTagsForResource.html
    """
    found = _found(ctx, "ListTagsForResource", request["ResourceType"], request["ResourceId"])
    return {"TagList": [{"Key": name, "Value": value} for name, value in found.tags.items()]}


def _found(ctx: Context, operation: str, kind: str, name: str) -> Parameter:
    if kind != "Parameter":
        raise NotBuiltError("ssm", operation, f"of a {kind}")
    found = lookup(ctx, name)
    if found is None:
        message = f"Parameter with the name {name} doesn't exist"
        raise AwsError("InvalidResourceId", message)
    return found
