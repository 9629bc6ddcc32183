"""The tables of AWS's services: operations, shapes, errors; read on a service's first request."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

_MODELS = Path(__file__).parent / "models"
# More services than AWS has: the tables are immutable, each is read once.
_SERVICES_MAX = 512

Json = dict[str, Any]


class Member(msgspec.Struct, frozen=True, eq=False):
    """A member of a structure, or the element of a list, with its name on the wire."""

    name: str
    shape: Shape
    required: bool = False
    location: str = ""
    location_name: str = ""
    flattened: bool = False
    timestamp_format: str = ""
    attribute: bool = False
    namespace: str = ""
    namespace_prefix: str = ""


class Shape(msgspec.Struct, frozen=True, eq=False):
    """A type of the model. `members`, `element`, `key` and `value` are filled by the loader."""

    name: str
    kind: str
    members: dict[str, Member] = msgspec.field(default_factory=dict[str, Member])
    parts: dict[str, Member] = msgspec.field(default_factory=dict[str, Member])
    payload: str = ""
    flattened: bool = False
    timestamp_format: str = ""
    document: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    enum: tuple[str, ...] = ()


class ErrorShape(msgspec.Struct, frozen=True):
    """An error the model declares: its code and status on the wire, and its members."""

    name: str
    code: str
    status: int
    members: tuple[str, ...]


Validator = Callable[[Mapping[str, Any]], None]


class Operation(msgspec.Struct, frozen=True, eq=False):
    """An operation lakebed has built: its names, its place in HTTP and its shapes.

    `streaming_input` names the member that is the request's body, `streaming_output` the one that
    is the answer's: neither is read or written by the protocol, the gateway spools and sends them.
    `is_unsigned`: who has no credentials may ask, too.
    """

    service: str
    name: str
    function: str
    method: str
    uri: str
    status: int
    input: Shape
    output: Shape
    streaming_input: str | None
    streaming_output: str | None
    xml_root: str
    result_wrapper: str
    markers: tuple[str, ...]
    is_rest: bool
    is_unsigned: bool = False
    validators: list[Validator] = msgspec.field(default_factory=list[Validator])

    def validate(self, request: Mapping[str, Any]) -> None:
        """Raise AWS's validation error unless `request` keeps the model's constraints."""
        if not self.validators:
            # Compiled at the first request: most operations of a service are never called.
            from lakebed.gateway.wire.validate import compile_validator

            self.validators.append(compile_validator(self))
        self.validators[0](request)


class Unbuilt(msgspec.Struct, frozen=True):
    """An operation AWS has and lakebed has not: recognised, so that the answer names it."""

    name: str
    function: str
    method: str = ""
    uri: str = ""
    markers: tuple[str, ...] = ()
    deprecated: bool = False


class ServiceModel(msgspec.Struct, frozen=True, eq=False):
    """One service's table. `protocols` are all that it is spoken to in, `protocol` the first."""

    service: str
    protocol: str
    protocols: tuple[str, ...]
    target_prefix: str
    json_version: str
    signing_name: str
    xml_namespace: str
    api_version: str
    operations: Mapping[str, Operation]
    unbuilt: Mapping[str, Unbuilt]
    errors: Mapping[str, ErrorShape]


class Index(msgspec.Struct, frozen=True, eq=False):
    """How a request names its service; all that is read at start.

    `targets` are the X-Amz-Target prefixes of the services in use, `known_targets` those of all
    others AWS has, `query` the API versions of form-encoded services, `path_prefixes` the paths
    below which an endpoint has a second service.
    """

    targets: Mapping[str, str]
    signing_names: Mapping[str, str]
    query: Mapping[str, str]
    known_targets: Mapping[str, str]
    path_prefixes: Mapping[str, str]


class _Loader:
    def __init__(self, table: Json) -> None:
        self.table = table
        self.rows: dict[str, Json] = table["shapes"]
        self.shapes: dict[str, Shape] = {}

    def shape(self, name: str) -> Shape:
        known = self.shapes.get(name)
        if known is not None:
            return known
        row = self.rows[name]
        shape = self.shapes[name] = Shape(
            name=name,
            kind=row["type"],
            payload=row.get("payload", ""),
            flattened=row.get("flattened", False),
            timestamp_format=row.get("timestampFormat", ""),
            document=row.get("document", False),
            minimum=row.get("min"),
            maximum=row.get("max"),
            pattern=row.get("pattern", ""),
            enum=tuple(row.get("enum", ())),
        )
        # Filled after the shape is known, because shapes may contain themselves.
        required = frozenset(row.get("required", ()))
        for member, reference in row.get("members", {}).items():
            shape.members[member] = self.member(member, reference, member in required)
        for part in ("member", "key", "value"):
            if part in row:
                shape.parts[part] = self.member(part, row[part], False)
        return shape

    def member(self, name: str, row: Json, required: bool) -> Member:
        shape = self.shape(row["shape"])
        declared: Any = row.get("xmlNamespace") or self.rows[row["shape"]].get("xmlNamespace")
        namespace: dict[str, str] = (
            {"uri": declared} if isinstance(declared, str) else declared or {}
        )
        return Member(
            name=name,
            shape=shape,
            required=required,
            location=row.get("location", ""),
            location_name=row.get("locationName", ""),
            flattened=row.get("flattened", False) or shape.flattened,
            timestamp_format=row.get("timestampFormat") or shape.timestamp_format,
            attribute=row.get("xmlAttribute", False),
            namespace=namespace.get("uri", ""),
            namespace_prefix=namespace.get("prefix", ""),
        )

    def operation(self, name: str, row: Json) -> Operation:
        return Operation(
            service=self.table["service"],
            name=name,
            function=row["function"],
            method=row["method"],
            uri=row["uri"],
            status=row.get("status", 200),
            input=self.shape(row["input"])
            if "input" in row
            else Shape(f"{name}Request", "structure"),
            output=self.shape(row["output"])
            if "output" in row
            else Shape(f"{name}Response", "structure"),
            streaming_input=row.get("streaming_input"),
            streaming_output=row.get("streaming_output"),
            xml_root=row.get("xml_root", ""),
            result_wrapper=row.get("result_wrapper", ""),
            markers=tuple(row.get("markers", ())),
            is_rest=self.table["protocol"].startswith("rest"),
            is_unsigned=row.get("unsigned", False),
        )

    def model(self) -> ServiceModel:
        table = self.table
        rows: dict[str, Json] = table["unbuilt"]
        return ServiceModel(
            service=table["service"],
            protocol=table["protocol"],
            protocols=tuple(table.get("protocols", (table["protocol"],))),
            target_prefix=table["target_prefix"],
            json_version=table["json_version"],
            signing_name=table["signing_name"],
            xml_namespace=table["xml_namespace"],
            api_version=table["api_version"],
            operations={
                name: self.operation(name, row) for name, row in table["operations"].items()
            },
            unbuilt={
                name: Unbuilt(
                    name=name,
                    function=row["function"],
                    method=row.get("method", ""),
                    uri=row.get("uri", ""),
                    markers=tuple(row.get("markers", ())),
                    deprecated=row.get("deprecated", False),
                )
                for name, row in rows.items()
            },
            errors={
                name: ErrorShape(
                    name, row.get("code", name), row.get("status", 400), tuple(row["members"])
                )
                for name, row in table["errors"].items()
            },
        )


@functools.lru_cache(maxsize=_SERVICES_MAX)
def load(service: str) -> ServiceModel:
    """Return the table of `service`, read from the package at the first call."""
    return _Loader(msgspec.json.decode((_MODELS / f"{service}.json").read_bytes())).model()


@functools.lru_cache(maxsize=1)
def index() -> Index:
    """Return the index of all services."""
    return Index(**msgspec.json.decode((_MODELS / "index.json").read_bytes()))
