"""Plans: scripts that move a table's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._dag import script_of
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._plan import plan_of

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def get_plan(ctx: Context, request: shapes.GetPlanRequest) -> shapes.GetPlanResponse:
    """Return a script that reads a table, applies a mapping and writes to sinks or a location.

    Without either it ends with the mapping. Scala, AdditionalPlanOptionsMap, and arguments of a
    Location that are not known are refused by name.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetPlan.html
    """
    del ctx
    if request.get("Language") == "SCALA":
        raise NotBuiltError("glue", "GetPlan", "Language SCALA")
    if request.get("AdditionalPlanOptionsMap"):
        raise NotBuiltError("glue", "GetPlan", "AdditionalPlanOptionsMap")
    if not request["Mapping"]:
        raise invalid("Mapping must not be empty.")
    location = request.get("Location", {})
    nodes = plan_of(request["Mapping"], request["Source"], request.get("Sinks", []), location)
    return {"PythonScript": script_of(nodes)}
