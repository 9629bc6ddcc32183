"""The nouns of Secrets Manager and where they are kept.

A value is encrypted with a data key of its own, which stands beside it encrypted under a key of KMS
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
"""

from __future__ import annotations

import msgspec

from lakebed.store import Table

replace = msgspec.structs.replace

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
DEFAULT_KEY = "alias/aws/secretsmanager"


class Version(msgspec.Struct, frozen=True):
    """A version of a secret: when it was made, under which key, and what labels it has."""

    created: float
    key: str
    stages: tuple[str, ...] = ()
    accessed: float = 0.0


class Secret(msgspec.Struct, frozen=True):
    """A secret; `versions` by id, in the order they were made. `deletion` 0 is not deleted.

    `suffix` are the six characters behind the name in the ARN. `accessed` is a midnight.
    """

    account: str
    region: str
    name: str
    suffix: str
    created: float
    changed: float
    description: str = ""
    key: str = ""
    tags: dict[str, str] = {}
    policy: str = ""
    deletion: float = 0.0
    accessed: float = 0.0
    versions: dict[str, Version] = {}

    @property
    def arn(self) -> str:
        """The secret's ARN."""
        place = f"{self.region}:{self.account}"
        return f"arn:aws:secretsmanager:{place}:secret:{self.name}-{self.suffix}"


class Value(msgspec.Struct, frozen=True):
    """The value of a version, encrypted; `data_key` is what KMS made of the key it is under."""

    secret: str
    version: str
    data_key: bytes
    locked: bytes
    is_text: bool


SECRETS = Table("secretsmanager_secret", Secret, key=("account", "region", "name"), everywhere=True)
VALUES = Table("secretsmanager_value", Value, key=("secret", "version"), everywhere=True)
