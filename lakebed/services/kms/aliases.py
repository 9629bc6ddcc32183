"""Aliases: names of keys that may be given to other keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import KMS_ALIASES_MAX
from lakebed.services.kms._keys import changeable, invalid, key_named, not_found
from lakebed.services.kms._pages import after, page
from lakebed.services.kms.model import ALIASES, Alias, replace
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes


def create_alias(ctx: Context, request: shapes.CreateAliasRequest) -> dict[str, Any]:
    """Give a key a name that no other has in account and region.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    """
    name = _checked(request["AliasName"])
    key = changeable(ctx, request["TargetKeyId"])
    now = ctx.clock.now()
    alias = Alias(ctx.account, ctx.region, name, key.id, now, now)
    if ALIASES.get(ctx, ctx.account, ctx.region, name) is not None:
        message = f"An alias with the name {alias.arn} already exists"
        raise AwsError("AlreadyExistsException", message)
    _check_count(ctx, key.id)
    ALIASES.put(ctx, alias)
    return {}


def update_alias(ctx: Context, request: shapes.UpdateAliasRequest) -> dict[str, Any]:
    """Give an alias to another key of the same kind and usage.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html
    """
    alias = _alias(ctx, request["AliasName"])
    old, new = key_named(ctx, alias.key_id), changeable(ctx, request["TargetKeyId"])
    is_symmetric = [key.spec == "SYMMETRIC_DEFAULT" for key in (old, new)]
    if old.usage != new.usage or is_symmetric[0] != is_symmetric[1]:
        raise invalid("The current and new key must be the same type and have the same key usage.")
    if old.id != new.id:
        _check_count(ctx, new.id)
    ALIASES.put(ctx, replace(alias, key_id=new.id, updated=ctx.clock.now()))
    return {}


def delete_alias(ctx: Context, request: shapes.DeleteAliasRequest) -> dict[str, Any]:
    """Delete an alias; its key stays.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html
    """
    alias = _alias(ctx, request["AliasName"])
    ALIASES.delete(ctx, alias.account, alias.region, alias.name)
    return {}


def list_aliases(ctx: Context, request: shapes.ListAliasesRequest) -> shapes.ListAliasesResponse:
    """List the aliases of account and region, or of one key.

    AWS lists aliases of its services that have no key yet, too.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html
    """
    size, place = request.get("Limit", 50), (ctx.account, ctx.region)
    span = Range(place, after=after(request), limit=size + 1)
    if "KeyId" in request:
        key = key_named(ctx, request["KeyId"], with_aliases=False)
        span = Range((*place, key.id), after=after(request), limit=size + 1, index="key")
    found, more = page(ALIASES.scan(ctx, span), size, lambda alias: alias.name)
    shown = [
        {
            "AliasName": alias.name,
            "AliasArn": alias.arn,
            "TargetKeyId": alias.key_id,
            "CreationDate": alias.created,
            "LastUpdatedDate": alias.updated,
        }
        for alias in found
    ]
    return {"Aliases": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)


def _checked(name: str) -> str:
    if not name.startswith("alias/"):
        raise invalid(
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if name == "alias/":
        raise invalid("Invalid identifier")
    if not re.fullmatch(r"alias/[a-zA-Z0-9/_-]+", name):
        message = f"{name} contains invalid characters for an alias"
        raise AwsError("InvalidAliasNameException", message)
    if name.startswith("alias/aws/") or name == "alias/aws":
        raise AwsError("NotAuthorizedException", "The prefix alias/aws/ is reserved for AWS.")
    return name


def _alias(ctx: Context, name: str) -> Alias:
    alias = ALIASES.get(ctx, ctx.account, ctx.region, _checked(name))
    if alias is None:
        raise not_found(f"Alias arn:aws:kms:{ctx.region}:{ctx.account}:{name} is not found.")
    return alias


def _check_count(ctx: Context, key_id: str) -> None:
    span = Range((ctx.account, ctx.region, key_id), index="key", limit=KMS_ALIASES_MAX)
    if len(list(ALIASES.scan(ctx, span))) >= KMS_ALIASES_MAX:
        message = f"A key has at most {KMS_ALIASES_MAX} aliases."
        raise AwsError("LimitExceededException", message)
