"""Finds parameters, encrypts and decrypts their values, and shows them."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from lakebed import sealing
from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.ssm.model import (
    DEFAULT_KEY,
    PARAMETERS,
    SECURE,
    VERSIONS,
    Parameter,
    Version,
)
from lakebed.store import Range


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What an advanced SecureString is kept as: a data key, encrypted, and what it locks."""

    data_key: bytes
    locked: bytes


def invalid(message: str) -> AwsError:
    """Return the error of a request that no parameter could fulfil."""
    return AwsError("ValidationException", message)


def not_found(name: str) -> AwsError:
    """Return the error of a parameter that is not there."""
    return AwsError("ParameterNotFound", f"Parameter {name} not found.")


def arn_of(ctx: Context, name: str) -> str:
    """Return the ARN of a parameter: its name's first slash is the ARN's."""
    return f"arn:aws:ssm:{ctx.region}:{ctx.account}:parameter/{name.removeprefix('/')}"


def lookup(ctx: Context, name: str) -> Parameter | None:
    """Return a parameter; None, and its rows removed, once it has expired."""
    found = PARAMETERS.get(ctx, name)
    if found is not None and found.expires and ctx.clock.now() >= found.expires:
        remove(ctx, name)
        return None
    return found


def remove(ctx: Context, name: str) -> bool:
    """Remove a parameter and all of its versions; False if it was not there."""
    VERSIONS.delete_range(ctx, Range((name,)))
    return PARAMETERS.delete(ctx, name)


def selected(ctx: Context, asked: str) -> tuple[Parameter, Version, str]:
    """Return the parameter and version that `name`, `name:version` or `name:label` means.

    The name may be an ARN of this account and region. The third is the selector.
    """
    base, plain = arn_of(ctx, ""), asked
    if asked.startswith(base):
        rest = asked.removeprefix(base)
        own = rest.partition(":")[0]
        plain = rest if lookup(ctx, own) is not None else f"/{rest}"
    elif asked.startswith("arn:"):
        raise not_found(asked)
    name, colon, choice = plain.partition(":")
    found = lookup(ctx, name)
    if found is None:
        raise not_found(asked)
    return found, chosen(ctx, found, choice) if colon else found.last, f"{colon}{choice}"


def chosen(ctx: Context, parameter: Parameter, choice: str) -> Version:
    """Return a version by number or label; ParameterVersionNotFound without it."""
    if choice.isdigit():
        found = VERSIONS.get(ctx, parameter.name, int(choice))
        if found is not None:
            return found
        what = f"version {choice}"
    else:
        for one in VERSIONS.scan(ctx, Range((parameter.name,))):
            if choice in one.labels:
                return one
        what = f"label {choice}"
    message = (
        f"Systems Manager could not find {what} of {parameter.name}. "
        f"Verify the {what.split()[0]} and try again."
    )
    raise AwsError("ParameterVersionNotFound", message)


# -- values -----------------------------------------------------------------------------------


def encrypted(ctx: Context, name: str, key: str, value: str, *, is_advanced: bool) -> str:
    """Return the value of a SecureString encrypted, as base64; InvalidKeyId if the key fails."""
    context, arn = {"PARAMETER_ARN": arn_of(ctx, name)}, arn_of(ctx, name)
    kms = ctx.aws.kms
    try:
        if not is_advanced:
            given = {"KeyId": key, "Plaintext": value.encode(), "EncryptionContext": context}
            blob = kms.encrypt(given).get("CiphertextBlob", b"")  # pyright: ignore[reportArgumentType] (the members by name)
        else:
            given = {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context}
            made = kms.generate_data_key(given)  # pyright: ignore[reportArgumentType] (the members by name)
            locked = sealing.locked(made.get("Plaintext", b""), arn, value.encode())
            blob = msgspec.msgpack.encode(_Envelope(made.get("CiphertextBlob", b""), locked))
    except AwsError as error:
        raise _of_kms(error) from error
    return base64.b64encode(blob).decode()


def decrypted(ctx: Context, version: Version) -> str:
    """Return the value of a version as it was put."""
    if version.type != SECURE:
        return version.value
    arn, blob = arn_of(ctx, version.name), base64.b64decode(version.value)
    is_advanced = version.tier == "Advanced"
    envelope = msgspec.msgpack.decode(blob, type=_Envelope) if is_advanced else None
    ciphertext = envelope.data_key if envelope else blob
    try:
        found = ctx.aws.kms.decrypt(
            {"CiphertextBlob": ciphertext, "EncryptionContext": {"PARAMETER_ARN": arn}}
        )
    except AwsError as error:
        raise _of_kms(error) from error
    plain = found.get("Plaintext", b"")
    if envelope:
        plain = sealing.unlocked(plain, arn, envelope.locked)
    return plain.decode()


def _of_kms(error: AwsError) -> AwsError:
    if error.code == "AccessDeniedException":
        return error
    return AwsError("InvalidKeyId", f"{error.message} ({error.code})")


# -- what is shown ----------------------------------------------------------------------------


def shape(ctx: Context, version: Version, wants_plain: bool, selector: str = "") -> Any:
    """Return a version as AWS shows a parameter, its value decrypted or not."""
    shown: dict[str, Any] = {
        "Name": version.name,
        "Type": version.type,
        "Value": decrypted(ctx, version) if wants_plain else version.value,
        "Version": version.version,
        "LastModifiedDate": version.modified,
        "ARN": arn_of(ctx, version.name),
        "DataType": "text",
    }
    if selector:
        shown["Selector"] = selector
    return shown


def metadata(version: Version) -> dict[str, Any]:
    """Return what is known of a version besides its value."""
    shown: dict[str, Any] = {
        "Name": version.name,
        "Type": version.type,
        "LastModifiedDate": version.modified,
        "LastModifiedUser": version.user,
        "Version": version.version,
        "Tier": version.tier,
        "Policies": policies_of(version.policies),
        "DataType": "text",
    }
    if version.type == SECURE:
        shown["KeyId"] = version.key or DEFAULT_KEY
    texts = (("Description", version.description), ("AllowedPattern", version.pattern))
    return shown | {member: text for member, text in texts if text}


def policies_of(text: str) -> list[dict[str, str]]:
    """Return the policies of a parameter as they are shown."""
    many = msgspec.json.decode(text, type=list[dict[str, Any]]) if text else []
    return [
        {
            "PolicyText": msgspec.json.encode(one).decode(),
            "PolicyType": str(one.get("Type", "")),
            "PolicyStatus": "Pending",
        }
        for one in many
    ]
