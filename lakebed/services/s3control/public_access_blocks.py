"""What keeps all buckets of an account from the public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/configuring-block-public-access-account.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.public_access import ACCOUNT_BLOCKS, BLOCKS, AccountBlock
from lakebed.services.s3control.model import account_of

if TYPE_CHECKING:
    from lakebed.shapes import s3control


def get_public_access_block(
    ctx: Context, request: s3control.GetPublicAccessBlockRequest
) -> s3control.GetPublicAccessBlockOutput:
    """Return what keeps the account's buckets from the public.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
    """
    account = account_of(ctx, request)
    found = ACCOUNT_BLOCKS.get(ctx, account)
    if found is None:
        message = "The public access block configuration was not found"
        members = {"AccountId": account}
        raise AwsError("NoSuchPublicAccessBlockConfiguration", message, 404, members)
    blocks = {name: name in found.blocks for name in BLOCKS}
    return {"PublicAccessBlockConfiguration": cast(Any, blocks)}


def put_public_access_block(
    ctx: Context, request: s3control.PutPublicAccessBlockRequest
) -> dict[str, Any]:
    """Set what keeps the account's buckets from the public, besides what each bucket has.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html
    """
    account = account_of(ctx, request)
    asked: Mapping[str, Any] = request["PublicAccessBlockConfiguration"]
    ACCOUNT_BLOCKS.put(ctx, AccountBlock(account, tuple(one for one in BLOCKS if asked.get(one))))
    return {}


def delete_public_access_block(
    ctx: Context, request: s3control.DeletePublicAccessBlockRequest
) -> dict[str, Any]:
    """Remove what keeps the account's buckets from the public; what each bucket has stays.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeletePublicAccessBlock.html
    """
    ACCOUNT_BLOCKS.delete(ctx, account_of(ctx, request))
    return {}
