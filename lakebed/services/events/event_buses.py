"""Event buses: the default one, to which services tell what happens, and users' own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.event_limits import EVENT_BUSES_MAX
from lakebed.event_queue import DEFAULT_BUS
from lakebed.services.events._pages import after, page
from lakebed.services.events._tags import tags_of
from lakebed.services.events.model import (
    BUSES,
    RULES,
    Bus,
    bus_arn,
    find_bus,
    invalid,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import events as shapes

_UNBUILT = ("EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def create_event_bus(
    ctx: Context, request: shapes.CreateEventBusRequest
) -> shapes.CreateEventBusResponse:
    """Create a bus of one's own; partners' events, keys, and queues for what fails are not built.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
    """
    for member in _UNBUILT:
        if request.get(member):
            raise NotBuiltError("events", "CreateEventBus", member)
    name, description = request["Name"], request.get("Description", "")
    if "/" in name:
        # Only that it is refused is documented, the sentence is ours.
        raise invalid("Parameter Name is not valid. Reason: a custom bus has no / in its name.")
    row = Bus(name, ctx.clock.now(), description, tags_of(request.get("Tags", ())))
    if name == DEFAULT_BUS or not BUSES.insert(ctx, row):
        raise AwsError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    if BUSES.count(ctx) > EVENT_BUSES_MAX:
        raise AwsError(
            "LimitExceededException", "The requested resource exceeds the maximum number allowed."
        )
    answer: shapes.CreateEventBusResponse = {"EventBusArn": bus_arn(ctx, name)}
    if description:
        answer["Description"] = description
    return answer


def describe_event_bus(
    ctx: Context, request: shapes.DescribeEventBusRequest
) -> shapes.DescribeEventBusResponse:
    """Return a bus, the default one if none is named. None has a policy: those are not built.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html
    """
    name = find_bus(ctx, request.get("Name"), "DescribeEventBus")
    return _shape(ctx, name, BUSES.get(ctx, name))


def list_event_buses(
    ctx: Context, request: shapes.ListEventBusesRequest
) -> shapes.ListEventBusesResponse:
    """Return the buses by name, the default one among them, a page at a time.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListEventBuses.html
    """
    found, token = page(_buses(ctx, request), request, lambda one: one["Name"])
    return cast("shapes.ListEventBusesResponse", {"EventBuses": found, **token})


def delete_event_bus(ctx: Context, request: shapes.DeleteEventBusRequest) -> None:
    """Delete a bus of one's own that has no rules; one that is not there is no error.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html
    """
    name = request["Name"]
    if name == DEFAULT_BUS:
        raise invalid("Cannot delete event bus default.")
    if RULES.count(ctx, name):
        raise invalid("Event bus can't be deleted since it has rules.")
    BUSES.delete(ctx, name)


def _buses(ctx: Context, request: Mapping[str, Any]) -> Iterator[Any]:
    last, prefix = after(request), request.get("NamePrefix", "")
    # Bounded: an account has at most 100 buses.
    rows = {row.name: row for row in BUSES.scan(ctx, Range())}
    for name in sorted({DEFAULT_BUS, *rows}):
        if name > last and name.startswith(prefix):
            yield _shape(ctx, name, rows.get(name))


def _shape(ctx: Context, name: str, row: Bus | None) -> Any:
    shown: dict[str, Any] = {"Name": name, "Arn": bus_arn(ctx, name)}
    if row is not None and name != DEFAULT_BUS:
        # When the default one was created is nowhere written down.
        shown |= {"CreationTime": row.created, "LastModifiedTime": row.created}
    if row is not None and row.description:
        shown["Description"] = row.description
    return shown
