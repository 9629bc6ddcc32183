"""Secrets: created, described, found, changed, deleted after a window in which they come back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import SECRETS_MAX
from lakebed.services.secretsmanager._filters import fits
from lakebed.services.secretsmanager._pages import page
from lakebed.services.secretsmanager._secrets import (
    given_value,
    invalid,
    invalid_request,
    live,
    lookup,
    relocked,
    remove,
    secret_named,
    suffix,
    usable,
    with_value,
)
from lakebed.services.secretsmanager._tags import tags_of
from lakebed.services.secretsmanager.model import (
    CURRENT,
    DEFAULT_KEY,
    SECRETS,
    Secret,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import secretsmanager as shapes

HIDDEN_MEMBERS = frozenset({"SecretString", "SecretBinary"})
_DAY_SECONDS = 86_400.0
_WINDOW_DAYS = 30
_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")


def create_secret(ctx: Context, request: shapes.CreateSecretRequest) -> shapes.CreateSecretResponse:
    """Create a secret, with its first version if a value is given.

    Replicas in other regions and secrets managed by other parties are not built.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    for member in ("AddReplicaRegions", "Type", "CrossAccountPrimaryARN"):
        if request.get(member):
            raise NotBuiltError("secretsmanager", "CreateSecret", member)
    name, value = request["Name"], given_value(request)
    token = request.get("ClientRequestToken") or ctx.ids.uuid()
    if not _NAME.fullmatch(name):
        raise invalid(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
            "following: -/_+=.@!"
        )
    known = live(ctx, SECRETS.get(ctx, ctx.account, ctx.region, name))
    if known is not None:
        return _again(ctx, known, token, value)
    if SECRETS.count(ctx, ctx.account, ctx.region) >= SECRETS_MAX:
        message = f"An account has at most {SECRETS_MAX} secrets."
        raise AwsError("LimitExceededException", message)
    now = ctx.clock.now()
    secret = Secret(
        ctx.account,
        ctx.region,
        name,
        suffix(),
        now,
        now,
        request.get("Description", ""),
        _key(request.get("KmsKeyId", "")),
        tags_of(request.get("Tags") or [], {}),
    )
    if value is not None:
        secret = with_value(ctx, secret, token, value, (CURRENT,))
    SECRETS.put(ctx, secret)
    answer: shapes.CreateSecretResponse = {"ARN": secret.arn, "Name": name}
    if value is not None:
        answer["VersionId"] = token
    return answer


def _again(
    ctx: Context, secret: Secret, token: str, value: tuple[bytes, bool] | None
) -> shapes.CreateSecretResponse:
    """Answer a request that creates a secret that is there: the same one once more, or not."""
    if secret.deletion:
        raise invalid_request(
            "You can't create this secret because a secret with this name is already scheduled "
            "for deletion."
        )
    if value is None or token not in secret.versions:
        message = f"The operation failed because the secret {secret.name} already exists."
        raise AwsError("ResourceExistsException", message)
    with_value(ctx, secret, token, value, ())
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": token}


def _key(name: str) -> str:
    """Return the key of a request as it is kept: nothing for the service's own."""
    return "" if name == DEFAULT_KEY else name


def update_secret(ctx: Context, request: shapes.UpdateSecretRequest) -> shapes.UpdateSecretResponse:
    """Change description, key or value; a value is a new version, which becomes the current one.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html
    """
    if request.get("Type"):
        raise NotBuiltError("secretsmanager", "UpdateSecret", "Type")
    secret, value = usable(ctx, request["SecretId"]), given_value(request)
    token = request.get("ClientRequestToken") or ctx.ids.uuid()
    description = request.get("Description", secret.description)
    secret = replace(secret, description=description, changed=ctx.clock.now())
    if "KmsKeyId" in request and _key(request["KmsKeyId"]) != secret.key:
        secret = relocked(ctx, secret, _key(request["KmsKeyId"]))
    answer: shapes.UpdateSecretResponse = {"ARN": secret.arn, "Name": secret.name}
    if value is not None:
        secret = with_value(ctx, secret, token, value, (CURRENT,))
        answer["VersionId"] = token
    SECRETS.put(ctx, secret)
    return answer


def describe_secret(
    ctx: Context, request: shapes.DescribeSecretRequest
) -> shapes.DescribeSecretResponse:
    """Return what is known of a secret, without its value.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    secret = secret_named(ctx, request["SecretId"])
    shape = _shape(secret)
    stages = shape.pop("SecretVersionsToStages", None)
    if stages:
        shape["VersionIdsToStages"] = stages
    return shape  # pyright: ignore[reportReturnType] (built by its members' names)


_SORTS = {
    "created-date": "created",
    "last-changed-date": "changed",
    "last-accessed-date": "accessed",
    "name": "name",
}


def list_secrets(ctx: Context, request: shapes.ListSecretsRequest) -> shapes.ListSecretsResponse:
    """List the secrets of account and region that fit all filters.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    """
    filters = request.get("Filters") or []
    with_deleted = request.get("IncludePlannedDeletion", False)
    found = [
        one
        for one in list(SECRETS.scan(ctx, Range((ctx.account, ctx.region))))
        if live(ctx, one) and (with_deleted or not one.deletion) and fits(one, filters)
    ]
    member = _SORTS[request.get("SortBy", "created-date")]
    found.sort(key=lambda one: getattr(one, member), reverse=request.get("SortOrder") == "desc")
    some, more = page(found, request, 100)
    shown = [_shape(one) for one in some]
    return {"SecretList": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)


def delete_secret(ctx: Context, request: shapes.DeleteSecretRequest) -> shapes.DeleteSecretResponse:
    """Delete a secret after 7 to 30 days, or at once if that is forced.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
    """
    is_forced, now = request.get("ForceDeleteWithoutRecovery", False), ctx.clock.now()
    days = request.get("RecoveryWindowInDays", _WINDOW_DAYS)
    if is_forced and "RecoveryWindowInDays" in request:
        raise invalid(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )
    if not 7 <= days <= 30:
        raise invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
    if is_forced and lookup(ctx, request["SecretId"]) is None:
        # AWS answers as if it had been there.
        gone = Secret(ctx.account, ctx.region, request["SecretId"], suffix(), now, now)
        arn = gone.name if gone.name.startswith("arn:") else gone.arn
        return {"ARN": arn, "Name": gone.name, "DeletionDate": now}  # pyright: ignore[reportReturnType] (times are seconds here)
    if is_forced:
        secret, due = secret_named(ctx, request["SecretId"]), now
        remove(ctx, secret)
    else:
        secret, due = usable(ctx, request["SecretId"]), now + days * _DAY_SECONDS
        SECRETS.put(ctx, replace(secret, deletion=due))
    return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": due}  # pyright: ignore[reportReturnType] (times are seconds here)


def restore_secret(
    ctx: Context, request: shapes.RestoreSecretRequest
) -> shapes.RestoreSecretResponse:
    """Keep a secret that is waiting to be deleted.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
    """
    secret = secret_named(ctx, request["SecretId"])
    SECRETS.put(ctx, replace(secret, deletion=0.0))
    return {"ARN": secret.arn, "Name": secret.name}


def _shape(secret: Secret) -> Any:
    shape: dict[str, Any] = {
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": secret.created,
        "LastChangedDate": secret.changed,
    }
    texts = (
        ("Description", secret.description),
        ("KmsKeyId", secret.key),
        ("LastAccessedDate", secret.accessed),
        ("DeletedDate", secret.deletion),
    )
    shape |= {member: value for member, value in texts if value}
    if secret.tags:
        shape["Tags"] = [{"Key": key, "Value": value} for key, value in secret.tags.items()]
    stages = {name: list(one.stages) for name, one in secret.versions.items() if one.stages}
    if stages:
        shape["SecretVersionsToStages"] = stages
    return shape
