"""From an exception to the failure a client sees: Trino's name, Athena's category."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql import OTHER_ERROR, SYSTEM_ERROR, USER_ERROR
from lakebed.engines.sql.duckdb.catalog import ServiceError

_SYSTEM = ("GENERIC_INTERNAL_ERROR", "EXCEEDED_MEMORY_LIMIT", "EXCEEDED_LOCAL_MEMORY_LIMIT")
_RAISED = re.compile(r"lakebed\|(\w+)\|(.*)", re.S)


def describe(error: BaseException) -> dict[str, Any]:
    """Return the failure as the outcome carries it."""
    name, message = _named(error)
    category = SYSTEM_ERROR if name in _SYSTEM else USER_ERROR
    code = {"NOT_SUPPORTED": 1006, "SYNTAX_ERROR": 1001}.get(name, 1006)
    if name.startswith(("HIVE_", "TABLE_", "SCHEMA_")):
        category, code = (
            (OTHER_ERROR, 1100) if name == "HIVE_CANNOT_OPEN_SPLIT" else (category, code)
        )
    return {"name": name, "message": message, "category": category, "type_code": code}


def _named(error: BaseException) -> tuple[str, str]:
    if isinstance(error, TrinoError):
        return error.name, error.message
    if isinstance(error, ServiceError):
        return _service(error)
    if isinstance(error, RecursionError):
        return "STACK_OVERFLOW", "The statement is nested too deeply"
    if isinstance(error, duckdb.Error):
        return _duck(error)
    return "GENERIC_INTERNAL_ERROR", str(error)


def _service(error: ServiceError) -> tuple[str, str]:
    names = {
        "AlreadyExistsException": "ALREADY_EXISTS",
        "AccessDeniedException": "PERMISSION_DENIED",
        "EntityNotFoundException": "NOT_FOUND",
        "NoSuchBucket": "HIVE_FILESYSTEM_ERROR",
        "InternalError": "GENERIC_INTERNAL_ERROR",
    }
    return names.get(error.code, "HIVE_METASTORE_ERROR"), error.message


def _duck(error: duckdb.Error) -> tuple[str, str]:
    text = str(error)
    raised = _RAISED.search(text)
    if raised is not None:
        return raised.group(1), raised.group(2).strip()
    first = text.split("\n")[0].split(": ", 1)[-1]
    if isinstance(error, duckdb.OutOfRangeException):
        return "NUMERIC_VALUE_OUT_OF_RANGE", first
    if isinstance(error, duckdb.ConversionException):
        return "INVALID_CAST_ARGUMENT", first
    if isinstance(error, duckdb.OutOfMemoryException):
        return "EXCEEDED_LOCAL_MEMORY_LIMIT", first
    if "More than one row returned by a subquery" in text:
        return "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"
    if isinstance(error, duckdb.InvalidInputException):
        return "INVALID_FUNCTION_ARGUMENT", first
    if isinstance(error, duckdb.IOException):
        return "HIVE_CANNOT_OPEN_SPLIT", first
    return "GENERIC_INTERNAL_ERROR", first
