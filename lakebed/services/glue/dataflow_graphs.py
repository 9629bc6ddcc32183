"""Graphs of annotated scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.glue._dag import nodes_of
from lakebed.services.glue._dag_shapes import edge_shapes, node_shape

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def get_dataflow_graph(
    ctx: Context, request: shapes.GetDataflowGraphRequest
) -> shapes.GetDataflowGraphResponse:
    """Return the graph of a Python script: what its annotations say, not its statements.

    A node's LineNumber is that of its `## @type`. A script without annotations has no nodes.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetDataflowGraph.html
    """
    del ctx
    nodes = nodes_of(request.get("PythonScript", ""))
    return {"DagNodes": [node_shape(one) for one in nodes], "DagEdges": edge_shapes(nodes)}
