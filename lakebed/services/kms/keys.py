"""Keys: created, described, turned off and on, deleted after a waiting time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import KMS_KEYS_MAX
from lakebed.services.kms import _ciphers
from lakebed.services.kms._keys import (
    all_live,
    changeable,
    default_policy,
    invalid,
    key_named,
    new_material,
    own_key,
    rotated_by_clock,
)
from lakebed.services.kms._pages import after, page
from lakebed.services.kms._policies import checked_policy
from lakebed.services.kms._tags import tags_of
from lakebed.services.kms.model import (
    DAY_SECONDS,
    DISABLED,
    ENABLED,
    ENCRYPT_DECRYPT,
    GENERATE_VERIFY_MAC,
    KEY_AGREEMENT,
    KEYS,
    PENDING_DELETION,
    SIGN_VERIFY,
    SYMMETRIC,
    KmsKey,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes

_PENDING_DAYS = 30
_ALGORITHMS = {
    ENCRYPT_DECRYPT: "EncryptionAlgorithms",
    SIGN_VERIFY: "SigningAlgorithms",
    GENERATE_VERIFY_MAC: "MacAlgorithms",
    KEY_AGREEMENT: "KeyAgreementAlgorithms",
}


@long
def create_key(ctx: Context, request: shapes.CreateKeyRequest) -> shapes.CreateKeyResponse:
    """Create a key, with the policy that leaves everything to IAM if none is given.

    Keys of many regions, of imported material and of other stores are not built, nor are SM2,
    Ed25519, ML-DSA and ML-KEM.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
    """
    spec, usage = _kind(request)
    made = _ciphers.made(spec)
    if KEYS.count(ctx, ctx.account, ctx.region) >= KMS_KEYS_MAX:
        raise AwsError("LimitExceededException", f"An account has at most {KMS_KEYS_MAX} keys.")
    key_id = ctx.ids.uuid()
    key = KmsKey(
        ctx.account,
        ctx.region,
        key_id,
        spec,
        usage,
        "",
        ctx.clock.now(),
        (new_material(ctx, key_id, spec, made),),
        request.get("Description", ""),
        tags=tags_of(request.get("Tags") or [], {}),
    )
    policy = default_policy(ctx.account)
    if "Policy" in request:
        is_checked = not request.get("BypassPolicyLockoutSafetyCheck")
        policy = checked_policy(ctx, key, request["Policy"], is_checked=is_checked)
    key = replace(key, policy=policy)
    KEYS.put(ctx, key)
    return {"KeyMetadata": _metadata(key)}


def _kind(request: shapes.CreateKeyRequest) -> tuple[str, str]:
    """Return specification and usage of the key that is to be created."""
    for member in ("CustomKeyStoreId", "XksKeyId", "MultiRegion"):
        if request.get(member):
            raise NotBuiltError("kms", "CreateKey", member)
    origin = request.get("Origin", "AWS_KMS")
    if origin != "AWS_KMS":
        raise NotBuiltError("kms", "CreateKey", f"Origin {origin}")
    spec = request.get("KeySpec") or request.get("CustomerMasterKeySpec") or SYMMETRIC
    old = request.get("CustomerMasterKeySpec", spec)
    if old != spec:
        raise invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request.")
    if spec not in _ciphers.USAGES:
        raise NotBuiltError("kms", "CreateKey", f"KeySpec {spec}")
    usage = request.get("KeyUsage", ENCRYPT_DECRYPT)
    if "KeyUsage" not in request and spec != SYMMETRIC:
        raise invalid(
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption "
            "keys."
        )
    if usage not in _ciphers.USAGES[spec]:
        message = f"KeyUsage {usage} is not compatible with KeySpec {spec}"
        raise invalid(message)
    return spec, usage


def describe_key(ctx: Context, request: shapes.DescribeKeyRequest) -> shapes.DescribeKeyResponse:
    """Return what a key is; the key of an AWS service is made when its alias is first asked for.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
    """
    return {"KeyMetadata": _metadata(rotated_by_clock(ctx, key_named(ctx, request["KeyId"])))}


def list_keys(ctx: Context, request: shapes.ListKeysRequest) -> shapes.ListKeysResponse:
    """List the keys of the account in the region.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html
    """
    if request.get("ResourceOwners"):
        raise NotBuiltError("kms", "ListKeys", "ResourceOwners")
    size = request.get("Limit", 100)
    span = Range((ctx.account, ctx.region), after=after(request), limit=size + 1)
    keys, more = page(KEYS.scan(ctx, span), size, lambda key: key.id)
    shown = [{"KeyId": key.id, "KeyArn": key.arn} for key in all_live(ctx, keys)]
    return {"Keys": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)


def update_key_description(
    ctx: Context, request: shapes.UpdateKeyDescriptionRequest
) -> dict[str, Any]:
    """Change the description of a key.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html
    """
    key = changeable(ctx, request["KeyId"])
    KEYS.put(ctx, replace(key, description=request["Description"]))
    return {}


def enable_key(ctx: Context, request: shapes.EnableKeyRequest) -> dict[str, Any]:
    """Let a key be used again.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html
    """
    KEYS.put(ctx, replace(changeable(ctx, request["KeyId"]), state=ENABLED))
    return {}


def disable_key(ctx: Context, request: shapes.DisableKeyRequest) -> dict[str, Any]:
    """Let a key be used no longer.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html
    """
    KEYS.put(ctx, replace(changeable(ctx, request["KeyId"]), state=DISABLED))
    return {}


def schedule_key_deletion(
    ctx: Context, request: shapes.ScheduleKeyDeletionRequest
) -> shapes.ScheduleKeyDeletionResponse:
    """Delete a key after 7 to 30 days; nothing it encrypted can be decrypted from then on.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
    """
    key = changeable(ctx, request["KeyId"])
    days = request.get("PendingWindowInDays", _PENDING_DAYS)
    if not 7 <= days <= 30:
        raise invalid("PendingWindowInDays must be between 7 and 30 days.")
    deletion = ctx.clock.now() + days * DAY_SECONDS
    KEYS.put(ctx, replace(key, state=PENDING_DELETION, deletion=deletion))
    return {
        "KeyId": key.arn,
        "DeletionDate": deletion,
        "KeyState": PENDING_DELETION,
        "PendingWindowInDays": days,
    }  # pyright: ignore[reportReturnType] (times are seconds here)


def cancel_key_deletion(
    ctx: Context, request: shapes.CancelKeyDeletionRequest
) -> shapes.CancelKeyDeletionResponse:
    """Keep a key that is pending deletion; it is disabled.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html
    """
    key = own_key(ctx, request["KeyId"])
    if key.state != PENDING_DELETION:
        raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    KEYS.put(ctx, replace(key, state=DISABLED, deletion=0.0))
    return {"KeyId": key.arn}


def _metadata(key: KmsKey) -> Any:
    shape: dict[str, Any] = {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.state == ENABLED,
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": key.state,
        "Origin": "AWS_KMS",
        "KeyManager": "AWS" if key.is_managed else "CUSTOMER",
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "MultiRegion": False,
        _ALGORITHMS[key.usage]: list(_ciphers.algorithms(key.spec, key.usage)),
    }
    if key.spec == SYMMETRIC:
        shape["CurrentKeyMaterialId"] = key.materials[-1].id
    if key.state == PENDING_DELETION:
        shape["DeletionDate"] = key.deletion
    return shape
