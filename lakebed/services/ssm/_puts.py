"""What PutParameter checks before it writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import (
    PARAMETER_ADVANCED_BYTES_MAX,
    PARAMETER_LEVELS_MAX,
    PARAMETER_POLICIES_MAX,
    PARAMETER_STANDARD_BYTES_MAX,
)
from lakebed.services.ssm._parameters import invalid
from lakebed.services.ssm.model import Parameter

_NAME = re.compile(r"[a-zA-Z0-9_.\-/]{1,1011}")
_RESERVED = re.compile(r"/?(aws|ssm)", re.IGNORECASE)
_OPERATION = "PutParameter"


def checked_name(given: str) -> str:
    """Return the name of a new parameter."""
    name = given.strip()
    if name.startswith("arn:") or not _NAME.fullmatch(name):
        raise invalid(
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a '
            "path, it can consist of sub-paths divided by slash symbol; each sub-path can be "
            "formed as a mix of letters, numbers and the following 3 symbols .-_"
        )
    if _RESERVED.match(name):
        if name.lower().startswith(("/aws", "aws")):
            raise AwsError(
                "AccessDeniedException", f"No access to reserved parameter name: {name}."
            )
        raise invalid('Parameter name: can\'t be prefixed with "ssm" (case-insensitive).')
    if "/" in name and not name.startswith("/"):
        message = "Parameter name must be a fully qualified name: it begins with a slash."
        raise invalid(message)
    if name.endswith("/") or "//" in name:
        raise invalid("Parameter name must not end with a slash, or have two in a row.")
    if name.count("/") > PARAMETER_LEVELS_MAX:
        message = (
            f"Hierarchies have at most {PARAMETER_LEVELS_MAX} levels: name a parameter of fewer."
        )
        raise AwsError("HierarchyLevelLimitExceededException", message)
    return name


def tier_of(known: Parameter | None, request: Mapping[str, Any], policies: str) -> str:
    """Return the tier of the new version; a parameter that is advanced stays so."""
    size = len(request["Value"].encode())
    tier = request.get("Tier", "Standard")
    if tier == "Intelligent-Tiering":
        tier = "Advanced" if size > PARAMETER_STANDARD_BYTES_MAX or policies else "Standard"
    if known is not None and known.last.tier == "Advanced":
        if request.get("Tier") == "Standard":
            raise invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter "
                "from the advanced-parameter tier to the standard-parameter tier."
            )
        tier = "Advanced"
    most = PARAMETER_STANDARD_BYTES_MAX if tier == "Standard" else PARAMETER_ADVANCED_BYTES_MAX
    if size > most:
        raise invalid(
            f"{tier} tier parameters support a maximum parameter value of {most} characters."
        )
    if policies and tier == "Standard":
        message = "Parameter policies need the advanced-parameter tier."
        raise invalid(message)
    return tier


def check_pattern(pattern: str, value: str) -> None:
    """Refuse a value that the parameter's own pattern does not allow."""
    try:
        is_allowed = not pattern or re.search(pattern, value) is not None
    except re.error:
        message = f"The allowed pattern is not a regular expression: {pattern}"
        raise AwsError("InvalidAllowedPatternException", message) from None
    if not is_allowed:
        message = f"Parameter value, cannot be validated against allowedPattern: {pattern}"
        raise AwsError("ParameterPatternMismatchException", message)


def expiry(policies: str) -> float:
    """Return when the policies let a parameter expire, 0 for never; notifications are not built.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
    """
    if not policies:
        return 0.0
    try:
        many = msgspec.json.decode(policies, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        message = "The policies are not an array of JSON objects."
        raise AwsError("InvalidPolicyTypeException", message) from None
    if len(many) > PARAMETER_POLICIES_MAX:
        message = f"A parameter has at most {PARAMETER_POLICIES_MAX} policies."
        raise AwsError("PoliciesLimitExceededException", message)
    found = 0.0
    for one in many:
        kind = one.get("Type")
        if kind in ("ExpirationNotification", "NoChangeNotification"):
            raise NotBuiltError("ssm", _OPERATION, f"a policy of the type {kind}")
        if kind != "Expiration":
            raise AwsError("InvalidPolicyTypeException", f"The policy type {kind} is not valid.")
        try:
            given = str(one["Attributes"]["Timestamp"])
            found = datetime.fromisoformat(given).timestamp()
        except (KeyError, TypeError, ValueError):
            message = "An Expiration policy has a Timestamp in the form of ISO 8601."
            raise AwsError("InvalidPolicyAttributeException", message) from None
    return found
