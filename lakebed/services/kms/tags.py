"""Tags of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.kms._keys import changeable, key_named
from lakebed.services.kms._pages import after, page
from lakebed.services.kms._tags import tags_of
from lakebed.services.kms.model import KEYS, replace

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes


def tag_resource(ctx: Context, request: shapes.TagResourceRequest) -> dict[str, Any]:
    """Add tags to a key, or give them other values.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html
    """
    key = changeable(ctx, request["KeyId"])
    KEYS.put(ctx, replace(key, tags=tags_of(request["Tags"], key.tags)))
    return {}


def untag_resource(ctx: Context, request: shapes.UntagResourceRequest) -> dict[str, Any]:
    """Remove tags of a key; what it does not have is no error.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html
    """
    key = changeable(ctx, request["KeyId"])
    tags = {name: value for name, value in key.tags.items() if name not in request["TagKeys"]}
    KEYS.put(ctx, replace(key, tags=tags))
    return {}


def list_resource_tags(
    ctx: Context, request: shapes.ListResourceTagsRequest
) -> shapes.ListResourceTagsResponse:
    """Return the tags of a key.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html
    """
    key = key_named(ctx, request["KeyId"], with_aliases=False)
    behind = after(request)
    names = [name for name in sorted(key.tags) if behind is None or name > behind[0]]
    found, more = page(names, request.get("Limit", 50), lambda name: name)
    shown = [{"TagKey": name, "TagValue": key.tags[name]} for name in found]
    return {"Tags": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)
