"""Groups as answers have them."""

from __future__ import annotations

from typing import Any

from lakebed.govern.identities import Group
from lakebed.services.iam._names import arn


def group_shape(group: Group) -> Any:
    """Return a group as answers have it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": arn(group.account, "group", group.path, group.name),
        "CreateDate": group.created,
    }
