"""The nodes of a visual job, checked and in an order in which each follows its inputs. Pure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import msgspec

from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._visual_kinds import KINDS, TARGET, Kind

_TAKE_COLLECTIONS = ("SelectFromCollection", "CustomCode")


class Node(msgspec.Struct, frozen=True):
    """A node: its kind, its members as they were given, and the variable its script names it by."""

    id: str
    kind: str
    members: Mapping[str, Any]
    variable: str

    @property
    def inputs(self) -> Sequence[str]:
        """The ids of the nodes before it."""
        return self.members.get("Inputs", ())

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.members.get("Name") or self.kind

    @property
    def about(self) -> Kind:
        """What is known of its kind."""
        return KINDS[self.kind]


Graph = Mapping[str, Node]
"""Nodes by their ids; each stands behind its inputs."""


def graph_of(given: Mapping[str, Mapping[str, Any]]) -> Graph:
    """Return the graph of CodeGenConfigurationNodes; InvalidInputException for what is none.

    https://docs.aws.amazon.com/glue/latest/dg/visual-job-api-chapter.html
    """
    kinds = {node_id: _kind_of(node_id, one) for node_id, one in given.items()}
    graph: dict[str, Node] = {}
    taken: set[str] = set()
    for node_id in _ordered({i: one[kinds[i]] for i, one in given.items()}):
        kind = kinds[node_id]
        members = given[node_id][kind]
        variable = _variable(members.get("Name", ""), kind, node_id, taken)
        taken.add(variable)
        graph[node_id] = Node(node_id, kind, members, variable)
    for node in graph.values():
        _check(graph, node)
    return graph


def refuse_unbuilt(operation: str, graph: Graph) -> None:
    """Refuse kinds by name for which no engine is here."""
    for node in graph.values():
        if node.about.missing:
            raise NotBuiltError(
                "glue", operation, f"{node.kind} of node {node.id}: {node.about.missing}"
            )


def _kind_of(node_id: str, one: Mapping[str, Any]) -> str:
    if len(one) != 1:
        named = ", ".join(one) or "none"
        raise invalid(f"Node {node_id} must have exactly one type; it has {named}.")
    return next(iter(one))


def _ordered(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the ids so that each follows its inputs; what is free to choose goes by the ids."""
    for node_id, members in nodes.items():
        for one in members.get("Inputs", ()):
            if one not in nodes:
                raise invalid(f"Input {one} of node {node_id} is not a node of the job.")
    before = {node_id: nodes[node_id].get("Inputs", ()) for node_id in sorted(nodes, key=_natural)}
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError as error:
        path = " -> ".join(error.args[1])
        raise invalid(f"The nodes of a job must not form a circle: {path}.") from None
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=_natural)
        ordered += ready
        sorter.done(*ready)
    return ordered


def _natural(node_id: str) -> list[tuple[int, str]]:
    """Return what sorts node-2 before node-10."""
    return [(int(part), "") if part.isdigit() else (-1, part)
            for part in re.split(r"([0-9]+)", node_id)]  # fmt: skip


def _variable(name: str, kind: str, node_id: str, taken: set[str]) -> str:
    """Return a node's variable, as AWS Glue Studio makes it: `S3bucket_node1`."""
    stem = re.sub(r"[^A-Za-z0-9]", "", name) or kind
    if stem[0].isdigit():
        stem = f"Node{stem}"
    variable = f"{stem}_{re.sub(r'[^A-Za-z0-9]', '', node_id)}"
    found, count = variable, 1
    while found in taken:
        count += 1
        found = f"{variable}_{count}"
    return found


def _check(graph: Graph, node: Node) -> None:
    about, count = node.about, len(node.inputs)
    if not about.inputs_min <= count <= (about.inputs_max or count):
        wanted = about.inputs_min if about.inputs_max else f"at least {about.inputs_min}"
        raise invalid(f"{node.kind} node {node.id} must have {wanted} input(s); it has {count}.")
    if len(set(node.inputs)) < count:
        raise invalid(f"Node {node.id} has the same input twice.")
    for one in node.inputs:
        before = graph[one]
        if before.about.role == TARGET:
            raise invalid(f"Target node {one} must not be an input of node {node.id}.")
        if before.about.gives_collection and node.kind not in _TAKE_COLLECTIONS:
            raise invalid(
                f"Node {one} gives a collection: a SelectFromCollection node must stand between "
                f"it and node {node.id}."
            )
        if node.kind == "SelectFromCollection" and not before.about.gives_collection:
            raise invalid(f"Input {one} of node {node.id} gives no collection to select from.")
    check = _CHECKS.get(node.kind)
    if check is not None:
        check(node)


def _check_join(node: Node) -> None:
    columns = node.members["Columns"]
    if sorted(one["From"] for one in columns) != sorted(node.inputs):
        raise invalid(f"Columns of Join node {node.id} must name each of its inputs in From.")
    counts = {len(one["Keys"]) for one in columns}
    if len(counts) > 1 or 0 in counts:
        raise invalid(f"Join node {node.id} must have as many keys of one input as of the other.")


def _check_aliases(node: Node) -> None:
    names = [one["From"] for one in node.members["SqlAliases"]]
    if not set(names) <= set(node.inputs):
        raise invalid(f"SqlAliases of node {node.id} must name its inputs in From.")


def _check_merge(node: Node) -> None:
    if node.members["Source"] not in node.inputs:
        raise invalid(f"Source of Merge node {node.id} must be one of its inputs.")


def _check_code(node: Node) -> None:
    name = node.members["ClassName"]
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise invalid(f"ClassName of CustomCode node {node.id} is no name of Python: {name}.")


def _check_filter(node: Node) -> None:
    groups = node.members.get("GroupFiltersList", [node.members])
    names = [group.get("GroupName", "") for group in groups]
    if len(set(names)) < len(names) or "default_group" in names:
        raise invalid(f"The groups of Route node {node.id} must have names of their own.")
    for group in groups:
        if not group["Filters"]:
            raise invalid(f"{node.kind} node {node.id} must have a filter.")
        for one in group["Filters"]:
            wanted = 1 if one["Operation"] == "ISNULL" else 2
            values = one["Values"]
            if len(values) < wanted or not all(value["Value"] for value in values):
                raise invalid(
                    f"Filter {one['Operation']} of node {node.id} must have {wanted} value(s)."
                )


def _check_null_texts(node: Node) -> None:
    for one in node.members.get("NullTextList", ()):
        if not one["Datatype"]["Id"]:
            raise invalid(f"A value of NullTextList of node {node.id} has no data type.")


_CHECKS = {
    "Join": _check_join,
    "SparkSQL": _check_aliases,
    "Merge": _check_merge,
    "CustomCode": _check_code,
    "Filter": _check_filter,
    "Route": _check_filter,
    "DropNullFields": _check_null_texts,
}
