"""Event selectors: which events a trail delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.cloudtrail._records import field_of
from lakebed.services.cloudtrail.model import (
    DEFAULT_SELECTORS,
    TRAILS,
    arn_of,
    find_trail,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import cloudtrail as shapes

_SELECTORS_MAX = 5
_OBJECTS = "AWS::S3::Object"


def put_event_selectors(
    ctx: Context, request: shapes.PutEventSelectorsRequest
) -> shapes.PutEventSelectorsResponse:
    """Say which events a trail delivers: management events, and data events of S3 objects.

    Data events of other kinds of resources than S3's objects are not built: there are none.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
    """
    trail = find_trail(ctx, request["TrailName"])
    plain, advanced = request.get("EventSelectors"), request.get("AdvancedEventSelectors")
    if bool(plain) == bool(advanced):
        message = "Specify either EventSelectors or AdvancedEventSelectors."
        raise AwsError("InvalidEventSelectorsException", message)
    if len(plain or ()) > _SELECTORS_MAX:
        message = f"A trail has at most {_SELECTORS_MAX} event selectors."
        raise AwsError("InvalidEventSelectorsException", message)
    selectors: tuple[Any, ...] = tuple({**DEFAULT_SELECTORS[0], **one} for one in plain or ())
    for one in selectors:
        for resource in one["DataResources"]:
            if resource.get("Type") != _OBJECTS:
                raise NotBuiltError("cloudtrail", "PutEventSelectors", str(resource.get("Type")))
    kept: tuple[dict[str, Any], ...] = tuple({**one} for one in advanced or ())
    for one in kept:
        _check_advanced(one)
    trail = replace(trail, selectors=selectors, advanced=kept)
    TRAILS.put(ctx, trail)
    answer: dict[str, Any] = {"TrailARN": arn_of(trail)}
    if selectors:
        answer["EventSelectors"] = list(selectors)
    if kept:
        answer["AdvancedEventSelectors"] = list(kept)
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def get_event_selectors(
    ctx: Context, request: shapes.GetEventSelectorsRequest
) -> shapes.GetEventSelectorsResponse:
    """Return which events a trail delivers.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html
    """
    trail = find_trail(ctx, request["TrailName"])
    answer: dict[str, Any] = {"TrailARN": arn_of(trail)}
    if trail.advanced:
        answer["AdvancedEventSelectors"] = list(trail.advanced)
    else:
        answer["EventSelectors"] = list(trail.selectors or DEFAULT_SELECTORS)
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def _check_advanced(selector: dict[str, Any]) -> None:
    category = field_of(selector, "eventCategory")
    if category not in (["Management"], ["Data"]):
        message = "Each advanced event selector needs eventCategory Equals Management or Data."
        raise AwsError("InvalidEventSelectorsException", message)
    kinds = field_of(selector, "resources.type")
    if category == ["Data"] and kinds != [_OBJECTS]:
        raise NotBuiltError("cloudtrail", "PutEventSelectors", f"resources.type {kinds}")
