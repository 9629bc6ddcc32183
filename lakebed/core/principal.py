"""Who asks, and from where."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the address, whether over TLS, two of its headers."""

    address: str = ""
    is_secure: bool = False
    user_agent: str = ""
    referer: str = ""
