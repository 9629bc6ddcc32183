"""What the operations share: the catalog's path, and Glue's errors in the words of Iceberg."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError

Json = dict[str, Any]
METADATA_LOCATION = "metadata_location"
PREVIOUS_METADATA_LOCATION = "previous_metadata_location"
_SEPARATOR = "\x1f"
"""What joins the levels of a namespace in a path, by Iceberg's specification."""
_ERRORS = {
    ("EntityNotFoundException", "namespace"): ("NoSuchNamespaceException", 404),
    ("EntityNotFoundException", "table"): ("NoSuchTableException", 404),
    ("AlreadyExistsException", "namespace"): ("AlreadyExistsException", 409),
    ("AlreadyExistsException", "table"): ("AlreadyExistsException", 409),
    ("ConcurrentModificationException", "table"): ("CommitFailedException", 409),
    ("AccessDeniedException", "table"): ("ForbiddenException", 403),
    ("AccessDeniedException", "namespace"): ("ForbiddenException", 403),
}


def bad_request(message: str) -> AwsError:
    """Return the error of a request that means nothing."""
    return AwsError("BadRequestException", message)


def no_table(namespace: str, table: str) -> AwsError:
    """Return the error of a table that is not there, or is no Iceberg table."""
    message = f"Table does not exist: {namespace}.{table}"
    return AwsError("NoSuchTableException", message, 404)


def asked(what: str, call: Callable[[Any], Any], request: Mapping[str, Any]) -> Any:
    """Ask an operation of Glue about a `namespace` or `table`; its errors are told as Iceberg's."""
    try:
        return call(request)
    except NotBuiltError:
        raise
    except AwsError as error:
        code, status = _ERRORS.get((error.code, what), ("BadRequestException", error.status))
        raise AwsError(code, error.message, status) from error


def check_catalog(ctx: Context, catalog: str) -> None:
    """Refuse another account's catalog, and catalogs within one's own, of which there are none.

    The path may name the root catalog by the account or as `:`.
    https://docs.aws.amazon.com/glue/latest/dg/connect-glu-iceberg-rest.html
    """
    if catalog not in (ctx.account, ":"):
        message = f"Catalog {catalog} not found."
        raise AwsError("NoSuchCatalogException", message, 404)


def single(levels: list[str]) -> str:
    """Return a namespace's one level; Glue's have no more."""
    if len(levels) != 1 or not levels[0]:
        raise bad_request(f"Namespaces have a single level: {'.'.join(levels)}")
    return levels[0].lower()


def namespace_of(text: str) -> str:
    """Return the namespace that a path names."""
    return single(text.split(_SEPARATOR))


def is_iceberg(table: Mapping[str, Any]) -> bool:
    """Tell whether a table of the catalog is Iceberg's."""
    parameters: Mapping[str, str] = table.get("Parameters") or {}
    return parameters.get("table_type", "").upper() == "ICEBERG"
