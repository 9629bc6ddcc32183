"""Which targets there are, and how an event is brought to one.

Whatever is sent is sent by the operation a client would call, as the role of the target; what a log
group is sent is sent for its account, since there are no resource policies of log groups here.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.govern import service_roles
from lakebed.services.events._inputs import followed, is_path, unknown_places
from lakebed.services.events._patterns import parse_event
from lakebed.services.events.model import SERVICE, Delivery, Rule, Target, invalid

_SESSION = "EventBridge"
_INPUTS = ("Input", "InputPath", "InputTransformer")
Send = Callable[[Context, Target, Delivery, str], None]


def check_target(ctx: Context, rule: Rule, definition: Mapping[str, Any]) -> None:
    """Refuse a target that is none, is not built, or has no role where it needs one."""
    kind = _kind(ctx, definition["Arn"])
    if kind != "logs" and not (definition.get("RoleArn") or rule.role):
        raise invalid(f"RoleArn is required for target {definition['Arn']}.")
    given = [name for name in _INPUTS if name in definition]
    if len(given) > 1:
        raise invalid(
            "Only one of Input, InputPath, or InputTransformer must be provided for target "
            f"{definition['Id']}."
        )
    if kind == "logs" and given:
        raise NotBuiltError("events", "PutTargets", f"{given[0]} of log groups")
    _check_inputs(definition)


def send(ctx: Context, target: Target, rule: Rule, delivery: Delivery, text: str) -> None:
    """Bring what a target is given of an event there; AwsError if it does not take it."""
    kind = _kind(ctx, target.arn)
    role = target.definition.get("RoleArn") or rule.role
    if kind != "logs":
        ctx = _as_role(ctx, role)
    _SENDERS[kind](ctx, target, delivery, text)


def _kind(ctx: Context, arn: str) -> str:
    """Return the service of a target that is built."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        raise invalid("Parameter Arn is not valid. Reason: Provided Arn is not in correct format.")
    kind, resource = parts[2], parts[5]
    if kind not in _RESOURCES or not resource.startswith(_RESOURCES[kind]):
        what = resource.partition("/")[0].partition(":")[0] if "/" in resource else ""
        raise NotBuiltError("events", "PutTargets", f"targets of {kind} {what}".rstrip())
    if parts[3:5] != [ctx.region, ctx.account]:
        raise NotBuiltError("events", "PutTargets", "targets of other accounts and regions")
    return kind


def _check_inputs(definition: Mapping[str, Any]) -> None:
    """Refuse texts that are no JSON, and paths that cannot be followed."""
    if "Input" in definition:
        try:
            msgspec.json.decode(definition["Input"])
        except msgspec.DecodeError:
            raise invalid("JSON syntax error in input for target.") from None
    transformer = definition.get("InputTransformer", {})
    paths = [*transformer.get("InputPathsMap", {}).values(), definition.get("InputPath", "$")]
    paths.append(definition.get("KinesisParameters", {}).get("PartitionKeyPath", "$"))
    for path in paths:
        if not path.startswith("$"):
            raise invalid(f"Invalid JSONPath provided: {path}")
        if not is_path(path):
            raise NotBuiltError("events", "PutTargets", f"the path {path}")
    for name in unknown_places(transformer) if transformer else ():
        raise invalid(
            f"InputTemplate for target {definition['Id']} contains invalid placeholder {name}."
        )
    if any(name.lower().startswith("aws") for name in transformer.get("InputPathsMap", {})):
        raise invalid("InputPathsMap has a key that begins with AWS.")


def _as_role(ctx: Context, arn: str) -> Context:
    """Return the context in which calls are made with a role, which has to trust EventBridge."""
    role = service_roles.named(arn)
    if role is None or service_roles.refuses(ctx, role, SERVICE):
        raise AwsError("AccessDeniedException", f"EventBridge is unable to assume role {arn}")
    principal = service_roles.session_of(ctx, role, SERVICE, _SESSION)
    return msgspec.structs.replace(ctx, principal=principal)


def _to_workflow(ctx: Context, target: Target, delivery: Delivery, text: str) -> None:
    payload: Any = {"eventId": delivery.event_id, "eventBody": text}
    name = target.arn.partition(":workflow/")[2]
    ctx.aws.glue.notify_event({"name": name, "eventPayload": payload})


def _to_firehose(ctx: Context, target: Target, delivery: Delivery, text: str) -> None:
    del delivery
    name = target.arn.rpartition("/")[2]
    ctx.aws.firehose.put_record({"DeliveryStreamName": name, "Record": {"Data": text.encode()}})


def _to_kinesis(ctx: Context, target: Target, delivery: Delivery, text: str) -> None:
    path = target.definition.get("KinesisParameters", {}).get("PartitionKeyPath", "$.id")
    key = (followed(delivery.body, path) or delivery.event_id)[:256]
    ctx.aws.kinesis.put_record(
        {"StreamARN": target.arn, "Data": text.encode(), "PartitionKey": key}
    )


def _to_logs(ctx: Context, target: Target, delivery: Delivery, text: str) -> None:
    """Write an event into a log group, a stream a rule; on AWS its streams have random names."""
    group = target.arn.split(":", 6)[6].removesuffix(":*")
    at = datetime.fromisoformat(parse_event(delivery.body)["time"])
    place: Any = {"logGroupName": group, "logStreamName": delivery.rule}
    line: Any = {"timestamp": int(at.timestamp() * 1000), "message": text}
    try:
        ctx.aws.logs.create_log_stream(place)
    except AwsError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
    batch: Any = {**place, "logEvents": [line]}
    answer = ctx.aws.logs.put_log_events(batch)
    if answer.get("rejectedLogEventsInfo"):
        message = f"the log group takes no events of {at.isoformat()}"
        raise AwsError("InvalidParameterException", message)


_SENDERS: Mapping[str, Send] = {
    "glue": _to_workflow,
    "firehose": _to_firehose,
    "kinesis": _to_kinesis,
    "logs": _to_logs,
}
_RESOURCES = {
    "glue": "workflow/",
    "firehose": "deliverystream/",
    "kinesis": "stream/",
    "logs": "log-group:",
}
