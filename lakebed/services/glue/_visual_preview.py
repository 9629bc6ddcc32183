"""A preview of a visual job's node: one query over what its sources read. Pure.

AWS has no API for it, so nothing here is one: a client asks for the job's nodes and runs the query
by Athena's API, with its own permissions (`lakebed job preview`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.services.glue._visual_graph import Graph, Node, graph_of
from lakebed.services.glue._visual_kinds import SOURCE, TARGET
from lakebed.services.glue._visual_sql import (
    COLLECTIONS,
    TRANSFORMS,
    PreviewError,
    Relation,
)

ROWS = 20
SAMPLE_ROWS = 20_000
"""Of each source at most so many rows are looked at."""
TABLES = (
    "CatalogSource", "S3CatalogSource", "CatalogDeltaSource", "S3CatalogDeltaSource",
    "CatalogHudiSource", "S3CatalogHudiSource", "CatalogIcebergSource", "S3CatalogIcebergSource",
)  # fmt: skip
DELTA = "S3DeltaSource"
_OPTIONS = ("AdditionalDeltaOptions", "AdditionalHudiOptions", "AdditionalIcebergOptions")
FILES = ("S3CsvSource", "S3JsonSource", "S3ParquetSource")


def find(nodes: Mapping[str, Any], named: str) -> tuple[Graph, Node]:
    """Return the graph and a node by its id or, if it is the only one of it, by its name."""
    graph = graph_of(nodes)
    if named in graph:
        return graph, graph[named]
    found = [node for node in graph.values() if node.name == named]
    if len(found) != 1:
        shown = ", ".join(f"{node.id} ({node.name})" for node in graph.values())
        raise PreviewError(f"no node, or more than one, is called {named}; there are {shown}")
    return graph, found[0]


def sources_of(graph: Graph, node: Node) -> list[Node]:
    """Return the sources that a node's rows come from; PreviewError for one SQL cannot read."""
    waiting, met, found = [node.id], set[str](), list[Node]()
    while waiting:
        one = graph[waiting.pop()]
        if one.id in met:
            continue
        met.add(one.id)
        waiting += one.inputs
        if one.about.role == SOURCE:
            if one.kind not in (*TABLES, *FILES, DELTA):
                raise PreviewError(f"{one.kind} of node {one.id} is no source that SQL reads here")
            if any(one.members.get(options) for options in _OPTIONS):
                raise PreviewError(f"the options of node {one.id} are for a reader of Spark's")
            found.append(one)
    return found


def preview_sql(graph: Graph, node: Node, tables: Mapping[str, Relation], rows: int = ROWS) -> str:
    """Return the query that shows the first rows of a node; PreviewError if it has none.

    `tables` is what sources read, by the ids of their nodes.
    """
    made: dict[str, Relation] = {}
    collections: dict[str, list[Relation]] = {}
    before = _before(graph, node)
    for one in graph.values():
        if one.id not in before:
            continue
        if one.kind in COLLECTIONS:
            inputs = _inputs(one, made)
            collections[one.id] = COLLECTIONS[one.kind](one, inputs)
        elif one.kind == "SelectFromCollection" and one.inputs[0] in collections:
            members, index = collections[one.inputs[0]], one.members["Index"]
            if not 0 <= index < len(members):
                raise PreviewError(f"node {one.id}: there is no frame {index} to select")
            made[one.id] = members[index]
        else:
            made[one.id] = _relation(one, made, tables)
    if node.id not in made:
        raise PreviewError(
            f"node {node.id} gives a collection: look at the SelectFromCollection behind it"
        )
    return f"SELECT * FROM ({made[node.id].text}) LIMIT {rows}"


def _relation(node: Node, made: Mapping[str, Relation], tables: Mapping[str, Relation]) -> Relation:
    if node.about.role == SOURCE:
        table = tables[node.id]
        predicate = node.members.get("PartitionPredicate", "").strip()
        where = f" WHERE {predicate}" if predicate else ""
        text = f"SELECT * FROM ({table.text}){where} LIMIT {SAMPLE_ROWS}"
        return Relation(text, table.columns)
    if node.about.role == TARGET:
        return made[node.inputs[0]]
    if node.kind not in TRANSFORMS:
        raise PreviewError(f"{node.kind} of node {node.id} has no equivalent in SQL")
    return TRANSFORMS[node.kind](node, _inputs(node, made))


def _inputs(node: Node, made: Mapping[str, Relation]) -> list[Relation]:
    """Return what a node is given; all but SQL queries must know its columns."""
    inputs = [made[one] for one in node.inputs]
    for one, relation in zip(node.inputs, inputs, strict=True):
        if not relation.columns and node.kind not in ("SparkSQL", "Spigot"):
            raise PreviewError(
                f"the columns of node {one} are not known: its OutputSchemas would say them"
            )
    return inputs


def _before(graph: Graph, node: Node) -> set[str]:
    waiting, met = [node.id], set[str]()
    while waiting:
        one = waiting.pop()
        if one not in met:
            met.add(one)
            waiting += graph[one].inputs
    return met
