"""Graphs of annotated scripts: read, and read again from what was written of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.glue._dag import Argument, DagNode, nodes_of, script_of
from tests.services.glue.test_databases import body, error_of
from tests.services.glue.test_scripts import EDGES, NODES, SCRIPT

KINDS = ("DataSource", "ApplyMapping", "Join", "DataSink", "Relationalize")
VALUES = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=8,
).map(repr)


@st.composite
def graphs(draw):
    nodes = []
    for at in range(draw(st.integers(0, 5))):
        names = draw(st.lists(st.sampled_from(("paths", "mapping", "choice")), unique=True))
        arguments = [Argument(name, draw(VALUES)) for name in names]
        if draw(st.booleans()):
            arguments.append(Argument("tmp", "TempDir", True))
        arguments.append(Argument("transformation_ctx", draw(VALUES)))
        before = draw(st.lists(st.sampled_from(nodes), max_size=2)) if nodes else []
        inputs = tuple((f"frame{one}", node.id) for one, node in enumerate(before, 1))
        kind = draw(st.sampled_from(KINDS))
        nodes.append(DagNode(f"node{at}", kind, tuple(arguments), inputs))
    return nodes


def found(nodes):
    return {one.id: (one.kind, one.arguments, one.inputs) for one in nodes}


@given(graphs())
def test_a_graph_comes_back_from_its_script(nodes):
    script = script_of(nodes)
    compile(script, "script.py", "exec")
    assert found(nodes_of(script)) == found(nodes)
    assert script_of(nodes_of(script)) == script


def test_annotations_are_nodes_and_edges(lakebed):
    answer = body(lakebed.client("glue").get_dataflow_graph(PythonScript=SCRIPT))
    assert answer["DagEdges"] == [{"TargetParameter": "frame", **edge} for edge in EDGES]
    sink, source, mapping = NODES
    context = {"Name": "transformation_ctx", "Param": False}

    def shown(node, line, *more):
        arguments = [{"Param": False, **one} for one in node["Args"]]
        return {**node, "Args": [*arguments, *more], "LineNumber": line}

    wanted = shown(mapping, 21)
    wanted["Args"][0]["Value"] = "[('a', 'string', 'b', 'int')]"
    assert answer["DagNodes"] == [
        shown(source, 16, {**context, "Value": '"datasource0"'}),
        wanted,
        shown(sink, 26, {**context, "Value": '"datasink2"'}),
    ]


def test_annotations_as_glue_wrote_them_are_read(lakebed):
    script = (
        "x = 1\n## @type: DataSink\n"
        '## @args: [connection_options = {"path": "s3://a,b", "dbtable": \'it\\\'s\'}, n = 2]\n'
        "## @return: <output>\n## @inputs: []\nprint 'of Python 2'\n"
    )
    nodes = lakebed.client("glue").get_dataflow_graph(PythonScript=script)["DagNodes"]
    options = '{"path": "s3://a,b", "dbtable": \'it\\\'s\'}'
    assert nodes == [
        {
            "Id": "<output>",
            "NodeType": "DataSink",
            "Args": [
                {"Name": "connection_options", "Value": options, "Param": False},
                {"Name": "n", "Value": "2", "Param": False},
            ],
            "LineNumber": 2,
        }
    ]


def test_a_script_without_annotations_has_no_nodes(lakebed):
    answer = body(lakebed.client("glue").get_dataflow_graph(PythonScript="print(1)"))
    assert answer == {"DagNodes": [], "DagEdges": []}


def test_an_annotation_that_says_nothing_is_refused(lakebed):
    script = "## @type: Join\n## @return: a\n## @inputs: [b]\n"
    error = error_of(lambda: lakebed.client("glue").get_dataflow_graph(PythonScript=script))
    said = "An annotation of the script cannot be read: [b]"
    assert error == ("InvalidInputException", said, 400)
