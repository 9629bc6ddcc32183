"""Which permissions the operations of KMS need: keys have policies and grants of their own.

A key's policy must allow, whatever IAM says; grants count like statements of it.
https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
Condition keys: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.decision import Need, caller_of
from lakebed.govern.policies import Policy, parsed
from lakebed.services.kms import _ciphers, _grants
from lakebed.services.kms._encryption import key_of
from lakebed.services.kms._keys import key_named
from lakebed.services.kms.model import ALIASES, Grant, KmsKey

_UNKEYED = frozenset(
    {"create_key", "list_keys", "list_aliases", "generate_random", "list_retirable_grants"}
)
_CONTEXTS = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")
_CONTEXT_OF = {
    "ReEncryptFrom": "SourceEncryptionContext",
    "ReEncryptTo": "DestinationEncryptionContext",
}
_MEMBERS = {
    "EncryptionAlgorithm": "kms:encryptionalgorithm",
    "SigningAlgorithm": "kms:signingalgorithm",
    "MacAlgorithm": "kms:macalgorithm",
    "MessageType": "kms:messagetype",
    "GranteePrincipal": "kms:granteeprincipal",
    "RetiringPrincipal": "kms:retiringprincipal",
    "KeyPairSpec": "kms:datakeypairspec",
    "PendingWindowInDays": "kms:scheduledkeydeletionpendingwindowindays",
    "RotationPeriodInDays": "kms:rotationperiodindays",
    "KeySpec": "kms:keyspec",
    "KeyUsage": "kms:keyusage",
}
_FLAGS = {
    "BypassPolicyLockoutSafetyCheck": "kms:bypasspolicylockoutsafetycheck",
    "MultiRegion": "kms:multiregion",
}


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return what an operation needs: of its key, of the alias it names, of both keys."""
    action = "".join(word.capitalize() for word in operation.split("_"))
    if operation in _UNKEYED:
        return [Need(f"kms:{action}", "*", ctx.account)]
    found: list[Need] = []
    if "AliasName" in request:
        arn = f"arn:aws:kms:{ctx.region}:{ctx.account}:{request['AliasName']}"
        found.append(Need(f"kms:{action}", arn, ctx.account))
    for name, key in _keys(ctx, operation, action, request):
        if operation == "retire_grant" and _may_retire(ctx, key, request):
            continue
        found.append(_need(ctx, name, key, request))
    return found


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a request that policies of keys may ask for."""
    found: dict[str, str | tuple[str, ...]] = {"kms:calleraccount": ctx.account}
    for member in _CONTEXTS:
        given = cast("dict[str, str]", request.get(member) or {})
        found |= {f"kms:encryptioncontext:{key.lower()}": one for key, one in given.items()}
        if given:
            found["kms:encryptioncontextkeys"] = tuple(given)
    found |= {key: str(request[member]) for member, key in _MEMBERS.items() if member in request}
    found |= {key: "true" if request.get(one) else "false" for one, key in _FLAGS.items()}
    if operation == "create_grant":
        found["kms:grantoperations"] = tuple(request.get("Operations") or ())
        found["kms:grantisforawsresource"] = "false"
        if request.get("Constraints"):
            found["kms:grantconstrainttype"] = tuple(request["Constraints"])
    name = request.get("KeyId", "")
    if "alias/" in name:
        found["kms:requestalias"] = name[name.index("alias/") :]
    for _, key in _keys(ctx, operation, "", request):
        found |= _of_key(key)
    return found | _of_tags(request)


def _of_tags(request: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    tags = cast("list[dict[str, str]]", request.get("Tags") or [])
    found: dict[str, str | tuple[str, ...]] = {
        f"aws:requesttag/{one['TagKey'].lower()}": one["TagValue"] for one in tags
    }
    keys = cast("list[str]", [one["TagKey"] for one in tags] or request.get("TagKeys") or [])
    if keys:
        found["aws:tagkeys"] = tuple(keys)
    return found


def _of_key(key: KmsKey) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {
        "kms:keyspec": key.spec,
        "kms:keyusage": key.usage,
        "kms:keyorigin": "AWS_KMS",
    }
    return found | {f"aws:resourcetag/{name.lower()}": one for name, one in key.tags.items()}


def _keys(
    ctx: Context, operation: str, action: str, request: Mapping[str, Any]
) -> Iterator[tuple[str, KmsKey]]:
    """Yield the keys that a request is about, each with the action; what is not there is left out.

    The operation itself then says that it is not there.
    """
    names = [(action, request.get("KeyId") or request.get("TargetKeyId"))]
    if operation == "re_encrypt":
        names = [("ReEncryptFrom", request.get("SourceKeyId"))]
        names.append(("ReEncryptTo", request.get("DestinationKeyId")))
    if operation in ("update_alias", "delete_alias"):
        alias = ALIASES.get(ctx, ctx.account, ctx.region, request["AliasName"])
        names.append((action, alias.key_id if alias else None))
    if operation == "retire_grant" and "GrantToken" in request:
        grant = _grants.grant_of_token(ctx, request["GrantToken"])
        names = [(action, f"arn:aws:kms:{grant.region}:{grant.account}:key/{grant.key_id}")]
    for what, name in names:
        try:
            if name:
                yield what, key_named(ctx, name)
            elif what in ("Decrypt", "ReEncryptFrom") or operation in ("decrypt", "re_encrypt"):
                yield what, key_of(ctx, _ciphers.blob_of(request.get("CiphertextBlob", b"")))
        except (AwsError, _ciphers.CipherError):
            continue


def _need(ctx: Context, action: str, key: KmsKey, request: Mapping[str, Any]) -> Need:
    policy = parsed(key.policy, "key policy", is_resource_policy=True)
    member = _CONTEXT_OF.get(action, "EncryptionContext")
    context = cast("dict[str, str]", request.get(member) or {})
    more = [
        statement
        for grant in (() if ctx.principal.is_root else _grants.grants_of(ctx, key))
        if _grants.allows(grant, action, context)
        for statement in _of_grant(grant, action).statements
    ]
    if more:
        policy = Policy.of(policy.name, (*policy.statements, *more))
    return Need(f"kms:{action}", key.arn, key.account, policy, needs_resource=True)


def _of_grant(grant: Grant, action: str) -> Policy:
    statement = {
        "Sid": f"grant {grant.id}",
        "Effect": "Allow",
        "Principal": {"AWS": grant.grantee},
        "Action": f"kms:{action}",
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return parsed(msgspec.json.encode(document).decode(), is_resource_policy=True)


def _may_retire(ctx: Context, key: KmsKey, request: Mapping[str, Any]) -> bool:
    """Tell whether the caller may retire a grant by the grant itself."""
    caller = caller_of(ctx.principal)
    own = (caller.arn, caller.role_arn)
    wanted = request.get("GrantId")
    if "GrantToken" in request:
        wanted = _grants.grant_of_token(ctx, request["GrantToken"]).id
    return any(
        one.retiring in own or (one.grantee in own and "RetireGrant" in one.operations)
        for one in _grants.grants_of(ctx, key)
        if one.id == wanted and (one.retiring or one.grantee)
    )
