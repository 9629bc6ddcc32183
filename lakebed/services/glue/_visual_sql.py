"""Transforms of visual jobs as SQL of Trino, for previews. Pure.

Each says what it makes of the columns, because SQL names them where a transform does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from lakebed.services.glue._visual_filters import COLUMN
from lakebed.services.glue._visual_graph import Node
from lakebed.services.glue._visual_transforms import flat_mappings

_TYPES = {
    "string": "varchar", "int": "integer", "integer": "integer", "long": "bigint",
    "bigint": "bigint", "short": "smallint", "smallint": "smallint", "byte": "tinyint",
    "tinyint": "tinyint", "float": "real", "double": "double", "boolean": "boolean",
    "date": "date", "timestamp": "timestamp(3)", "binary": "varbinary",
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\(\d+, ?\d+\)")
_SIGNS = {"LT": "<", "GT": ">", "LTE": "<=", "GTE": ">="}


class PreviewError(Exception):
    """A node that has no preview; the message says why."""


class Relation(msgspec.Struct, frozen=True):
    """Rows: a SELECT, and its columns by their names with their types, "" for one not known."""

    text: str
    columns: Mapping[str, str]


def sql_type(text: str) -> str:
    """Return Trino's name of a type of Glue's, "" for one that is nested or unknown."""
    name = text.strip().lower()
    if name.partition("(")[0] in ("varchar", "char"):
        return "varchar"
    return name if _DECIMAL.fullmatch(name) else _TYPES.get(name, "")


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """Return a text as SQL takes it."""
    return "'" + value.replace("'", "''") + "'"


def chosen(relation: Relation, names: Sequence[str]) -> Relation:
    """Return some columns."""
    if not names:
        raise PreviewError("no field is left")
    listed = ", ".join(quoted(name) for name in names)
    text = f"SELECT {listed} FROM ({relation.text})"
    return Relation(text, {name: relation.columns[name] for name in names})


def _top(node: Node, path: Sequence[str]) -> str:
    if len(path) != 1:
        raise PreviewError(f"node {node.id} names a field in a structure: {'.'.join(path)}")
    return path[0]


def _known(node: Node, relation: Relation, path: Sequence[str]) -> str:
    name = _top(node, path)
    if name not in relation.columns:
        raise PreviewError(f"node {node.id} names a field that is not there: {name}")
    return name


def _mapping(node: Node, inputs: Sequence[Relation]) -> Relation:
    columns: dict[str, str] = {}
    parts: list[str] = []
    for source, from_type, target, to_type in flat_mappings(node.members["Mapping"]):
        steps = [step.strip("`") for step in re.findall(r"`[^`]*`|[^.`]+", source)]
        if steps[0] not in inputs[0].columns:
            continue
        wanted = sql_type(to_type)
        if "." in target or not (wanted or from_type == to_type):
            raise PreviewError(f"node {node.id} makes a structure or a type of its own: {target}")
        part = ".".join(quoted(step) for step in steps)
        if wanted and (len(steps) > 1 or wanted != inputs[0].columns[steps[0]]):
            part = f"TRY_CAST({part} AS {wanted})"
        parts.append(f"{part} AS {quoted(target)}")
        columns[target] = wanted
    if not parts:
        raise PreviewError(f"node {node.id} maps no field that is there")
    return Relation(f"SELECT {', '.join(parts)} FROM ({inputs[0].text})", columns)


def _select(node: Node, inputs: Sequence[Relation]) -> Relation:
    names = [_top(node, path) for path in node.members["Paths"]]
    return chosen(inputs[0], [name for name in names if name in inputs[0].columns])


def _drop(node: Node, inputs: Sequence[Relation]) -> Relation:
    names = [_top(node, path) for path in node.members["Paths"]]
    return chosen(inputs[0], [name for name in inputs[0].columns if name not in names])


def _rename(node: Node, inputs: Sequence[Relation]) -> Relation:
    old = _known(node, inputs[0], node.members["SourcePath"])
    new = _top(node, node.members["TargetPath"])
    columns = {new if name == old else name: kind for name, kind in inputs[0].columns.items()}
    pairs = zip(inputs[0].columns, columns, strict=True)
    listed = ", ".join(f"{quoted(before)} AS {quoted(after)}" for before, after in pairs)
    return Relation(f"SELECT {listed} FROM ({inputs[0].text})", columns)


def _same(node: Node, inputs: Sequence[Relation]) -> Relation:
    del node
    return inputs[0]


def condition(node: Node, relation: Relation, given: Mapping[str, Any]) -> str:
    """Return filters as a condition."""
    texts = [_one(node, relation, one) for one in given["Filters"]]
    return f" {given['LogicalOperator']} ".join(f"({one})" for one in texts)


def _one(node: Node, relation: Relation, one: Mapping[str, Any]) -> str:
    operation, values = one["Operation"], one["Values"]
    left = _operand(node, relation, values[0], values[-1])
    if operation == "ISNULL":
        return f"{left} IS {'NOT ' if one.get('Negated') else ''}NULL"
    right = _operand(node, relation, values[1], values[0])
    if operation == "REGEX":
        pattern = text_of("^(?:" + ".".join(values[1]["Value"]) + ")")
        text = f"regexp_like({left}, {pattern})"
    elif operation == "EQ":
        # As in Python, where None equals nothing but None, and `not` of that is true.
        text = f"{left} IS NOT DISTINCT FROM {right}"
    else:
        text = f"{left} {_SIGNS[operation]} {right}"
    return f"NOT ({text})" if one.get("Negated") else text


def _operand(
    node: Node, relation: Relation, value: Mapping[str, Any], beside: Mapping[str, Any]
) -> str:
    if value["Type"] == COLUMN:
        return quoted(_known(node, relation, value["Value"]))
    text = text_of(".".join(value["Value"]))
    if beside["Type"] != COLUMN:
        return text
    kind = relation.columns[_known(node, relation, beside["Value"])]
    if not kind:
        raise PreviewError(f"node {node.id} compares a field of a type that is not known")
    return text if kind == "varchar" else f"CAST({text} AS {kind})"


def filtered(relation: Relation, wanted: str) -> Relation:
    """Return the rows that a condition is true of."""
    return Relation(f"SELECT * FROM ({relation.text}) WHERE {wanted}", relation.columns)


def _filter(node: Node, inputs: Sequence[Relation]) -> Relation:
    return filtered(inputs[0], condition(node, inputs[0], node.members))


def route(node: Node, inputs: Sequence[Relation]) -> list[Relation]:
    """Return the rows of each group, those of none last."""
    groups = [condition(node, inputs[0], one) for one in node.members["GroupFiltersList"]]
    rest = " AND ".join(f"NOT coalesce({one}, false)" for one in groups)
    return [filtered(inputs[0], one) for one in (*groups, rest)]


def split(node: Node, inputs: Sequence[Relation]) -> list[Relation]:
    """Return the fields that are split off, and the others."""
    return [_select(node, inputs), _drop(node, inputs)]


def _join(node: Node, inputs: Sequence[Relation]) -> Relation:
    keys = {one["From"]: one["Keys"] for one in node.members["Columns"]}
    left, right = inputs
    pairs = zip(*(keys[one] for one in node.inputs), strict=True)
    equal = " AND ".join(
        f"l.{quoted(_known(node, left, one))} = r.{quoted(_known(node, right, other))}"
        for one, other in pairs
    )
    how = node.members["JoinType"]
    if how in ("leftsemi", "leftanti"):
        word = "EXISTS" if how == "leftsemi" else "NOT EXISTS"
        inner = f"SELECT 1 FROM ({right.text}) r WHERE {equal}"
        return Relation(f"SELECT * FROM ({left.text}) l WHERE {word} ({inner})", left.columns)
    word = {"equijoin": "INNER", "outer": "FULL OUTER"}.get(how, how.upper())
    columns, parts = dict(left.columns), [f"l.{quoted(name)}" for name in left.columns]
    for name, kind in right.columns.items():
        shown = name
        while shown in columns:
            shown = f".{shown}"
        columns[shown] = kind
        parts.append(f"r.{quoted(name)} AS {quoted(shown)}")
    tables = f"({left.text}) l {word} JOIN ({right.text}) r ON {equal}"
    return Relation(f"SELECT {', '.join(parts)} FROM {tables}", columns)


def _both(inputs: Sequence[Relation], word: str) -> Relation:
    """Return the rows of two relations, their columns by name."""
    columns = {**inputs[1].columns, **inputs[0].columns}
    columns = {name: columns[name] for name in [*inputs[0].columns, *columns]}
    parts = [
        ", ".join(
            quoted(name) if name in one.columns else f"NULL AS {quoted(name)}" for name in columns
        )
        for one in inputs
    ]
    selects = [f"SELECT {p} FROM ({one.text})" for p, one in zip(parts, inputs, strict=True)]
    return Relation(f" {word} ".join(selects), columns)


def _union(node: Node, inputs: Sequence[Relation]) -> Relation:
    return _both(inputs, "UNION" if node.members["UnionType"] == "DISTINCT" else "UNION ALL")


def _merge(node: Node, inputs: Sequence[Relation]) -> Relation:
    at = node.inputs.index(node.members["Source"])
    source, staged = inputs[at], inputs[1 - at]
    names = [_known(node, source, path) for path in node.members["PrimaryKeys"]]
    same = (f"l.{quoted(name)} IS NOT DISTINCT FROM r.{quoted(name)}" for name in names)
    equal = " AND ".join(same)
    inner = f"SELECT 1 FROM ({staged.text}) r WHERE {equal}"
    text = f"SELECT * FROM ({source.text}) l WHERE NOT EXISTS ({inner})"
    return _both([Relation(text, source.columns), staged], "UNION ALL")


_NUMBERS = ("avg", "sum", "stddev_samp", "stddev_pop")
_AGGREGATES = (*_NUMBERS, "count", "countDistinct", "max", "min")


def _aggregate(node: Node, inputs: Sequence[Relation]) -> Relation:
    groups = [_known(node, inputs[0], path) for path in node.members["Groups"]]
    columns = {name: inputs[0].columns[name] for name in groups}
    parts = [quoted(name) for name in groups]
    for one in node.members["Aggs"]:
        function, name = one["AggFunc"], _known(node, inputs[0], one["Column"])
        if function not in _AGGREGATES:
            raise PreviewError(f"node {node.id}: SQL has no {function} like Spark's")
        kind, column = inputs[0].columns[name], quoted(name)
        if function in _NUMBERS and kind == "varchar":
            kind, column = "double", f"TRY_CAST({column} AS double)"
        called = f"{function}({column})"
        shown = f"{function}({name})"
        if function == "countDistinct":
            called, shown = f"count(DISTINCT {column})", f"count(DISTINCT {name})"
        parts.append(f"{called} AS {quoted(shown)}")
        columns[shown] = _result(function, kind)
    by = f" GROUP BY {', '.join(quoted(name) for name in groups)}" if groups else ""
    return Relation(f"SELECT {', '.join(parts)} FROM ({inputs[0].text}){by}", columns)


def _result(function: str, kind: str) -> str:
    if function in ("max", "min"):
        return kind
    if function.startswith("count"):
        return "bigint"
    if function == "sum" and kind in ("tinyint", "smallint", "integer", "bigint"):
        return "bigint"
    return "" if kind.startswith("decimal") else "double"


def _distinct(node: Node, inputs: Sequence[Relation]) -> Relation:
    names = [_known(node, inputs[0], path) for path in node.members.get("Columns", ())]
    if not names:
        return Relation(f"SELECT DISTINCT * FROM ({inputs[0].text})", inputs[0].columns)
    listed = ", ".join(quoted(name) for name in inputs[0].columns)
    by = ", ".join(quoted(name) for name in names)
    numbered = f"SELECT *, row_number() OVER (PARTITION BY {by}) AS lakebed_number"
    text = f"SELECT {listed} FROM ({numbered} FROM ({inputs[0].text})) WHERE lakebed_number = 1"
    return Relation(text, inputs[0].columns)


def _query(node: Node, inputs: Sequence[Relation]) -> Relation:
    """Run a person's query as it is: most of what Spark's SQL says, Trino's says, too."""
    relations = dict(zip(node.inputs, inputs, strict=True))
    views = [
        f"{quoted(one['Alias'])} AS ({relations[one['From']].text})"
        for one in node.members["SqlAliases"]
    ]
    query = node.members["SqlQuery"].strip().rstrip(";")
    text = f"WITH {', '.join(views)} SELECT * FROM (\n{query}\n)" if views else query
    return Relation(text, output_columns(node))


def output_columns(node: Node) -> dict[str, str]:
    """Return the columns that a node says it has, none if it says nothing."""
    schemas: Sequence[Mapping[str, Any]] = node.members.get("OutputSchemas") or [{}]
    columns: Sequence[Mapping[str, str]] = schemas[0].get("Columns", ())
    return {one["Name"]: sql_type(one.get("Type", "string")) for one in columns}


TRANSFORMS: Mapping[str, Callable[[Node, Sequence[Relation]], Relation]] = {
    "ApplyMapping": _mapping,
    "SelectFields": _select,
    "DropFields": _drop,
    "RenameField": _rename,
    "Spigot": _same,
    "Filter": _filter,
    "Join": _join,
    "Union": _union,
    "Merge": _merge,
    "Aggregate": _aggregate,
    "DropDuplicates": _distinct,
    "SparkSQL": _query,
}
"""What a kind makes of its inputs."""
COLLECTIONS = {"Route": route, "SplitFields": split}
"""What kinds that give collections make of their inputs."""
