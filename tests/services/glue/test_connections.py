"""Connections, by boto3: what comes back, and that no password stands in clear anywhere."""

from __future__ import annotations

import json
import stat

import pytest

from tests.kept import holding
from tests.services.glue.test_databases import body, error_of

SECRET = "correct-horse-battery"
GIVEN = {
    "Name": "Warehouse",
    "Description": "d",
    "ConnectionType": "JDBC",
    "MatchCriteria": ["a", "b"],
    "ConnectionProperties": {
        "JDBC_CONNECTION_URL": "jdbc:postgresql://h/db",
        "USERNAME": "u",
        "PASSWORD": SECRET,
    },
    "PhysicalConnectionRequirements": {
        "SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"], "AvailabilityZone": "us-east-1a",
    },
}  # fmt: skip


@pytest.fixture
def glue(lakebed):
    return lakebed.client("glue")


def test_a_connection_comes_back_whole(glue):
    made = glue.create_connection(ConnectionInput=GIVEN, Tags={"team": "data"})
    assert body(made) == {"CreateConnectionStatus": "READY"}
    found = glue.get_connection(Name="Warehouse")["Connection"]
    created, updated = found.pop("CreationTime"), found.pop("LastUpdatedTime")
    assert created == updated
    whole = {
        **GIVEN,
        "LastUpdatedBy": "arn:aws:iam::000000000000:root",
        "Status": "READY",
        "ConnectionSchemaVersion": 1,
    }
    assert found == whole
    hidden = glue.get_connection(Name="Warehouse", HidePassword=True)["Connection"]
    assert hidden["ConnectionProperties"] == {
        "JDBC_CONNECTION_URL": "jdbc:postgresql://h/db", "USERNAME": "u",
    }  # fmt: skip
    arn = "arn:aws:glue:us-east-1:000000000000:connection/Warehouse"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "data"}


def test_no_password_stands_in_clear(lakebed, glue):
    glue.create_connection(ConnectionInput=GIVEN)
    changed = {**GIVEN, "ConnectionProperties": {"PASSWORD": SECRET + "2"}}
    glue.update_connection(Name="Warehouse", ConnectionInput=changed)
    error_of(lambda: glue.create_connection(ConnectionInput=GIVEN))
    found = glue.get_connection(Name="Warehouse")["Connection"]["ConnectionProperties"]
    assert found == {"PASSWORD": SECRET + "2"}
    state = lakebed.data_dir / "state"
    assert holding(state, SECRET.encode()) == []
    log = (lakebed.data_dir.parent / "server.log").read_text(errors="replace")
    assert SECRET not in log
    lines = (state / "audit" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines if '"CreateConnection"' in line]
    assert events[-1]["requestParameters"]["ConnectionInput"] == {
        **GIVEN, "ConnectionProperties": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }  # fmt: skip
    key = state / "keys" / "glue-connections"
    assert (stat.S_IMODE(key.stat().st_mode), key.stat().st_size) == (0o600, 32)


def test_with_another_key_a_connection_says_so(lakebed, glue):
    glue.create_connection(ConnectionInput=GIVEN)
    key = lakebed.data_dir / "state" / "keys" / "glue-connections"
    kept = key.read_bytes()
    try:
        key.write_bytes(b"x" * 32)
        code, message, status = error_of(lambda: glue.get_connection(Name="Warehouse"))
    finally:
        key.write_bytes(kept)
    assert (code, status) == ("GlueEncryptionException", 400)
    assert message.startswith("Connection Warehouse was encrypted with another key")
    assert glue.get_connection(Name="Warehouse")["Connection"]["Name"] == "Warehouse"


def test_connections_are_filtered_and_paged(glue):
    for name, kind, criteria in (
        ("a", "JDBC", ["x"]), ("b", "KAFKA", ["x", "y"]), ("c", "JDBC", []),
    ):  # fmt: skip
        glue.create_connection(
            ConnectionInput={
                "Name": name, "ConnectionType": kind, "MatchCriteria": criteria,
                "ConnectionProperties": {},
            }
        )  # fmt: skip

    def listed(**more):
        return [one["Name"] for one in glue.get_connections(**more)["ConnectionList"]]

    assert listed() == ["a", "b", "c"]
    assert listed(Filter={"ConnectionType": "JDBC"}) == ["a", "c"]
    assert listed(Filter={"MatchCriteria": ["y", "x"]}) == ["b"]
    assert listed(Filter={"ConnectionSchemaVersion": 2}) == []
    first = glue.get_connections(MaxResults=2)
    assert [one["Name"] for one in first["ConnectionList"]] == ["a", "b"]
    assert listed(NextToken=first["NextToken"]) == ["c"]
    answer = glue.batch_delete_connection(ConnectionNameList=["a", "no", "c"])
    assert body(answer) == {
        "Succeeded": ["a", "c"],
        "Errors": {
            "no": {
                "ErrorCode": "EntityNotFoundException",
                "ErrorMessage": "Connection no not found.",
            }
        },
    }
    assert listed() == ["b"]


def test_errors_of_connections(glue):
    glue.create_connection(ConnectionInput=GIVEN)
    not_found = ("EntityNotFoundException", "Connection no not found.", 400)
    assert error_of(lambda: glue.get_connection(Name="no")) == not_found
    assert error_of(lambda: glue.delete_connection(ConnectionName="no")) == not_found
    assert error_of(lambda: glue.update_connection(Name="no", ConnectionInput=GIVEN)) == not_found
    assert error_of(lambda: glue.create_connection(ConnectionInput=GIVEN)) == (
        "AlreadyExistsException", "Connection Warehouse already exists.", 400,
    )  # fmt: skip
    assert error_of(
        lambda: glue.update_connection(Name="Warehouse", ConnectionInput={**GIVEN, "Name": "other"})
    ) == ("InvalidInputException", "Connection name cannot be changed.", 400)
    code, message, _ = error_of(
        lambda: glue.create_connection(
            ConnectionInput={**GIVEN, "Name": "n", "ValidateCredentials": True}
        )
    )
    assert (code, "ConnectionInput.ValidateCredentials" in message) == ("LakebedNotBuilt", True)
    assert body(glue.delete_connection(ConnectionName="Warehouse")) == {}
    assert glue.get_connections()["ConnectionList"] == []


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        ({}, "InvalidInputException", "Either ConnectionName or TestConnectionInput"),
        ({"ConnectionName": "nowhere"}, "EntityNotFoundException", "Connection nowhere not found."),
        ({"TestConnectionInput": {"ConnectionType": "KAFKA", "ConnectionProperties": {}}},
         "LakebedNotBuilt",
         "lakebed has not built glue.TestConnection (connections of the type KAFKA) yet."),
        ({"TestConnectionInput": {"ConnectionType": "JDBC", "ConnectionProperties": {
            "HOST": "h", "JDBC_ENGINE": "ORACLE"}}},
         "LakebedNotBuilt",
         "lakebed has not built glue.TestConnection (JDBC connections to oracle) yet."),
        ({"TestConnectionInput": {"ConnectionType": "JDBC", "ConnectionProperties": {
            "HOST": "127.0.0.1", "PORT": "1", "JDBC_ENGINE": "mysql", "PASSWORD": SECRET}}},
         "InvalidInputException",
         "Check that your connection definition references your JDBC database with correct URL "
         "syntax, username, and password. Can't connect to MySQL server on '127.0.0.1'"),
    ],
)  # fmt: skip
def test_a_connection_that_cannot_be_tested_says_why(lakebed, glue, request_, code, said):
    found, message, status = error_of(lambda: glue.test_connection(**request_))
    assert (found, status) == (code, 400)
    assert message.startswith(said)
    events = lakebed.data_dir / "state" / "audit" / "events.jsonl"
    assert SECRET not in message + events.read_text()
