"""Second factors: virtual devices that make codes, and the users they are enabled for.

Hardware devices and security keys have no place here: their numbers are not known.
"""

from __future__ import annotations

import base64
import re
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import IAM_MFA_DEVICES_MAX, IAM_VIRTUAL_DEVICES_MAX
from lakebed.govern.identities import SECOND_FACTORS, SecondFactor, User, touch
from lakebed.govern.one_time_codes import FAR_STEPS, drift_of, sealed_seed, step_of
from lakebed.services.iam._entities import USER
from lakebed.services.iam._names import check_path, tag_shapes, tags_of, without_tags
from lakebed.services.iam._pages import after, page, scanned
from lakebed.services.iam._users import devices_of, meant, user_shape
from lakebed.services.iam.model import conflict, exists, no_such, quota_exceeded

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes

HIDDEN_MEMBERS = frozenset({"AuthenticationCode1", "AuthenticationCode2"})
_SEED_BYTES = 40
"""Sixty-four characters in base32, as AWS's have."""
_SERIAL = re.compile(r"arn:aws:iam::(\d{12}):mfa(/(?:[!-~]+/)?)([\w+=,.@-]+)")


def create_virtual_mfa_device(
    ctx: Context, request: shapes.CreateVirtualMFADeviceRequest
) -> shapes.CreateVirtualMFADeviceResponse:
    """Create a virtual device. Its seed is shown once; the answer has no picture of it (QRCodePNG).

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
    """
    name = request["VirtualMFADeviceName"]
    if SECOND_FACTORS.get(ctx, ctx.account, name) is not None:
        raise exists("MFADevice entity at the same path and name already exists.")
    if SECOND_FACTORS.count(ctx, ctx.account) >= IAM_VIRTUAL_DEVICES_MAX:
        raise quota_exceeded("MFADevices", IAM_VIRTUAL_DEVICES_MAX)
    # Not from ctx.ids: what follows from its earlier numbers could be worked out.
    seed = secrets.token_bytes(_SEED_BYTES)
    device = SecondFactor(
        ctx.account,
        name,
        "",
        check_path(request.get("Path") or "/"),
        ctx.clock.now(),
        tags_of(request.get("Tags") or ()),
    )
    sealed = sealed_seed(ctx.settings, device.serial, seed)
    SECOND_FACTORS.put(ctx, msgspec.structs.replace(device, seed=sealed))
    shape: Any = {"SerialNumber": device.serial, "Base32StringSeed": base64.b32encode(seed)}
    if device.tags:
        shape["Tags"] = tag_shapes(device.tags)
    return {"VirtualMFADevice": shape}


def delete_virtual_mfa_device(
    ctx: Context, request: shapes.DeleteVirtualMFADeviceRequest
) -> shapes.DeleteVirtualMFADeviceResponse:
    """Delete a virtual device that is enabled for nobody.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
    """
    device = _find(ctx, request["SerialNumber"])
    if device.user_id:
        raise conflict("MFA VirtualDevice in use. Must deactivate first.")
    SECOND_FACTORS.delete(ctx, ctx.account, device.name)
    return {}


def list_virtual_mfa_devices(
    ctx: Context, request: shapes.ListVirtualMFADevicesRequest
) -> shapes.ListVirtualMFADevicesResponse:
    """Return the virtual devices, assigned or not, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html
    """
    wanted = request.get("AssignmentStatus") or "Any"
    devices = scanned(ctx, SECOND_FACTORS, lambda device: device.name, after(request))
    rows = ((one.name, _shape(ctx, one)) for one in devices
            if wanted == "Any" or bool(one.user_id) == (wanted == "Assigned"))  # fmt: skip
    answer: Any = page(request, "VirtualMFADevices", rows)
    return answer


def enable_mfa_device(
    ctx: Context, request: shapes.EnableMFADeviceRequest
) -> shapes.EnableMFADeviceResponse:
    """Enable a virtual device for a user, who shows two codes of it that follow each other.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
    """
    user = USER.find(ctx, request["UserName"])
    device = _find(ctx, request["SerialNumber"])
    if device.user_id:
        raise exists("MFA Device is already in use.")
    if len(devices_of(ctx, user)) >= IAM_MFA_DEVICES_MAX:
        raise quota_exceeded("MFADevicesPerUser", IAM_MFA_DEVICES_MAX)
    step = _step(ctx, device, request)
    now = ctx.clock.now()
    enabled = msgspec.structs.replace(
        device, user_id=user.id, user=user.name, enabled=now, last_step=step,
        drift=drift_of(step, now),
    )  # fmt: skip
    SECOND_FACTORS.put(ctx, enabled)
    return {}


def resync_mfa_device(
    ctx: Context, request: shapes.ResyncMFADeviceRequest
) -> shapes.ResyncMFADeviceResponse:
    """Set what is known of a device's clock, by two codes of it that follow each other.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html
    """
    device = _of_user(ctx, USER.find(ctx, request["UserName"]), request["SerialNumber"])
    step = _step(ctx, device, request)
    drift = drift_of(step, ctx.clock.now())
    SECOND_FACTORS.put(ctx, msgspec.structs.replace(device, last_step=step, drift=drift))
    return {}


def deactivate_mfa_device(
    ctx: Context, request: shapes.DeactivateMFADeviceRequest
) -> shapes.DeactivateMFADeviceResponse:
    """Take a device from a user; it stays, and may be enabled again.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
    """
    device = _of_user(ctx, meant(ctx, request), request["SerialNumber"])
    freed = msgspec.structs.replace(device, user_id="", user="", enabled=0.0, drift=0, last_step=0)
    SECOND_FACTORS.put(ctx, freed)
    touch(ctx, ctx.account)
    return {}


def list_mfa_devices(
    ctx: Context, request: shapes.ListMFADevicesRequest
) -> shapes.ListMFADevicesResponse:
    """Return the devices that are enabled for a user, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
    """
    user = meant(ctx, request)
    devices = sorted(devices_of(ctx, user), key=lambda device: device.serial)
    rows = (
        (one.serial, {"UserName": user.name, "SerialNumber": one.serial, "EnableDate": one.enabled})
        for one in devices
    )
    answer: Any = page(request, "MFADevices", rows)
    return answer


def get_mfa_device(
    ctx: Context, request: shapes.GetMFADeviceRequest
) -> shapes.GetMFADeviceResponse:
    """Return a device that is enabled for a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetMFADevice.html
    """
    device = _of_user(ctx, meant(ctx, request), request["SerialNumber"])
    answer: Any = {
        "UserName": device.user, "SerialNumber": device.serial, "EnableDate": device.enabled,
    }  # fmt: skip
    return answer


def tag_mfa_device(
    ctx: Context, request: shapes.TagMFADeviceRequest
) -> shapes.TagMFADeviceResponse:
    """Add tags to a virtual device.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagMFADevice.html
    """
    device = _find(ctx, request["SerialNumber"])
    tags = tags_of(request["Tags"], device.tags)
    SECOND_FACTORS.put(ctx, msgspec.structs.replace(device, tags=tags))
    return {}


def untag_mfa_device(
    ctx: Context, request: shapes.UntagMFADeviceRequest
) -> shapes.UntagMFADeviceResponse:
    """Remove tags from a virtual device.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagMFADevice.html
    """
    device = _find(ctx, request["SerialNumber"])
    tags = without_tags(device.tags, request["TagKeys"])
    SECOND_FACTORS.put(ctx, msgspec.structs.replace(device, tags=tags))
    return {}


def list_mfa_device_tags(
    ctx: Context, request: shapes.ListMFADeviceTagsRequest
) -> shapes.ListMFADeviceTagsResponse:
    """Return a virtual device's tags, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADeviceTags.html
    """
    tags = _find(ctx, request["SerialNumber"]).tags
    rows = ((one["Key"], one) for one in tag_shapes(dict(sorted(tags.items()))))
    answer: Any = page(request, "Tags", rows)
    return answer


def _find(ctx: Context, serial: str) -> SecondFactor:
    match = _SERIAL.fullmatch(serial)
    held = None
    if match is not None and match[1] == ctx.account:
        held = SECOND_FACTORS.get(ctx, ctx.account, match[3])
    if held is None or held.serial != serial:
        raise no_such(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    return held


def _of_user(ctx: Context, user: User, serial: str) -> SecondFactor:
    found = next((one for one in devices_of(ctx, user) if one.serial == serial), None)
    if found is None:
        # The sentence is remembered.
        raise no_such(f"MFA Device invalid for user: {serial} is not a device of {user.name}.")
    return found


def _step(ctx: Context, device: SecondFactor, request: Any) -> int:
    codes = (request["AuthenticationCode1"], request["AuthenticationCode2"])
    step = step_of(ctx.settings, device, codes, ctx.clock.now(), FAR_STEPS)
    if step is None:
        message = "Authentication code for device is not valid."
        raise AwsError("InvalidAuthenticationCode", message, 403)
    return step


def _shape(ctx: Context, device: SecondFactor) -> Any:
    shape: dict[str, Any] = {"SerialNumber": device.serial}
    if device.user_id:
        shape["User"] = user_shape(USER.find(ctx, device.user), is_whole=False)
        shape["EnableDate"] = device.enabled
    return shape
