"""Policies of streams and consumers: which other accounts may use them.

https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import KINESIS_POLICY_BYTES_MAX
from lakebed.govern.policies import PolicyError, parsed
from lakebed.services.kinesis._consumers import consumer_at, is_consumer_arn
from lakebed.services.kinesis._streams import stream_of
from lakebed.services.kinesis.model import POLICIES, ResourcePolicy, invalid, not_found

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def put_resource_policy(ctx: Context, request: shapes.PutResourcePolicyInput) -> dict[str, Any]:
    """Give a stream or a consumer a policy, in place of the one it has.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html
    """
    arn, text = _known(ctx, request["ResourceARN"]), request["Policy"]
    _check(text)
    POLICIES.put(ctx, ResourcePolicy(arn, text))
    return {}


def get_resource_policy(
    ctx: Context, request: shapes.GetResourcePolicyInput
) -> shapes.GetResourcePolicyOutput:
    """Return the policy of a stream or a consumer; ResourceNotFoundException if it has none.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html
    """
    return {"Policy": _policy(ctx, _known(ctx, request["ResourceARN"])).text}


def delete_resource_policy(
    ctx: Context, request: shapes.DeleteResourcePolicyInput
) -> dict[str, Any]:
    """Take the policy from a stream or a consumer; ResourceNotFoundException if it has none.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteResourcePolicy.html
    """
    POLICIES.delete(ctx, _policy(ctx, _known(ctx, request["ResourceARN"])).arn)
    return {}


def _known(ctx: Context, arn: str) -> str:
    """Return the ARN of a resource that is there."""
    if is_consumer_arn(arn):
        return consumer_at(ctx, arn).arn
    return stream_of(ctx, {"StreamARN": arn}).arn


def _policy(ctx: Context, arn: str) -> ResourcePolicy:
    found = POLICIES.get(ctx, arn)
    if found is None:
        raise not_found(f"No resource policy exists for {arn}.")
    return found


def _check(text: str) -> None:
    if len(text.encode()) > KINESIS_POLICY_BYTES_MAX:
        raise invalid(f"A resource policy can have at most {KINESIS_POLICY_BYTES_MAX} bytes.")
    try:
        policy = parsed(text, is_resource_policy=True)
    except PolicyError as error:
        raise invalid(f"The resource policy is malformed: {error}") from None
    if any(one.resources is None for one in policy.statements):
        raise invalid("The resource policy is malformed: each statement must have a Resource.")
