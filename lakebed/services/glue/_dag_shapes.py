"""Nodes and edges of a script's graph as requests and answers have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.services.glue._dag import Argument, DagNode
from lakebed.services.glue._jobs import invalid

_COLLECTIONS = ("SelectFromCollection", "MapToCollection", "FlatMap")


def nodes_of_request(
    nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]
) -> list[DagNode]:
    """Return the nodes of a request, each with its inputs."""
    ids = {one["Id"] for one in nodes}
    for edge in edges:
        if edge["Target"] not in ids:
            raise invalid(f"Target {edge['Target']} of an edge is not a node.")
    return [_node(one, edges) for one in nodes]


def _node(one: Mapping[str, Any], edges: Sequence[Mapping[str, Any]]) -> DagNode:
    arguments = tuple(
        Argument(each["Name"], each["Value"], bool(each.get("Param", False)))
        for each in one["Args"]
    )
    mine = [edge for edge in edges if edge["Target"] == one["Id"]]
    inputs = tuple(
        (edge.get("TargetParameter") or _parameter(one["NodeType"], at), edge["Source"])
        for at, edge in enumerate(mine, 1)
    )
    return DagNode(one["Id"], one["NodeType"], arguments, inputs)


def _parameter(kind: str, at: int) -> str:
    """Return what an input is called where its edge does not say so."""
    if kind in ("Join", "Union"):
        return f"frame{at}"
    return "dfc" if kind in _COLLECTIONS else "frame"


def node_shape(node: DagNode) -> Any:
    """Return a node as GetDataflowGraph shows it."""
    arguments = [
        {"Name": one.name, "Value": one.value, "Param": one.is_param} for one in node.arguments
    ]
    return {"Id": node.id, "NodeType": node.kind, "Args": arguments, "LineNumber": node.line}


def edge_shapes(nodes: Sequence[DagNode]) -> list[Any]:
    """Return the edges of nodes, as GetDataflowGraph shows them."""
    return [
        {"Source": source, "Target": node.id, "TargetParameter": name}
        for node in nodes
        for name, source in node.inputs
    ]
