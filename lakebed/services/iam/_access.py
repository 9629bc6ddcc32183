"""Which permissions IAM's operations need: the ARNs of what they name, with its path.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.actions import needed
from lakebed.govern.decision import Need
from lakebed.govern.identities import (
    ACCESS_KEYS,
    GROUPS,
    POLICIES,
    ROLES,
    SECOND_FACTORS,
    SESSIONS,
    USERS,
    WEB_PROVIDERS,
    Group,
    Role,
    User,
)
from lakebed.services.iam.model import INSTANCE_PROFILES, PASSWORD_POLICIES, InstanceProfile
from lakebed.store import Table

_KINDS: tuple[tuple[str, str, Table[Any]], ...] = (
    ("instance-profile", "InstanceProfileName", INSTANCE_PROFILES),
    ("group", "GroupName", GROUPS),
    ("user", "UserName", USERS),
    ("role", "RoleName", ROLES),
)
_OWN = frozenset(
    {"get_user", "create_access_key", "list_access_keys", "update_access_key", "delete_access_key"}
    | {"create_login_profile", "get_login_profile", "delete_login_profile", "change_password"}
    | {"list_mfa_devices", "get_mfa_device", "deactivate_mfa_device", "list_ssh_public_keys"}
    | {"list_signing_certificates", "list_service_specific_credentials"}
)
"""Operations that mean the user who asks, if they name none."""


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return the permissions that an operation needs.

    Which of the named entities an action is about stands in AWS's table; of several it is the
    first: adding a user to a group is about the group.
    """
    _refuse_session(ctx)
    if operation == "change_password" and _may_change(ctx):
        return []
    found = needed("iam", operation)
    if found.resources and found.resources[0].texts == ("*",):
        return [Need(found.action, "*", ctx.account)]
    arns = [_arn(ctx, operation, request)]
    if operation == "add_role_to_instance_profile":
        role = Need(
            "iam:PassRole", _named(ctx, "role", request["RoleName"], ROLES, "/"), ctx.account
        )
        return [Need(found.action, arns[0], ctx.account), role]
    return [Need(found.action, arn, ctx.account) for arn in arns]


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of IAM's requests.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    found: dict[str, str | tuple[str, ...]] = {}
    if "PolicyArn" in request:
        found["iam:policyarn"] = request["PolicyArn"]
    if request.get("PermissionsBoundary"):
        found["iam:permissionsboundary"] = request["PermissionsBoundary"]
    elif (held := _entity(ctx, request)) is not None and getattr(held, "boundary", ""):
        found["iam:permissionsboundary"] = getattr(held, "boundary", "")
    tags: Any = request.get("Tags") or ()
    for tag in tags:
        found[f"aws:requesttag/{tag['Key'].lower()}"] = tag["Value"]
    keys = tuple(tag["Key"] for tag in tags) or tuple(request.get("TagKeys") or ())
    if keys:
        found["aws:tagkeys"] = keys
    for key, value in _tags_of(ctx, request).items():
        found[f"aws:resourcetag/{key.lower()}"] = value
        found[f"iam:resourcetag/{key.lower()}"] = value
    return found


def _tags_of(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the tags of what a request is about."""
    held: Any = _entity(ctx, request)
    if held is not None:
        return getattr(held, "tags", {})
    name = request.get("PolicyArn", "").rpartition("/")[2]
    device = request.get("SerialNumber", "").rpartition("/")[2]
    url = request.get("OpenIDConnectProviderArn", "").partition(":oidc-provider/")[2]
    if name:
        held = POLICIES.get(ctx, ctx.account, name)
    elif device:
        held = SECOND_FACTORS.get(ctx, ctx.account, device)
    elif url:
        held = WEB_PROVIDERS.get(ctx, ctx.account, url)
    return {} if held is None else held.tags


def _arn(ctx: Context, operation: str, request: Mapping[str, Any]) -> str:
    if "PolicyArn" in request and not any(member in request for _, member, _ in _KINDS):
        return request["PolicyArn"]
    for kind, member, table in _KINDS:
        if member in request:
            return _named(ctx, kind, request[member], table, request.get("Path") or "/")
    if "PolicyName" in request:
        path = request.get("Path") or "/"
        return f"arn:aws:iam::{ctx.account}:policy{path}{request['PolicyName']}"
    if operation in _OWN and ctx.principal.user:
        return _named(ctx, "user", ctx.principal.user, USERS, "/")
    if "SerialNumber" in request or "OpenIDConnectProviderArn" in request:
        return request.get("SerialNumber") or request["OpenIDConnectProviderArn"]
    if "VirtualMFADeviceName" in request:
        path = request.get("Path") or "/"
        return f"arn:aws:iam::{ctx.account}:mfa{path}{request['VirtualMFADeviceName']}"
    if "Url" in request:
        return f"arn:aws:iam::{ctx.account}:oidc-provider/{request['Url'].partition('://')[2]}"
    return _by_table(ctx, operation, request)


def _by_table(ctx: Context, operation: str, request: Mapping[str, Any]) -> str:
    if "AccessKeyId" in request and (key := ACCESS_KEYS.get(ctx, request["AccessKeyId"])):
        return _named(ctx, "user", key.user, USERS, key.path)
    return needed("iam", operation).arns(ctx.region, ctx.account, request)[0]


def _refuse_session(ctx: Context) -> None:
    """Refuse credentials of GetSessionToken that were had without a second factor.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    The error is remembered.
    """
    key = ctx.principal.access_key
    session = SESSIONS.get(ctx, key) if key.startswith("ASIA") else None
    if session is None or session.role or session.federated or session.has_mfa:
        return
    message = "The security token included in the request is invalid"
    raise AwsError("InvalidClientTokenId", message, 403)


def _may_change(ctx: Context) -> bool:
    """Tell whether the account lets its users change their passwords, without a policy."""
    policy = PASSWORD_POLICIES.get(ctx, ctx.account)
    return policy is not None and policy.users_may_change


def _named(ctx: Context, kind: str, name: str, table: Table[Any], path: str) -> str:
    """Return the ARN of an entity: with its own path, or with the one it is to have."""
    held = table.get(ctx, ctx.account, name)
    return f"arn:aws:iam::{ctx.account}:{kind}{path if held is None else held.path}{name}"


def _entity(
    ctx: Context, request: Mapping[str, Any]
) -> User | Group | Role | InstanceProfile | None:
    for _, member, table in _KINDS:
        if member in request:
            return table.get(ctx, ctx.account, request[member])
    return None
