"""Iceberg's REST protocol: what is read from path, query and body, and the form of errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import load
from lakebed.gateway.wire.protocols import protocol_for

MODEL = load("glue_iceberg")
PROTOCOL = protocol_for(MODEL)
TABLE = "/iceberg/v1/catalogs/000000000000/namespaces/db/tables/a%20b"


def parse(operation: str, request: HttpRequest) -> dict[str, Any]:
    return PROTOCOL.parse(MODEL.operations[operation], request)


def test_members_come_from_path_query_and_body() -> None:
    found = parse("DeleteTable", HttpRequest("DELETE", TABLE, "purgeRequested=True&other=1"))
    assert found == {
        "catalog": "000000000000", "namespace": "db", "table": "a b", "purgeRequested": True
    }  # fmt: skip
    body = b'{"requirements":[{"type":"assert-create"}],"updates":[],"identifier":null,"new":1}'
    found = parse("UpdateTable", HttpRequest("POST", TABLE, body=body))
    assert found == {
        "catalog": "000000000000", "namespace": "db", "table": "a b",
        "requirements": [{"type": "assert-create"}], "updates": [],
    }  # fmt: skip


def test_documents_pass_with_their_nulls() -> None:
    update = {"action": "add-snapshot", "snapshot": {"parent-snapshot-id": None, "x": [1, None]}}
    body = json.dumps({"requirements": [], "updates": [update]}).encode()
    found = parse("UpdateTable", HttpRequest("POST", TABLE, body=body))
    assert found["updates"] == [update]
    operation = MODEL.operations["LoadTable"]
    answer = PROTOCOL.serialise(operation, {"metadata": update, "metadataLocation": None}, "r")
    assert json.loads(bytes(answer.body)) == {"metadata": update}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operation", "query", "body", "message"),
    [
        ("UpdateTable", "", b"{", "Malformed JSON: "),
        ("UpdateTable", "", b"[]", "The body must be a JSON object"),
        ("ListTables", "pageSize=x", b"", "pageSize must be a whole number: x"),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(
    operation: str, query: str, body: bytes, message: str
) -> None:
    path = TABLE if operation == "UpdateTable" else TABLE.rpartition("/")[0]
    with pytest.raises(AwsError) as caught:
        parse(operation, HttpRequest("POST", path, query, body=body))
    assert caught.value.code == "BadRequestException"
    assert caught.value.message.startswith(message)


def test_errors_have_the_form_of_the_specification() -> None:
    error = AwsError("NoSuchTableException", "no", 404)
    answer = PROTOCOL.serialise_error(None, error, "r")
    assert (answer.status, json.loads(bytes(answer.body))) == (  # type: ignore[arg-type]
        404,
        {"error": {"message": "no", "type": "NoSuchTableException", "code": 404}},
    )


def test_an_answer_without_members_has_no_body() -> None:
    answer = PROTOCOL.serialise(MODEL.operations["DeleteTable"], {}, "r")
    assert (answer.status, answer.body) == (204, b"")
