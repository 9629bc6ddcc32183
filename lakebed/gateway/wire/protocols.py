"""What every wire protocol does, and which protocol a service speaks."""

from __future__ import annotations

import functools
from typing import Any, Protocol

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.models import Operation, ServiceModel

_SERVICES_MAX = 512
FORM = "application/x-www-form-urlencoded"
_BY_CONTENT_TYPE = {FORM: "query", "application/cbor": "smithy-rpc-v2-cbor"}


class WireProtocol(Protocol):
    """Reads requests and writes answers and errors of one service."""

    def prepare(self, operation: Operation) -> bool:
        """Make ready what parsing needs; False if only the loop's thread may parse."""
        ...

    def parse(self, operation: Operation, request: HttpRequest) -> dict[str, Any]:
        """Return the operation's input; a streaming member is left to the gateway."""
        ...

    def serialise(
        self, operation: Operation, response: dict[str, Any], request_id: str
    ) -> HttpResponse:
        """Return the answer that carries the operation's output."""
        ...

    def serialise_error(
        self, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        """Return the answer that carries an error; `operation` is None before routing."""
        ...


def protocol_for(model: ServiceModel, content_type: str = "") -> WireProtocol:
    """Return the one protocol object of a service, which owns its compiled codecs.

    Services of the JSON protocol are spoken to in CBOR, too, if the content type says so; those
    that have several protocols in the one that the content type is of.
    """
    if model.protocol == "json" and content_type.startswith("application/x-amz-cbor"):
        return _cbor_protocol(model)
    if len(model.protocols) > 1:
        named = _BY_CONTENT_TYPE.get(content_type.partition(";")[0], "")
        if named in model.protocols:
            return _protocol(model, named)
    return _protocol(model, model.protocol)


@functools.lru_cache(maxsize=_SERVICES_MAX)
def _cbor_protocol(model: ServiceModel) -> WireProtocol:
    from lakebed.gateway.wire.cbor import CborProtocol

    return CborProtocol(model)


@functools.lru_cache(maxsize=_SERVICES_MAX)
def _protocol(model: ServiceModel, name: str) -> WireProtocol:
    if name == "json":
        from lakebed.gateway.wire.json import JsonProtocol

        return JsonProtocol(model)
    if name == "smithy-rpc-v2-cbor":
        from lakebed.gateway.wire.rpc_v2_cbor import RpcV2CborProtocol

        return RpcV2CborProtocol(model)
    if name == "query":
        from lakebed.gateway.wire.query import QueryProtocol

        return QueryProtocol(model)
    if name == "rest-xml":
        from lakebed.gateway.wire.rest_xml import RestXmlProtocol

        return RestXmlProtocol(model)
    if name == "rest-iceberg":
        from lakebed.gateway.wire.rest_iceberg import RestIcebergProtocol

        return RestIcebergProtocol(model)
    raise ValueError(f"no wire protocol {name} for {model.service}")
