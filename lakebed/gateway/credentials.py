"""Which access keys exist and whose they are: the root's, those of users, temporary ones."""

from __future__ import annotations

import logging
import math

import msgspec

from lakebed.core.limits import CREDENTIALS_REMEMBERED_MAX
from lakebed.core.principal import Principal
from lakebed.core.settings import Settings
from lakebed.govern.identities import ACCESS_KEYS, SESSIONS, AccessKey, Session
from lakebed.sealing import SealError, unseal
from lakebed.store import Scope

log = logging.getLogger("lakebed.gateway")

UNKNOWN_KEYS_MAX = 100
"""Unknown access keys that are logged, each once."""
WELL_KNOWN_SECRET = "test"
"""Published on purpose, for loopback; off once `lakebed init` has made random root keys."""
TEMPORARY = "ASIA"
"""How the access keys of temporary credentials begin."""


class Key(msgspec.Struct, frozen=True):
    """An access key: its secret, whose it is, the token that has to come with it.

    `token` is empty for a long-term key, which must come without one, and None where whatever
    comes is let through: tools set some token beside `test`. `expires` is a time in seconds.
    """

    secret: str
    principal: Principal
    token: str | None = None
    expires: float = math.inf


class Credentials:
    """The access keys of a server, looked up in its store, and unsealed once."""

    def __init__(self, settings: Settings, scope: Scope) -> None:
        self._settings = settings
        self._scope = scope
        self._roots: dict[str, Key] = {}
        self._known: dict[str, tuple[AccessKey | Session, Key]] = {}
        self._unknown: set[str] = set()

    def find(self, access_key: str) -> Key | None:
        """Return an access key, or None if there is no such key, or if it is inactive.

        For the thread of the event loop only.
        """
        root = self._roots.get(access_key) or self._root(access_key)
        if root is not None:
            return root
        table = SESSIONS if access_key.startswith(TEMPORARY) else ACCESS_KEYS
        row: AccessKey | Session | None = table.get(self._scope, access_key)
        if row is None:
            self._warn(access_key)
            return None
        # The row is read anew, so that what was made inactive a moment ago is.
        known = self._known.get(access_key)
        if known is not None and known[0] == row:
            return known[1]
        if isinstance(row, AccessKey) and not row.is_active:
            return None
        key = self._opened(row)
        if key is not None:
            if len(self._known) >= CREDENTIALS_REMEMBERED_MAX:
                self._known.clear()
            self._known[access_key] = (row, key)
        return key

    def anonymous(self) -> Principal:
        """Return the principal of requests that are not signed."""
        return Principal(self._settings.account, "*", "anonymous", is_anonymous=True)

    def _root(self, access_key: str) -> Key | None:
        settings = self._settings
        if access_key == settings.root_access_key:
            secret = settings.root_secret_key
        elif settings.well_known_keys and (access_key == "test" or _is_account(access_key)):
            secret = WELL_KNOWN_SECRET
        else:
            return None
        account = access_key if _is_account(access_key) else settings.account
        arn = f"arn:aws:iam::{account}:root"
        key = Key(secret, Principal(account, arn, account, is_root=True, access_key=access_key))
        if len(self._roots) < CREDENTIALS_REMEMBERED_MAX:
            self._roots[access_key] = key
        return key

    def _opened(self, row: AccessKey | Session) -> Key | None:
        try:
            secret = unseal(self._settings, "credentials", row.id, row.secret).decode()
        except SealError:
            log.exception("the secret of the access key %s cannot be opened", row.id)
            return None
        if isinstance(row, Session):
            principal = Principal(
                row.account,
                row.arn,
                row.user_id,
                is_root=row.is_root,
                user="" if row.federated else row.user,
                role=row.role,
                session=row.session,
                access_key=row.id,
            )
            return Key(secret, principal, row.token, row.expires)
        arn = f"arn:aws:iam::{row.account}:user{row.path}{row.user}"
        principal = Principal(row.account, arn, row.user_id, user=row.user, access_key=row.id)
        return Key(secret, principal, "")

    def _warn(self, access_key: str) -> None:
        if access_key not in self._unknown and len(self._unknown) < UNKNOWN_KEYS_MAX:
            self._unknown.add(access_key)
            log.warning(
                "a client signs with the access key %r, which is not ours: "
                'eval "$(lakebed env)" sets the right ones',
                access_key[:32],
            )


def _is_account(access_key: str) -> bool:
    return len(access_key) == 12 and access_key.isdecimal() and access_key.isascii()
