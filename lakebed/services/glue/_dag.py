"""Graphs of code nodes as Python scripts with annotations, and back. Pure.

A node of CreateScript is a statement below comments that say what it is:
`## @type: DropFields`, `## @args: [paths = ["a"]]`, `## @return: drop1`,
`## @inputs: [frame = datasource0]`. GetDataflowGraph reads only these.
https://docs.aws.amazon.com/glue/latest/webapi/API_CodeGenNode.html
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

import msgspec

from lakebed.services.glue._jobs import invalid

_ANNOTATION = re.compile(r"\s*##\s*@(type|args|return|inputs|params):\s*(.*?)\s*\Z", re.S)
_OPEN, _CLOSED = "([{", ")]}"
_APPLIED = {"mapping": "mappings"}
"""Arguments that transforms name otherwise than annotations do."""
_CONTEXT = "transformation_ctx"
_BEGIN = """\
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args['JOB_NAME'], args)"""
_IMPORTS = """\
import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
"""


class Argument(msgspec.Struct, frozen=True):
    """An argument: the text of a value in Python or, with `is_param`, the name of the job's."""

    name: str
    value: str
    is_param: bool = False

    @property
    def code(self) -> str:
        """What stands in the statement."""
        return f'args["{self.value}"]' if self.is_param else self.value


class DagNode(msgspec.Struct, frozen=True):
    """A node, with its inputs: the parameter and the node that is given for it."""

    id: str
    kind: str
    arguments: tuple[Argument, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    line: int = 0


def script_of(nodes: Sequence[DagNode]) -> str:
    """Return a script of nodes; InvalidInputException where they are no graph of statements."""
    ordered = [_with_context(node) for node in _ordered(nodes)]
    params = {one.value for node in ordered for one in node.arguments if one.is_param}
    names = sorted(params - {"JOB_NAME"}) + ["JOB_NAME"]
    options = ", ".join(f"'{name}'" for name in names)
    head = [
        _IMPORTS,
        f"## @params: [{', '.join(names)}]",
        f"args = getResolvedOptions(sys.argv, [{options}])\n",
        _BEGIN,
    ]
    statements = [line for node in ordered for line in (*_annotations(node), _statement(node))]
    return "\n".join([*head, *statements, "job.commit()"])


def nodes_of(script: str) -> list[DagNode]:
    """Return the nodes that a script's annotations tell of."""
    found: list[DagNode] = []
    params: set[str] = set()
    known: dict[str, str] = {}
    line = 0
    for number, text in enumerate(script.splitlines(), 1):
        match = _ANNOTATION.fullmatch(text)
        if match is None:
            continue
        name, value = match.groups()
        if name == "params":
            params |= {one.strip() for one in value.strip("[]").split(",")}
            continue
        if name == "type":
            known, line = {}, number
        known[name] = value
        if {"type", "return", "inputs"} <= known.keys():
            found.append(_node(known, line, params))
            known = {}
    return found


def _node(known: dict[str, str], line: int, params: set[str]) -> DagNode:
    arguments = tuple(
        Argument(name, value, value in params) for name, value in _pairs(known.get("args", "[]"))
    )
    inputs = tuple(_pairs(known["inputs"]))
    return DagNode(known["return"], known["type"], arguments, inputs, line)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of `[a = "x", b = [1, 2]]`; commas in values part nothing."""
    for part in split(text.strip().removeprefix("[").removesuffix("]")):
        name, sign, value = part.partition("=")
        if not sign:
            raise invalid(f"An annotation of the script cannot be read: {text}")
        yield name.strip(), value.strip()


def split(text: str) -> list[str]:
    """Split a text at commas outside of quotes and brackets."""
    parts, depth, quote, start, at = list[str](), 0, "", 0, 0
    while at < len(text):
        one = text[at]
        if quote:
            if one == "\\":
                at += 1
            elif one == quote:
                quote = ""
        elif one in "\"'":
            quote = one
        elif one in _OPEN:
            depth += 1
        elif one in _CLOSED:
            depth -= 1
        elif one == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    parts.append(text[start:])
    return [one for one in parts if one.strip()]


def _ordered(nodes: Sequence[DagNode]) -> list[DagNode]:
    """Return nodes behind their inputs, otherwise as they were given."""
    by_id = {node.id: node for node in nodes}
    if len(by_id) < len(nodes):
        raise invalid("The ids of DagNodes must be different.")
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node in nodes:
        _check(node)
        sources = [source for _, source in node.inputs]
        for source in sources:
            if source not in by_id:
                raise invalid(f"Source {source} of an edge is not a node.")
        sorter.add(node.id, *sources)
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        path = " -> ".join(error.args[1])
        raise invalid(f"DagEdges must not form a circle: {path}.") from None
    return [by_id[one] for one in order]


def _check(node: DagNode) -> None:
    named = [node.id, node.kind, *(one.name for one in node.arguments)]
    named += [name for name, _ in node.inputs]
    named += [one.value for one in node.arguments if one.is_param]
    for name in named:
        if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
            raise invalid(f"Not a name that can stand in a script: {name}")
    given = [one.name for one in node.arguments] + [name for name, _ in node.inputs]
    if len(set(given)) < len(given):
        raise invalid(f"Node {node.id} has an argument twice.")


def _with_context(node: DagNode) -> DagNode:
    """Return a node whose values are one line each and which has a transformation context."""
    arguments = tuple(
        one if one.is_param else Argument(one.name, _expression(node, one.value))
        for one in node.arguments
    )
    if all(one.name != _CONTEXT for one in arguments):
        arguments += (Argument(_CONTEXT, f'"{node.id}"'),)
    return msgspec.structs.replace(node, arguments=arguments)


def _expression(node: DagNode, value: str) -> str:
    """Return the text of a value, in one line and without comments."""
    text = value.strip()
    try:
        tree = ast.parse(text, mode="eval")
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        has_comment = any(one.type == tokenize.COMMENT for one in tokens)
    except (SyntaxError, ValueError, tokenize.TokenError):
        raise invalid(f"An argument of node {node.id} is no value of Python: {value}") from None
    return ast.unparse(tree) if has_comment or len(text.splitlines()) > 1 else text


def _annotations(node: DagNode) -> list[str]:
    arguments = ", ".join(f"{one.name} = {one.value}" for one in node.arguments)
    inputs = ", ".join(f"{name} = {source}" for name, source in node.inputs)
    return [
        f"## @type: {node.kind}",
        f"## @args: [{arguments}]",
        f"## @return: {node.id}",
        f"## @inputs: [{inputs}]",
    ]


def _statement(node: DagNode) -> str:
    names = [one.name for one in node.arguments]
    pairs = [f"{name} = {source}" for name, source in node.inputs]
    if node.kind == "DataSource":
        ending = "options" if "connection_type" in names else "catalog"
        function = f"glueContext.create_dynamic_frame.from_{ending}"
    elif node.kind == "DataSink":
        ending = "options" if "connection_type" in names else "catalog"
        ending = "jdbc_conf" if "catalog_connection" in names else ending
        function = f"glueContext.write_dynamic_frame.from_{ending}"
    else:
        function = f"{node.kind}.apply"
    pairs += [f"{_named(node, one)} = {one.code}" for one in node.arguments]
    return f"{node.id} = {function}({', '.join(pairs)})"


def _named(node: DagNode, one: Argument) -> str:
    return _APPLIED.get(one.name, one.name) if node.kind == "ApplyMapping" else one.name
