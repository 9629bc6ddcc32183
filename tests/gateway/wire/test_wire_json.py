"""The JSON protocol reads what AWS reads and refuses what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import load
from lakebed.gateway.wire.protocols import protocol_for
from tests.outcomes import is_answered

GLUE = load("glue")
PROTOCOL = protocol_for(GLUE)


def parse(operation: str, body: bytes) -> dict[str, Any]:
    return PROTOCOL.parse(GLUE.operations[operation], HttpRequest("POST", "/", body=body))


def test_unknown_members_and_nulls_are_dropped() -> None:
    body = b'{"DatabaseName":"d","Name":"n","CatalogId":null,"New":{"a":[1]}}'
    assert parse("GetTable", body) == {"DatabaseName": "d", "Name": "n"}
    assert parse("GetTable", b"") == parse("GetTable", b"null") == parse("GetTable", b"{}") == {}


@pytest.mark.parametrize(
    ("operation", "body", "sentence"),
    [
        ("GetTable", b'{"Name":1}', "NUMBER_VALUE cannot be converted to String"),
        ("GetTable", b'{"Name":true}', "TRUE_VALUE cannot be converted to String"),
        ("GetTable", b'{"Name":[]}', "Start of list found where not expected"),
        ("GetTable", b'{"Name":{}}', "Start of structure or map found where not expected"),
        ("GetTables", b'{"MaxResults":"1"}', "STRING_VALUE cannot be converted to Integer"),
        ("GetTables", b'{"MaxResults":1.5}', "NUMBER_VALUE cannot be converted to Integer"),
        ("GetTables", b'{"MaxResults":2147483648}', "NUMBER_VALUE cannot be converted to Integer"),
        ("CreateTable", b'{"PartitionIndexes":"x"}', "Expected list or null"),
        ("GetTable", b"[]", "Start of list found where not expected"),
        ("GetTable", b"{", "Unable to parse the request body as JSON"),
        ("GetTable", b'{"Name":"\xff"}', "Unable to parse the request body as JSON"),
        ("GetTable", b"[" * 100_000, "Unable to parse the request body as JSON"),
    ],
)
def test_wrong_types_are_serialization_exceptions(
    operation: str, body: bytes, sentence: str
) -> None:
    with pytest.raises(AwsError) as caught:
        parse(operation, body)
    error = caught.value
    assert (error.code, error.message, error.status) == ("SerializationException", sentence, 400)


def test_errors_carry_code_sentence_and_members() -> None:
    error = AwsError("InvalidRequestException", "no", 400, {"AthenaErrorCode": "INVALID_INPUT"})
    athena = load("athena")
    answer = protocol_for(athena).serialise_error(None, error, "r")
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {
        "__type": "InvalidRequestException",
        "Message": "no",
        "AthenaErrorCode": "INVALID_INPUT",
    }
    assert answer.headers == [
        ("x-amzn-RequestId", "r"),
        ("Content-Type", "application/x-amz-json-1.1"),
    ]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["TableInput", "Name", "Parameters", "Columns", "StorageDescriptor",
                         "LastAccessTime", "Retention", "PartitionKeys"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    operation = GLUE.operations["CreateTable"]
    assert is_answered(lambda: operation.validate(parse("CreateTable", body)))
