"""Iceberg's REST protocol, which Glue speaks below `/iceberg/`: paths and queries, JSON bodies.

Tables, schemas and changes are documents: they pass as they are, also their nulls.
https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml
"""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.headers import decode_percent, parameters, template
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.json import BodyDecoders
from lakebed.gateway.wire.models import Operation, ServiceModel

_CONTENT_TYPE = "application/json"


class RestIcebergProtocol:
    """The REST protocol, with the decoders its operations have needed so far."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._bodies = BodyDecoders()
        self._paths: dict[str, re.Pattern[str]] = {}

    def prepare(self, operation: Operation) -> bool:
        """Say that only the loop's thread parses."""
        return False

    def parse(self, operation: Operation, request: HttpRequest) -> dict[str, Any]:
        """Return the operation's input: from the body, then from path and query."""
        out: dict[str, Any] = {}
        if request.body:
            try:
                value: Any = msgspec.json.decode(request.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise AwsError("BadRequestException", f"Malformed JSON: {error}") from None
            if type(value) is not dict:
                raise AwsError("BadRequestException", "The body must be a JSON object")
            out = self._bodies.of(operation.input)(cast(dict[str, Any], value))
        out |= self._of_path(operation, request.path)
        given = parameters(request)
        for member in operation.input.members.values():
            if member.location == "querystring" and member.location_name in given:
                text = given[member.location_name]
                out[member.name] = _read(member.shape.kind, member.location_name, text)
        return out

    def _of_path(self, operation: Operation, path: str) -> dict[str, Any]:
        pattern = self._paths.get(operation.name)
        if pattern is None:
            pattern = self._paths[operation.name] = template(operation.uri)
        match = pattern.fullmatch(path)
        values = match.groups() if match else ()
        labels = re.findall(r"\{([^}]+)\}", operation.uri)
        return {label: decode_percent(value) for label, value in zip(labels, values, strict=True)}

    def serialise(
        self, operation: Operation, response: dict[str, Any], request_id: str
    ) -> HttpResponse:
        """Return the answer; one that has no members has no body."""
        headers = [("x-amzn-RequestId", request_id)]
        if not operation.output.members:
            return HttpResponse(operation.status, headers)
        names = {
            member.name: member.location_name or member.name
            for member in operation.output.members.values()
        }
        shown = {names[key]: value for key, value in response.items() if value is not None}
        headers.append(("Content-Type", _CONTENT_TYPE))
        return HttpResponse(operation.status, headers, msgspec.json.encode(shown))

    def serialise_error(
        self, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        """Return the error in the form of Iceberg's specification."""
        shown = {"message": error.message, "type": error.code, "code": error.status}
        headers = [("x-amzn-RequestId", request_id), ("Content-Type", _CONTENT_TYPE)]
        return HttpResponse(error.status, headers, msgspec.json.encode({"error": shown}))


def _read(kind: str, name: str, text: str) -> Any:
    if kind == "boolean":
        return text.lower() == "true"
    if kind != "integer":
        return text
    if not text.isdecimal():
        raise AwsError("BadRequestException", f"{name} must be a whole number: {text}")
    return int(text)
