"""Scripts of graphs of code nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._dag import script_of
from lakebed.services.glue._dag_shapes import nodes_of_request

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def create_script(ctx: Context, request: shapes.CreateScriptRequest) -> shapes.CreateScriptResponse:
    """Return the Python script of a graph, annotated so that GetDataflowGraph reads it.

    Values are texts of Python, with their quotes; with Param, names of the job's parameters. A
    node without a transformation_ctx gets its id as one. Scala is refused by name.
    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateScript.html
    """
    del ctx
    if request.get("Language") == "SCALA":
        raise NotBuiltError("glue", "CreateScript", "Language SCALA")
    nodes = nodes_of_request(request.get("DagNodes", []), request.get("DagEdges", []))
    return {"PythonScript": script_of(nodes)}
