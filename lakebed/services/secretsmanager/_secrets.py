"""Finds secrets by what requests call them; puts values in and takes them out."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterable, Mapping
from typing import Any

from lakebed import sealing
from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import SECRET_BYTES_MAX, SECRET_LABELS_MAX, SECRET_VERSIONS_MAX
from lakebed.services.secretsmanager.model import (
    CURRENT,
    DEFAULT_KEY,
    PREVIOUS,
    SECRETS,
    VALUES,
    Secret,
    Value,
    Version,
    replace,
)
from lakebed.store import Range

_ARN = re.compile(r"arn:aws:secretsmanager:([\w-]+):(\d{12}):secret:(.+)")


def invalid(message: str) -> AwsError:
    """Return the error of a parameter that is none."""
    return AwsError("InvalidParameterException", message)


def invalid_request(message: str) -> AwsError:
    """Return the error of what cannot be done to a secret as it is."""
    return AwsError("InvalidRequestException", message)


def not_found(message: str = "Secrets Manager can't find the specified secret.") -> AwsError:
    """Return the error of what is not there."""
    return AwsError("ResourceNotFoundException", message)


def lookup(ctx: Context, name: str) -> Secret | None:
    """Return the secret of a name or ARN; of an ARN the six characters may be left out."""
    match = _ARN.fullmatch(name)
    region, account, own = (match[1], match[2], match[3]) if match else ("", ctx.account, name)
    if match is None:
        return live(ctx, SECRETS.get(ctx, account, ctx.region, own))
    if region != ctx.region:
        return None
    whole = live(ctx, SECRETS.get(ctx, account, region, own[:-7])) if own[-7:-6] == "-" else None
    if whole is not None and whole.arn == name:
        return whole
    return live(ctx, SECRETS.get(ctx, account, region, own))


def secret_named(ctx: Context, name: str) -> Secret:
    """Return the secret of a name or ARN; ResourceNotFoundException without it."""
    found = lookup(ctx, name)
    if found is None:
        raise not_found()
    return found


def usable(ctx: Context, name: str) -> Secret:
    """Return a secret that is not deleted; InvalidRequestException for one that waits for it."""
    found = secret_named(ctx, name)
    if found.deletion:
        raise invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion."
        )
    return found


def live(ctx: Context, secret: Secret | None) -> Secret | None:
    """Return the secret as it is now: None, and its rows removed, once its window is over."""
    if secret is None or not secret.deletion or ctx.clock.now() < secret.deletion:
        return secret
    remove(ctx, secret)
    return None


def remove(ctx: Context, secret: Secret) -> None:
    """Remove a secret and its values for good."""
    VALUES.delete_range(ctx, Range((secret.arn,)))
    SECRETS.delete(ctx, secret.account, secret.region, secret.name)


def suffix() -> str:
    """Return six random characters for an ARN."""
    letters = string.ascii_letters + string.digits
    return "".join(random.SystemRandom().choices(letters, k=6))


# -- values -----------------------------------------------------------------------------------


def given_value(request: Mapping[str, Any]) -> tuple[bytes, bool] | None:
    """Return the value of a request and whether it is text; None if it has none."""
    text, binary = request.get("SecretString"), request.get("SecretBinary")
    if text is not None and binary is not None:
        raise invalid_request("You can't specify both a binary secret value and a string secret "
                              "value in the same secret.")  # fmt: skip
    if text is None and binary is None:
        return None
    value = str(text).encode() if text is not None else bytes(binary or b"")
    if len(value) > SECRET_BYTES_MAX:
        raise invalid(f"A secret value has at most {SECRET_BYTES_MAX} bytes.")
    return value, text is not None


def with_value(
    ctx: Context, secret: Secret, version: str, value: tuple[bytes, bool], stages: Iterable[str]
) -> Secret:
    """Return the secret with a new version, whose value is kept; or as it is, if it has it.

    ResourceExistsException if the version is there with another value.
    """
    if version in secret.versions:
        if opened(ctx, secret, version) == value:
            return secret
        message = "A resource with the ID you requested already exists."
        raise AwsError("ResourceExistsException", message)
    _lock(ctx, secret, version, value)
    made = Version(ctx.clock.now(), secret.key)
    secret = replace(secret, changed=ctx.clock.now(), versions={**secret.versions, version: made})
    for stage in stages:
        secret = moved(secret, stage, version)
    return _trimmed(ctx, secret)


def _lock(ctx: Context, secret: Secret, version: str, value: tuple[bytes, bool]) -> None:
    request = {"KeyId": secret.key or DEFAULT_KEY, "KeySpec": "AES_256"}
    try:
        made = ctx.aws.kms.generate_data_key(
            {**request, "EncryptionContext": _context(secret, version)}  # pyright: ignore[reportArgumentType] (a dictionary of the members)
        )
    except AwsError as error:
        raise _of_kms(error, "EncryptionFailure", "encrypt") from error
    locked = sealing.locked(made.get("Plaintext", b""), secret.arn, value[0])
    VALUES.put(ctx, Value(secret.arn, version, made.get("CiphertextBlob", b""), locked, value[1]))


def opened(ctx: Context, secret: Secret, version: str) -> tuple[bytes, bool]:
    """Return the value of a version, and whether it is text."""
    row = VALUES.get(ctx, secret.arn, version)
    if row is None:
        raise not_found(
            f"Secrets Manager can't find the specified secret value for VersionId: {version}"
        )
    try:
        key = ctx.aws.kms.decrypt(
            {"CiphertextBlob": row.data_key, "EncryptionContext": _context(secret, version)}
        )
        return sealing.unlocked(key.get("Plaintext", b""), secret.arn, row.locked), row.is_text
    except AwsError as error:
        raise _of_kms(error, "DecryptionFailure", "decrypt") from error


def relocked(ctx: Context, secret: Secret, key: str) -> Secret:
    """Return the secret with the values that have labels under another key of KMS."""
    before, secret = secret, replace(secret, key=key)
    versions = dict(secret.versions)
    for version, row in before.versions.items():
        if row.stages:
            _lock(ctx, secret, version, opened(ctx, before, version))
            versions[version] = replace(row, key=key)
    return replace(secret, versions=versions)


def _context(secret: Secret, version: str) -> dict[str, str]:
    return {"SecretARN": secret.arn, "SecretVersionId": version}


def _of_kms(error: AwsError, code: str, verb: str) -> AwsError:
    if error.code == "AccessDeniedException":
        return AwsError(error.code, "Access to KMS is not allowed")
    message = (
        f"Secrets Manager can't {verb} the protected secret text using the provided KMS key. "
        f"{error.code}: {error.message}"
    )
    return AwsError(code, message)


# -- labels -----------------------------------------------------------------------------------


def moved(secret: Secret, stage: str, to: str | None) -> Secret:
    """Return the secret with a label at one version alone, or at none.

    The version that AWSCURRENT leaves becomes AWSPREVIOUS.
    """
    holder = holder_of(secret, stage)
    if holder == to:
        return secret
    versions = {
        name: replace(one, stages=tuple(other for other in one.stages if other != stage))
        for name, one in secret.versions.items()
    }
    if to is not None:
        versions[to] = replace(versions[to], stages=(*versions[to].stages, stage))
    secret = replace(secret, versions=versions)
    if stage == CURRENT and holder is not None:
        secret = moved(secret, PREVIOUS, holder)
    labels = {label for one in versions.values() for label in one.stages}
    if len(labels) > SECRET_LABELS_MAX:
        message = f"A secret has at most {SECRET_LABELS_MAX} staging labels."
        raise AwsError("LimitExceededException", message)
    return secret


def holder_of(secret: Secret, stage: str) -> str | None:
    """Return the version that has a label."""
    return next((name for name, one in secret.versions.items() if stage in one.stages), None)


def _trimmed(ctx: Context, secret: Secret) -> Secret:
    """Return the secret without its oldest versions that have no label, past the limit."""
    over = len(secret.versions) - SECRET_VERSIONS_MAX
    loose = [name for name, one in secret.versions.items() if not one.stages]
    gone = set(loose[: max(over, 0)])
    for name in gone:
        VALUES.delete(ctx, secret.arn, name)
    kept = {name: one for name, one in secret.versions.items() if name not in gone}
    return replace(secret, versions=kept)
