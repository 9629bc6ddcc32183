"""When and where each access key of a user was used last: written down now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lakebed.core.clock import Clock
from lakebed.core.limits import ACCESS_KEY_USE_SECONDS, CREDENTIALS_REMEMBERED_MAX
from lakebed.core.principal import Principal
from lakebed.govern.identities import ACCESS_KEYS
from lakebed.store import Transaction

Submit = Callable[[Callable[[Transaction], Any], Callable[[Any, BaseException | None], None]], None]


class KeyUses:
    """Writes a key's row when it is used, at most once in `ACCESS_KEY_USE_SECONDS`.

    `submit(work, answer)` commits work with whatever else its turn of the loop has.
    """

    def __init__(self, clock: Clock, submit: Submit) -> None:
        self._clock = clock
        self._submit = submit
        self._written: dict[str, float] = {}

    def note(self, who: Principal, service: str, region: str) -> None:
        """Say that a user's key has signed a request; keys of others are not kept."""
        key = who.access_key
        if not who.user or not key.startswith("AKIA"):
            return
        now = self._clock.now()
        if now - self._written.get(key, 0.0) < ACCESS_KEY_USE_SECONDS:
            return
        if len(self._written) >= CREDENTIALS_REMEMBERED_MAX:
            self._written.clear()
        self._written[key] = now

        def write(store: Transaction) -> None:
            scope = _Everywhere(store, who.account, region)
            held = ACCESS_KEYS.get(scope, key)
            if held is not None:
                used = msgspec.structs.replace(
                    held, last_used=now, last_used_service=service, last_used_region=region
                )
                ACCESS_KEYS.put(scope, used)

        self._submit(write, _ignored)


class _Everywhere(msgspec.Struct, frozen=True):
    """Where the row is written."""

    store: Transaction
    account: str
    region: str


def _ignored(_: Any, __: BaseException | None) -> None:
    """Nobody waits for it; a store that fails says so to those who do."""
