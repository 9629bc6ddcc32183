"""Roles that belong to a service: it alone may assume them, and nobody may change them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.govern.identities import ROLES, Role
from lakebed.services.iam._entities import ROLE, SERVICE_PATH
from lakebed.services.iam._names import new_id
from lakebed.services.iam._roles import remove_role, role_shape
from lakebed.services.iam.model import no_such

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes

_NAMES = {
    "athena.amazonaws.com": "AWSServiceRoleForAmazonAthena",
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "cloudtrail.amazonaws.com": "AWSServiceRoleForCloudTrail",
    "elasticmapreduce.amazonaws.com": "AWSServiceRoleForEMRCleanup",
    "emr-serverless.amazonaws.com": "AWSServiceRoleForAmazonEMRServerless",
    "events.amazonaws.com": "AWSServiceRoleForCloudWatchEvents",
    "kafka.amazonaws.com": "AWSServiceRoleForKafka",
    "lakeformation.amazonaws.com": "AWSServiceRoleForLakeFormationDataAccess",
    "opensearchservice.amazonaws.com": "AWSServiceRoleForAmazonOpenSearchService",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
    "redshift.amazonaws.com": "AWSServiceRoleForRedshift",
    "ssm.amazonaws.com": "AWSServiceRoleForAmazonSSM",
}
"""By service, from the services' own pages; the policies that AWS gives the roles are not known."""
_TASK = re.compile(r"task/aws-service-role/[\w.-]+/([\w+=,.@-]+)/[0-9a-f-]{36}")


def create_service_linked_role(
    ctx: Context, request: shapes.CreateServiceLinkedRoleRequest
) -> shapes.CreateServiceLinkedRoleResponse:
    """Create the role that belongs to a service; it has no policies here.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
    """
    service, suffix = request["AWSServiceName"], request.get("CustomSuffix")
    if service not in _NAMES:
        raise NotBuiltError("iam", "CreateServiceLinkedRole", f"AWSServiceName {service}")
    name = _NAMES[service] + (f"_{suffix}" if suffix else "")
    try:
        ROLE.check_new(ctx, name)
    except AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
        message = f"Service role name {name} has been taken in this account"
        raise AwsError("InvalidInput", f"{message}, please try a different suffix.") from None
    statement = {
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
    }  # fmt: skip
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    path, description = f"{SERVICE_PATH}{service}/", request.get("Description") or ""
    role = Role(
        ctx.account, name, new_id(ctx, "AROA"), trust, path, ctx.clock.now(), description,
        folded=name.lower(),
    )  # fmt: skip
    ROLE.put(ctx, role)
    shape = role_shape(role)
    for member in ("RoleLastUsed", "MaxSessionDuration"):
        del shape[member]
    return {"Role": shape}


def delete_service_linked_role(
    ctx: Context, request: shapes.DeleteServiceLinkedRoleRequest
) -> shapes.DeleteServiceLinkedRoleResponse:
    """Delete the role that belongs to a service: at once, so the task it returns is over.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    if not role.path.startswith(SERVICE_PATH):
        raise no_such(f"The role with name {role.name} cannot be found.")
    remove_role(ctx, role)
    return {"DeletionTaskId": f"task{role.path}{role.name}/{ctx.ids.uuid()}"}


def get_service_linked_role_deletion_status(
    ctx: Context, request: shapes.GetServiceLinkedRoleDeletionStatusRequest
) -> shapes.GetServiceLinkedRoleDeletionStatusResponse:
    """Return that a deletion is done: none takes longer than its own answer.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLinkedRoleDeletionStatus.html
    """
    task = _TASK.fullmatch(request["DeletionTaskId"])
    if task is None or ROLES.get(ctx, ctx.account, task[1]) is not None:
        raise no_such(f"Deletion task {request['DeletionTaskId']} cannot be found.")
    return {"Status": "SUCCEEDED"}
