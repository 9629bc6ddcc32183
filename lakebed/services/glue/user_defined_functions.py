"""User-defined functions of the Data Catalog: where a Hive-like engine finds a function's code."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_FUNCTIONS_MAX, GLUE_PAGE_MAX
from lakebed.services.glue._patterns import name_pattern
from lakebed.services.glue.model import (
    FUNCTIONS,
    UserDefinedFunction,
    check_catalog,
    find_database,
    read_token,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_UNBUILT = ("FunctionInput.ArtifactLocation", "FunctionInput.GovernanceMode")


def create_user_defined_function(
    ctx: Context, request: shapes.CreateUserDefinedFunctionRequest
) -> shapes.CreateUserDefinedFunctionResponse:
    """Create a function; names differ by more than case, and are shown as they were given.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateUserDefinedFunction.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    database = find_database(ctx, request["DatabaseName"])
    given = _input("CreateUserDefinedFunction", request["FunctionInput"])
    name = given["FunctionName"].lower()
    row = UserDefinedFunction(database.name, name, given, ctx.clock.now())
    if not FUNCTIONS.insert(ctx, row):
        raise AwsError("AlreadyExistsException", f"Function {name} already exists.")
    if FUNCTIONS.count(ctx, database.name) > GLUE_FUNCTIONS_MAX:
        message = f"Number of functions exceeds the limit of {GLUE_FUNCTIONS_MAX} per database."
        raise AwsError("ResourceNumberLimitExceededException", message)
    return {}


def get_user_defined_function(
    ctx: Context, request: shapes.GetUserDefinedFunctionRequest
) -> shapes.GetUserDefinedFunctionResponse:
    """Return one function.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetUserDefinedFunction.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    found = _find(ctx, request["DatabaseName"], request["FunctionName"])
    return {"UserDefinedFunction": _shape(ctx, found)}


def get_user_defined_functions(
    ctx: Context, request: shapes.GetUserDefinedFunctionsRequest
) -> Generator[None, None, shapes.GetUserDefinedFunctionsResponse]:
    """Return the functions whose names match a pattern, of one database or of all.

    `Pattern` is a regular expression that must match the whole name, as of GetTables.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetUserDefinedFunctions.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    database = request.get("DatabaseName")
    prefix = (find_database(ctx, database).name,) if database else ()
    size = request.get("MaxResults") or GLUE_PAGE_MAX
    matches = name_pattern(request.get("Pattern"))
    kind = request.get("FunctionType")
    token = read_token(request.get("NextToken"))
    after = tuple(token[0].split("\n")) if token else None
    found: list[UserDefinedFunction] = []
    while len(found) <= size:
        span = Range(prefix, after=after, limit=GLUE_PAGE_MAX)
        rows = list(FUNCTIONS.scan(ctx, span))
        found += [
            row
            for row in rows
            if (matches is None or matches.fullmatch(row.name))
            and (kind is None or row.definition.get("FunctionType") == kind)
        ]
        if len(rows) < GLUE_PAGE_MAX:
            break
        after = _place(rows[-1])[len(prefix) :]
        yield
    page: shapes.GetUserDefinedFunctionsResponse = {
        "UserDefinedFunctions": [_shape(ctx, row) for row in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token("\n".join(_place(found[size - 1])[len(prefix) :]))
    return page


def update_user_defined_function(
    ctx: Context, request: shapes.UpdateUserDefinedFunctionRequest
) -> shapes.UpdateUserDefinedFunctionResponse:
    """Replace a function's definition; its name cannot change.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateUserDefinedFunction.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    found = _find(ctx, request["DatabaseName"], request["FunctionName"])
    given = _input("UpdateUserDefinedFunction", request["FunctionInput"])
    if given["FunctionName"].lower() != found.name:
        raise AwsError("InvalidInputException", "Function name cannot be changed.")
    FUNCTIONS.put(ctx, UserDefinedFunction(found.database, found.name, given, found.created))
    return {}


def delete_user_defined_function(
    ctx: Context, request: shapes.DeleteUserDefinedFunctionRequest
) -> shapes.DeleteUserDefinedFunctionResponse:
    """Delete a function.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteUserDefinedFunction.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    found = _find(ctx, request["DatabaseName"], request["FunctionName"])
    FUNCTIONS.delete(ctx, found.database, found.name)
    return {}


def _input(operation: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    for member in _UNBUILT:
        if given.get(member.partition(".")[2]):
            raise NotBuiltError("glue", operation, member)
    if not given.get("FunctionName"):
        raise AwsError("InvalidInputException", "FunctionName is required.")
    return given


def _place(row: UserDefinedFunction) -> tuple[str, str]:
    return row.database, row.name


def _find(ctx: Context, database: str, name: str) -> UserDefinedFunction:
    found = FUNCTIONS.get(ctx, database.lower(), name.lower())
    if found is None:
        find_database(ctx, database)
        raise AwsError("EntityNotFoundException", f"Function {name.lower()} not found.")
    return found


def _shape(ctx: Context, row: UserDefinedFunction) -> Any:
    return {
        **row.definition,
        "DatabaseName": row.database,
        "CreateTime": row.created,
        "CatalogId": ctx.account,
    }
