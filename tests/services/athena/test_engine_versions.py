"""Engine versions, by boto3."""

from __future__ import annotations


def test_the_engine_versions_that_can_be_chosen(athena):
    three = "Athena engine version 3"
    versions = [
        {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": three},
        {"SelectedEngineVersion": three, "EffectiveEngineVersion": three},
    ]
    assert athena.list_engine_versions()["EngineVersions"] == versions
    first = athena.list_engine_versions(MaxResults=1)
    second = athena.list_engine_versions(MaxResults=1, NextToken=first["NextToken"])
    assert [first["EngineVersions"], second["EngineVersions"]] == [versions[:1], versions[1:]]
    assert "NextToken" not in second
