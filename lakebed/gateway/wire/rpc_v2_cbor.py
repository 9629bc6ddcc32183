"""Smithy's RPC v2 with CBOR: one POST, service and operation in the path, CBOR both ways.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html: times are seconds with tag 1,
whole or not; an operation without an input has no body.
"""

from __future__ import annotations

import math
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.cbor import CborDecoders, CborProtocol
from lakebed.gateway.wire.http import HttpResponse
from lakebed.gateway.wire.json import Decoder, mismatch
from lakebed.gateway.wire.models import Operation, ServiceModel

CONTENT_TYPE = "application/cbor"
_HEADER = ("smithy-protocol", "rpc-v2-cbor")
_SECONDS_MAX = 1e13


def _timestamp(value: Any) -> float:
    is_number = type(value) is float or type(value) is int
    if is_number and math.isfinite(value) and abs(value) < _SECONDS_MAX:
        return float(value)
    raise mismatch(value, "timestamp")


class _Decoders(CborDecoders):
    def _scalar(self, kind: str) -> Decoder:
        return _timestamp if kind == "timestamp" else super()._scalar(kind)


class RpcV2CborProtocol(CborProtocol):
    """Smithy's protocol of one service."""

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._content_type = CONTENT_TYPE
        self._decoders = _Decoders()

    def write_time(self, seconds: float) -> Any:
        """Return a time as it is written: seconds with the tag of times."""
        import cbor2

        return cbor2.CBORTag(1, int(seconds) if seconds == int(seconds) else seconds)

    def serialise(
        self, operation: Operation, response: dict[str, Any] | None, request_id: str
    ) -> HttpResponse:
        """Return the answer; an operation without an output answers an empty map."""
        return super().serialise(operation, {} if response is None else response, request_id)

    def serialise_error(
        self, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        """Return the error with its code in `__type`, its sentence in `message`."""
        return super().serialise_error(operation, error, request_id)

    def _headers(self, request_id: str) -> list[tuple[str, str]]:
        return [*super()._headers(request_id), _HEADER]
