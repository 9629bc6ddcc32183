"""Codes of second factors: six digits that follow from a seed and the time.

Time-based one-time passwords, https://www.rfc-editor.org/rfc/rfc6238, as AWS's virtual devices
make them: HMAC-SHA1, steps of 30 seconds.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from lakebed.core.settings import Settings
from lakebed.govern.identities import SECOND_FACTORS, SecondFactor
from lakebed.sealing import seal, unseal
from lakebed.store import Scope

_STEP_SECONDS = 30
_DIGITS = 6
_PURPOSE = "second-factors"
NEAR_STEPS = 2
"""So far a code may be from the time, in steps: clocks differ, and people type slowly."""
FAR_STEPS = 480
"""So far, four hours, two codes in a row may be when a device is enabled or set again."""


def code_at(seed: bytes, step: int) -> str:
    """Return the code of a step."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def sealed_seed(settings: Settings, serial: str, seed: bytes) -> str:
    """Return a device's seed as its row keeps it."""
    return seal(settings, _PURPOSE, serial, seed)


def step_of(
    settings: Settings, device: SecondFactor, codes: Sequence[str], now: float, reach: int
) -> int | None:
    """Return the step of the last of codes that follow each other; None if they are not right.

    The codes nearest to the device's clock are tried first; a code counts once.
    """
    seed = unseal(settings, _PURPOSE, device.serial, device.seed)
    middle = int(now // _STEP_SECONDS) + device.drift
    for step in sorted(
        range(middle - reach, middle + reach + 1), key=lambda one: abs(one - middle)
    ):
        first = step - len(codes) + 1
        if step > device.last_step and all(
            hmac.compare_digest(code_at(seed, first + at).encode(), code.encode())
            for at, code in enumerate(codes)
        ):
            return step
    return None


def drift_of(step: int, now: float) -> int:
    """Return how many steps ahead of the time a step is."""
    return step - int(now // _STEP_SECONDS)


def verify(scope: Scope, settings: Settings, device: SecondFactor, code: str, now: float) -> bool:
    """Tell whether a code is the device's, and spend it."""
    step = step_of(settings, device, (code,), now, NEAR_STEPS)
    if step is None:
        return False
    SECOND_FACTORS.put(
        scope, msgspec.structs.replace(device, last_step=step, drift=drift_of(step, now))
    )
    return True
