"""Passwords at random."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.secretsmanager._secrets import invalid

if TYPE_CHECKING:
    from lakebed.shapes import secretsmanager as shapes

_KINDS = (
    ("ExcludeLowercase", string.ascii_lowercase),
    ("ExcludeUppercase", string.ascii_uppercase),
    ("ExcludeNumbers", string.digits),
    ("ExcludePunctuation", string.punctuation),
)


def get_random_password(
    ctx: Context, request: shapes.GetRandomPasswordRequest
) -> shapes.GetRandomPasswordResponse:
    """Return a random password, of 32 characters and all kinds if nothing else is said.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
    """
    del ctx  # The system's randomness, never one that a test could seed.
    excluded = set(request.get("ExcludeCharacters", ""))
    kinds = [text for member, text in _KINDS if not request.get(member)]
    if request.get("IncludeSpace"):
        kinds.append(" ")
    kinds = ["".join(one for one in text if one not in excluded) for text in kinds]
    kinds = [text for text in kinds if text]
    length = request.get("PasswordLength", 32)
    must = kinds if request.get("RequireEachIncludedType", True) else []
    if not kinds:
        raise invalid("Insufficient characters remain after applying the exclusions.")
    if length < len(must):
        raise invalid("Password length is too short based on the required types.")
    chance = random.SystemRandom()
    letters = [chance.choice(text) for text in must]
    letters += chance.choices("".join(kinds), k=length - len(letters))
    chance.shuffle(letters)
    return {"RandomPassword": "".join(letters)}
