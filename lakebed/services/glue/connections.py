"""Connections of the Data Catalog: how jobs and crawlers will reach a database, with its password.

The properties are kept encrypted and never written to the audit log. What encrypts runs in a
thread, because the first time it loads a library and makes a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_CONNECTIONS_MAX, GLUE_PAGE_MAX, JDBC_TEST_SECONDS
from lakebed.engines import jdbc
from lakebed.services.glue._jdbc_connections import (
    NOT_REACHED,
    certificate_of,
    endpoint_of,
    login_of,
    secret_of,
    text_of,
    with_secret,
)
from lakebed.services.glue._secrets import decrypt, encrypt
from lakebed.services.glue.model import (
    CONNECTIONS,
    TAGS,
    Connection,
    arn_of,
    check_catalog,
    put_tags,
    read_token,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

HIDDEN_MEMBERS = frozenset(
    ("ConnectionProperties", "SparkProperties", "AthenaProperties", "PythonProperties",
     "AuthenticationConfiguration")
)  # fmt: skip
"""Members of requests that are not written to the audit log."""

_PROPERTIES = ("ConnectionProperties", "SparkProperties", "AthenaProperties", "PythonProperties")
_SCHEMA_VERSION = 1
_UNBUILT = (
    "ConnectionInput.AuthenticationConfiguration",
    "ConnectionInput.ValidateCredentials",
    "ConnectionInput.ValidateForComputeEnvironments",
)


@long
def create_connection(
    ctx: Context, request: shapes.CreateConnectionRequest
) -> shapes.CreateConnectionResponse:
    """Create a connection; nothing is connected to.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateConnection.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    row = _row(ctx, "CreateConnection", request["ConnectionInput"])
    if not CONNECTIONS.insert(ctx, row):
        raise AwsError("AlreadyExistsException", f"Connection {row.name} already exists.")
    if CONNECTIONS.count(ctx) > GLUE_CONNECTIONS_MAX:
        message = f"Number of connections exceeds the limit of {GLUE_CONNECTIONS_MAX}."
        raise AwsError("ResourceNumberLimitExceededException", message)
    put_tags(ctx, arn_of(ctx, "connection", row.name), request.get("Tags"))
    return {"CreateConnectionStatus": "READY"}


@long
def get_connection(
    ctx: Context, request: shapes.GetConnectionRequest
) -> shapes.GetConnectionResponse:
    """Return one connection, with its password unless `HidePassword` is set.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetConnection.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    if request.get("ApplyOverrideForComputeEnvironment"):
        raise NotBuiltError("glue", "GetConnection", "ApplyOverrideForComputeEnvironment")
    row = _find(ctx, request["Name"])
    return {"Connection": _shape(ctx, row, hides=bool(request.get("HidePassword")))}


@long
def get_connections(
    ctx: Context, request: shapes.GetConnectionsRequest
) -> shapes.GetConnectionsResponse:
    """Return the connections that a filter lets through, by name, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetConnections.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    size = request.get("MaxResults") or GLUE_PAGE_MAX
    after = read_token(request.get("NextToken"))
    wanted: Any = request.get("Filter") or {}
    # Bounded: an account has at most 1,000 connections, and only those shown are decrypted.
    found = [row for row in CONNECTIONS.scan(ctx, Range(after=after)) if _passes(row, wanted)]
    hides = bool(request.get("HidePassword"))
    page: shapes.GetConnectionsResponse = {
        "ConnectionList": [_shape(ctx, row, hides=hides) for row in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


@long
def update_connection(
    ctx: Context, request: shapes.UpdateConnectionRequest
) -> shapes.UpdateConnectionResponse:
    """Replace a connection's definition; its name cannot change.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateConnection.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    known = _find(ctx, request["Name"])
    given = request["ConnectionInput"]
    if given["Name"] != known.name:
        raise AwsError("InvalidInputException", "Connection name cannot be changed.")
    CONNECTIONS.put(ctx, _row(ctx, "UpdateConnection", given, known.created))
    return {}


def delete_connection(
    ctx: Context, request: shapes.DeleteConnectionRequest
) -> shapes.DeleteConnectionResponse:
    """Delete a connection.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteConnection.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _delete(ctx, request["ConnectionName"])
    return {}


def batch_delete_connection(
    ctx: Context, request: shapes.BatchDeleteConnectionRequest
) -> shapes.BatchDeleteConnectionResponse:
    """Delete up to 25 connections; those that are not there are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteConnection.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    done: list[str] = []
    errors: dict[str, Any] = {}
    for name in request["ConnectionNameList"]:
        try:
            _delete(ctx, name)
        except AwsError as error:
            errors[name] = {"ErrorCode": error.code, "ErrorMessage": error.message}
        else:
            done.append(name)
    return {"Succeeded": done, "Errors": errors}


@long
def test_connection(
    ctx: Context, request: shapes.TestConnectionRequest
) -> shapes.TestConnectionResponse:
    """Connect to the database of a JDBC connection, or of one that is not made yet.

    https://docs.aws.amazon.com/glue/latest/webapi/API_TestConnection.html
    Connections of other types are not built.
    """
    check_catalog(ctx, request.get("CatalogId"))
    name, given = request.get("ConnectionName"), request.get("TestConnectionInput")
    if (name is None) == (given is None):
        message = "Either ConnectionName or TestConnectionInput must be provided, but not both."
        raise AwsError("InvalidInputException", message)
    connection: Any = given if name is None else _shape(ctx, _find(ctx, name), hides=False)
    kind = connection.get("ConnectionType")
    if kind != "JDBC":
        raise NotBuiltError("glue", "TestConnection", f"connections of the type {kind}")
    try:
        where = endpoint_of("TestConnection", connection)
        wanted: Any = certificate_of(connection)
        authority = text_of(ctx.aws.s3.get_object(wanted).get("Body")) if wanted else ""
        secret: Any = secret_of(connection)
        if secret is not None:
            value = ctx.aws.secretsmanager.get_secret_value(secret)
            connection = with_secret(connection, value)
        jdbc.connect(where, login_of(connection, authority, JDBC_TEST_SECONDS)).close()
    except jdbc.JdbcError as error:
        raise AwsError("InvalidInputException", NOT_REACHED.format(error)) from error
    return {}


def _row(
    ctx: Context, operation: str, given: Mapping[str, Any], created: float | None = None
) -> Connection:
    for member in _UNBUILT:
        if given.get(member.partition(".")[2]):
            raise NotBuiltError("glue", operation, member)
    name = given["Name"]
    properties = {key: given[key] for key in _PROPERTIES if key in given}
    definition = {
        key: value for key, value in given.items() if key != "Name" and key not in _PROPERTIES
    }
    now = ctx.clock.now()
    secret = encrypt(ctx.settings, name, properties)
    return Connection(
        name, definition, secret, now if created is None else created, now, ctx.principal.arn
    )


def _find(ctx: Context, name: str) -> Connection:
    row = CONNECTIONS.get(ctx, name)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Connection {name} not found.")
    return row


def _delete(ctx: Context, name: str) -> None:
    CONNECTIONS.delete(ctx, _find(ctx, name).name)
    TAGS.delete(ctx, arn_of(ctx, "connection", name))


def _passes(row: Connection, wanted: Mapping[str, Any]) -> bool:
    kind = wanted.get("ConnectionType")
    if kind is not None and row.definition.get("ConnectionType") != kind:
        return False
    if wanted.get("ConnectionSchemaVersion", _SCHEMA_VERSION) != _SCHEMA_VERSION:
        return False
    criteria = set(wanted.get("MatchCriteria") or ())
    return criteria <= set(row.definition.get("MatchCriteria") or ())


def _shape(ctx: Context, row: Connection, *, hides: bool) -> Any:
    properties = decrypt(ctx.settings, row.name, row.secret)
    if hides:
        properties = {
            member: {key: value for key, value in values.items() if not key.endswith("PASSWORD")}
            for member, values in properties.items()
        }
    return {
        "Name": row.name,
        **row.definition,
        **properties,
        "CreationTime": row.created,
        "LastUpdatedTime": row.updated,
        "LastUpdatedBy": row.updated_by,
        "Status": "READY",
        "ConnectionSchemaVersion": _SCHEMA_VERSION,
    }
