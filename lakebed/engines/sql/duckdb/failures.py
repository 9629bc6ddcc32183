"""From an exception to the failure a client sees: Trino's name, Athena's category."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql import OTHER_ERROR, SYSTEM_ERROR, USER_ERROR
from lakebed.engines.sql.duckdb.catalog import ServiceError

# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html says what a type means, not
# which of Trino's errors has which. Those of the first group were seen on Athena; the others are
# the documented type that says what they are.
_KINDS = {
    "COLUMN_NOT_FOUND": (USER_ERROR, 1006),
    "CATALOG_NOT_FOUND": (USER_ERROR, 1006),
    "DIVISION_BY_ZERO": (USER_ERROR, 1001),
    "FUNCTION_NOT_FOUND": (USER_ERROR, 1303),
    "INVALID_CAST_ARGUMENT": (USER_ERROR, 1100),
    "INVALID_FUNCTION_ARGUMENT": (USER_ERROR, 1106),
    "INVALID_PARAMETER_USAGE": (USER_ERROR, 1100),
    "NOT_SUPPORTED": (USER_ERROR, 1200),
    "NUMERIC_VALUE_OUT_OF_RANGE": (USER_ERROR, 1100),
    "SCHEMA_NOT_FOUND": (USER_ERROR, 1301),
    "SYNTAX_ERROR": (USER_ERROR, 1006),
    "TABLE_ALREADY_EXISTS": (USER_ERROR, 1110),
    "TABLE_NOT_FOUND": (USER_ERROR, 1301),
    "TYPE_MISMATCH": (USER_ERROR, 1002),
    # by what the types say
    "EXCEEDED_LOCAL_MEMORY_LIMIT": (SYSTEM_ERROR, 1),
    "EXCEEDED_MEMORY_LIMIT": (SYSTEM_ERROR, 1),
    "GENERIC_INTERNAL_ERROR": (SYSTEM_ERROR, 200),
    "HIVE_BAD_DATA": (USER_ERROR, 1001),
    "HIVE_CANNOT_OPEN_SPLIT": (OTHER_ERROR, 200),
    "HIVE_CURSOR_ERROR": (USER_ERROR, 1001),
    "HIVE_FILESYSTEM_ERROR": (USER_ERROR, 1306),
    "HIVE_INVALID_METADATA": (USER_ERROR, 1004),
    "HIVE_METASTORE_ERROR": (SYSTEM_ERROR, 204),
    "HIVE_PARTITION_SCHEMA_MISMATCH": (USER_ERROR, 1004),
    "INVALID_TABLE_PROPERTY": (USER_ERROR, 1103),
    "INVALID_VIEW": (USER_ERROR, 1107),
    "NOT_FOUND": (USER_ERROR, 1300),
    "PERMISSION_DENIED": (USER_ERROR, 1500),
    "SCHEMA_ALREADY_EXISTS": (USER_ERROR, 1110),
}
_SYSTEM_PREFIXES = ("EXCEEDED_", "GENERIC_INTERNAL", "STACK_OVERFLOW")
# A reader's error comes with the traceback of the stream it broke.
_RAISED = re.compile(r"lakebed\|(\w+)\|(.*?)(?:\|\. Detail: Python exception.*)?$", re.S)


_OVERFLOW = re.compile(r"Overflow in (\w+) of (?:(INT\d+) \()?(-?\d+ . -?\d+)\)?!?")
_INTEGERS = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
_LEAST = {str(-(1 << bits - 1)): f"INT{bits}" for bits in (8, 16, 32, 64)}


def _overflow(message: str) -> str:
    """Return Trino's sentence for an overflow of whole numbers."""
    found = _OVERFLOW.fullmatch(message)
    if found is None:
        return message
    word, kind, values = found.groups()
    first, sign, last = values.split(" ")
    kind = kind or _LEAST.get(first)
    if kind not in _INTEGERS:
        return message
    if (first, sign) == ("0", "-") and last in _LEAST:
        word, values = "negation", last
    return f"{_INTEGERS[kind]} {word} overflow: {values}"


def describe(error: BaseException) -> dict[str, Any]:
    """Return the failure as the outcome carries it."""
    name, message = _named(error)
    category, code = kind_of(name)
    return {"name": name, "message": message, "category": category, "type_code": code}


def over_scan_limit(scanned_bytes: int) -> dict[str, Any]:
    """Return the end of a statement that scanned more than its workgroup lets it."""
    error = {"name": "EXCEEDED_SCAN_LIMIT", "message": "Bytes scanned limit was exceeded"}
    return {
        "state": "CANCELLED",
        "error": error,
        "result": None,
        "data_scanned_bytes": scanned_bytes,
    }


def kind_of(name: str) -> tuple[int, int]:
    """Return ErrorCategory and ErrorType of an error by Trino's name."""
    known = _KINDS.get(name)
    if known is not None:
        return known
    if name.startswith(_SYSTEM_PREFIXES):
        return SYSTEM_ERROR, 200
    return USER_ERROR, 1000


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
        "AccessDenied": "PERMISSION_DENIED",
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
        return "NUMERIC_VALUE_OUT_OF_RANGE", _overflow(first)
    if isinstance(error, duckdb.ConversionException):
        return "INVALID_CAST_ARGUMENT", first
    if isinstance(error, duckdb.OutOfMemoryException):
        return "EXCEEDED_LOCAL_MEMORY_LIMIT", first
    if "More than one row returned by a subquery" in text:
        return "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"
    if isinstance(error, duckdb.InvalidInputException):
        is_read = first.startswith("Failed to read file")
        return "HIVE_CURSOR_ERROR" if is_read else "INVALID_FUNCTION_ARGUMENT", first
    if isinstance(error, duckdb.IOException):
        return "HIVE_CANNOT_OPEN_SPLIT", first
    return "GENERIC_INTERNAL_ERROR", first
