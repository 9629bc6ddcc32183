"""Who asks, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `arn` is the caller's ARN, `user_id` what STS calls UserId.

    `user` is the name of an IAM user, `role` of the role (with its path) whose session `session`
    is; the root and whoever is not known have neither. `access_key` is what the request was signed
    with; the keys of sessions lead to their session policies and tags. Calls of runs have none.
    """

    account: str
    arn: str
    user_id: str
    is_root: bool = False
    is_anonymous: bool = False
    user: str = ""
    role: str = ""
    session: str = ""
    access_key: str = ""


class Signature(Protocol):
    """How a request was signed, in AWS's words.

    `auth_type` is REST-HEADER, REST-QUERY-STRING or POST, `version` AWS4-HMAC-SHA256 or AWS,
    `signed_at` as `20240101T000000Z` (empty in the older version), `payload_hash` what was signed
    of the body.
    """

    @property
    def auth_type(self) -> str:
        """Where the signature was."""
        ...

    @property
    def version(self) -> str:
        """Which version it was of."""
        ...

    @property
    def signed_at(self) -> str:
        """When it was made."""
        ...

    @property
    def payload_hash(self) -> str:
        """What of the body was signed."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the address, whether over TLS, two of its headers.

    `tls_version` is a number as text (`1.3`), empty without TLS; `signature` None for nobody's;
    `access_point` the ARN of what stood in a bucket's place, empty for the bucket itself.
    """

    address: str = ""
    is_secure: bool = False
    user_agent: str = ""
    referer: str = ""
    tls_version: str = ""
    signature: Signature | None = None
    access_point: str = ""
