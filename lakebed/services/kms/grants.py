"""Grants: what a principal may do with one key, given and taken back without its policy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import KMS_GRANTS_MAX
from lakebed.services.kms import _grants
from lakebed.services.kms._keys import in_use, invalid, key_named, not_found
from lakebed.services.kms._pages import after, page, stop_dry_run
from lakebed.services.kms.model import (
    ENCRYPT_DECRYPT,
    GENERATE_VERIFY_MAC,
    GRANTS,
    KEY_AGREEMENT,
    SIGN_VERIFY,
    SYMMETRIC,
    Grant,
    KmsKey,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes

_ALWAYS = {"CreateGrant", "RetireGrant", "DescribeKey"}
_OPERATIONS = {
    ENCRYPT_DECRYPT: {"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"},
    SIGN_VERIFY: {"Sign", "Verify", "GetPublicKey"},
    GENERATE_VERIFY_MAC: {"GenerateMac", "VerifyMac"},
    KEY_AGREEMENT: {"DeriveSharedSecret", "GetPublicKey"},
}
_DATA_KEYS = {
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
}


def create_grant(ctx: Context, request: shapes.CreateGrantRequest) -> shapes.CreateGrantResponse:
    """Let a principal use a key; a second request of the same name and content makes no second.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
    """
    for member in ("GranteeServicePrincipal", "RetiringServicePrincipal"):
        if request.get(member):
            raise NotBuiltError("kms", "CreateGrant", member)
    if "GranteePrincipal" not in request:
        raise invalid("GranteePrincipal must be given.")
    key = in_use(ctx, key_named(ctx, request["KeyId"], with_aliases=False))
    _grants.check_tokens(ctx, request.get("GrantTokens") or [])
    grant = _made(ctx, key, request)
    stop_dry_run(request)
    known = _grants.grants_of(ctx, key)
    if grant.name:
        for one in known:
            if _content(one) == _content(grant):
                return {"GrantToken": _grants.token_of(one), "GrantId": one.id}
    if len(known) >= KMS_GRANTS_MAX:
        raise AwsError("LimitExceededException", f"A key has at most {KMS_GRANTS_MAX} grants.")
    GRANTS.put(ctx, grant)
    return {"GrantToken": _grants.token_of(grant), "GrantId": grant.id}


def _made(ctx: Context, key: KmsKey, request: shapes.CreateGrantRequest) -> Grant:
    operations = tuple(dict.fromkeys(request["Operations"]))
    known = _ALWAYS | _OPERATIONS[key.usage]
    if key.usage == ENCRYPT_DECRYPT:
        known |= _DATA_KEYS if key.spec == SYMMETRIC else {"GetPublicKey"}
    unknown = [one for one in operations if one not in known]
    if unknown or not operations:
        message = f"Operations {unknown} are not valid for key usage {key.usage}."
        raise invalid(message)
    constraints = request.get("Constraints") or {}
    if constraints and key.spec != SYMMETRIC:
        raise invalid("Encryption context constraints are only valid for symmetric keys.")
    for arn in (request.get("GranteePrincipal", ""), request.get("RetiringPrincipal", "")):
        if arn and not arn.startswith(("arn:aws:iam::", "arn:aws:sts::")):
            raise AwsError("InvalidArnException", f"Invalid ARN: {arn}")
    return Grant(
        key.account,
        key.region,
        key.id,
        ctx.ids.token(256),
        request.get("GranteePrincipal", ""),
        operations,
        ctx.clock.now(),
        f"arn:aws:iam::{ctx.account}:root",
        request.get("RetiringPrincipal", ""),
        request.get("Name", ""),
        constraints.get("EncryptionContextEquals"),
        constraints.get("EncryptionContextSubset"),
    )


def list_grants(ctx: Context, request: shapes.ListGrantsRequest) -> shapes.ListGrantsResponse:
    """List the grants of a key, all, one or those of a principal.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
    """
    if request.get("GranteeServicePrincipal"):
        raise NotBuiltError("kms", "ListGrants", "GranteeServicePrincipal")
    key = key_named(ctx, request["KeyId"], with_aliases=False)
    span = Range((key.account, key.region, key.id), after=after(request))
    wanted, grantee = request.get("GrantId"), request.get("GranteePrincipal")
    found = (
        one
        for one in GRANTS.scan(ctx, span)
        if wanted in (None, one.id) and grantee in (None, one.grantee)
    )
    return _page(found, request.get("Limit", 50))


def list_retirable_grants(
    ctx: Context, request: shapes.ListRetirableGrantsRequest
) -> shapes.ListGrantsResponse:
    """List the grants of account and region that a principal may retire.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html
    """
    if "RetiringPrincipal" not in request:
        raise NotBuiltError("kms", "ListRetirableGrants", "RetiringServicePrincipal")
    behind = after(request)
    start = tuple(behind[0].split("/")) if behind else None
    span = Range((ctx.account, ctx.region), after=start)
    wanted = request["RetiringPrincipal"]
    found = (one for one in GRANTS.scan(ctx, span) if one.retiring == wanted)
    return _page(found, request.get("Limit", 50), with_keys=True)


def _page(grants: Iterable[Grant], size: int, *, with_keys: bool = False) -> Any:
    found, more = page(grants, size, lambda one: f"{one.key_id}/{one.id}" if with_keys else one.id)
    return {"Grants": [_shape(one) for one in found], **more}


def revoke_grant(ctx: Context, request: shapes.RevokeGrantRequest) -> dict[str, Any]:
    """Take a grant back.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html
    """
    key = key_named(ctx, request["KeyId"], with_aliases=False)
    return _removed(ctx, key, request["GrantId"], request)


def retire_grant(ctx: Context, request: shapes.RetireGrantRequest) -> dict[str, Any]:
    """Give a grant up: who it is for, who may retire it, and whoever may by the key's policy.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
    """
    if "GrantToken" in request:
        grant = _grants.grant_of_token(ctx, request["GrantToken"])
        name, grant_id = f"arn:aws:kms:{grant.region}:{grant.account}:key/{grant.key_id}", grant.id
    elif "KeyId" in request and "GrantId" in request:
        name, grant_id = request["KeyId"], request["GrantId"]
    else:
        raise invalid("Either GrantToken, or KeyId and GrantId must be given.")
    return _removed(ctx, key_named(ctx, name, with_aliases=False), grant_id, request)


def _removed(ctx: Context, key: KmsKey, grant_id: str, request: Any) -> dict[str, Any]:
    place = (key.account, key.region, key.id, grant_id)
    if GRANTS.get(ctx, *place) is None:
        raise not_found(f"Grant ID {grant_id} not found")
    stop_dry_run(request)
    GRANTS.delete(ctx, *place)
    return {}


def _content(grant: Grant) -> tuple[Any, ...]:
    who = (grant.name, grant.grantee, grant.retiring)
    return (*who, sorted(grant.operations), grant.equals, grant.subset)


def _shape(grant: Grant) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "KeyId": f"arn:aws:kms:{grant.region}:{grant.account}:key/{grant.key_id}",
        "GrantId": grant.id,
        "Name": grant.name,
        "CreationDate": grant.created,
        "GranteePrincipal": grant.grantee,
        "IssuingAccount": grant.issuer,
        "Operations": list(grant.operations),
    }
    if grant.retiring:
        shape["RetiringPrincipal"] = grant.retiring
    constraints = {"EncryptionContextEquals": grant.equals, "EncryptionContextSubset": grant.subset}
    given = {name: value for name, value in constraints.items() if value is not None}
    if given:
        shape["Constraints"] = given
    return shape
