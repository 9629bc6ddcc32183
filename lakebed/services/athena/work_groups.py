"""Workgroups: `primary`, with the configuration every account starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.athena.model import ENGINE_VERSION, PRIMARY, find_work_group

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def get_work_group(ctx: Context, request: shapes.GetWorkGroupInput) -> shapes.GetWorkGroupOutput:
    """Return a workgroup with its whole configuration.

    Clients read it before their first query (awswrangler: EnforceWorkGroupConfiguration).
    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetWorkGroup.html
    """
    group = find_work_group(ctx, request["WorkGroup"])
    return {
        "WorkGroup": {
            "Name": group.name,
            "State": "ENABLED",
            "Configuration": {
                "ResultConfiguration": {},
                "EnforceWorkGroupConfiguration": False,
                "PublishCloudWatchMetricsEnabled": False,
                "RequesterPaysEnabled": False,
                "EngineVersion": {
                    "SelectedEngineVersion": ENGINE_VERSION["SelectedEngineVersion"],
                    "EffectiveEngineVersion": ENGINE_VERSION["EffectiveEngineVersion"],
                },
                "EnableMinimumEncryptionConfiguration": False,
            },
            "Description": "",
            "CreationTime": group.created,
        }
    }


def list_work_groups(
    ctx: Context, request: shapes.ListWorkGroupsInput
) -> shapes.ListWorkGroupsOutput:
    """Return the workgroups of the account.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListWorkGroups.html
    """
    group = find_work_group(ctx, PRIMARY)
    return {
        "WorkGroups": [
            {
                "Name": group.name,
                "State": "ENABLED",
                "Description": "",
                "CreationTime": group.created,
                "EngineVersion": {
                    "SelectedEngineVersion": ENGINE_VERSION["SelectedEngineVersion"],
                    "EffectiveEngineVersion": ENGINE_VERSION["EffectiveEngineVersion"],
                },
            }
        ]
    }
