"""Workgroups, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import error_of

VERSION = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}


def test_primary_is_there_with_its_whole_configuration(athena):
    group = athena.get_work_group(WorkGroup="primary")["WorkGroup"]
    created = group.pop("CreationTime")
    assert group == {
        "Name": "primary",
        "State": "ENABLED",
        "Configuration": {
            "ResultConfiguration": {},
            "EnforceWorkGroupConfiguration": False,
            "PublishCloudWatchMetricsEnabled": False,
            "RequesterPaysEnabled": False,
            "EngineVersion": VERSION,
            "EnableMinimumEncryptionConfiguration": False,
        },
        "Description": "",
    }
    assert athena.list_work_groups()["WorkGroups"] == [
        {
            "Name": "primary",
            "State": "ENABLED",
            "Description": "",
            "CreationTime": created,
            "EngineVersion": VERSION,
        }
    ]


def test_another_workgroup_is_not_found(athena):
    assert error_of(lambda: athena.get_work_group(WorkGroup="other")) == (
        "InvalidRequestException", "WorkGroup other is not found.", 400,
    )  # fmt: skip
