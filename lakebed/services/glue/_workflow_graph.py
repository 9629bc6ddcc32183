"""The graph of a workflow: its triggers, what they start, what they wait for. Pure.

https://docs.aws.amazon.com/glue/latest/webapi/API_WorkflowGraph.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import msgspec

from lakebed.services.glue._trigger_predicate import watches
from lakebed.services.glue._triggers import Trigger, starts

TRIGGER = "TRIGGER"
Node = tuple[str, str]
"""A node: its type, and its name. A job or crawler is one node, however many triggers start it."""


class Graph(msgspec.Struct, frozen=True):
    """Nodes, the triggers before what they start, and edges from what comes before."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[Node, Node], ...]


def graph_of(triggers: Sequence[Trigger]) -> Graph:
    """Return the graph of a workflow's triggers."""
    nodes: dict[Node, None] = {}
    edges: dict[tuple[Node, Node], None] = {}
    for one in triggers:
        own = (TRIGGER, one.name)
        nodes[own] = None
        for before in sorted(watches(one.definition.get("Predicate", {}))):
            nodes[before] = None
            edges[before, own] = None
        for after in starts(one):
            nodes[after] = None
            edges[own, after] = None
    return Graph(tuple(nodes), tuple(edges))


def node_id(place: tuple[str, str], workflow: str, node: Node) -> str:
    """Return a node's UniqueId: the same in all runs of a workflow of an account and region."""
    text = "\0".join((*place, workflow, *node))
    return f"wnode_{hashlib.sha256(text.encode()).hexdigest()}"


def downstream(graph: Graph, nodes: Collection[Node]) -> set[Node]:
    """Return the nodes that come after some nodes, without those unless they do themselves."""
    found: set[Node] = set()
    ahead = list(nodes)
    while ahead:
        node = ahead.pop()
        for before, after in graph.edges:
            if before == node and after not in found:
                found.add(after)
                ahead.append(after)
    return found


def resumed(graph: Graph, chosen: Sequence[Node]) -> list[Node]:
    """Return which of the chosen nodes are started: those that no other chosen one leads to.

    Of nodes that lead to each other in a circle it is the first.
    """
    after = {node: downstream(graph, [node]) for node in chosen}

    def is_led_to(at: int, node: Node) -> bool:
        return any(
            node in after[one] and (one not in after[node] or before < at)
            for before, one in enumerate(chosen)
            if one != node
        )

    return [node for at, node in enumerate(chosen) if not is_led_to(at, node)]
