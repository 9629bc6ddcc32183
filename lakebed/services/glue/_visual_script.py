"""The Python script of a visual job. Pure: the same nodes give the same text.

https://docs.aws.amazon.com/glue/latest/dg/visual-job-api-chapter.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.services.glue import _visual_table_formats as table_formats
from lakebed.services.glue._python_text import comment
from lakebed.services.glue._visual_filters import uses_constants, uses_patterns
from lakebed.services.glue._visual_graph import Graph, Node, graph_of, refuse_unbuilt
from lakebed.services.glue._visual_helpers import HELPERS, IMPORTS
from lakebed.services.glue._visual_kinds import SOURCE, TARGET
from lakebed.services.glue._visual_sources import source
from lakebed.services.glue._visual_targets import target
from lakebed.services.glue._visual_transforms import code_function, transform

_BEGIN = """\
args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)"""
_IMPORTS = (
    "from awsglue.context import GlueContext",
    "from awsglue.job import Job",
    "from awsglue.transforms import *",
    "from awsglue.utils import getResolvedOptions",
    "from pyspark.context import SparkContext",
)
_HELPER_OF = {
    "SparkSQL": "spark_sql_query",
    "Aggregate": "spark_aggregate",
    "Union": "spark_union",
    "Route": "spark_route",
    **table_formats.HELPER_OF,
}
_FRAMES = frozenset({"DropDuplicates", "SparkSQL", "Aggregate", "Union", *table_formats.SOURCES})
"""Kinds whose statements, or functions, name DynamicFrame."""
_COLLECTIONS = frozenset({"CustomCode", "Route"})


def script_of(operation: str, nodes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the script of CodeGenConfigurationNodes.

    InvalidInputException for what is no job, NotBuiltError naming what cannot run here.
    """
    graph = graph_of(nodes)
    refuse_unbuilt(operation, graph)
    statements = [f"# Script generated for node {comment(node.name)}\n{_statement(graph, node)}"
                  for node in graph.values()]  # fmt: skip
    helpers = sorted({name for node in graph.values() for name in _helpers(node)})
    functions = [HELPERS[name] for name in helpers] + _custom(graph)
    top = ["\n\n\n".join([_imports(graph, helpers), *functions]), _BEGIN]
    if functions:
        top[1] = f"\n{_BEGIN}"
    return "\n\n".join([*top, *statements, "job.commit()\n"])


def _statement(graph: Graph, node: Node) -> str:
    if node.about.role == SOURCE:
        return source(node)
    if node.about.role == TARGET:
        return target(node, graph[node.inputs[0]].variable)
    return transform(graph, node)


def _helpers(node: Node) -> list[str]:
    """Return the functions that a node's statements call."""
    found = [_HELPER_OF[node.kind]] if node.kind in _HELPER_OF else []
    if any(uses_constants(one["Filters"]) for one in _groups(node)):
        found.append("constant_like")
    has_values = any(node.members.get("NullCheckBoxList", {}).values())
    if node.kind == "DropNullFields" and (has_values or node.members.get("NullTextList")):
        found.append("spark_drop_null_fields")
    return found


def _groups(node: Node) -> Sequence[Mapping[str, Any]]:
    """Return what of a node has filters."""
    if node.kind == "Filter":
        return [node.members]
    return node.members["GroupFiltersList"] if node.kind == "Route" else ()


def _custom(graph: Graph) -> list[str]:
    """Return the functions of CustomCode nodes; of the same name there is the last, as in Python.

    Two nodes with one function and one name share it.
    """
    texts = [code_function(node) for node in graph.values() if node.kind == "CustomCode"]
    return list(dict.fromkeys(texts))


def _imports(graph: Graph, helpers: list[str]) -> str:
    kinds = {node.kind for node in graph.values()}
    frames: set[str] = {"DynamicFrameCollection"} if kinds & _COLLECTIONS else set()
    joins = [one for one in graph.values() if one.kind == "Join"]
    if kinds & _FRAMES or any(one.members["JoinType"] != "equijoin" for one in joins):
        frames.add("DynamicFrame")
    if "spark_drop_null_fields" in helpers:
        frames.add("DynamicFrame")
    first = {"import sys", *(one for name in helpers for one in IMPORTS[name])}
    if any(uses_patterns(one["Filters"]) for node in graph.values() for one in _groups(node)):
        first.add("import re")
    later = set(_IMPORTS) | {one for one in first if "pyspark" in one}
    if frames:
        later.add(f"from awsglue.dynamicframe import {', '.join(sorted(frames))}")
    plain = sorted(one for one in first - later if one.startswith("import "))
    froms = sorted(one for one in first - later if one.startswith("from "))
    return "\n".join([*plain, *froms, "", *sorted(later)])
