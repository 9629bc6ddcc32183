"""Writes the compact wire tables of the services, read by `lakebed.gateway.wire.models`."""

from __future__ import annotations

import json
from typing import Any, cast

from tools.operations import (
    Json,
    available,
    function_name,
    loader,
    protocols,
    reachable,
    root_shapes,
)

_SHAPE_KEYS = (
    "type", "required", "min", "max", "pattern", "enum", "payload", "flattened",
    "timestampFormat", "locationName", "xmlNamespace", "document",
)  # fmt: skip
_MEMBER_KEYS = (
    "shape", "location", "locationName", "flattened", "timestampFormat", "xmlAttribute",
    "xmlNamespace", "streaming",
)  # fmt: skip

# S3's answers have root elements that the model does not name; the API reference does.
_XML_ROOTS = {
    "CreateMultipartUploadOutput": "InitiateMultipartUploadResult",
    "DeleteObjectsOutput": "DeleteResult",
    "GetBucketLocationOutput": "LocationConstraint",
    "ListBucketsOutput": "ListAllMyBucketsResult",
    "ListObjectsOutput": "ListBucketResult",
    "ListObjectsV2Output": "ListBucketResult",
    "ListObjectVersionsOutput": "ListVersionsResult",
}


def _namespace(value: Any) -> Any:
    return dict(cast(Json, value)) if isinstance(value, dict) else value


def _member(member: Json) -> Json:
    return {key: _namespace(member[key]) for key in _MEMBER_KEYS if key in member}


def _shape(shape: Json) -> Json:
    out: Json = {key: _namespace(shape[key]) for key in _SHAPE_KEYS if key in shape}
    if "members" in shape:
        out["members"] = {name: _member(member) for name, member in shape["members"].items()}
    for part in ("member", "key", "value"):
        if part in shape:
            out[part] = _member(shape[part])
    return out


def streaming_member(model: Json, shape_name: str | None) -> str | None:
    """Return the member of the shape whose bytes are streamed as the body, if it has one."""
    if shape_name is None:
        return None
    shape = model["shapes"][shape_name]
    payload = shape.get("payload")
    if payload is None:
        return None
    member = shape["members"][payload]
    target = model["shapes"][member["shape"]]
    streaming = member.get("streaming") or target.get("streaming")
    return str(payload) if streaming and target["type"] == "blob" else None


def _markers(model: Json, operation: Json) -> list[str]:
    """Return what tells a REST operation from others of the same method and path."""
    markers = [f"?{part}" for part in operation["http"]["requestUri"].partition("?")[2].split("&")]
    markers = [marker for marker in markers if marker != "?"]
    if "input" in operation:
        shape = model["shapes"][operation["input"]["shape"]]
        for name in shape.get("required", []):
            member = shape["members"][name]
            if member.get("location") == "querystring":
                markers.append(f"?{member['locationName']}")
            elif member.get("location") == "header":
                markers.append(f"@{member['locationName'].lower()}")
    return markers


def _operation(model: Json, name: str) -> Json:
    operation = model["operations"][name]
    shape_names = {
        part: operation[part]["shape"] for part in ("input", "output") if part in operation
    }
    out: Json = {"function": function_name(name), **shape_names}
    if operation.get("authtype") == "none":
        out["unsigned"] = True
    http = operation.get("http", {})
    out["method"] = http.get("method", "POST")
    out["uri"] = http.get("requestUri", "/")
    if "responseCode" in http:
        out["status"] = http["responseCode"]
    if model["metadata"]["protocol"].startswith("rest"):
        out["markers"] = _markers(model, operation)
    for part, key in (("input", "streaming_input"), ("output", "streaming_output")):
        member = streaming_member(model, shape_names.get(part))
        if member is not None:
            out[key] = member
    wrapper = operation.get("output", {}).get("resultWrapper")
    if wrapper:
        out["result_wrapper"] = wrapper
    if shape_names.get("output") and model["metadata"]["protocol"] == "rest-xml":
        output = shape_names["output"]
        out["xml_root"] = _XML_ROOTS.get(
            output, output.removesuffix("Output").removesuffix("Result") + "Result"
        )
    out["errors"] = sorted(error["shape"] for error in operation.get("errors", []))
    return out


def _unbuilt(model: Json, name: str) -> Json:
    operation = model["operations"][name]
    out: Json = {"function": function_name(name)}
    if model["metadata"]["protocol"].startswith("rest"):
        out["method"] = operation["http"]["method"]
        out["uri"] = operation["http"]["requestUri"]
        out["markers"] = _markers(model, operation)
        if operation.get("deprecated"):
            out["deprecated"] = True
    return out


def _error(shape: Json) -> Json:
    error = shape.get("error", {})
    out: Json = {"members": sorted(shape.get("members", {}))}
    if "code" in error:
        out["code"] = error["code"]
    if "httpStatusCode" in error:
        out["status"] = error["httpStatusCode"]
    return out


def _lines(table: Json) -> str:
    """Return JSON with a line an entry, so that a change of a model reads as a diff."""
    parts: list[str] = []
    for key, value in table.items():
        if isinstance(value, dict) and value:
            rows = ",\n".join(
                f"{json.dumps(name)}:{json.dumps(row, separators=(',', ':'))}"
                for name, row in sorted(cast(Json, value).items())
            )
            parts.append(f"{json.dumps(key)}:{{\n{rows}\n}}")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def service_table(service: str, model: Json, operations: list[str]) -> str:
    """Return the text of the wire table of one service."""
    metadata = model["metadata"]
    spoken = protocols(model)
    names = reachable(model, root_shapes(model, operations, errors=True))
    errors = sorted(
        {
            error["shape"]
            for name in operations
            for error in model["operations"][name].get("errors", [])
        }
    )
    return _lines(
        {
            "service": service,
            "protocol": spoken[0],
            **({"protocols": spoken} if len(spoken) > 1 else {}),
            "target_prefix": metadata.get("targetPrefix", ""),
            "json_version": metadata.get("jsonVersion", ""),
            "signing_name": metadata.get("signingName", metadata["endpointPrefix"]),
            "xml_namespace": "http://s3.amazonaws.com/doc/2006-03-01/"
            if service == "s3"
            else metadata.get("xmlNamespace", ""),
            "api_version": metadata["apiVersion"],
            "operations": {name: _operation(model, name) for name in operations},
            "unbuilt": {
                name: _unbuilt(model, name)
                for name in model["operations"]
                if name not in operations
            },
            "errors": {name: _error(model["shapes"][name]) for name in errors},
            "shapes": {name: _shape(model["shapes"][name]) for name in names},
        }
    )


def index_table(models: dict[str, Json]) -> str:
    """Return the text of the index: how a request names its service."""
    known: dict[str, str] = {}
    for name in available():
        metadata = loader().load_service_model(name, "service-2")["metadata"]
        if "targetPrefix" in metadata:
            known.setdefault(metadata["targetPrefix"], name)
    built = {
        model["metadata"]["targetPrefix"]: service
        for service, model in models.items()
        if "targetPrefix" in model["metadata"]
    }
    return _lines(
        {
            "targets": built,
            "signing_names": {
                model["metadata"].get("signingName", model["metadata"]["endpointPrefix"]): service
                for service, model in models.items()
                if "pathPrefix" not in model["metadata"]
            },
            "path_prefixes": {
                model["metadata"]["pathPrefix"]: service
                for service, model in models.items()
                if "pathPrefix" in model["metadata"]
            },
            "query": {
                model["metadata"]["apiVersion"]: service
                for service, model in models.items()
                if "query" in protocols(model)
            },
            "known_targets": {
                prefix: service for prefix, service in known.items() if prefix not in built
            },
        }
    )
