"""What keeps all buckets of an account from the public, and which policies let it in.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
S3 Control writes it and S3 reads it, which know nothing of each other.
"""

from __future__ import annotations

import msgspec

from lakebed.govern.conditions import Condition
from lakebed.govern.policies import Policy, Statement
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


_FIXING_KEYS = frozenset(
    {"aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner"}
    | {"aws:sourceaccount", "aws:userid", "aws:principalorgid", "aws:principalaccount"}
    | {"aws:principalarn", "s3:dataaccesspointarn", "s3:dataaccesspointaccount"}
    | {"s3:x-amz-server-side-encryption-aws-kms-key-id", "aws:principalorgpaths"}
)
"""What confines a statement about everybody, if its values have no wildcards.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
"""
_ADDRESS_BITS_MIN = 8
"""A wider range of IPv4 addresses confines nothing; remembered, not documented."""


def is_public(policy: Policy) -> bool:
    """Tell whether a policy lets in whoever comes, as S3 understands it."""
    return any(map(_is_public, policy.allows))


def _is_public(statement: Statement) -> bool:
    named = [one for names in (statement.principals or {}).values() for one in names]
    if not statement.not_principals and "*" not in named:
        return False
    return not any(map(_confines, statement.conditions))


def _confines(condition: Condition) -> bool:
    if condition.key not in _FIXING_KEYS or condition.has_variables:
        return False
    if condition.is_negated or condition.if_exists or condition.every or condition.is_null:
        return False
    if condition.key == "aws:sourceip":
        return not any(_is_wide(one) for one in condition.wanted)
    return not any("*" in one or "?" in one for one in condition.wanted)


def _is_wide(addresses: str) -> bool:
    bits = addresses.partition("/")[2]
    return bits.isdecimal() and int(bits) < (32 if ":" in addresses else _ADDRESS_BITS_MIN)
