"""Versions of parameters: their history, and the labels that name them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import PARAMETER_LABELS_MAX
from lakebed.services.ssm._pages import after, page
from lakebed.services.ssm._parameters import chosen, decrypted, lookup, metadata, not_found
from lakebed.services.ssm.model import PARAMETERS, VERSIONS, Parameter, Version, replace
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import ssm as shapes

_LABEL = re.compile(r"(?!aws|ssm|[0-9])[a-zA-Z0-9_.-]{1,100}", re.IGNORECASE)


def get_parameter_history(
    ctx: Context, request: shapes.GetParameterHistoryRequest
) -> shapes.GetParameterHistoryResult:
    """Return the versions of a parameter, from the oldest on.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
    """
    name = _found(ctx, request["Name"]).name
    behind = after(request)
    start = (int(behind),) if behind else None
    rows = VERSIONS.scan(ctx, Range((name,), after=start))
    found, more = page(rows, request.get("MaxResults", 50), lambda one: str(one.version))
    plain = request.get("WithDecryption", False)
    shown: list[Any] = [
        {
            **metadata(one),
            "Value": decrypted(ctx, one) if plain else one.value,
            "Labels": list(one.labels),
        }
        for one in found
    ]
    return {"Parameters": shown, **more}  # pyright: ignore[reportReturnType] (members of pages)


def label_parameter_version(
    ctx: Context, request: shapes.LabelParameterVersionRequest
) -> shapes.LabelParameterVersionResult:
    """Give labels to a version, from the versions that have them; what is no label is answered.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
    """
    parameter = _found(ctx, request["Name"])
    number = request.get("ParameterVersion", parameter.last.version)
    version = chosen(ctx, parameter, str(number))
    good = [one for one in request["Labels"] if _LABEL.fullmatch(one)]
    labels = tuple(dict.fromkeys((*version.labels, *good)))
    if len(labels) > PARAMETER_LABELS_MAX:
        message = (
            "An error occurred (ParameterVersionLabelLimitExceeded) when calling the "
            "LabelParameterVersion operation: A parameter version can have maximum "
            f"{PARAMETER_LABELS_MAX} labels.Move one or more labels to another version and try "
            "again."
        )
        raise AwsError("ParameterVersionLabelLimitExceeded", message)
    for one in list(VERSIONS.scan(ctx, Range((parameter.name,)))):
        if one.version != number and set(one.labels) & set(good):
            _relabel(ctx, parameter, one, tuple(each for each in one.labels if each not in good))
    _relabel(ctx, parameter, version, labels)
    bad = [one for one in request["Labels"] if one not in good]
    return {"InvalidLabels": bad, "ParameterVersion": number}


def unlabel_parameter_version(
    ctx: Context, request: shapes.UnlabelParameterVersionRequest
) -> shapes.UnlabelParameterVersionResult:
    """Take labels from a version.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UnlabelParameterVersion.html
    """
    parameter = _found(ctx, request["Name"])
    version = chosen(ctx, parameter, str(request["ParameterVersion"]))
    gone = [one for one in request["Labels"] if one in version.labels]
    _relabel(ctx, parameter, version, tuple(one for one in version.labels if one not in gone))
    return {
        "RemovedLabels": gone,
        "InvalidLabels": [one for one in request["Labels"] if one not in gone],
    }


def _relabel(ctx: Context, parameter: Parameter, version: Version, labels: tuple[str, ...]) -> None:
    changed = replace(version, labels=labels)
    VERSIONS.put(ctx, changed)
    if version.version == parameter.last.version:
        PARAMETERS.put(ctx, replace(parameter, last=changed))


def _found(ctx: Context, name: str) -> Parameter:
    parameter = lookup(ctx, name)
    if parameter is None:
        raise not_found(name)
    return parameter
