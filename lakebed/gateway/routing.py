"""Which operation of which service a request asks for."""

from __future__ import annotations

import functools
import re

import msgspec

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.gateway.wire.headers import parameters, template
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import Index, Operation, ServiceModel, Unbuilt, index, load
from lakebed.gateway.wire.query import form_fields

_REST_SERVICE = "s3"
_SERVICES_MAX = 512
_FORM = "application/x-www-form-urlencoded"
_RPC_V2 = "rpc-v2-cbor"
_RPC_V2_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)")
"""https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html#requests"""
_SCOPE_END = "/aws4_request"
OF_ACCOUNT = "x-amz-account-id"
"""Names the account in every request of a service beside S3, and in none of S3."""


class Route(msgspec.Struct, frozen=True):
    """Where a request goes."""

    service: str
    operation: Operation


class _Candidate(msgspec.Struct, frozen=True):
    target: Operation | Unbuilt
    query: tuple[tuple[str, str | None], ...]
    headers: tuple[str, ...]


class RestRoutes:
    """The operations of a REST service by method and depth of path, most particular first."""

    def __init__(self, model: ServiceModel) -> None:
        self._candidates: dict[tuple[str, int], list[_Candidate]] = {}
        self._without_query: dict[tuple[str, int], list[_Candidate]] = {}
        rows: list[Operation | Unbuilt] = [*model.operations.values(), *model.unbuilt.values()]
        for row in rows:
            if isinstance(row, Unbuilt) and row.deprecated:
                continue
            path = row.uri.partition("?")[0]
            if path != "/" and "{Bucket}" not in path:
                continue
            depth = 0 if path == "/" else 2 if "{Key" in path else 1
            self._candidates.setdefault((row.method, depth), []).append(_candidate(row))
        for key, candidates in self._candidates.items():
            # Stable, so that what is built stands before what is not.
            candidates.sort(key=lambda row: -len(row.query) - len(row.headers))
            self._without_query[key] = [row for row in candidates if not row.query]

    def find(self, request: HttpRequest) -> Operation | Unbuilt | None:
        """Return the operation whose markers the request bears, None if no method fits."""
        first, slash, key = request.path[1:].partition("/")
        depth = 0 if not first and not slash else 2 if key else 1
        query = parameters(request)
        table = self._candidates if query else self._without_query
        headers = request.headers
        for candidate in table.get((request.method, depth), ()):
            if candidate.query and not _bears(query, candidate.query):
                continue
            if not candidate.headers or all(name in headers for name in candidate.headers):
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


def is_upload_form(request: HttpRequest) -> bool:
    """Say whether a browser sends a file to a bucket, whose host may have named it."""
    if request.method != "POST" or request.query:
        return False
    bucket, _, key = request.path[1:].partition("/")
    return bool(bucket) and not key and _signing_name(request) in ("", _REST_SERVICE)


def object_route(method: str) -> Route:
    """Return the operation that puts an object, or gets one."""
    found = _rest_routes(_REST_SERVICE).find(HttpRequest(method, "/bucket/key"))
    assert isinstance(found, Operation)
    return Route(_REST_SERVICE, found)


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


def _target(request: HttpRequest) -> str | None:
    """Return a service's prefix and an operation with a dot between, if a request names them so.

    By a header of the JSON protocols, or by its path and a header of Smithy's protocol.
    """
    target = request.headers.get("x-amz-target")
    if target is None and request.headers.get("smithy-protocol") == _RPC_V2:
        named = _RPC_V2_PATH.fullmatch(request.path)
        return named and f"{named[1]}.{named[2]}"
    return target


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


def _prefixed(request: HttpRequest, known: Index) -> str | None:
    """Return the service that has the path, if the request is signed for its endpoint.

    Anything else below the path is an object of the bucket of that name; where both are signed for
    under one name, a request of the other service says whose account it is about.
    """
    for prefix, service in known.path_prefixes.items():
        if request.path.startswith(prefix):
            name = load(service).signing_name
            is_shared = name == _REST_SERVICE
            if is_shared and OF_ACCOUNT in request.headers:
                return service
            return service if not is_shared and _signing_name(request) == name else None
    return None


@functools.lru_cache(maxsize=_SERVICES_MAX)
def _templates(service: str) -> list[tuple[str, re.Pattern[str], Operation | Unbuilt]]:
    model = load(service)
    rows: list[Operation | Unbuilt] = [*model.operations.values(), *model.unbuilt.values()]
    return [(row.method, template(row.uri), row) for row in rows]


def _by_template(request: HttpRequest, service: str) -> Route:
    for method, pattern, row in _templates(service):
        if method == request.method and pattern.fullmatch(request.path):
            if isinstance(row, Operation):
                return Route(service, row)
            raise NotBuiltError(service, row.name)
    raise NotBuiltError(service, f"{request.method} {request.path}")


def _by_path(request: HttpRequest, known: Index) -> Route:
    prefixed = _prefixed(request, known)
    if prefixed is not None:
        return _by_template(request, prefixed)
    signed_for = _signing_name(request)
    if signed_for and known.signing_names.get(signed_for) != _REST_SERVICE:
        raise NotBuiltError(signed_for, f"{request.method} {request.path}")
    found = _rest_routes(_REST_SERVICE).find(request)
    if isinstance(found, Operation):
        return Route(_REST_SERVICE, found)
    if found is not None:
        raise NotBuiltError(_REST_SERVICE, found.name)
    raise AwsError(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        405,
        {"Method": request.method, "ResourceType": _kind_of(request)},
    )


def _kind_of(request: HttpRequest) -> str:
    bucket, _, key = request.path[1:].partition("/")
    return "OBJECT" if key else "BUCKET" if bucket else "SERVICE"


def route(request: HttpRequest) -> Route:
    """Return the operation a request asks for; raise AWS's error where there is none."""
    known = index()
    target = _target(request)
    if target is not None:
        return _by_target(target, known)
    if is_form(request):
        return _by_form(request, known)
    return _by_path(request, known)


def family_of(request: HttpRequest) -> str:
    """Return the service in whose protocol and words to refuse a request that has no route.

    A JSON target of a service that has no table here is answered as any JSON service would.
    """
    known = index()
    target = _target(request)
    if target is not None:
        service = known.targets.get(target.rpartition(".")[0])
        return service or next(iter(known.targets.values()))
    if is_form(request):
        return _family_of_form(request, known)
    return _prefixed(request, known) or _REST_SERVICE


def _family_of_form(request: HttpRequest, known: Index) -> str:
    """Return the service a form is for by its version; by its signature if it says none."""
    try:
        fields = form_fields(request)
    except AwsError:
        fields = []
    for name, value in reversed(fields):
        if name == "Version" and value in known.query:
            return known.query[value]
    signed_for = known.signing_names.get(_signing_name(request), "")
    services = known.query.values()
    return signed_for if signed_for in services else next(iter(services))
