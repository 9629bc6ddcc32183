"""Security configurations: what jobs will be told about encryption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_PAGE_MAX, GLUE_SECURITY_CONFIGURATIONS_MAX
from lakebed.services.glue.model import (
    SECURITY_CONFIGURATIONS,
    SecurityConfiguration,
    read_token,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def create_security_configuration(
    ctx: Context, request: shapes.CreateSecurityConfigurationRequest
) -> shapes.CreateSecurityConfigurationResponse:
    """Create a security configuration.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateSecurityConfiguration.html
    """
    row = SecurityConfiguration(
        request["Name"], dict(request["EncryptionConfiguration"]), ctx.clock.now()
    )
    if not SECURITY_CONFIGURATIONS.insert(ctx, row):
        message = f"Security configuration {row.name} already exists."
        raise AwsError("AlreadyExistsException", message)
    if SECURITY_CONFIGURATIONS.count(ctx) > GLUE_SECURITY_CONFIGURATIONS_MAX:
        message = (
            "Number of security configurations exceeds the limit of "
            f"{GLUE_SECURITY_CONFIGURATIONS_MAX}."
        )
        raise AwsError("ResourceNumberLimitExceededException", message)
    return {"Name": row.name, "CreatedTimestamp": row.created}


def get_security_configuration(
    ctx: Context, request: shapes.GetSecurityConfigurationRequest
) -> shapes.GetSecurityConfigurationResponse:
    """Return one security configuration.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetSecurityConfiguration.html
    """
    return {"SecurityConfiguration": _shape(_find(ctx, request["Name"]))}


def get_security_configurations(
    ctx: Context, request: shapes.GetSecurityConfigurationsRequest
) -> shapes.GetSecurityConfigurationsResponse:
    """Return the security configurations by name, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetSecurityConfigurations.html
    """
    size = request.get("MaxResults") or GLUE_PAGE_MAX
    after = read_token(request.get("NextToken"))
    found = list(SECURITY_CONFIGURATIONS.scan(ctx, Range(after=after, limit=size + 1)))
    page: shapes.GetSecurityConfigurationsResponse = {
        "SecurityConfigurations": [_shape(row) for row in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def delete_security_configuration(
    ctx: Context, request: shapes.DeleteSecurityConfigurationRequest
) -> shapes.DeleteSecurityConfigurationResponse:
    """Delete a security configuration.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteSecurityConfiguration.html
    """
    SECURITY_CONFIGURATIONS.delete(ctx, _find(ctx, request["Name"]).name)
    return {}


def _find(ctx: Context, name: str) -> SecurityConfiguration:
    found = SECURITY_CONFIGURATIONS.get(ctx, name)
    if found is None:
        raise AwsError("EntityNotFoundException", f"Security configuration {name} not found.")
    return found


def _shape(row: SecurityConfiguration) -> Any:
    return {
        "Name": row.name,
        "CreatedTimeStamp": row.created,
        "EncryptionConfiguration": row.definition,
    }
