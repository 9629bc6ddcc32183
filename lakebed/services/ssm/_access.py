"""Which permissions the operations of Parameter Store need.

https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.govern.decision import Need
from lakebed.services.ssm._parameters import arn_of, lookup


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return what an operation needs: of each parameter it names, or of the path."""
    action = "ssm:" + "".join(word.capitalize() for word in operation.split("_"))
    return [Need(action, arn, ctx.account) for arn in _arns(ctx, request) or ["*"]]


def _arns(ctx: Context, request: Mapping[str, Any]) -> list[str]:
    return [arn_of(ctx, name) for name in _names(ctx, request)]


def _names(ctx: Context, request: Mapping[str, Any]) -> list[str]:
    """Return the names of a request, without what says which version is meant."""
    names = [*(request.get("Names") or ())]
    names += [request[one] for one in ("Name", "Path", "ResourceId") if one in request]
    base = arn_of(ctx, "")
    return [name.removeprefix(base).strip().partition(":")[0].rstrip("/") for name in names]


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a request.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
    """
    found: dict[str, str | tuple[str, ...]] = {}
    if "Overwrite" in request:
        found["ssm:overwrite"] = str(request["Overwrite"]).lower()
    if operation == "get_parameters_by_path":
        found["ssm:recursive"] = str(request.get("Recursive", False)).lower()
    if "Policies" in request:
        found["ssm:policies"] = request["Policies"]
    for tag in request.get("Tags") or ():
        found[f"aws:requesttag/{tag['Key'].lower()}"] = tag["Value"]
    names = _names(ctx, request)
    parameter = lookup(ctx, names[0]) if len(names) == 1 else None
    if parameter is not None:
        for name, value in parameter.tags.items():
            found[f"aws:resourcetag/{name.lower()}"] = value
            found[f"ssm:resourcetag/{name.lower()}"] = value
    return found
