"""Finds keys by what requests call them, and carries out what the clock asks of them.

A key whose waiting time is over is gone from that moment, and removed when it is next asked for
(or by the sweep of a listing); a rotation that is due is carried out when the key is next used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lakebed import sealing
from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.kms import _ciphers
from lakebed.services.kms.model import (
    ALIASES,
    DAY_SECONDS,
    DISABLED,
    ENCRYPT_DECRYPT,
    GRANTS,
    KEYS,
    PENDING_DELETION,
    SYMMETRIC,
    Alias,
    KmsKey,
    Material,
    replace,
)
from lakebed.store import Range

_PURPOSE = "kms"
_ARN = re.compile(r"arn:aws:kms:([\w-]+):(\d{12}):(key/(.+)|alias/.+)")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MANAGED = re.compile(r"alias/aws/(glue|kinesis|s3|secretsmanager|ssm)")
"""Aliases whose keys are made when they are first used: of the services that use them here."""
_MANAGED_ROTATION_DAYS = 365


def default_policy(account: str) -> str:
    """Return the policy of a key that was created without one.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return (
        '{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1",\n  "Statement" : [ {\n'
        '    "Sid" : "Enable IAM User Permissions",\n    "Effect" : "Allow",\n'
        f'    "Principal" : {{\n      "AWS" : "arn:aws:iam::{account}:root"\n    }},\n'
        '    "Action" : "kms:*",\n    "Resource" : "*"\n  } ]\n}'
    )


def new_material(ctx: Context, key_id: str, spec: str, made: bytes) -> Material:
    """Return material sealed for the key it belongs to."""
    found = Material(ctx.ids.token(256), "", ctx.clock.now())
    sealed = sealing.seal(ctx.settings, _PURPOSE, _bound(ctx.account, key_id, found.id), made)
    return replace(found, sealed=sealed)


def opened(ctx: Context, key: KmsKey, material_id: str = "") -> bytes:
    """Return the bytes of a key's material: the last, or the one of an id.

    KMSInternalException if the data folder has lost the key they were sealed with.
    """
    for one in reversed(key.materials):
        if material_id in ("", one.id):
            try:
                return sealing.unseal(
                    ctx.settings, _PURPOSE, _bound(key.account, key.id, one.id), one.sealed
                )
            except sealing.SealError:
                message = (
                    f"The material of {key.arn} was sealed with another key than the one below "
                    "state/keys of the data folder. Put that key back."
                )
                raise AwsError("KMSInternalException", message, 500) from None
    raise AwsError("InvalidCiphertextException", "")


def _bound(account: str, key_id: str, material_id: str) -> str:
    return f"{account}/{key_id}/{material_id}"


# -- which key is meant -----------------------------------------------------------------------


def key_named(ctx: Context, name: str, *, with_aliases: bool = True) -> KmsKey:
    """Return the key of an id, ARN, alias or alias's ARN; NotFoundException without it."""
    region, account, own = ctx.region, ctx.account, name
    if name.startswith("arn:"):
        match = _ARN.fullmatch(name)
        if match is None or match[1] != ctx.region:
            raise not_found(f"Invalid arn {match[1] if match else name}")
        region, account, own = match[1], match[2], match[4] or match[3]
    if own.startswith("alias/") and with_aliases:
        return _aliased(ctx, account, own)
    if not _ID.fullmatch(own):
        raise not_found(f"Invalid keyId '{own}'")
    found = live(ctx, KEYS.get(ctx, account, region, own))
    if found is None:
        raise not_found(f"Key 'arn:aws:kms:{region}:{account}:key/{own}' does not exist")
    return found


def _aliased(ctx: Context, account: str, name: str) -> KmsKey:
    alias = ALIASES.get(ctx, account, ctx.region, name)
    if alias is None and account == ctx.account and (match := _MANAGED.fullmatch(name)):
        return _managed(ctx, name, match[1])
    found = live(ctx, KEYS.get(ctx, account, ctx.region, alias.key_id)) if alias else None
    if found is None:
        raise not_found(f"Alias arn:aws:kms:{ctx.region}:{account}:{name} is not found.")
    return found


def _managed(ctx: Context, alias: str, service: str) -> KmsKey:
    """Make the key of a service, once.

    AWS's own policies of such keys ask for kms:ViaService, too; here every principal of the account
    may use them.
    """
    now, key_id = ctx.clock.now(), ctx.ids.uuid()
    policy = (
        f'{{"Version": "2012-10-17", "Id": "auto-{service}-1", "Statement": [{{'
        '"Sid": "Allow all principals of the account", "Effect": "Allow", '
        '"Principal": {"AWS": "*"}, "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", '
        '"kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"], "Resource": "*", '
        f'"Condition": {{"StringEquals": {{"kms:CallerAccount": "{ctx.account}"}}}}}}, {{'
        '"Sid": "Allow direct access to key metadata", "Effect": "Allow", '
        f'"Principal": {{"AWS": "arn:aws:iam::{ctx.account}:root"}}, "Action": ["kms:Describe*", '
        '"kms:Get*", "kms:List*", "kms:RevokeGrant"], "Resource": "*"}]}'
    )
    key = KmsKey(
        ctx.account,
        ctx.region,
        key_id,
        SYMMETRIC,
        ENCRYPT_DECRYPT,
        policy,
        now,
        (new_material(ctx, key_id, SYMMETRIC, _ciphers.made(SYMMETRIC)),),
        f"Default key that protects what {service} holds when no other key is defined",
        is_managed=True,
        rotation_days=_MANAGED_ROTATION_DAYS,
        rotation_due=now + _MANAGED_ROTATION_DAYS * DAY_SECONDS,
    )
    KEYS.put(ctx, key)
    ALIASES.put(ctx, Alias(ctx.account, ctx.region, alias, key_id, now, now))
    return key


def live(ctx: Context, key: KmsKey | None) -> KmsKey | None:
    """Return the key as it is now: None, and its rows removed, once its waiting time is over."""
    if key is None or key.state != PENDING_DELETION or ctx.clock.now() < key.deletion:
        return key
    place = (key.account, key.region)
    aliases = list(ALIASES.scan(ctx, Range((*place, key.id), index="key")))
    for alias in aliases:
        ALIASES.delete(ctx, *place, alias.name)
    GRANTS.delete_range(ctx, Range((*place, key.id)))
    KEYS.delete(ctx, *place, key.id)
    return None


def all_live(ctx: Context, keys: Iterable[KmsKey]) -> list[KmsKey]:
    """Return those of some keys that are still there."""
    return [key for key in list(keys) if live(ctx, key) is not None]


def usable(ctx: Context, name: str) -> KmsKey:
    """Return a key that may be used now, rotated if that is due."""
    return in_use(ctx, key_named(ctx, name))


def in_use(ctx: Context, key: KmsKey) -> KmsKey:
    """Return a key, rotated if that is due; DisabledException and the like if it is not enabled.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    if key.state == DISABLED:
        raise AwsError("DisabledException", f"{key.arn} is disabled.")
    not_pending_deletion(key)
    return rotated_by_clock(ctx, key)


def rotated_by_clock(ctx: Context, key: KmsKey) -> KmsKey:
    """Carry out the rotations that are due; of several that were missed, one."""
    now = ctx.clock.now()
    if not key.rotation_days or now < key.rotation_due or key.state != "Enabled":
        return key
    material = new_material(ctx, key.id, key.spec, _ciphers.made(key.spec))
    key = replace(
        key,
        materials=(*key.materials, replace(material, rotation="AUTOMATIC")),
        rotation_due=now + key.rotation_days * DAY_SECONDS,
    )
    KEYS.put(ctx, key)
    return key


def own_key(ctx: Context, name: str) -> KmsKey:
    """Return a customer's key that is to be changed, by id or ARN, whatever its state."""
    key = key_named(ctx, name, with_aliases=False)
    if key.is_managed:
        message = f"User: {ctx.principal.arn} is not authorized to change the key {key.arn}"
        raise AwsError("AccessDeniedException", f"{message}, which an AWS service manages")
    if key.account != ctx.account:
        message = f"User: {ctx.principal.arn} is not authorized to change the key {key.arn}"
        raise AwsError("AccessDeniedException", f"{message} of another account")
    return key


def changeable(ctx: Context, name: str) -> KmsKey:
    """Return a customer's key that is not on its way out."""
    return not_pending_deletion(own_key(ctx, name))


def not_pending_deletion(key: KmsKey) -> KmsKey:
    """Return the key; KMSInvalidStateException if it is pending deletion."""
    if key.state == PENDING_DELETION:
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    return key


def not_found(message: str) -> AwsError:
    """Return the error of what is not there."""
    return AwsError("NotFoundException", message)


def invalid(message: str) -> AwsError:
    """Return the error of a request that no key could carry out."""
    return AwsError("ValidationException", message)


def for_usage(key: KmsKey, usage: str, operation: str) -> KmsKey:
    """Return the key; InvalidKeyUsageException if it is for something else."""
    if key.usage != usage:
        message = f"{key.arn} key usage is {key.usage} which is not valid for {operation}."
        raise AwsError("InvalidKeyUsageException", message)
    return key


def with_algorithm(key: KmsKey, algorithm: str) -> str:
    """Return the algorithm; InvalidKeyUsageException if the key has another kind of material."""
    if algorithm not in _ciphers.algorithms(key.spec, key.usage):
        message = f"Algorithm {algorithm} is incompatible with key spec {key.spec}."
        raise AwsError("InvalidKeyUsageException", message)
    return algorithm
