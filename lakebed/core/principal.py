"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `arn` is the caller's ARN, `user_id` what STS calls UserId."""

    account: str
    arn: str
    user_id: str
    is_root: bool = False
    is_anonymous: bool = False
