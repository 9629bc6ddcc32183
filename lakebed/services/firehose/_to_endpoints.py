"""Delivers to HTTP endpoints and Splunk: records processed, sent, acknowledged.

https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html
https://docs.aws.amazon.com/firehose/latest/dev/create-destination.html#create-destination-splunk
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import http.client
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from lakebed.engines.delivery import PROCESSING_FAILED, TABLE_FAILED, Failure, Order, Record
from lakebed.services.firehose import _http, _objects, _processing, _secrets
from lakebed.services.firehose._destinations import secret_of
from lakebed.services.firehose._objects import DeliveryError, Target
from lakebed.services.firehose._to_s3 import outcome_of
from lakebed.services.firehose.model import EXTENDED_S3, ICEBERG, SPLUNK, DeliveryStream

FAILED = {
    "HttpEndpoint": "http-endpoint-failed",
    SPLUNK: "splunk-failed",
    ICEBERG: TABLE_FAILED,
    EXTENDED_S3: PROCESSING_FAILED,
}
"""What `!{firehose:error-output-type}` is of records that a destination did not take."""
_ALL = ("AllData", "AllEvents")
_POLL_SECONDS = 1.0


class Sending(msgspec.Struct, frozen=True):
    """Records on their way to an endpoint, which sees the same `request_id` at each attempt."""

    stream: DeliveryStream
    records: list[Record]
    request_id: str
    key: str
    now: float


async def deliver(target: Target, records: list[Record], request_id: str) -> list[Failure]:
    """Deliver records, and return those that could not be processed, which lie with the errors.

    DeliveryError where the endpoint does not take them.
    """
    stream = target.stream
    processing = _processing.processing_of(stream.destination)
    outcome = await outcome_of(Order(records, processing, is_apart=True))
    treated = [record for part in outcome.parts for record in part.records]
    if treated:
        key = await _key(target)
        sending = Sending(stream, treated, request_id, key, target.house.clock.now())
        send = _send_to_splunk if stream.destination_kind == SPLUNK else _send
        try:
            await send(sending)
        except (OSError, http.client.HTTPException) as error:
            what = "Splunk" if stream.destination_kind == SPLUNK else "HttpEndpoint"
            raise DeliveryError(f"{what}.ConnectionFailed", str(error)) from error
    await _objects.put_failures(target, outcome.failures)
    if stream.destination.get("S3BackupMode") in _ALL:
        await _objects.put_source(target, records)
    return outcome.failures


async def give_up(target: Target, records: list[Record], error: DeliveryError) -> None:
    """Put records that a destination did not take in time below the error prefix."""
    kind = FAILED[target.stream.destination_kind]
    failures: Sequence[Failure] = error.failures or [
        Failure(kind, error.code, error.message, record) for record in records
    ]
    await _objects.put_failures(target, failures)


def request_id_of(stream: DeliveryStream, first: int, record: Record) -> str:
    """Return the id of a request by its first block and record: the same whenever it is sent."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{stream.id}/{first}/{record.arrival}"))


async def _key(target: Target) -> str:
    """Return what the endpoint is shown: the stream's own, or a secret's."""
    stream = target.stream
    name = "hec_token" if stream.destination_kind == SPLUNK else "api_key"
    found = await _secrets.members(target, (name,))
    if found is not None:
        return found[0]
    return secret_of(target.house.settings, stream)


async def _send(sending: Sending) -> None:
    """Send records to an HTTP endpoint; DeliveryError for any other answer than AWS's form."""
    destination = sending.stream.destination
    at = int(sending.now * 1000)
    data = [{"data": base64.b64encode(one.data).decode()} for one in sending.records]
    body = json.dumps({"requestId": sending.request_id, "timestamp": at, "records": data}).encode()
    request: Mapping[str, Any] = destination["RequestConfiguration"]
    headers = {
        "Content-Type": "application/json",
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": sending.request_id,
        "X-Amz-Firehose-Source-Arn": sending.stream.arn,
        "User-Agent": "Amazon Kinesis Data Firehose Agent/1.0",
    }
    if sending.key:
        headers["X-Amz-Firehose-Access-Key"] = sending.key
    attributes: list[Mapping[str, str]] = request.get("CommonAttributes") or []
    if attributes:
        named = {one["AttributeName"]: one["AttributeValue"] for one in attributes}
        headers["X-Amz-Firehose-Common-Attributes"] = json.dumps({"commonAttributes": named})
    if request.get("ContentEncoding") == "GZIP":
        headers["Content-Encoding"] = "gzip"
        body = await asyncio.to_thread(gzip.compress, body)
    url = destination["EndpointConfiguration"]["Url"]
    answer = await asyncio.to_thread(_http.post, url, headers, body)
    _check(answer, sending.request_id)


def _check(answer: _http.Answer, request_id: str) -> None:
    try:
        said: Any = json.loads(answer.body)
        given, message = said.get("requestId"), said.get("errorMessage", "")
    except (ValueError, AttributeError):
        given, message = None, ""
    if answer.status != 200:
        text = message or f"The endpoint answered with the status {answer.status}."
        code = {413: "HttpEndpoint.RequestEntityTooLarge"}.get(
            answer.status, "HttpEndpoint.DestinationException"
        )
        raise DeliveryError(code, text, is_retried=answer.status != 413)
    if given != request_id:
        text = "The response did not have the request's id."
        raise DeliveryError("HttpEndpoint.InvalidResponseFromDestination", text)


async def _send_to_splunk(sending: Sending) -> None:
    """Send records to Splunk's event collector, and wait until they are indexed."""
    destination = sending.stream.destination
    kind = "raw" if destination["HECEndpointType"] == "Raw" else "event"
    body = b"".join(record.data for record in sending.records)
    said = await _splunk(sending, kind, body)
    acknowledged = said.get("ackId")
    if said.get("code") != 0 or acknowledged is None:
        text = str(said.get("text") or "The endpoint did not acknowledge the request.")
        raise DeliveryError("Splunk.InvalidResponse", text)
    end = time.monotonic() + destination["HECAcknowledgmentTimeoutInSeconds"]
    asked = json.dumps({"acks": [acknowledged]}).encode()
    while True:
        states: Mapping[str, Any] = (await _splunk(sending, "ack", asked)).get("acks") or {}
        if states.get(str(acknowledged)):
            return
        if time.monotonic() >= end:
            text = "No acknowledgement was received within the timeout."
            raise DeliveryError("Splunk.AckTimeout", text)
        await asyncio.sleep(_POLL_SECONDS)


async def _splunk(sending: Sending, what: str, body: bytes) -> Mapping[str, Any]:
    base = str(sending.stream.destination["HECEndpoint"]).rstrip("/")
    url = f"{base}/services/collector/{what}?channel={sending.request_id}"
    headers = {
        "Authorization": f"Splunk {sending.key}",
        "X-Splunk-Request-Channel": sending.request_id,
        "Content-Type": "application/json",
    }
    answer = await asyncio.to_thread(_http.post, url, headers, body)
    try:
        said: Any = json.loads(answer.body)
    except ValueError:
        said = None
    if answer.status != 200 or not isinstance(said, dict):
        text = f"The endpoint answered with the status {answer.status}."
        raise DeliveryError("Splunk.ConnectionClosed" if said is None else "Splunk.Error", text)
    return cast("Mapping[str, Any]", said)
