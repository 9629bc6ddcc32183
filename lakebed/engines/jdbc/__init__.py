"""The jdbc kind: relational databases that a connection of the Data Catalog names.

Java's drivers are not used: an engine speaks its database's own protocol, and is found by the
product in a JDBC URL. Every call blocks, with a timeout: it belongs into a thread. Nothing here
logs, and what represents a password is not shown by `repr`.

An engine folder `lakebed/engines/jdbc/<product>/` offers `connect(endpoint, login) -> Database`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, cast
from urllib.parse import parse_qsl, unquote

import msgspec

from lakebed.core.limits import JDBC_CONNECT_SECONDS

_URL = re.compile(
    r"jdbc:(?P<product>[a-z0-9]+):(?://)?(?P<host>\[[^\]]+\]|[^:/;?]*)"
    r"(?::(?P<port>\d+))?(?:/(?P<database>[^?;]*))?(?:\?(?P<options>.*))?"
)
_ENGINES = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
UNBUILT = frozenset({"redshift", "oracle", "sqlserver", "snowflake", "db2", "as400", "teradata"})
"""Products that AWS Glue reaches and lakebed has no driver of."""


class JdbcError(Exception):
    """The database cannot be reached, refuses the login, or refuses a statement: what it said."""


class UnbuiltProductError(Exception):
    """A product that no engine here speaks with; the message names it."""


class Endpoint(msgspec.Struct, frozen=True):
    """A database server and a database of it, as a JDBC URL names them.

    `options` are the URL's, which Java's drivers read; no engine here does.
    """

    product: str
    host: str
    port: int
    database: str
    options: Mapping[str, str] = {}


class Login(msgspec.Struct, frozen=True):
    """Who logs in, and how the way there is secured.

    With `enforces_tls` the server's certificate must be of an authority that is trusted (of
    `authority` alone, in PEM, if given) and of the host's name; else nothing is encrypted unless
    the server asks for it.
    """

    user: str
    password: str
    enforces_tls: bool = False
    authority: str = ""
    connect_seconds: float = JDBC_CONNECT_SECONDS

    def __repr__(self) -> str:
        return f"Login(user={self.user!r}, password=…)"


class DatabaseColumn(msgspec.Struct, frozen=True):
    """A column: its type in the Data Catalog's spelling, and in the database's own."""

    name: str
    type: str
    native: str
    comment: str = ""
    is_nullable: bool = True
    key_position: int = 0
    """Its place in the primary key, from 1; 0 for none."""


class DatabaseTable(msgspec.Struct, frozen=True):
    """A table or view. `schema` is empty where the product has no schemas."""

    database: str
    schema: str
    name: str
    columns: tuple[DatabaseColumn, ...]
    comment: str = ""
    is_view: bool = False

    @property
    def path(self) -> str:
        """The table as an include path names it: `database/schema/table` or `database/table`."""
        return "/".join(one for one in (self.database, self.schema, self.name) if one)


class Database(Protocol):
    """A connection to one database."""

    def tables(self, schema: str, table: str) -> Iterator[DatabaseTable]:
        """Yield the tables the user may read, by schema and name; `%` in either stands for any."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


def endpoint(url: str) -> Endpoint:
    """Read a JDBC URL; UnbuiltProductError for a product without an engine."""
    match = _URL.fullmatch(url.strip())
    found = match.groupdict() if match else {}
    product = (found.get("product") or url.partition(":")[2].partition(":")[0]).lower()
    if product in UNBUILT:
        raise UnbuiltProductError(product)
    if not match or product not in _ENGINES or not found["host"]:
        raise JdbcError(f"No suitable driver found for {_without_options(url)}")
    return Endpoint(
        product,
        found["host"].strip("[]"),
        int(found["port"] or _PORTS[product]),
        unquote(found["database"] or ""),
        dict(parse_qsl(found["options"] or "")),
    )


def _without_options(url: str) -> str:
    """Return a URL without what may hold a password."""
    return re.sub(r"//[^@/]*@", "//", re.split(r"[?;]", url)[0])


def connect(where: Endpoint, login: Login) -> Database:
    """Connect with the engine of the product. Blocks; JdbcError with what the server said."""
    module = importlib.import_module(f"lakebed.engines.jdbc.{_ENGINES[where.product]}")
    opened = cast("Callable[[Endpoint, Login], Database]", module.connect)
    return opened(where, login)


def matcher(pattern: str) -> re.Pattern[str]:
    """Return what matches names by a pattern with `%`; letters keep their case."""
    return re.compile(".*".join(map(re.escape, pattern.split("%"))), re.DOTALL)
