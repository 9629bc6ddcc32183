"""Leases: which process runs a background loop, until when. A dead owner's lease runs out."""

from __future__ import annotations

import msgspec

from lakebed.core.limits import LEASE_SECONDS
from lakebed.store import Scope, Table


class Lease(msgspec.Struct, frozen=True):
    """`owner` holds `name` until `until` (seconds since the epoch)."""

    name: str
    owner: str
    until: float


LEASES = Table("lease", Lease, key=("name",), everywhere=True)


def acquire(
    scope: Scope, name: str, owner: str, now: float, seconds: float = LEASE_SECONDS
) -> bool:
    """Take a lease or renew one's own; False while another owner's has not run out.

    One that ends much later than any can was taken before the clock was set back: it is void.
    """
    held = LEASES.get(scope, name)
    if held is not None and held.owner != owner and now < held.until <= now + 2 * seconds:
        return False
    LEASES.put(scope, Lease(name, owner, now + seconds))
    return True


def release(scope: Scope, name: str, owner: str) -> bool:
    """Give a lease back; False if it was not this owner's."""
    held = LEASES.get(scope, name)
    if held is None or held.owner != owner:
        return False
    return LEASES.delete(scope, name)
