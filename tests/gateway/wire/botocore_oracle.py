"""botocore as the oracle: its models make the values, its serializers and parsers the other end."""

from __future__ import annotations

import datetime
import os
from typing import Any
from urllib.parse import quote

import botocore.loaders
import botocore.parsers
import botocore.serialize
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel, ServiceModel, Shape
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lakebed.gateway.wire import models
from lakebed.gateway.wire.http import HttpRequest, HttpResponse

SERVICES = (
    "athena",
    "cloudtrail",
    "cloudwatch",
    "events",
    "firehose",
    "glue",
    "iam",
    "kinesis",
    "kms",
    "logs",
    "s3",
    "s3control",
    "secretsmanager",
    "ssm",
    "sts",
)
EXAMPLES = 100 if os.environ.get("LAKEBED_SLOW") else 3
PROFILE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
_DEPTH_MAX = 6
_LOADER = botocore.loaders.Loader()
_MODELS: dict[str, ServiceModel] = {}

# Every character XML 1.0 can carry as itself, and none that HTTP headers cannot.
TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
    ),
    max_size=12,
)
HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)


def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service."""
    if service not in _MODELS:
        _MODELS[service] = ServiceModel(_LOADER.load_service_model(service, "service-2"), service)
    return _MODELS[service]


def operations() -> list[tuple[str, str]]:
    """Return every operation in use that botocore knows."""
    return [
        (service, name)
        for service in SERVICES
        for name in models.load(service).operations
        if name in service_model(service).operation_names
    ]


def spoken_operations() -> list[tuple[str, str, str]]:
    """Return every operation in use, with each protocol in which it is spoken to."""
    return [
        (service, name, protocol)
        for service, name in operations()
        for protocol in models.load(service).protocols
    ]


def content_type(protocol: str) -> str:
    """Return what tells our end which of several protocols a service is spoken to in."""
    kinds = {
        "query": "application/x-www-form-urlencoded",
        "smithy-rpc-v2-cbor": "application/cbor",
    }
    return kinds.get(protocol, "")


_NOT_AS_MODELLED = ("Expires", "ExpiresString", "ResponseExpires")
"""Times to botocore, and texts to S3, which are tested where objects are."""


class Values:
    """Values of a model's shapes."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol

    def of(self, shape: Shape, depth: int = 0, *, header: bool = False) -> st.SearchStrategy[Any]:
        kind = shape.type_name
        if getattr(shape, "is_document_type", False):
            return st.dictionaries(NAME, st.integers(0, 9), max_size=2)
        if kind == "structure":
            return self.structure(shape, depth)
        least = 0 if self.protocol == "json" and not header else 1
        if kind == "list":
            member = HEADER if header else self.of(shape.member, depth + 1)
            if self.protocol == "query":
                # A form has no way to say that a structure is there and has no members.
                member = member.filter(lambda value: value != {})
            return st.lists(member.map(_plain), min_size=least, max_size=3)
        if kind == "map":
            value = self.of(shape.value, depth + 1, header=header)
            return st.dictionaries(NAME, value, min_size=1, max_size=3)
        return self.scalar(shape, header=header)

    def scalar(self, shape: Shape, *, header: bool) -> st.SearchStrategy[Any]:
        kind = shape.type_name
        if kind == "string":
            return st.sampled_from(shape.enum) if shape.enum else HEADER if header else TEXT
        return {
            "integer": st.integers(-(2**31), 2**31 - 1),
            "long": st.integers(-(2**63), 2**63 - 1),
            "boolean": st.booleans(),
            "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
            "double": st.floats(allow_nan=False, allow_infinity=False),
            "timestamp": st.integers(0, 4_000_000_000).map(float),
            "blob": st.binary(max_size=12),
        }[kind]

    def structure(self, shape: Shape, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        fixed: dict[str, Any] = {}
        optional: dict[str, Any] = {}
        for name, member in shape.members.items():
            streaming = member.serialization.get("streaming") or (
                name == shape.serialization.get("payload") and member.type_name == "blob"
            )
            is_deep = depth >= _DEPTH_MAX and member.type_name in ("structure", "list", "map")
            if streaming or name in _NOT_AS_MODELLED:
                continue
            required = name in shape.required_members
            if is_deep and not required:
                continue
            location = member.serialization.get("location", "")
            strategy = self.of(member, depth + 1, header=location in ("header", "headers"))
            if required and name == shape.serialization.get("payload"):
                # A body that has to be there is not empty.
                strategy = strategy.filter(bool)
            if self.protocol == "query" and member.type_name == "structure":
                # A form has no way to say that it is there and has no members.
                strategy = strategy.filter(bool)
            if location == "uri":
                strategy = NAME if name == "Bucket" else TEXT.filter(bool)
            if member.serialization.get("hostLabel"):
                # It stands in the host, too, which botocore checks.
                strategy = NAME
            (fixed if required else optional)[name] = strategy
        return st.fixed_dictionaries(fixed, optional=optional)


def _plain(value: Any) -> Any:
    """Header lists are parted by commas, and quotes mean something: S3's values have neither."""
    return value.replace(",", "_").replace('"', "_") if isinstance(value, str) else value


def to_botocore(shape: Shape | None, value: Any) -> Any:
    """Return a value as boto3 takes it: times as datetimes."""
    if shape is None or getattr(shape, "is_document_type", False):
        return value
    if shape.type_name == "structure":
        return {name: to_botocore(shape.members[name], item) for name, item in value.items()}
    if shape.type_name == "list":
        return [to_botocore(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: to_botocore(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return datetime.datetime.fromtimestamp(value, datetime.UTC)
    return value


def from_botocore(value: Any) -> Any:
    """Return a value as handlers see it: datetimes as seconds."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {
            key: from_botocore(item) for key, item in value.items() if key != "ResponseMetadata"
        }
    if isinstance(value, list):
        return [from_botocore(item) for item in value]
    return value


def request_of(operation: OperationModel, params: dict[str, Any], protocol: str) -> HttpRequest:
    """Return the request botocore would send in a protocol."""
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    made = serializer.serialize_to_request(to_botocore(operation.input_shape, params), operation)
    path, _, query = made["url_path"].partition("?")
    more = made["query_string"]
    pairs = more.items() if isinstance(more, dict) else more
    query = "&".join(
        [*filter(None, [query]), *(f"{_quote(key)}={_quote(str(item))}" for key, item in pairs)]
    )
    body = made["body"]
    if isinstance(body, dict):
        body = "&".join(f"{_quote(key)}={_quote(str(item))}" for key, item in body.items())
    body = body.encode() if isinstance(body, str) else body
    headers = {name.lower(): str(value) for name, value in made["headers"].items()}
    return HttpRequest(made["method"], path, query, headers, body)


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")


def parse_response(
    operation: OperationModel, response: HttpResponse, protocol: str
) -> dict[str, Any]:
    """Return what boto3 would make of an answer in a protocol."""
    parser = botocore.parsers.create_parser(protocol)
    headers = HeadersDict()
    for name, value in response.headers:
        assert name not in headers, f"{name} is sent twice"
        headers[name] = value
    made = {"headers": headers, "body": response.body, "status_code": response.status}
    return parser.parse(made, operation.output_shape)
