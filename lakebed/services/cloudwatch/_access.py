"""What policies may say of requests to CloudWatch beside their resources.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.govern.decision import Need, needs_of


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return the permissions that an operation needs; the root of an account has them all."""
    return [] if ctx.principal.is_root else list(needs_of(ctx, "cloudwatch", operation, request))


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the namespace that metrics are put into."""
    del ctx
    is_put = operation == "put_metric_data"
    return {"cloudwatch:namespace": request["Namespace"]} if is_put else {}
