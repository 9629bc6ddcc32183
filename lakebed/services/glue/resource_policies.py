"""The Data Catalog's resource policy: kept and given back.

It is not enforced yet: what a principal may do is decided by its own policies only.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_POLICY_BYTES_MAX
from lakebed.services.glue.model import RESOURCE_POLICIES, ResourcePolicy

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_CATALOG = "catalog"


def put_resource_policy(
    ctx: Context, request: shapes.PutResourcePolicyRequest
) -> shapes.PutResourcePolicyResponse:
    """Set the catalog's policy, if it is still the one that a hash names.

    https://docs.aws.amazon.com/glue/latest/webapi/API_PutResourcePolicy.html
    """
    _refuse_arn(request.get("ResourceArn"))
    text = request["PolicyInJson"]
    _check_document(text)
    known = RESOURCE_POLICIES.get(ctx, _CATALOG)
    _check_hash(known, request.get("PolicyHashCondition"))
    condition = request.get("PolicyExistsCondition", "NONE")
    if condition == "MUST_EXIST" and known is None:
        raise AwsError("EntityNotFoundException", "Policy not found")
    if condition == "NOT_EXIST" and known is not None:
        raise AwsError("ConditionCheckFailureException", "Policy already exists")
    now = ctx.clock.now()
    created = now if known is None else known.created
    row = ResourcePolicy(_CATALOG, text, _hash(text, ctx.ids.token()), created, now)
    RESOURCE_POLICIES.put(ctx, row)
    return {"PolicyHash": row.hash}


def get_resource_policy(
    ctx: Context, request: shapes.GetResourcePolicyRequest
) -> shapes.GetResourcePolicyResponse:
    """Return the catalog's policy.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetResourcePolicy.html
    """
    arn = request.get("ResourceArn")
    if arn is not None and not arn.endswith(":catalog"):
        _refuse_arn(arn)
    known = RESOURCE_POLICIES.get(ctx, _CATALOG)
    if known is None:
        raise AwsError("EntityNotFoundException", "Policy not found")
    return _shape(known)


def get_resource_policies(
    ctx: Context, request: shapes.GetResourcePoliciesRequest
) -> shapes.GetResourcePoliciesResponse:
    """Return all policies: the catalog's, because nothing is shared by Resource Access Manager.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetResourcePolicies.html
    """
    if request.get("NextToken"):
        raise AwsError("InvalidInputException", "Invalid NextToken")
    known = RESOURCE_POLICIES.get(ctx, _CATALOG)
    return {"GetResourcePoliciesResponseList": [] if known is None else [_shape(known)]}


def delete_resource_policy(
    ctx: Context, request: shapes.DeleteResourcePolicyRequest
) -> shapes.DeleteResourcePolicyResponse:
    """Delete the catalog's policy, if it is still the one that a hash names.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteResourcePolicy.html
    """
    _refuse_arn(request.get("ResourceArn"))
    known = RESOURCE_POLICIES.get(ctx, _CATALOG)
    if known is None:
        raise AwsError("EntityNotFoundException", "Policy not found")
    _check_hash(known, request.get("PolicyHashCondition"))
    RESOURCE_POLICIES.delete(ctx, _CATALOG)
    return {}


def _refuse_arn(arn: str | None) -> None:
    if arn is not None:
        message = "Glue resource level policy is not currently supported"
        raise AwsError("InvalidInputException", message)


def _check_document(text: str) -> None:
    if len(text.encode()) > GLUE_POLICY_BYTES_MAX:
        message = f"The policy is larger than {GLUE_POLICY_BYTES_MAX} bytes."
        raise AwsError("InvalidInputException", message)
    try:
        document: Any = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        message = f"Failed to convert policy from JSON: {error}"
        raise AwsError("InvalidInputException", message) from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise AwsError("InvalidInputException", "The policy must be an object with a Statement.")


def _check_hash(known: ResourcePolicy | None, wanted: str | None) -> None:
    if wanted is not None and (known is None or known.hash != wanted):
        message = "Policy hash condition not met"
        raise AwsError("ConditionCheckFailureException", message)


def _hash(text: str, salt: str) -> str:
    """Return a hash that is new with every put, in AWS's form (32 bytes in Base64)."""
    return base64.b64encode(hashlib.sha256(f"{salt}{text}".encode()).digest()).decode()


def _shape(row: ResourcePolicy) -> Any:
    return {
        "PolicyInJson": row.text,
        "PolicyHash": row.hash,
        "CreateTime": row.created,
        "UpdateTime": row.updated,
    }
