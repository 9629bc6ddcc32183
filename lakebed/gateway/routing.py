"""Which operation of which service a request asks for."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.gateway.wire.headers import parse_query
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import Index, Operation, ServiceModel, Unbuilt, index, load
from lakebed.gateway.wire.protocols import WireProtocol, protocol_for
from lakebed.gateway.wire.query import form_fields

_REST_SERVICE = "s3"
_SERVICES_MAX = 512
_FORM = "application/x-www-form-urlencoded"
_SCOPE_END = "/aws4_request"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes."""

    service: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class _Candidate:
    target: Operation | Unbuilt
    query: tuple[tuple[str, str | None], ...]
    headers: tuple[str, ...]


class RestRoutes:
    """The operations of a REST service by method and depth of path, most particular first."""

    def __init__(self, model: ServiceModel) -> None:
        self._candidates: dict[tuple[str, int], list[_Candidate]] = {}
        rows: list[Operation | Unbuilt] = [*model.operations.values(), *model.unbuilt.values()]
        for row in rows:
            if isinstance(row, Unbuilt) and row.deprecated:
                continue
            path = row.uri.partition("?")[0]
            if path != "/" and "{Bucket}" not in path:
                continue
            depth = 0 if path == "/" else 2 if "{Key" in path else 1
            self._candidates.setdefault((row.method, depth), []).append(_candidate(row))
        for candidates in self._candidates.values():
            # Stable, so that what is built stands before what is not.
            candidates.sort(key=lambda row: -len(row.query) - len(row.headers))

    def find(self, request: HttpRequest) -> Operation | Unbuilt | None:
        """Return the operation whose markers the request bears, None if no method fits."""
        first, slash, key = request.path[1:].partition("/")
        depth = 0 if not first and not slash else 2 if key else 1
        query = parse_query(request.query) if request.query else {}
        for candidate in self._candidates.get((request.method, depth), ()):
            if candidate.query and not _bears(query, candidate.query):
                continue
            if all(name in request.headers for name in candidate.headers):
                return candidate.target
        return None


def _bears(query: dict[str, str], markers: tuple[tuple[str, str | None], ...]) -> bool:
    return all(name in query and (value is None or query[name] == value) for name, value in markers)


def _candidate(row: Operation | Unbuilt) -> _Candidate:
    query: list[tuple[str, str | None]] = []
    for marker in row.markers:
        if marker.startswith("?"):
            name, equals, value = marker[1:].partition("=")
            query.append((name, value if equals else None))
    headers = tuple(marker[1:] for marker in row.markers if marker.startswith("@"))
    return _Candidate(row, tuple(query), headers)


@functools.lru_cache(maxsize=_SERVICES_MAX)
def _rest_routes(service: str) -> RestRoutes:
    return RestRoutes(load(service))


def is_form(request: HttpRequest) -> bool:
    """Say whether the request is a query-protocol form, whose body is needed to route it."""
    if request.path not in ("/", "") or "x-amz-target" in request.headers:
        return False
    if request.method == "POST" and request.headers.get("content-type", "").startswith(_FORM):
        return True
    return request.query.startswith("Action=") or "&Action=" in request.query


def _signing_name(request: HttpRequest) -> str:
    """Return the service a request says it is signed for, or an empty string."""
    scope = request.headers.get("authorization", "").partition(_SCOPE_END)
    return scope[0].rpartition("/")[2] if scope[1] else ""


def _named(service: str, name: str) -> Route:
    model = load(service)
    operation = model.operations.get(name)
    if operation is not None:
        return Route(service, operation)
    if name in model.unbuilt:
        raise NotBuiltError(service, name)
    raise AwsError("UnknownOperationException", f"The operation {name} is not known to {service}")


def _by_target(target: str, known: Index) -> Route:
    prefix, _, name = target.rpartition(".")
    service = known.targets.get(prefix)
    if service is not None:
        return _named(service, name)
    if prefix in known.known_targets:
        raise NotBuiltError(known.known_targets[prefix], name)
    raise AwsError("UnknownOperationException", f"The target {target} is not known")


def _by_form(request: HttpRequest, known: Index) -> Route:
    fields = dict(form_fields(request))
    action, version = fields.get("Action", ""), fields.get("Version", "")
    if not action:
        raise AwsError("MissingAction", "The request has no Action")
    service = known.query.get(version)
    signed_for = known.signing_names.get(_signing_name(request), "")
    if service is None and signed_for in known.query.values():
        service = signed_for
    if service is None:
        raise NotBuiltError(_signing_name(request) or "query", action)
    model = load(service)
    if action not in model.operations and action not in model.unbuilt:
        raise AwsError(
            "InvalidAction",
            f"Could not find operation {action} for version {version or model.api_version}",
        )
    return _named(service, action)


def _by_path(request: HttpRequest, known: Index) -> Route:
    signed_for = _signing_name(request)
    if signed_for and known.signing_names.get(signed_for) != _REST_SERVICE:
        raise NotBuiltError(signed_for, f"{request.method} {request.path}")
    found = _rest_routes(_REST_SERVICE).find(request)
    if isinstance(found, Operation):
        return Route(_REST_SERVICE, found)
    if found is not None:
        raise NotBuiltError(_REST_SERVICE, found.name)
    if request.method == "OPTIONS":
        raise NotBuiltError(_REST_SERVICE, "OptionsObject")
    if request.method == "POST" and request.path not in ("/", ""):
        raise NotBuiltError(_REST_SERVICE, "PostObject")
    raise AwsError(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        405,
        {"Method": request.method, "ResourceType": "SERVICE"},
    )


def route(request: HttpRequest) -> Route:
    """Return the operation a request asks for; raise AWS's error where there is none."""
    known = index()
    target = request.headers.get("x-amz-target")
    if target is not None:
        return _by_target(target, known)
    if is_form(request):
        return _by_form(request, known)
    return _by_path(request, known)


def error_protocol(request: HttpRequest) -> WireProtocol:
    """Return the protocol in which to answer an error of a request that could not be routed."""
    known = index()
    target = request.headers.get("x-amz-target")
    if target is not None:
        service = known.targets.get(target.rpartition(".")[0])
        return protocol_for(load(service) if service else _plain_json())
    if is_form(request):
        return protocol_for(load(next(iter(known.query.values()))))
    return protocol_for(load(_REST_SERVICE))


@functools.lru_cache(maxsize=1)
def _plain_json() -> ServiceModel:
    """Return a table without operations, for errors of services that have no table here."""
    return ServiceModel("", "json", "", "1.1", "", "", "", {}, {}, {})
