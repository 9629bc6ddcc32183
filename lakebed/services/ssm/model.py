"""The nouns of Parameter Store and where they are kept.

The value of a SecureString stands in its row encrypted, as AWS shows it without decryption:
https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
"""

from __future__ import annotations

import msgspec

from lakebed.store import Table

replace = msgspec.structs.replace

SECURE = "SecureString"
DEFAULT_KEY = "alias/aws/ssm"


class Version(msgspec.Struct, frozen=True):
    """A version of a parameter; `value` is base64 of what was encrypted if it is a SecureString.

    `key` is the key of KMS; `labels` are names of this version alone.
    """

    name: str
    version: int
    type: str
    value: str
    modified: float
    user: str
    key: str = ""
    description: str = ""
    pattern: str = ""
    tier: str = "Standard"
    policies: str = ""
    labels: tuple[str, ...] = ()


class Parameter(msgspec.Struct, frozen=True):
    """A parameter: its last version and its tags. `expires` 0 is never."""

    name: str
    last: Version
    tags: dict[str, str] = {}
    expires: float = 0.0


PARAMETERS = Table("ssm_parameter", Parameter, key=("name",))
VERSIONS = Table("ssm_version", Version, key=("name", "version"), numbers=("version",))
