"""What an account has: how much of it, its alias, and all of its identities at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core import limits
from lakebed.govern.identities import GROUPS, POLICIES, ROLES, USERS, WEB_PROVIDERS, aws_policies
from lakebed.services.iam import _details as details
from lakebed.services.iam._pages import page
from lakebed.services.iam.model import ALIASES, INSTANCE_PROFILES, Alias, exists, no_such

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lakebed.shapes import iam as shapes

_QUOTAS = {
    "AccessKeysPerUserQuota": limits.IAM_ACCESS_KEYS_MAX,
    "AssumeRolePolicySizeQuota": limits.IAM_TRUST_CHARACTERS_MAX,
    "AttachedPoliciesPerGroupQuota": limits.IAM_ATTACHED_MAX,
    "AttachedPoliciesPerRoleQuota": limits.IAM_ATTACHED_MAX,
    "AttachedPoliciesPerUserQuota": limits.IAM_ATTACHED_MAX,
    "GroupPolicySizeQuota": limits.IAM_GROUP_INLINE_CHARACTERS_MAX,
    "GroupsPerUserQuota": limits.IAM_GROUPS_OF_USER_MAX,
    "GroupsQuota": limits.IAM_GROUPS_MAX,
    "InstanceProfilesQuota": limits.IAM_INSTANCE_PROFILES_MAX,
    "PoliciesQuota": limits.IAM_POLICIES_MAX,
    "PolicySizeQuota": limits.IAM_POLICY_CHARACTERS_MAX,
    "RolePolicySizeQuota": limits.IAM_ROLE_INLINE_CHARACTERS_MAX,
    "RolesQuota": limits.IAM_ROLES_MAX,
    "UserPolicySizeQuota": limits.IAM_USER_INLINE_CHARACTERS_MAX,
    "UsersQuota": limits.IAM_USERS_MAX,
    "VersionsPerPolicyQuota": limits.IAM_POLICY_VERSIONS_MAX,
}


def get_account_summary(
    ctx: Context, request: shapes.GetAccountSummaryRequest
) -> shapes.GetAccountSummaryResponse:
    """Return how many entities the account has, and how many it may have.

    What is not built (devices, certificates, SAML) has no entry.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
    """
    account = ctx.account
    counts = {
        "Groups": GROUPS.count(ctx, account),
        "InstanceProfiles": INSTANCE_PROFILES.count(ctx, account),
        "Policies": POLICIES.count(ctx, account),
        "Providers": WEB_PROVIDERS.count(ctx, account),
        "Roles": ROLES.count(ctx, account),
        "Users": USERS.count(ctx, account),
    }
    summary: Any = counts | _QUOTAS
    return {"SummaryMap": summary}


def create_account_alias(
    ctx: Context, request: shapes.CreateAccountAliasRequest
) -> shapes.CreateAccountAliasResponse:
    """Give the account an alias, in place of the one it had.

    That another account has the same is not looked for.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html
    """
    name = request["AccountAlias"]
    held = ALIASES.get(ctx, ctx.account)
    if held is not None and held.name == name:
        raise exists(f"The account alias {name} already exists.")
    ALIASES.put(ctx, Alias(ctx.account, name))
    return {}


def delete_account_alias(
    ctx: Context, request: shapes.DeleteAccountAliasRequest
) -> shapes.DeleteAccountAliasResponse:
    """Take the account's alias away.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html
    """
    name, held = request["AccountAlias"], ALIASES.get(ctx, ctx.account)
    if held is None or held.name != name:
        raise no_such(f"The Account Alias {name} cannot be found.")
    ALIASES.delete(ctx, ctx.account)
    return {}


def list_account_aliases(
    ctx: Context, request: shapes.ListAccountAliasesRequest
) -> shapes.ListAccountAliasesResponse:
    """Return the account's alias, if it has one.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html
    """
    held = ALIASES.get(ctx, ctx.account)
    return {"AccountAliases": [] if held is None else [held.name], "IsTruncated": False}


@long
def get_account_authorization_details(
    ctx: Context, request: shapes.GetAccountAuthorizationDetailsRequest
) -> shapes.GetAccountAuthorizationDetailsResponse:
    """Return all users, groups, roles and policies with what they may, a page at a time.

    Of AWS's policies those are in it that are attached.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    """
    wanted = set(request.get("Filter") or details.MEMBERS)
    found: Any = page(request, "found", _entities(ctx, wanted))
    answer: dict[str, Any] = {
        "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
    }  # fmt: skip
    for member, shape in found.pop("found"):
        answer[member].append(shape)
    whole: Any = answer | found
    return whole


def _entities(ctx: Context, wanted: set[str]) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Yield all entities of the wanted kinds, by kind and name, with their members."""
    shapes = {
        "AWSManagedPolicy": lambda: details.policies(ctx, aws_policies().values(), is_aws=True),
        "Group": lambda: details.groups(ctx),
        "LocalManagedPolicy": lambda: details.own_policies(ctx),
        "Role": lambda: details.roles(ctx),
        "User": lambda: details.users(ctx),
    }
    for kind, each in shapes.items():
        if kind in wanted:
            for name, shape in each():
                yield f"{kind}/{name}", (details.MEMBERS[kind], shape)
