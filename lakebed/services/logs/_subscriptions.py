"""What subscription filters hand on: a group's matching events, compressed, into a stream.

The events and what is handed on of them are one commit. A destination that is gone, or refuses the
role, loses what it does not take (AWS tries for 24 hours); the server's log says so.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import LOG_SUBSCRIBED_BYTES_MAX
from lakebed.govern import service_roles
from lakebed.services.logs._event_pages import event_id
from lakebed.services.logs._events import Batch
from lakebed.services.logs._filter_pattern import compile_pattern
from lakebed.services.logs.model import GROUP_SIZES, LogGroup, LogStream, Subscription, invalid

log = logging.getLogger("lakebed.logs")

_SESSION = "CWLogsToDestination"
_NAMES = {"firehose": "Firehose", "kinesis": "Kinesis"}
_VENDORS = ("kinesis", "firehose", "lambda", "logs", "es")


def checked_destination(ctx: Context, arn: str, role: str) -> None:
    """Refuse a destination that is none, is not built, or does not take a role's message.

    As AWS does, a test message is sent; the consumer finds it among the others.
    """
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] not in _VENDORS:
        raise invalid("Invalid destination ARN.")
    vendor = parts[2]
    if vendor not in _NAMES:
        raise NotBuiltError("logs", "PutSubscriptionFilter", f"destinations of {vendor}")
    if not role:
        raise invalid(f"destinationArn for vendor {vendor} cannot be used without roleArn")
    named = service_roles.named(role)
    if named is None or service_roles.refuses(ctx, named, _service(ctx, named)):
        message = f"Could not assume role {role}. Check if the role trusts CloudWatch Logs."
        raise invalid(message)


def check_delivery(ctx: Context, group: LogGroup, subscription: Subscription) -> None:
    """Send the message that shows whether a destination takes any."""
    said = f"CWL CONTROL MESSAGE: Checking health of destination {_name(subscription)}."
    event = {"id": "", "timestamp": int(ctx.clock.now() * 1000), "message": said}
    whole = _whole("CONTROL_MESSAGE", group.account, "", "", subscription, [event])
    try:
        with ctx.store.savepoint():
            _send(ctx, subscription, "", whole)
    except AwsError as error:
        name = _name(subscription)
        message = (
            f"Could not deliver test message to specified {name} stream. Check if the given "
            f"{name} stream is in ACTIVE state."
        )
        log.warning("the test message of %s: %s", subscription.name, error)
        raise invalid(message) from error


def hand_on(ctx: Context, group: LogGroup, stream: LogStream, batch: Batch) -> None:
    """Hand on what a batch, which was just kept, has for the group's subscriptions."""
    size = GROUP_SIZES.get(ctx, group.id)
    first = 1 + (0 if size is None else size.last_number) - len(batch.times)
    for subscription in group.subscriptions:
        keep = compile_pattern(subscription.pattern).matches if subscription.pattern else None
        events = [
            {"id": event_id((time, first + at)), "timestamp": time, "message": message}
            for at, (time, message) in enumerate(zip(batch.times, batch.messages, strict=True))
            if keep is None or keep(message)
        ]
        for part in _parts(events):
            whole = _whole(
                "DATA_MESSAGE", group.account, group.name, stream.name, subscription, part
            )
            try:
                with ctx.store.savepoint():
                    _send(ctx, subscription, stream.name, whole)
            except AwsError as error:
                log.warning("the subscription %s of %s: %s", subscription.name, group.name, error)


def _parts(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut events into messages that are short enough however badly they compress."""
    parts: list[list[dict[str, Any]]] = []
    size = 0
    for event in events:
        length = len(json.dumps(event["message"])) + 100
        if not parts or size + length > LOG_SUBSCRIBED_BYTES_MAX:
            parts.append([])
            size = 0
        parts[-1].append(event)
        size += length
    return parts


def _whole(  # noqa: PLR0913 (what a message says)
    kind: str,
    owner: str,
    group: str,
    stream: str,
    subscription: Subscription,
    events: Sequence[dict[str, Any]],
) -> bytes:
    said = {
        "messageType": kind,
        "owner": owner if kind == "DATA_MESSAGE" else "CloudwatchLogs",
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [subscription.name] if kind == "DATA_MESSAGE" else [],
        "logEvents": list(events),
    }
    return gzip.compress(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _send(ctx: Context, subscription: Subscription, stream: str, data: bytes) -> None:
    named = service_roles.named(subscription.role)
    assert named is not None
    principal = service_roles.session_of(ctx, named, _service(ctx, named), _SESSION)
    region = subscription.destination.split(":")[3]
    ctx = msgspec.structs.replace(ctx, principal=principal, region=region)
    if _name(subscription) == "Firehose":
        ctx.aws.firehose.put_record(
            {"DeliveryStreamName": _stream(subscription), "Record": {"Data": data}}
        )
        return
    # All of a log stream's events go to one shard, in their order, unless they are to be spread.
    is_random = subscription.distribution == "Random" or not stream
    key = (
        ctx.ids.token()
        if is_random
        else hashlib.md5(stream.encode(), usedforsecurity=False).hexdigest()
    )
    ctx.aws.kinesis.put_record(
        {"StreamARN": subscription.destination, "Data": data, "PartitionKey": key}
    )


def _service(ctx: Context, role: service_roles.RoleName) -> str:
    """Return by which name a role trusts CloudWatch Logs: the older one has the region in it."""
    regional = f"logs.{ctx.region}.amazonaws.com"
    is_regional = not service_roles.refuses(ctx, role, regional)
    return regional if is_regional else "logs.amazonaws.com"


def _stream(subscription: Subscription) -> str:
    return subscription.destination.rpartition("/")[2]


def _name(subscription: Subscription) -> str:
    return _NAMES[subscription.destination.split(":")[2]]
