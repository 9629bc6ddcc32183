"""Values of secrets: read by label or version, and put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.secretsmanager._filters import fits
from lakebed.services.secretsmanager._pages import page
from lakebed.services.secretsmanager._secrets import (
    given_value,
    holder_of,
    invalid,
    invalid_request,
    live,
    not_found,
    opened,
    usable,
    with_value,
)
from lakebed.services.secretsmanager.model import CURRENT, SECRETS, Secret, replace
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import secretsmanager as shapes

HIDDEN_MEMBERS = frozenset({"SecretString", "SecretBinary"})
_DAY_SECONDS = 86_400


def get_secret_value(
    ctx: Context, request: shapes.GetSecretValueRequest
) -> shapes.GetSecretValueResponse:
    """Return the value of a version: the current one, that of a label, or of an id.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """
    secret = usable(ctx, request["SecretId"])
    name = _version(secret, request)
    version = secret.versions[name]
    value, is_text = opened(ctx, secret, name)
    today = ctx.clock.now() // _DAY_SECONDS * _DAY_SECONDS
    if secret.accessed != today or version.accessed != today:
        versions = {**secret.versions, name: replace(version, accessed=today)}
        SECRETS.put(ctx, replace(secret, accessed=today, versions=versions))
    answer: dict[str, Any] = {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": name,
        "VersionStages": list(version.stages),
        "CreatedDate": version.created,
        "SecretString" if is_text else "SecretBinary": value.decode() if is_text else value,
    }
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def _version(secret: Secret, request: shapes.GetSecretValueRequest) -> str:
    name, stage = request.get("VersionId"), request.get("VersionStage")
    holder = holder_of(secret, stage or CURRENT)
    missing = "Secrets Manager can't find the specified secret value for "
    if name is not None:
        if name not in secret.versions:
            raise not_found(f"{missing}VersionId: {name}")
        if stage is not None and holder != name:
            raise invalid_request("You provided a VersionStage that is not associated to the "
                                  "provided VersionId.")  # fmt: skip
        return name
    if holder is None:
        raise not_found(f"{missing}staging label: {stage or CURRENT}")
    return holder


def put_secret_value(
    ctx: Context, request: shapes.PutSecretValueRequest
) -> shapes.PutSecretValueResponse:
    """Put a new version; it becomes the current one unless other labels are given.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """
    if request.get("RotationToken"):
        raise NotBuiltError("secretsmanager", "PutSecretValue", "RotationToken")
    secret, value = usable(ctx, request["SecretId"]), given_value(request)
    if value is None:
        raise invalid_request("You must provide either SecretString or SecretBinary.")
    name = request.get("ClientRequestToken") or ctx.ids.uuid()
    stages = request.get("VersionStages") or [CURRENT]
    if not any(one.stages for one in secret.versions.values()) and CURRENT not in stages:
        stages = [*stages, CURRENT]
    secret = with_value(ctx, secret, name, value, stages)
    SECRETS.put(ctx, secret)
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": name,
        "VersionStages": list(secret.versions[name].stages),
    }


def batch_get_secret_value(
    ctx: Context, request: shapes.BatchGetSecretValueRequest
) -> shapes.BatchGetSecretValueResponse:
    """Return the current values of up to 20 secrets, by name or by filters.

    What the caller may not read is among the errors.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
    """
    names, filters = request.get("SecretIdList"), request.get("Filters")
    if bool(names) == bool(filters):
        raise invalid("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if names and ("MaxResults" in request or "NextToken" in request):
        message = "Invalid parameter: MaxResults can only be used with Filters."
        raise invalid(message)
    more: dict[str, Any] = {}
    if filters:
        found = [
            one.arn
            for one in list(SECRETS.scan(ctx, Range((ctx.account, ctx.region))))
            if live(ctx, one) and not one.deletion and fits(one, filters)
        ]
        names, more = page(found, request, 20)
    values: list[Any] = []
    errors: list[Any] = []
    for name in names or ():
        try:
            values.append(ctx.aws.secretsmanager.get_secret_value({"SecretId": name}))
        except AwsError as error:
            errors.append({"SecretId": name, "ErrorCode": error.code, "Message": error.message})
    return {"SecretValues": values, "Errors": errors, **more}  # pyright: ignore[reportReturnType] (members of pages)
