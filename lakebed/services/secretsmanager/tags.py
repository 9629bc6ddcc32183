"""Tags of secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.secretsmanager._secrets import usable
from lakebed.services.secretsmanager._tags import tags_of
from lakebed.services.secretsmanager.model import SECRETS, replace

if TYPE_CHECKING:
    from lakebed.shapes import secretsmanager as shapes


def tag_resource(ctx: Context, request: shapes.TagResourceRequest) -> dict[str, Any]:
    """Add tags to a secret, or give them other values.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
    """
    secret = usable(ctx, request["SecretId"])
    SECRETS.put(ctx, replace(secret, tags=tags_of(request["Tags"], secret.tags)))
    return {}


def untag_resource(ctx: Context, request: shapes.UntagResourceRequest) -> dict[str, Any]:
    """Remove tags of a secret; what it does not have is no error.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UntagResource.html
    """
    secret = usable(ctx, request["SecretId"])
    tags = {name: value for name, value in secret.tags.items() if name not in request["TagKeys"]}
    SECRETS.put(ctx, replace(secret, tags=tags))
    return {}
