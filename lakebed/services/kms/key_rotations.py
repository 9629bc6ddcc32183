"""Rotation: new material for a key, by the clock or on demand; the old one still decrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import KMS_ROTATIONS_ON_DEMAND_MAX
from lakebed.services.kms import _ciphers
from lakebed.services.kms._keys import (
    changeable,
    in_use,
    invalid,
    key_named,
    new_material,
    own_key,
    rotated_by_clock,
)
from lakebed.services.kms._pages import after, page
from lakebed.services.kms.model import (
    DAY_SECONDS,
    KEYS,
    PENDING_DELETION,
    SYMMETRIC,
    KmsKey,
    Material,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes

_DAYS = 365


def enable_key_rotation(ctx: Context, request: shapes.EnableKeyRotationRequest) -> dict[str, Any]:
    """Rotate a symmetric key every 90 to 2560 days from now on; every year if nothing is said.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
    """
    key = in_use(ctx, _rotatable(changeable(ctx, request["KeyId"])))
    days = request.get("RotationPeriodInDays", key.rotation_days or _DAYS)
    if not 90 <= days <= 2560:
        raise invalid("RotationPeriodInDays must be between 90 and 2560 days.")
    if days != key.rotation_days:
        due = ctx.clock.now() + days * DAY_SECONDS
        KEYS.put(ctx, replace(key, rotation_days=days, rotation_due=due))
    return {}


def disable_key_rotation(ctx: Context, request: shapes.DisableKeyRotationRequest) -> dict[str, Any]:
    """Rotate a key no longer by the clock.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html
    """
    key = in_use(ctx, _rotatable(changeable(ctx, request["KeyId"])))
    KEYS.put(ctx, replace(key, rotation_days=0, rotation_due=0.0))
    return {}


def get_key_rotation_status(
    ctx: Context, request: shapes.GetKeyRotationStatusRequest
) -> shapes.GetKeyRotationStatusResponse:
    """Return whether a key is rotated by the clock, how often, and when next.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
    """
    key = rotated_by_clock(ctx, key_named(ctx, request["KeyId"], with_aliases=False))
    is_on = key.rotation_days > 0 and key.state != PENDING_DELETION
    answer: dict[str, Any] = {"KeyRotationEnabled": is_on, "KeyId": key.arn}
    if is_on:
        answer["RotationPeriodInDays"] = key.rotation_days
        answer["NextRotationDate"] = key.rotation_due
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def rotate_key_on_demand(
    ctx: Context, request: shapes.RotateKeyOnDemandRequest
) -> shapes.RotateKeyOnDemandResponse:
    """Rotate a symmetric key now, which the clock's rotations take no notice of.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html
    """
    key = in_use(ctx, _rotatable(own_key(ctx, request["KeyId"])))
    done = sum(one.rotation == "ON_DEMAND" for one in key.materials)
    if done >= KMS_ROTATIONS_ON_DEMAND_MAX:
        message = f"A key is rotated on demand at most {KMS_ROTATIONS_ON_DEMAND_MAX} times."
        raise AwsError("LimitExceededException", message)
    material = new_material(ctx, key.id, key.spec, _ciphers.made(key.spec))
    material = replace(material, rotation="ON_DEMAND")
    KEYS.put(ctx, replace(key, materials=(*key.materials, material)))
    return {"KeyId": key.arn}


def list_key_rotations(
    ctx: Context, request: shapes.ListKeyRotationsRequest
) -> shapes.ListKeyRotationsResponse:
    """List the rotations of a key, and the material it began with if that is asked for.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html
    """
    key = _rotatable(key_named(ctx, request["KeyId"], with_aliases=False))
    key = rotated_by_clock(ctx, key)
    with_first = request.get("IncludeKeyMaterial") == "ALL_KEY_MATERIAL"
    start = 0 if with_first else 1
    behind = after(request)
    if behind is not None:
        known = [one.id for one in key.materials]
        if behind[0] not in known:
            raise AwsError("InvalidMarkerException", f"Invalid marker: {request.get('Marker')}")
        start = 1 + known.index(behind[0])
    found, more = page(key.materials[start:], request.get("Limit", 100), lambda one: one.id)
    shown = [_shape(key, one) for one in found]
    return {"Rotations": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)


def _shape(key: KmsKey, material: Material) -> dict[str, Any]:
    is_current = material is key.materials[-1]
    shape: dict[str, Any] = {
        "KeyId": key.arn,
        "KeyMaterialId": material.id,
        "KeyMaterialState": "CURRENT" if is_current else "NON_CURRENT",
    }
    if material.rotation:
        shape |= {"RotationDate": material.created, "RotationType": material.rotation}
    return shape


def _rotatable(key: KmsKey) -> KmsKey:
    if key.spec != SYMMETRIC:
        message = f"{key.arn} key spec is {key.spec} which is not valid for this operation."
        raise AwsError("UnsupportedOperationException", message)
    return key
