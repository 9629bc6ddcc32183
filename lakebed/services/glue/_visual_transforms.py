"""Statements of a visual job's transforms. Pure.

https://docs.aws.amazon.com/glue/latest/dg/edit-jobs-transforms.html
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._python_text import Code, block, call, literal
from lakebed.services.glue._visual_filters import predicate
from lakebed.services.glue._visual_graph import Graph, Node

Writer = Callable[[Node, Sequence[str]], str]
"""Writes a node's statements; it is given the variables of its inputs."""


def transform(graph: Graph, node: Node) -> str:
    """Return the statements of a transform."""
    frames = [graph[one].variable for one in node.inputs]
    return _WRITERS[node.kind](node, frames)


def path_text(path: Sequence[str]) -> str:
    """Return the path to a field as DynamicFrames write it: `` a.`b.c` ``."""
    return ".".join(f"`{step}`" if "." in step or "[]" in step else step for step in path)


def flat_mappings(
    mappings: Sequence[Mapping[str, Any]], above: str = ""
) -> list[tuple[str, str, str, str]]:
    """Return ApplyMapping's tuples: those of children come in place of what they are in."""
    found: list[tuple[str, str, str, str]] = []
    for one in mappings:
        if one.get("Dropped"):
            continue
        key = one.get("ToKey") or ".".join(one.get("FromPath", ()))
        target = f"{above}.{key}" if above else key
        if one.get("Children"):
            found += flat_mappings(one["Children"], target)
            continue
        source = path_text(one.get("FromPath", ()))
        if not source:
            raise invalid("A mapping of ApplyMapping must have a FromPath.")
        kind = one.get("FromType") or one.get("ToType") or "string"
        found.append((source, kind, target, one.get("ToType") or kind))
    return found


def _mapping(node: Node, frames: Sequence[str]) -> str:
    mappings: list[Any] = list(flat_mappings(node.members["Mapping"]))
    return _applied(node, "ApplyMapping", {"frame": Code(frames[0]), "mappings": mappings})


def _select(node: Node, frames: Sequence[str]) -> str:
    return _applied(node, "SelectFields", {"frame": Code(frames[0]), "paths": _paths(node)})


def _drop(node: Node, frames: Sequence[str]) -> str:
    return _applied(node, "DropFields", {"frame": Code(frames[0]), "paths": _paths(node)})


def _rename(node: Node, frames: Sequence[str]) -> str:
    names = {
        "old_name": path_text(node.members["SourcePath"]),
        "new_name": path_text(node.members["TargetPath"]),
    }
    return _applied(node, "RenameField", {"frame": Code(frames[0]), **names})


def _spigot(node: Node, frames: Sequence[str]) -> str:
    options: dict[str, Any] = {}
    if node.members.get("Topk") is not None:
        options["topk"] = node.members["Topk"]
    if node.members.get("Prob") is not None:
        options["prob"] = node.members["Prob"]
    arguments = {"frame": Code(frames[0]), "path": node.members["Path"], "options": options}
    return _applied(node, "Spigot", arguments)


_JOINS = {"left": "left", "right": "right", "outer": "outer", "leftsemi": "left_semi",
          "leftanti": "left_anti"}  # fmt: skip


def _join(node: Node, frames: Sequence[str]) -> str:
    keys = {one["From"]: one["Keys"] for one in node.members["Columns"]}
    left, right = (keys[one] for one in node.inputs)
    if node.members["JoinType"] == "equijoin":
        arguments = {
            "frame1": Code(frames[0]),
            "frame2": Code(frames[1]),
            "keys1": [path_text(path) for path in left],
            "keys2": [path_text(path) for path in right],
        }
        return _applied(node, "Join", arguments)
    sides = [f"{node.variable}_left", f"{node.variable}_right"]
    lines = [f"{side} = {frame}.toDF()" for side, frame in zip(sides, frames, strict=True)]
    equal = [
        Code(f"{sides[0]}[{literal(_column(one))}] == {sides[1]}[{literal(_column(other))}]")
        for one, other in zip(left, right, strict=True)
    ]
    how = _JOINS[node.members["JoinType"]]
    joined = call(
        f"{node.variable}_joined", f"{sides[0]}.join",
        {"0": Code(sides[1]), "on": equal, "how": how},
    )  # fmt: skip
    return "\n".join([*lines, joined, _from_df(node, f"{node.variable}_joined")])


def _split(node: Node, frames: Sequence[str]) -> str:
    arguments: dict[str, Any] = {"frame": Code(frames[0]), "paths": _paths(node)}
    names = {"name1": f"{node.variable}0", "name2": f"{node.variable}1"}
    return _applied(node, "SplitFields", {**arguments, **names})


def _pick(node: Node, frames: Sequence[str]) -> str:
    key = Code(f"list({frames[0]}.keys())[{node.members['Index']}]")
    return _applied(node, "SelectFromCollection", {"dfc": Code(frames[0]), "key": key})


def _filter(node: Node, frames: Sequence[str]) -> str:
    members = node.members
    given = predicate(members["Filters"], members["LogicalOperator"], "    ")
    return _applied(node, "Filter", {"frame": Code(frames[0]), "f": given})


def _route(node: Node, frames: Sequence[str]) -> str:
    groups = {
        one["GroupName"]: predicate(one["Filters"], one["LogicalOperator"], "        ")
        for one in node.members["GroupFiltersList"]
    }
    arguments = {"0": Code(frames[0]), "1": groups, "2": node.variable}
    return call(node.variable, "spark_route", arguments)


def _code(node: Node, frames: Sequence[str]) -> str:
    given = {frame: Code(frame) for frame in frames}
    collection = Code(f"DynamicFrameCollection({literal(given)}, glueContext)")
    arguments = {"0": Code("glueContext"), "1": collection}
    return call(node.variable, node.members["ClassName"], arguments)


def code_function(node: Node) -> str:
    """Return the function of a CustomCode node, with the code a person wrote as its body."""
    body = textwrap.indent(textwrap.dedent(node.members["Code"]).strip("\n"), "    ")
    name = node.members["ClassName"]
    return f"def {name}(glueContext, dfc) -> DynamicFrameCollection:\n{body or '    pass'}"


def _sql(node: Node, frames: Sequence[str]) -> str:
    variables = dict(zip(node.inputs, frames, strict=True))
    views = {one["Alias"]: Code(variables[one["From"]]) for one in node.members["SqlAliases"]}
    query = f"{node.variable}_query"
    arguments = {"0": Code(query), "1": views, "2": node.variable}
    text = block(node.members["SqlQuery"])
    return f"{query} = {text}\n" + call(node.variable, "spark_sql_query", arguments)


def _drop_nulls(node: Node, frames: Sequence[str]) -> str:
    """Drop fields without values; a node may say which other values are none, too."""
    chosen = node.members.get("NullCheckBoxList", {})
    texts: list[str] = []
    if chosen.get("IsEmpty"):
        texts.append("")
    if chosen.get("IsNullString"):
        texts.append("null")
    if chosen.get("IsNegOne"):
        texts.append("-1")
    values: list[tuple[str, str]] = [(_NULL_TYPES[text], text) for text in texts]
    for one in node.members.get("NullTextList", ()):
        values.append((one["Datatype"]["Id"], one["Value"]))
    if not values:
        return _applied(node, "DropNullFields", {"frame": Code(frames[0])})
    arguments = {"0": Code(frames[0]), "1": values, "2": node.variable}
    return call(node.variable, "spark_drop_null_fields", arguments)


_NULL_TYPES = {"": "string", "null": "string", "-1": "int"}


def _merge(node: Node, frames: Sequence[str]) -> str:
    source = node.inputs.index(node.members["Source"])
    arguments = {
        "stage_dynamic_frame": Code(frames[1 - source]),
        "primary_keys": [path_text(path) for path in node.members["PrimaryKeys"]],
        "transformation_ctx": node.variable,
    }
    return call(node.variable, f"{frames[source]}.mergeDynamicFrame", arguments)


def _union(node: Node, frames: Sequence[str]) -> str:
    arguments: dict[str, Any] = {str(at): Code(frame) for at, frame in enumerate(frames)}
    arguments |= {"unionType": node.members["UnionType"], "transformation_ctx": node.variable}
    return call(node.variable, "spark_union", arguments)


def _aggregate(node: Node, frames: Sequence[str]) -> str:
    groups = [_column(path) for path in node.members["Groups"]]
    if not all(one["Column"] for one in node.members["Aggs"]):
        raise invalid(f"An aggregation of node {node.id} must have a column.")
    aggs: list[Any] = [(_column(one["Column"]), one["AggFunc"]) for one in node.members["Aggs"]]
    arguments: dict[str, Any] = {
        "0": Code(frames[0]), "groups": groups, "aggs": aggs, "transformation_ctx": node.variable
    }  # fmt: skip
    return call(node.variable, "spark_aggregate", arguments)


def _distinct(node: Node, frames: Sequence[str]) -> str:
    columns = [_column(path) for path in node.members.get("Columns", ())]
    if any(len(path) > 1 for path in node.members.get("Columns", ())):
        raise NotBuiltError(
            "glue", "CreateJob", f"Columns of node {node.id}: duplicates by fields in structures"
        )
    given = literal(columns) if columns else ""
    return _from_df(node, f"{frames[0]}.toDF().dropDuplicates({given})")


def _applied(node: Node, name: str, arguments: Mapping[str, Any]) -> str:
    return call(
        node.variable, f"{name}.apply", {**arguments, "transformation_ctx": node.variable}
    )  # fmt: skip


def _from_df(node: Node, df: str) -> str:
    arguments = {"0": Code(df), "1": Code("glueContext"), "2": node.variable}
    return call(node.variable, "DynamicFrame.fromDF", arguments)


def _paths(node: Node) -> list[str]:
    return [path_text(path) for path in node.members["Paths"]]


def _column(path: Sequence[str]) -> str:
    """Return the path to a field as Spark's data frames write it."""
    plain = all(step.isascii() and step.isidentifier() for step in path)
    return ".".join(path) if plain else ".".join(f"`{step}`" for step in path)


_WRITERS: Mapping[str, Writer] = {
    "ApplyMapping": _mapping,
    "SelectFields": _select,
    "DropFields": _drop,
    "RenameField": _rename,
    "Spigot": _spigot,
    "Join": _join,
    "SplitFields": _split,
    "SelectFromCollection": _pick,
    "Filter": _filter,
    "Route": _route,
    "CustomCode": _code,
    "SparkSQL": _sql,
    "DropNullFields": _drop_nulls,
    "Merge": _merge,
    "Union": _union,
    "Aggregate": _aggregate,
    "DropDuplicates": _distinct,
}
