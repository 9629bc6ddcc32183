"""Access keys of users: a secret is shown once, and kept sealed."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import IAM_ACCESS_KEYS_MAX
from lakebed.govern.identities import ACCESS_KEYS, AccessKey
from lakebed.sealing import seal
from lakebed.services.iam._names import new_id
from lakebed.services.iam._pages import page
from lakebed.services.iam._users import meant
from lakebed.services.iam.model import no_such, quota_exceeded
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes

_SECRET_BYTES = 30
"""Forty characters in base64, as AWS's have."""


def create_access_key(
    ctx: Context, request: shapes.CreateAccessKeyRequest
) -> shapes.CreateAccessKeyResponse:
    """Make an access key for a user, the asking one if none is named.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
    """
    user = meant(ctx, request)
    if len(_keys(ctx, user.name)) >= IAM_ACCESS_KEYS_MAX:
        raise quota_exceeded("AccessKeysPerUser", IAM_ACCESS_KEYS_MAX)
    # Not from ctx.ids: what follows from its earlier numbers could be worked out.
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    name = new_id(ctx, "AKIA")
    sealed = seal(ctx.settings, "credentials", name, secret.encode())
    key = AccessKey(
        name, ctx.account, user.name, sealed, user.id, user.path, created=ctx.clock.now()
    )
    ACCESS_KEYS.put(ctx, key)
    shape = _shape(key)
    shape["SecretAccessKey"] = secret
    return {"AccessKey": shape}


def list_access_keys(
    ctx: Context, request: shapes.ListAccessKeysRequest
) -> shapes.ListAccessKeysResponse:
    """Return the access keys of a user, without their secrets.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
    """
    keys = _keys(ctx, meant(ctx, request).name)
    answer: Any = page(request, "AccessKeyMetadata", ((key.id, _shape(key)) for key in keys))
    return answer


def update_access_key(
    ctx: Context, request: shapes.UpdateAccessKeyRequest
) -> shapes.UpdateAccessKeyResponse:
    """Make an access key active or inactive; it counts from the next request on.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
    """
    key = _find(ctx, request)
    is_active = request["Status"] == "Active"
    ACCESS_KEYS.put(ctx, msgspec.structs.replace(key, is_active=is_active))
    return {}


def delete_access_key(
    ctx: Context, request: shapes.DeleteAccessKeyRequest
) -> shapes.DeleteAccessKeyResponse:
    """Delete an access key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
    """
    ACCESS_KEYS.delete(ctx, _find(ctx, request).id)
    return {}


def get_access_key_last_used(
    ctx: Context, request: shapes.GetAccessKeyLastUsedRequest
) -> shapes.GetAccessKeyLastUsedResponse:
    """Return when, where and for what an access key was used last, to the minute.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    key = ACCESS_KEYS.get(ctx, request["AccessKeyId"])
    if key is None or key.account != ctx.account:
        # AWS tells whoever may not know it the same; the sentence is remembered.
        message = f"User: {ctx.principal.arn} is not authorized to perform: "
        raise AwsError("AccessDenied", f"{message}iam:GetAccessKeyLastUsed", 403)
    last: Any = {"ServiceName": "N/A", "Region": "N/A"}
    if key.last_used:
        last = {
            "LastUsedDate": key.last_used,
            "ServiceName": key.last_used_service,
            "Region": key.last_used_region,
        }
    return {"UserName": key.user, "AccessKeyLastUsed": last}


def _keys(ctx: Context, user: str) -> list[AccessKey]:
    found = ACCESS_KEYS.scan(ctx, Range(prefix=(ctx.account, user), index="by_user"))
    return sorted(found, key=lambda key: key.id)


def _find(ctx: Context, request: Any) -> AccessKey:
    user, name = meant(ctx, request), request["AccessKeyId"]
    key = ACCESS_KEYS.get(ctx, name)
    if key is None or (key.account, key.user) != (ctx.account, user.name):
        raise no_such(f"The Access Key with id {name} cannot be found.")
    return key


def _shape(key: AccessKey) -> Any:
    return {
        "UserName": key.user,
        "AccessKeyId": key.id,
        "Status": "Active" if key.is_active else "Inactive",
        "CreateDate": key.created,
    }
