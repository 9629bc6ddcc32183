"""Seals what connections know: their passwords must not stand in the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lakebed import sealing
from lakebed.core.errors import AwsError
from lakebed.core.settings import Settings

_PURPOSE = "glue-connections"


def key_path(settings: Settings) -> Path:
    """Return the file that holds the key."""
    return sealing.key_path(settings, _PURPOSE)


def encrypt(settings: Settings, name: str, value: Mapping[str, Any]) -> str:
    """Return a value sealed for the connection of a name, as text."""
    return sealing.seal(settings, _PURPOSE, name, msgspec.json.encode(value))


def decrypt(settings: Settings, name: str, secret: str) -> dict[str, Any]:
    """Return what was sealed; GlueEncryptionException where the key is not the one it had."""
    try:
        text = sealing.unseal(settings, _PURPOSE, name, secret)
    except sealing.SealError:
        message = (
            f"Connection {name} was encrypted with another key than the one below state/keys of "
            "the data folder. Put that key back, or delete and create the connection."
        )
        raise AwsError("GlueEncryptionException", message) from None
    return msgspec.json.decode(text, type=dict[str, Any])
