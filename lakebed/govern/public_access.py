"""What keeps all buckets of an account from the public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
S3 Control writes it and S3 reads it, which know nothing of each other.
"""

from __future__ import annotations

import msgspec

from lakebed.store import Scope, Table

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
"""The four blocks there are, by AWS's names."""


class AccountBlock(msgspec.Struct, frozen=True):
    """The blocks of an account that hold, by name."""

    account: str
    blocks: tuple[str, ...] = ()


ACCOUNT_BLOCKS = Table("s3_account_block", AccountBlock, key=("account",), everywhere=True)


def account_blocks(scope: Scope, account: str) -> tuple[str, ...]:
    """Return which blocks hold for all buckets of an account; none in a new one."""
    found = ACCOUNT_BLOCKS.get(scope, account)
    return () if found is None else found.blocks
