"""Parameters by boto3."""

from __future__ import annotations

import json
import sqlite3
import time
from datetime import UTC, datetime

import pytest

from tests.services.ssm.parameters import ARN, body, refused


@pytest.fixture
def ssm(lakebed):
    return lakebed.client("ssm")


def put(ssm, name, value="v", kind="String", **more):
    return ssm.put_parameter(Name=name, Value=value, Type=kind, **more)


def names(parameters):
    return [one["Name"] for one in parameters]


def test_a_parameter_comes_back(ssm):
    made = put(ssm, "/lake/db", "host", Description="where", AllowedPattern="[a-z]+")
    assert body(made) == {"Version": 1, "Tier": "Standard"}
    shape = {
        "Name": "/lake/db", "Type": "String", "Value": "host", "Version": 1,
        "ARN": f"{ARN}lake/db", "DataType": "text",
    }  # fmt: skip
    for name in ("/lake/db", f"{ARN}lake/db"):
        found = ssm.get_parameter(Name=name)["Parameter"]
        modified = found.pop("LastModifiedDate")
        assert found == shape
    [known] = ssm.describe_parameters()["Parameters"]
    assert known == {
        "Name": "/lake/db", "ARN": f"{ARN}lake/db", "Type": "String", "Version": 1,
        "LastModifiedDate": modified, "LastModifiedUser": "arn:aws:iam::000000000000:root",
        "Description": "where", "AllowedPattern": "[a-z]+", "Tier": "Standard", "Policies": [],
        "DataType": "text",
    }  # fmt: skip
    assert ssm.put_parameter(Name="/lake/db", Value="other", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="/lake/db")["Parameter"]["Value"] == "other"
    old = ssm.get_parameter(Name="/lake/db:1")["Parameter"]
    assert (old["Value"], old["Selector"]) == ("host", ":1")


@pytest.mark.parametrize("size", [10, 6000])
def test_a_secure_string_is_decrypted_when_that_is_asked_for(lakebed, ssm, size):
    value = "gauntlet" * (size // 8)
    put(ssm, "/pass", value, "SecureString", Tier="Intelligent-Tiering")
    hidden = ssm.get_parameter(Name="/pass")["Parameter"]["Value"]
    assert "gauntlet" not in hidden
    for found in (
        [ssm.get_parameter(Name="/pass", WithDecryption=True)["Parameter"]],
        ssm.get_parameters(Names=["/pass"], WithDecryption=True)["Parameters"],
        ssm.get_parameters_by_path(Path="/", WithDecryption=True)["Parameters"],
        ssm.get_parameter_history(Name="/pass", WithDecryption=True)["Parameters"],
    ):
        assert [one["Value"] for one in found] == [value]
    [known] = ssm.describe_parameters()["Parameters"]
    tier = "Advanced" if size > 4096 else "Standard"
    assert (known["KeyId"], known["Tier"]) == ("alias/aws/ssm", tier)
    state = lakebed.data_dir / "state"
    with sqlite3.connect(f"file:{state / 'store.sqlite'}?mode=ro", uri=True) as store:
        assert "gauntlet" not in "\n".join(store.iterdump())
    assert "gauntlet" not in "".join(path.read_text() for path in (state / "audit").iterdir())


def test_a_key_of_the_customers_own(lakebed, ssm):
    kms = lakebed.client("kms")
    key = kms.create_key()["KeyMetadata"]
    put(ssm, "/pass", "secret", "SecureString", KeyId=key["KeyId"])
    assert ssm.describe_parameters()["Parameters"][0]["KeyId"] == key["KeyId"]
    kms.disable_key(KeyId=key["KeyId"])
    assert refused(lambda: ssm.get_parameter(Name="/pass", WithDecryption=True)) == (
        "InvalidKeyId", f"{key['Arn']} is disabled. (DisabledException)",
    )  # fmt: skip
    assert ssm.get_parameter(Name="/pass")["Parameter"]["Type"] == "SecureString"
    assert refused(lambda: put(ssm, "/x", "v", "SecureString", KeyId="alias/none"))[0] == (
        "InvalidKeyId"
    )


def test_parameters_are_found_by_path_and_in_pages(ssm):
    for name in ("/a/one", "/a/two", "/a/deep/three", "/ab", "top"):
        put(ssm, name)

    def below(path, **more):
        pages = ssm.get_paginator("get_parameters_by_path").paginate(
            Path=path, **more, PaginationConfig={"PageSize": 2}
        )
        return [name for page in pages for name in names(page["Parameters"])]

    assert below("/a") == ["/a/one", "/a/two"]
    assert below("/a/", Recursive=True) == ["/a/deep/three", "/a/one", "/a/two"]
    assert below("/") == ["/ab", "top"]
    assert len(below("/", Recursive=True)) == 5
    assert below("/none") == []
    kinds = [{"Key": "Type", "Values": ["SecureString"]}]
    assert below("/a", ParameterFilters=kinds) == []
    bad = [{"Key": "Name", "Values": ["x"]}]
    assert refused(lambda: below("/a", ParameterFilters=bad))[0] == "InvalidFilterKey"


def test_parameters_are_described_by_filters(ssm):
    put(ssm, "/a/one", Tags=[{"Key": "team", "Value": "data"}])
    put(ssm, "/a/deep/two", kind="StringList")
    put(ssm, "three", Tier="Advanced")

    def found(key, *values, **more):
        given = [{"Key": key, "Values": list(values), **more}]
        return names(ssm.describe_parameters(ParameterFilters=given)["Parameters"])

    assert found("Name", "/a/one") == ["/a/one"]
    assert found("Name", "/a", Option="BeginsWith") == ["/a/deep/two", "/a/one"]
    assert found("Name", "ee", Option="Contains") == ["/a/deep/two", "three"]
    assert found("Type", "StringList") == ["/a/deep/two"]
    assert found("Tier", "Advanced") == ["three"]
    assert found("Path", "/a") == ["/a/one"]
    assert found("Path", "/a", Option="Recursive") == ["/a/deep/two", "/a/one"]
    assert found("tag:team", "data") == ["/a/one"]
    pages = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 2})
    assert [names(page["Parameters"]) for page in pages] == [["/a/deep/two", "/a/one"], ["three"]]


def test_parameters_are_deleted(ssm):
    for name in ("/a", "/b", "/c"):
        put(ssm, name)
    ssm.delete_parameter(Name="/a")
    found = body(ssm.get_parameters(Names=["/c", "/a", "/b"]))
    assert (names(found["Parameters"]), found["InvalidParameters"]) == (["/b", "/c"], ["/a"])
    assert body(ssm.delete_parameters(Names=["/b", "/none"])) == {
        "DeletedParameters": ["/b"], "InvalidParameters": ["/none"],
    }  # fmt: skip
    for call in (ssm.get_parameter, ssm.delete_parameter, ssm.get_parameter_history):
        assert refused(lambda call=call: call(Name="/a")) == (
            "ParameterNotFound", "Parameter /a not found.",
        )  # fmt: skip


def test_a_parameter_expires(ssm):
    soon = datetime.fromtimestamp(time.time() + 1.0, UTC).isoformat()
    policy = {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": soon}}
    put(ssm, "/brief", Tier="Advanced", Policies=json.dumps([policy]))
    [known] = ssm.describe_parameters()["Parameters"]
    assert [(one["PolicyType"], one["PolicyStatus"]) for one in known["Policies"]] == [
        ("Expiration", "Pending")
    ]
    time.sleep(1.1)
    assert refused(lambda: ssm.get_parameter(Name="/brief"))[0] == "ParameterNotFound"
    assert ssm.describe_parameters()["Parameters"] == []


def test_what_is_refused(ssm):
    put(ssm, "/a", "one", AllowedPattern="^[a-z]+$")
    exists = (
        "The parameter already exists. To overwrite this value, set the overwrite option in the "
        "request to true."
    )
    asked = [
        (lambda: put(ssm, "/a"), ("ParameterAlreadyExists", exists)),
        (lambda: put(ssm, "/a", "1", Overwrite=True),
         ("ParameterPatternMismatchException",
          "Parameter value, cannot be validated against allowedPattern: ^[a-z]+$")),
        (lambda: put(ssm, "/a", "x", "SecureString", Overwrite=True),
         ("HierarchyTypeMismatchException",
          "The parameter is of another type: delete it, and create it with the new one.")),
        (lambda: put(ssm, "/b", "x" * 4097),
         ("ValidationException",
          "Standard tier parameters support a maximum parameter value of 4096 characters.")),
        (lambda: put(ssm, "/aws/own"),
         ("AccessDeniedException", "No access to reserved parameter name: /aws/own.")),
        (lambda: ssm.get_parameter(Name="/a:7"),
         ("ParameterVersionNotFound", "Systems Manager could not find version 7 of /a. Verify the "
          "version and try again.")),
        (lambda: put(ssm, "/x" * 16),
         ("HierarchyLevelLimitExceededException",
          "Hierarchies have at most 15 levels: name a parameter of fewer.")),
    ]  # fmt: skip
    for call, expected in asked:
        assert refused(call) == expected
    notice = json.dumps([{"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {}}])
    for more in ({"DataType": "aws:ec2:image"}, {"Tier": "Advanced", "Policies": notice}):
        assert refused(lambda more=more: put(ssm, "/n", **more))[0] == "LakebedNotBuilt"
    assert refused(ssm.describe_instance_information)[0] == "LakebedNotBuilt"
