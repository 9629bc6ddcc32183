"""Temporary credentials: made, kept, and purged when they are long over.

STS gives them to who asks; what runs for a user (a Glue job) is given those of its role.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html
"""

from __future__ import annotations

import base64
import math
import secrets
from typing import Any

import msgspec

from lakebed.core.ids import Ids
from lakebed.core.limits import SESSIONS_KEPT_SECONDS
from lakebed.core.settings import Settings
from lakebed.govern.identities import SESSIONS, Session
from lakebed.sealing import seal
from lakebed.store import Range, Scope

_SECRET_BYTES = 30
_TOKEN_BYTES = 240
_PURGED_MAX = 20


def issue(
    scope: Scope, settings: Settings, ids: Ids, session: Session, lasts: tuple[float, int]
) -> Any:
    """Write a session with credentials of its own, and return them as STS's answers have them.

    What of `session` is about credentials is filled in here; `lasts` is from when, and for how many
    seconds.
    """
    now, seconds = lasts
    # Not from `ids`: what follows from its earlier numbers could be worked out.
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    token = base64.b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode()
    name = "ASIA" + base64.b32encode(bytes.fromhex(ids.token(80))).decode()
    expires = math.floor(now) + seconds
    sealed = seal(settings, "credentials", name, secret.encode())
    whole = msgspec.structs.replace(
        session, id=name, secret=sealed, token=token, issued=now, expires=float(expires)
    )
    SESSIONS.put(scope, whole)
    over = Range(end=(now - SESSIONS_KEPT_SECONDS,), index="by_expiry", limit=_PURGED_MAX)
    for one in list(SESSIONS.scan(scope, over)):
        SESSIONS.delete(scope, one.id)
    return {
        "AccessKeyId": name,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": expires,
    }
