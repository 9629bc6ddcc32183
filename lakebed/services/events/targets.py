"""Targets: where the events of a rule are brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.event_limits import EVENT_TARGETS_MAX
from lakebed.services.events._pages import after, page
from lakebed.services.events._target_kinds import check_target
from lakebed.services.events.model import TARGETS, Target, find_rule, targets_of
from lakebed.store import Range

_UNBUILT = (
    "Targets.DeadLetterConfig",
    "Targets.RunCommandParameters",
    "Targets.EcsParameters",
    "Targets.BatchParameters",
    "Targets.SqsParameters",
    "Targets.HttpParameters",
    "Targets.RedshiftDataParameters",
    "Targets.SageMakerPipelineParameters",
    "Targets.AppSyncParameters",
)

if TYPE_CHECKING:
    from lakebed.shapes import events as shapes


def put_targets(ctx: Context, request: shapes.PutTargetsRequest) -> shapes.PutTargetsResponse:
    """Add targets to a rule, or replace those with the same ids; at most five.

    Targets are workflows of Glue, log groups, streams of Kinesis and of Firehose; any other kind is
    refused by its name, and so is DeadLetterConfig, which needs SQS.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
    """
    rule = find_rule(ctx, request.get("EventBusName"), request["Rule"], "PutTargets")
    for given in request["Targets"]:
        for member in _UNBUILT:
            if given.get(member.removeprefix("Targets.")):
                raise NotBuiltError("events", "PutTargets", member)
        check_target(ctx, rule, given)
        kept = dict(given)
        TARGETS.put(ctx, Target(rule.bus, rule.name, given["Id"], given["Arn"], kept))
    if TARGETS.count(ctx, rule.bus, rule.name) > EVENT_TARGETS_MAX:
        raise AwsError(
            "LimitExceededException", "The requested resource exceeds the maximum number allowed."
        )
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_targets_by_rule(
    ctx: Context, request: shapes.ListTargetsByRuleRequest
) -> shapes.ListTargetsByRuleResponse:
    """Return the targets of a rule by id, a page at a time.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html
    """
    rule = find_rule(ctx, request.get("EventBusName"), request["Rule"], "ListTargetsByRule")
    last = after(request)
    span = Range((rule.bus, rule.name), after=(last,) if last else None)
    found, token = page(TARGETS.scan(ctx, span), request, lambda row: row.id)
    answer: Any = {"Targets": [row.definition for row in found], **token}
    return answer


def remove_targets(
    ctx: Context, request: shapes.RemoveTargetsRequest
) -> shapes.RemoveTargetsResponse:
    """Remove targets of a rule; ids that it does not have are named. What waits for them goes.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RemoveTargets.html
    """
    rule = find_rule(ctx, request.get("EventBusName"), request["Rule"], "RemoveTargets")
    known = {row.id for row in targets_of(ctx, rule)}
    failed: list[Any] = []
    for one in dict.fromkeys(request["Ids"]):
        if one in known:
            TARGETS.delete(ctx, rule.bus, rule.name, one)
            continue
        message = f"Rule '{rule.name}' does not have a target with the Id '{one}'."
        failed.append(
            {"TargetId": one, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": message}
        )
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}
