"""Which access keys exist and whose they are."""

from __future__ import annotations

import logging

from lakebed.core.principal import Principal
from lakebed.core.settings import Settings

log = logging.getLogger("lakebed.gateway")

UNKNOWN_KEYS_MAX = 100
"""Unknown access keys that are logged, each once."""
WELL_KNOWN_SECRET = "test"
"""Published on purpose, for loopback; off once `lakebed init` has made random root keys."""


class Credentials:
    """The root keys of the account, and the well-known ones while they are switched on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._principals: dict[str, Principal] = {}
        self._unknown: set[str] = set()

    def secret_of(self, access_key: str) -> str | None:
        """Return the secret of an access key, or None if there is no such key."""
        settings = self._settings
        if access_key == settings.root_access_key:
            return settings.root_secret_key
        if settings.well_known_keys and (access_key == "test" or _is_account(access_key)):
            return WELL_KNOWN_SECRET
        if access_key not in self._unknown and len(self._unknown) < UNKNOWN_KEYS_MAX:
            self._unknown.add(access_key)
            log.warning(
                "a client signs with the access key %r, which is not ours: "
                'eval "$(lakebed env)" sets the right ones',
                access_key[:32],
            )
        return None

    def principal_of(self, access_key: str) -> Principal:
        """Return who signs with an access key that `secret_of` knows."""
        principal = self._principals.get(access_key)
        if principal is None:
            account = access_key if _is_account(access_key) else self._settings.account
            principal = Principal(account, f"arn:aws:iam::{account}:root", account, is_root=True)
            if len(self._principals) < 1000:
                self._principals[access_key] = principal
        return principal

    def anonymous(self) -> Principal:
        """Return the principal of requests that are not signed."""
        return Principal(self._settings.account, "*", "anonymous", is_anonymous=True)


def _is_account(access_key: str) -> bool:
    return len(access_key) == 12 and access_key.isdecimal() and access_key.isascii()
