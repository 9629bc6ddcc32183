"""Versions of parameters and their labels by boto3."""

from __future__ import annotations

import pytest

from tests.services.ssm.parameters import body, refused


@pytest.fixture
def ssm(lakebed):
    client = lakebed.client("ssm")
    for value in "123":
        client.put_parameter(Name="/a", Value=value, Type="String", Overwrite=True)
    return client


def test_labels_move_between_versions(ssm):
    given = {"Name": "/a", "Labels": ["prod", "aws-own", "7up"]}
    assert body(ssm.label_parameter_version(**given, ParameterVersion=1)) == {
        "InvalidLabels": ["aws-own", "7up"], "ParameterVersion": 1,
    }  # fmt: skip
    assert ssm.get_parameter(Name="/a:prod")["Parameter"]["Value"] == "1"
    assert ssm.label_parameter_version(Name="/a", Labels=["prod"])["ParameterVersion"] == 3
    assert ssm.get_parameter(Name="/a:prod")["Parameter"]["Value"] == "3"
    found = ssm.get_parameter_history(Name="/a")["Parameters"]
    assert [(one["Version"], one["Value"], one["Labels"]) for one in found] == [
        (1, "1", []), (2, "2", []), (3, "3", ["prod"]),
    ]  # fmt: skip
    gone = ssm.unlabel_parameter_version(Name="/a", ParameterVersion=3, Labels=["prod", "x"])
    assert body(gone) == {"RemovedLabels": ["prod"], "InvalidLabels": ["x"]}
    assert refused(lambda: ssm.get_parameter(Name="/a:prod")) == (
        "ParameterVersionNotFound",
        "Systems Manager could not find label prod of /a. Verify the label and try again.",
    )


def test_history_comes_in_pages(ssm):
    pages = ssm.get_paginator("get_parameter_history").paginate(
        Name="/a", PaginationConfig={"PageSize": 2}
    )
    assert [[one["Version"] for one in page["Parameters"]] for page in pages] == [[1, 2], [3]]


def test_a_hundred_versions_are_kept(ssm):
    for _ in range(98):
        last = ssm.put_parameter(Name="/a", Value="x", Overwrite=True)["Version"]
    assert last == 101
    assert refused(lambda: ssm.get_parameter(Name="/a:1"))[0] == "ParameterVersionNotFound"
    ssm.label_parameter_version(Name="/a", ParameterVersion=2, Labels=["keep"])
    assert refused(lambda: ssm.put_parameter(Name="/a", Value="x", Overwrite=True))[0] == (
        "ParameterMaxVersionLimitExceeded"
    )
