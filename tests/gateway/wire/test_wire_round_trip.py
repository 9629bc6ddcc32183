"""Every shape in use makes the trip through botocore's serializer, ours, and its parser."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.gateway.routing import route
from lakebed.gateway.wire import models
from lakebed.gateway.wire.protocols import protocol_for
from tests.gateway.wire.botocore_oracle import (
    PROFILE,
    Values,
    content_type,
    from_botocore,
    parse_response,
    request_of,
    service_model,
    spoken_operations,
)

# Its answer is one bare element, which boto3 reads with a handler of its own: see test_rest_xml.
_BARE = {("s3", "GetBucketLocation")}
# An answer that goes on, event by event: see test_event_stream.
_EVENTS = {
    ("logs", "StartLiveTail"),
    ("s3", "SelectObjectContent"),
    ("kinesis", "SubscribeToShard"),
}


@pytest.mark.parametrize(("service", "name", "protocol"), spoken_operations())
def test_requests_arrive_as_botocore_sent_them(service: str, name: str, protocol: str) -> None:
    theirs = service_model(service).operation_model(name)
    model = models.load(service)
    spoken = protocol_for(model, content_type(protocol))
    values = Values(protocol)
    strategy: Any = values.of(theirs.input_shape) if theirs.input_shape else st.just({})

    @PROFILE
    @given(strategy)
    def check(params: dict[str, Any]) -> None:
        request = request_of(theirs, params, protocol)
        if service != "sts":
            found = route(request)
            assert (found.service, found.operation.name) == (service, name)
        assert spoken.parse(model.operations[name], request) == params

    check()


@pytest.mark.parametrize(
    ("service", "name", "protocol"),
    [row for row in spoken_operations() if row[:2] not in _BARE | _EVENTS],
)
def test_answers_arrive_at_botocore_as_they_were_given(
    service: str, name: str, protocol: str
) -> None:
    theirs = service_model(service).operation_model(name)
    model = models.load(service)
    ours = model.operations[name]
    spoken = protocol_for(model, content_type(protocol))
    values = Values(protocol)
    strategy: Any = values.of(theirs.output_shape) if theirs.output_shape else st.just({})

    @PROFILE
    @given(strategy)
    def check(response: dict[str, Any]) -> None:
        if ours.streaming_output:
            response = {**response, ours.streaming_output: b"bytes"}
        answer = spoken.serialise(ours, response, "0123456789ABCDEF")
        parsed = parse_response(theirs, answer, protocol)
        if theirs.output_shape is None and protocol == "smithy-rpc-v2-cbor":
            # Of an answer without an output botocore reads the headers alone.
            assert list(parsed) == ["ResponseMetadata"]
            headers = parsed["ResponseMetadata"]["HTTPHeaders"]
            assert headers["x-amzn-requestid"] == "0123456789ABCDEF"
            return
        assert parsed["ResponseMetadata"]["RequestId"] == "0123456789ABCDEF"
        got = from_botocore(parsed)
        if ours.streaming_output:
            assert answer.body == got.pop(ours.streaming_output).encode() == b"bytes"
            del response[ours.streaming_output]
        if got.get("Metadata") == {}:  # which boto3 makes of no metadata
            del got["Metadata"]
        payload = ours.output.payload
        if payload not in response and got.get(payload) in ({}, ""):  # and this of no body
            del got[payload]
        assert got == response

    check()


@pytest.mark.parametrize(("service", "name", "protocol"), spoken_operations())
def test_errors_arrive_with_code_sentence_status_and_id(
    service: str, name: str, protocol: str
) -> None:
    theirs = service_model(service).operation_model(name)
    model = models.load(service)
    ours = model.operations[name]
    errors = [AwsError("SomethingElse", "It's <wrong> & \"odd\" é\n", 409), *(
        AwsError(error.name, f"about {error.name}", 400)
        for error in theirs.error_shapes
    )]  # fmt: skip
    for error in errors:
        answer = protocol_for(model, content_type(protocol)).serialise_error(
            ours, error, "0123456789ABCDEF"
        )
        parsed = parse_response(theirs, answer, protocol)
        assert parsed["ResponseMetadata"]["HTTPStatusCode"] == error.status
        assert parsed["ResponseMetadata"]["RequestId"] == "0123456789ABCDEF"
        if ours.method == "HEAD":
            assert answer.body == b""
            assert parsed["Error"]["Code"] == str(error.status)
        else:
            assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (
                error.code,
                error.message,
            )


def test_none_members_are_left_out_at_any_depth() -> None:
    model = models.load("glue")
    response = {
        "Table": {"Name": "null", "Owner": None, "StorageDescriptor": {"Columns": [{"Name": "a",
                  "Comment": None}]}, "PartitionKeys": []},
    }  # fmt: skip
    answer = protocol_for(model).serialise(model.operations["GetTable"], response, "r")
    assert answer.body == (
        b'{"Table":{"Name":"null","StorageDescriptor":{"Columns":[{"Name":"a"}]},'
        b'"PartitionKeys":[]}}'
    )
