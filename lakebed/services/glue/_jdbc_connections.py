"""What a JDBC connection of the Data Catalog says: where it leads, who logs in, how it is secured.

https://docs.aws.amazon.com/glue/latest/webapi/API_Connection.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lakebed.core.bodies import content_of
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import CERTIFICATE_BYTES_MAX
from lakebed.engines import jdbc
from lakebed.engines.jdbc import Endpoint, Login

NOT_REACHED = (
    "Check that your connection definition references your JDBC database with correct URL syntax, "
    "username, and password. {}"
)
"""AWS's sentence, before what the driver said."""
_UNBUILT = ("ENCRYPTED_PASSWORD", "JDBC_DRIVER_JAR_URI", "CUSTOM_JDBC_CERT_STRING")
"""Properties of a connection that change how it is made, and are not built."""

_AUTHENTICATION = {"AuthenticationType", "SecretArn"}

Shape = Mapping[str, Any]


def endpoint_of(operation: str, connection: Shape) -> Endpoint:
    """Return where a connection leads: by its URL, or its host, port and engine.

    Raises NotBuiltError for what is not built, naming the operation; JdbcError for a URL of none.
    """
    given: Mapping[str, str] = connection.get("ConnectionProperties") or {}
    for member in _UNBUILT:
        if given.get(member):
            raise NotBuiltError("glue", operation, f"ConnectionProperties.{member}")
    how: Shape = connection.get("AuthenticationConfiguration") or {}
    if how.get("AuthenticationType", "BASIC") != "BASIC" or how.keys() - _AUTHENTICATION:
        raise NotBuiltError("glue", operation, "AuthenticationConfiguration")
    url = given.get("JDBC_CONNECTION_URL")
    if not url:
        host, port = given.get("HOST", ""), given.get("PORT", "")
        url = f"jdbc:{given.get('JDBC_ENGINE', '').lower()}://{host}{f':{port}' if port else ''}/"
    try:
        return jdbc.endpoint(url)
    except jdbc.UnbuiltProductError as error:
        raise NotBuiltError("glue", operation, f"JDBC connections to {error}") from error


def certificate_of(connection: Shape) -> dict[str, str] | None:
    """Return the GetObject request of the authority that a connection trusts, if it names one."""
    given: Mapping[str, str] = connection.get("ConnectionProperties") or {}
    place = given.get("CUSTOM_JDBC_CERT")
    if not place or not _enforces(given):
        return None
    bucket, _, key = place.partition("://")[2].partition("/")
    return {"Bucket": bucket, "Key": key}


def secret_of(connection: Shape) -> dict[str, str] | None:
    """Return the GetSecretValue request of who logs in, if the connection names a secret."""
    given: Mapping[str, str] = connection.get("ConnectionProperties") or {}
    how: Shape = connection.get("AuthenticationConfiguration") or {}
    name = given.get("SECRET_ID") or how.get("SecretArn")
    return {"SecretId": str(name)} if name else None


def with_secret(connection: Shape, value: Shape) -> Shape:
    """Return a connection with the user and password of a secret's value; JdbcError without them.

    https://docs.aws.amazon.com/glue/latest/dg/connection-properties-secrets-manager.html
    """
    try:
        known: Any = json.loads(value["SecretString"])
        login = {"USERNAME": str(known["username"]), "PASSWORD": str(known["password"])}
    except (KeyError, TypeError, ValueError):
        message = "The secret has no JSON object with username and password."
        raise jdbc.JdbcError(message) from None
    properties: Mapping[str, str] = connection.get("ConnectionProperties") or {}
    return {**connection, "ConnectionProperties": {**properties, **login}}


def login_of(connection: Shape, authority: str, connect_seconds: float) -> Login:
    """Return who logs in; `authority` is the text of the certificate, empty without one."""
    given: Mapping[str, str] = connection.get("ConnectionProperties") or {}
    user, password = given.get("USERNAME", ""), given.get("PASSWORD", "")
    return Login(user, password, _enforces(given), authority, connect_seconds)


def _enforces(given: Mapping[str, str]) -> bool:
    return given.get("JDBC_ENFORCE_SSL", "false").lower() == "true"


def text_of(body: Any) -> str:
    """Return the text of a certificate that GetObject answered with. For a thread."""
    return content_of(body, CERTIFICATE_BYTES_MAX).decode("ascii", "replace")
