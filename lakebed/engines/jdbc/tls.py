"""The secure way to a database: JDBC_ENFORCE_SSL and CUSTOM_JDBC_CERT of a Glue connection."""

from __future__ import annotations

import ssl

from lakebed.engines.jdbc import JdbcError, Login


def enforced(login: Login) -> ssl.SSLContext:
    """Return a context that checks the server's certificate and its name."""
    try:
        return ssl.create_default_context(cadata=login.authority or None)
    except ssl.SSLError as error:
        raise JdbcError(f"The certificate of the connection cannot be read: {error}") from error
