"""Error logs: what a delivery says to the log stream that the destination names.

AWS writes to groups and streams that are there; so do we.
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from lakebed.context import Caller
from lakebed.core.errors import AwsError
from lakebed.services.firehose.model import DeliveryStream

_PLACES = (("EndpointConfiguration", "Url"), ("CatalogConfiguration", "CatalogARN"))

log = logging.getLogger("lakebed.firehose")


async def say(
    caller: Caller,
    stream: DeliveryStream,
    at: float,
    errors: Mapping[str, str],
    own: Mapping[str, Any] | None = None,
) -> None:
    """Write errors, sentences by their codes, if the destination asks for a log.

    `own` is the log of the bucket that they are about, if it has one.
    """
    for code, message in errors.items():
        log.warning("delivery stream %s: %s: %s", stream.name, code, message)
    options: Mapping[str, Any] = own or stream.destination.get("CloudWatchLoggingOptions") or {}
    if not errors or not options.get("Enabled"):
        return
    events: list[dict[str, Any]] = [
        {
            "timestamp": int(at * 1000),
            "message": json.dumps(
                {
                    "deliveryStreamARN": stream.arn,
                    "destination": _place(stream.destination),
                    "deliveryStreamVersionId": stream.version,
                    "message": message,
                    "errorCode": code,
                }
            ),
        }
        for code, message in errors.items()
    ]
    names = {name: options[f"L{name[1:]}"] for name in ("logGroupName", "logStreamName")}
    try:
        await caller.call("logs", "put_log_events", {**names, "logEvents": events})
    except AwsError as error:
        log.warning("the log %s of %s cannot be written: %s", names, stream.name, error)


def _place(destination: Mapping[str, Any]) -> str:
    for member, name in _PLACES:
        if name in (destination.get(member) or {}):
            return str(destination[member][name])
    return str(destination.get("BucketARN") or destination.get("ClusterJDBCURL") or "")
