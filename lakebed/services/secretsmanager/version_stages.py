"""Versions of secrets and the labels that say which is which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.secretsmanager._pages import page
from lakebed.services.secretsmanager._secrets import (
    holder_of,
    invalid,
    moved,
    not_found,
    secret_named,
    usable,
)
from lakebed.services.secretsmanager.model import CURRENT, SECRETS, Version, replace

if TYPE_CHECKING:
    from lakebed.shapes import secretsmanager as shapes


def update_secret_version_stage(
    ctx: Context, request: shapes.UpdateSecretVersionStageRequest
) -> shapes.UpdateSecretVersionStageResponse:
    """Give a label to a version, take it from one, or both.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    """
    secret, stage = usable(ctx, request["SecretId"]), request["VersionStage"]
    source, target = request.get("RemoveFromVersionId"), request.get("MoveToVersionId")
    holder = holder_of(secret, stage)
    for name in (source, target):
        if name is not None and name not in secret.versions:
            raise not_found(
                f"Secrets Manager can't find the specified secret value for VersionId: {name}"
            )
    if source is not None and source != holder:
        raise invalid(f"The staging label {stage} isn't currently attached to version {source}.")
    if holder is not None and source is None and holder != target:
        raise invalid(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently "
            f"attached to version {holder}, so you must explicitly reference that version in "
            "RemoveFromVersionId."
        )
    if source is None and target is None:
        raise invalid("You must specify either RemoveFromVersionId or MoveToVersionId.")
    if stage == CURRENT and target is None:
        message = "You can only move staging label AWSCURRENT to a different secret version. It "
        raise invalid(f"{message}can't be completely removed.")
    SECRETS.put(ctx, replace(moved(secret, stage, target), changed=ctx.clock.now()))
    return {"ARN": secret.arn, "Name": secret.name}


def list_secret_version_ids(
    ctx: Context, request: shapes.ListSecretVersionIdsRequest
) -> shapes.ListSecretVersionIdsResponse:
    """List the versions of a secret: those with labels, or all.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
    """
    secret = secret_named(ctx, request["SecretId"])
    wants_all = request.get("IncludeDeprecated", False)
    found = [(name, one) for name, one in secret.versions.items() if wants_all or one.stages]
    some, more = page(found, request, 100)
    answer: dict[str, Any] = {"ARN": secret.arn, "Name": secret.name, **more}
    answer["Versions"] = [_shape(name, one) for name, one in some]
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def _shape(name: str, version: Version) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "VersionId": name,
        "CreatedDate": version.created,
        "KmsKeyIds": [version.key or "DefaultEncryptionKey"],
    }
    if version.stages:
        shape["VersionStages"] = list(version.stages)
    if version.accessed:
        shape["LastAccessedDate"] = version.accessed
    return shape
