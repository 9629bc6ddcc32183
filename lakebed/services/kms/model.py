"""The nouns of KMS and where they are kept.

A key's material stands in its row sealed (`lakebed.sealing`), bound to account, key and material.
Rotation adds a material; older ones stay, so that what they encrypted can be decrypted.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from lakebed.store import Table

replace = msgspec.structs.replace

DAY_SECONDS = 86_400.0
ENABLED, DISABLED, PENDING_DELETION = "Enabled", "Disabled", "PendingDeletion"
SYMMETRIC = "SYMMETRIC_DEFAULT"
ENCRYPT_DECRYPT, SIGN_VERIFY = "ENCRYPT_DECRYPT", "SIGN_VERIFY"
GENERATE_VERIFY_MAC, KEY_AGREEMENT = "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"


class Material(msgspec.Struct, frozen=True):
    """Key material: raw bytes, or a private key as PKCS #8, sealed. `rotation` is what made it."""

    id: str
    sealed: str
    created: float
    rotation: Literal["", "AUTOMATIC", "ON_DEMAND"] = ""


class KmsKey(msgspec.Struct, frozen=True):
    """A key; its last material is the one that encrypts.

    `deletion` is when a key that is pending deletion is gone. `rotation_days` 0 is no rotation by
    the clock, `rotation_due` when it comes next. `is_managed` keys belong to an AWS service.
    """

    account: str
    region: str
    id: str
    spec: str
    usage: str
    policy: str
    created: float
    materials: tuple[Material, ...]
    description: str = ""
    state: str = ENABLED
    deletion: float = 0.0
    is_managed: bool = False
    tags: dict[str, str] = {}
    rotation_days: int = 0
    rotation_due: float = 0.0

    @property
    def arn(self) -> str:
        """The key's ARN."""
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.id}"


class Alias(msgspec.Struct, frozen=True):
    """A name of a key, with `alias/` before it."""

    account: str
    region: str
    name: str
    key_id: str
    created: float
    updated: float

    @property
    def arn(self) -> str:
        """The alias's ARN."""
        return f"arn:aws:kms:{self.region}:{self.account}:{self.name}"


class Grant(msgspec.Struct, frozen=True):
    """What a principal may do with a key, without being named in its policy.

    `equals` and `subset` are the constraints on the encryption context, None where there is none.
    """

    account: str
    region: str
    key_id: str
    id: str
    grantee: str
    operations: tuple[str, ...]
    created: float
    issuer: str
    retiring: str = ""
    name: str = ""
    equals: dict[str, str] | None = None
    subset: dict[str, str] | None = None


KEYS = Table("kms_key", KmsKey, key=("account", "region", "id"), everywhere=True)
ALIASES = Table(
    "kms_alias",
    Alias,
    key=("account", "region", "name"),
    indexes={"key": ("account", "region", "key_id", "name")},
    everywhere=True,
)
GRANTS = Table("kms_grant", Grant, key=("account", "region", "key_id", "id"), everywhere=True)
