"""Events: put on a bus by whoever has something to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.event_limits import EVENT_ENTRIES_BYTES_MAX
from lakebed.event_queue import LISTENING_BUSES, Happening, accept, has_room
from lakebed.services.events.model import bus_name, invalid

if TYPE_CHECKING:
    from lakebed.shapes import events as shapes

_TIME_BYTES = 14
_REQUIRED = ("Source", "DetailType", "Detail")


def put_events(ctx: Context, request: shapes.PutEventsRequest) -> shapes.PutEventsResponse:
    """Put events on buses; each is accepted, and then survives a crash, or said why it is not.

    As on AWS, an event for a bus that is not there is accepted, and goes nowhere. Global endpoints
    are not built; TraceHeader is passed over, there being no X-Ray.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    if request.get("EndpointId"):
        raise NotBuiltError("events", "PutEvents", "EndpointId")
    entries: Sequence[Mapping[str, Any]] = request["Entries"]
    if sum(map(_size, entries)) > EVENT_ENTRIES_BYTES_MAX:
        raise invalid("Total size of the entries in the request is over the limit.")
    if not has_room(ctx):
        raise AwsError("ThrottlingException", "Rate exceeded")
    results: list[Any] = [_put(ctx, one) for one in entries]
    return {
        "FailedEntryCount": sum("ErrorCode" in one for one in results),
        "Entries": results,
    }


def _put(ctx: Context, entry: Mapping[str, Any]) -> Mapping[str, str]:
    """Accept an entry, and return its id; or the error."""
    for name in _REQUIRED:
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return _refused("InvalidArgument", message)
    if entry["Source"].startswith("aws."):
        return _refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = msgspec.json.format(str(entry["Detail"]), indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return _refused("MalformedDetail", "Detail is malformed.")
    if not detail.startswith("{"):
        return _refused("MalformedDetail", "Detail is malformed.")
    bus = bus_name(ctx, entry.get("EventBusName"), "PutEvents")
    if LISTENING_BUSES.get(ctx, bus) is None:
        return {"EventId": ctx.ids.uuid()}
    happening = Happening(
        entry["Source"],
        entry["DetailType"],
        tuple(entry.get("Resources", ())),
        msgspec.Raw(detail.encode()),
    )
    return {"EventId": accept(ctx, bus, happening, entry.get("Time") or ctx.clock.now())}


def _refused(code: str, message: str) -> Mapping[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}


def _size(entry: Mapping[str, Any]) -> int:
    """Return an entry's size as AWS counts it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
    """
    texts = [entry.get(name) or "" for name in _REQUIRED] + list(entry.get("Resources", ()))
    return (_TIME_BYTES if "Time" in entry else 0) + sum(len(text.encode()) for text in texts)
