"""Parameters: put, read by name or by path, described, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import (
    PARAMETER_VERSIONS_MAX,
    PARAMETERS_MAX,
    PARAMETERS_STANDARD_MAX,
)
from lakebed.services.ssm._filters import below, filtered
from lakebed.services.ssm._pages import after, page
from lakebed.services.ssm._parameters import (
    arn_of,
    encrypted,
    invalid,
    lookup,
    metadata,
    not_found,
    remove,
    selected,
    shape,
)
from lakebed.services.ssm._puts import check_pattern, checked_name, expiry, tier_of
from lakebed.services.ssm._tags import tags_of
from lakebed.services.ssm.model import (
    DEFAULT_KEY,
    PARAMETERS,
    SECURE,
    VERSIONS,
    Parameter,
    Version,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import ssm as shapes

HIDDEN_MEMBERS = frozenset({"Value"})


def put_parameter(ctx: Context, request: shapes.PutParameterRequest) -> shapes.PutParameterResult:
    """Create a parameter, or put a new version of one if it may be overwritten.

    Values of the types aws:ec2:image and aws:ssm:integration are not built.
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """
    if request.get("DataType", "text") != "text":
        raise NotBuiltError("ssm", "PutParameter", f"DataType {request.get('DataType')}")
    name = checked_name(request["Name"])
    known = lookup(ctx, name)
    _check_overwrite(known, request)
    version = _version(ctx, name, known, request)
    if known is None:
        _check_count(ctx, version.tier)
        tags = tags_of(request.get("Tags") or [], {})
        parameter = Parameter(name, version, tags, expiry(version.policies))
    else:
        _make_room(ctx, known)
        parameter = replace(known, last=version, expires=expiry(version.policies))
    VERSIONS.put(ctx, version)
    PARAMETERS.put(ctx, parameter)
    return {"Version": version.version, "Tier": version.tier}  # pyright: ignore[reportReturnType] (a tier of the model)


def _check_overwrite(known: Parameter | None, request: shapes.PutParameterRequest) -> None:
    if request.get("Overwrite") and request.get("Tags"):
        raise invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter "
            "with tags, please remove overwrite flag. To update tags for an existing parameter, "
            "please use AddTagsToResource or RemoveTagsFromResource."
        )
    if known is not None and not request.get("Overwrite"):
        message = (
            "The parameter already exists. To overwrite this value, set the overwrite option in "
            "the request to true."
        )
        raise AwsError("ParameterAlreadyExists", message)
    if known is None and "Type" not in request:
        raise invalid("A parameter type is required when you create a parameter.")


def _version(
    ctx: Context, name: str, known: Parameter | None, request: shapes.PutParameterRequest
) -> Version:
    last = known.last if known else Version(name, 0, request.get("Type", ""), "", 0.0, "")
    kind = request.get("Type", last.type)
    if known is not None and (kind == SECURE) != (last.type == SECURE):
        message = "The parameter is of another type: delete it, and create it with the new one."
        raise AwsError("HierarchyTypeMismatchException", message)
    if "KeyId" in request and kind != SECURE:
        raise invalid("KeyId is required for SecureString type parameter only.")
    policies = request.get("Policies", last.policies)
    policies = "" if policies in ("{}", "[]", "[{}]") else policies
    expiry(policies)
    tier, pattern = tier_of(known, request, policies), request.get("AllowedPattern", last.pattern)
    value = request["Value"]
    check_pattern(pattern, value)
    key = request.get("KeyId", last.key or DEFAULT_KEY) if kind == SECURE else ""
    if kind == SECURE:
        value = encrypted(ctx, name, key, value, is_advanced=tier == "Advanced")
    return Version(
        name,
        last.version + 1,
        kind,
        value,
        ctx.clock.now(),
        ctx.principal.arn,
        key,
        request.get("Description", last.description),
        pattern,
        tier,
        policies,
    )


def _check_count(ctx: Context, tier: str) -> None:
    most = PARAMETERS_STANDARD_MAX if tier == "Standard" else PARAMETERS_MAX
    if (
        PARAMETERS.count(
            ctx,
        )
        >= most
    ):
        message = f"You have exceeded the number of parameters: {most} of the tier {tier}."
        raise AwsError("ParameterLimitExceeded", message)


def _make_room(ctx: Context, known: Parameter) -> None:
    """Delete the oldest of 100 versions, which must not have a label."""
    if VERSIONS.count(ctx, known.name) < PARAMETER_VERSIONS_MAX:
        return
    [oldest] = VERSIONS.scan(ctx, Range((known.name,), limit=1))
    if oldest.labels:
        message = (
            f"You attempted to create a new version of {known.name} by calling the PutParameter "
            f"API with the overwrite flag. Version {oldest.version}, the oldest version, can't be "
            "deleted because it has a label associated with it. Move the label to another version "
            "of the parameter, and try again."
        )
        raise AwsError("ParameterMaxVersionLimitExceeded", message)
    VERSIONS.delete(ctx, known.name, oldest.version)


def get_parameter(ctx: Context, request: shapes.GetParameterRequest) -> shapes.GetParameterResult:
    """Return a parameter: its last version, that of a number or of a label.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
    """
    _, version, selector = selected(ctx, request["Name"])
    return {"Parameter": shape(ctx, version, request.get("WithDecryption", False), selector)}


def get_parameters(
    ctx: Context, request: shapes.GetParametersRequest
) -> shapes.GetParametersResult:
    """Return up to ten parameters; names of what is not there are among the invalid ones.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
    """
    found: list[Any] = []
    missing: list[str] = []
    for name in dict.fromkeys(request["Names"]):
        try:
            _, version, selector = selected(ctx, name)
        except AwsError:
            missing.append(name)
            continue
        found.append(shape(ctx, version, request.get("WithDecryption", False), selector))
    found.sort(key=lambda one: one["Name"])
    return {"Parameters": found, "InvalidParameters": missing}


def get_parameters_by_path(
    ctx: Context, request: shapes.GetParametersByPathRequest
) -> shapes.GetParametersByPathResult:
    """Return the parameters below a path, at one level or at all.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
    """
    path, deep = request["Path"], request.get("Recursive", False)
    if not path.startswith("/"):
        raise invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must "
            'begin with a forward slash "/".'
        )
    fits = filtered(ctx, request.get("ParameterFilters") or [], is_path=True)
    base = "/" + path.strip("/") + "/" if path.strip("/") else ""
    rows = (
        one
        for one in _all(ctx, base, request)
        if below(path, one.name, is_recursive=deep) and fits(one)
    )
    found, more = page(rows, request.get("MaxResults", 10), lambda one: one.name)
    plain = request.get("WithDecryption", False)
    shown = [shape(ctx, one.last, plain) for one in found]
    return {"Parameters": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)


def describe_parameters(
    ctx: Context, request: shapes.DescribeParametersRequest
) -> shapes.DescribeParametersResult:
    """Return what is known of the parameters that fit all filters, without their values.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
    """
    for member in ("Filters", "Shared"):
        if request.get(member):
            raise NotBuiltError("ssm", "DescribeParameters", member)
    fits = filtered(ctx, request.get("ParameterFilters") or [], is_path=False)
    rows = (one for one in _all(ctx, "", request) if fits(one))
    found, more = page(rows, request.get("MaxResults", 50), lambda one: one.name)
    shown = [metadata(one.last) | {"ARN": arn_of(ctx, one.name)} for one in found]
    return {"Parameters": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)


def _all(ctx: Context, prefix: str, request: Mapping[str, Any]) -> list[Parameter]:
    """Return the parameters whose names begin with a prefix, behind the last of the page before."""
    behind = after(request)
    span = Range(start=(prefix,), end=(prefix + "\U0010ffff",))
    if behind is not None:
        span = Range(after=(behind,), end=(prefix + "\U0010ffff",))
    return [one for one in list(PARAMETERS.scan(ctx, span)) if lookup(ctx, one.name)]


def delete_parameter(
    ctx: Context, request: shapes.DeleteParameterRequest
) -> shapes.DeleteParameterResult:
    """Delete a parameter with all of its versions.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
    """
    name = request["Name"]
    if lookup(ctx, name) is None:
        raise not_found(name)
    remove(ctx, name)
    return {}


def delete_parameters(
    ctx: Context, request: shapes.DeleteParametersRequest
) -> shapes.DeleteParametersResult:
    """Delete up to ten parameters; names of what is not there are among the invalid ones.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameters.html
    """
    names = dict.fromkeys(request["Names"])
    gone = [name for name in names if lookup(ctx, name) is not None]
    for name in gone:
        remove(ctx, name)
    missing = [name for name in names if name not in gone]
    return {"DeletedParameters": gone, "InvalidParameters": missing}
