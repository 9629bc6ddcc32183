"""Scripts of graphs of code nodes, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import error_of

NODES = [
    {"Id": "datasink2", "NodeType": "DataSink", "Args": [
        {"Name": "database", "Value": '"shop"'}, {"Name": "table_name", "Value": '"out"'}]},
    {"Id": "datasource0", "NodeType": "DataSource", "Args": [
        {"Name": "database", "Value": '"shop"'}, {"Name": "table_name", "Value": '"in"'},
        {"Name": "redshift_tmp_dir", "Value": "TempDir", "Param": True}]},
    {"Id": "applymapping1", "NodeType": "ApplyMapping", "Args": [
        {"Name": "mapping", "Value": '[("a", "string", "b", "int")]  # as it was'},
        {"Name": "transformation_ctx", "Value": '"mine"'}]},
]  # fmt: skip
EDGES = [
    {"Source": "datasource0", "Target": "applymapping1"},
    {"Source": "applymapping1", "Target": "datasink2", "TargetParameter": "frame"},
]
SCRIPT = """\
import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job

## @params: [TempDir, JOB_NAME]
args = getResolvedOptions(sys.argv, ['TempDir', 'JOB_NAME'])

sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args['JOB_NAME'], args)
## @type: DataSource
## @args: [database = "shop", table_name = "in", redshift_tmp_dir = TempDir, \
transformation_ctx = "datasource0"]
## @return: datasource0
## @inputs: []
datasource0 = glueContext.create_dynamic_frame.from_catalog(database = "shop", \
table_name = "in", redshift_tmp_dir = args["TempDir"], transformation_ctx = "datasource0")
## @type: ApplyMapping
## @args: [mapping = [('a', 'string', 'b', 'int')], transformation_ctx = "mine"]
## @return: applymapping1
## @inputs: [frame = datasource0]
applymapping1 = ApplyMapping.apply(frame = datasource0, \
mappings = [('a', 'string', 'b', 'int')], transformation_ctx = "mine")
## @type: DataSink
## @args: [database = "shop", table_name = "out", transformation_ctx = "datasink2"]
## @return: datasink2
## @inputs: [frame = applymapping1]
datasink2 = glueContext.write_dynamic_frame.from_catalog(frame = applymapping1, \
database = "shop", table_name = "out", transformation_ctx = "datasink2")
job.commit()"""


@pytest.fixture
def glue(lakebed):
    return lakebed.client("glue")


def test_a_graph_becomes_an_annotated_script(glue):
    assert glue.create_script(DagNodes=NODES, DagEdges=EDGES)["PythonScript"] == SCRIPT
    compile(SCRIPT, "script.py", "exec")


def test_sources_and_sinks_are_of_a_catalog_a_connection_or_options(glue):
    s3 = [{"Name": "connection_type", "Value": '"s3"'}]
    nodes = [
        {"Id": "a", "NodeType": "DataSource", "Args": s3},
        {"Id": "b", "NodeType": "Join", "Args": []},
        {"Id": "c", "NodeType": "DataSink", "Args": [
            {"Name": "catalog_connection", "Value": '"pg"'}]},
        {"Id": "d", "NodeType": "DataSink", "Args": s3},
    ]  # fmt: skip
    edges = [{"Source": "a", "Target": one} for one in ("b", "b", "c", "d")]
    text = glue.create_script(DagNodes=nodes, DagEdges=edges)["PythonScript"]
    statements = [one for one in text.splitlines() if one[1:4] == " = "]
    assert statements == [
        'a = glueContext.create_dynamic_frame.from_options(connection_type = "s3", '
        'transformation_ctx = "a")',
        'b = Join.apply(frame1 = a, frame2 = a, transformation_ctx = "b")',
        'c = glueContext.write_dynamic_frame.from_jdbc_conf(frame = a, catalog_connection = "pg", '
        'transformation_ctx = "c")',
        'd = glueContext.write_dynamic_frame.from_options(frame = a, connection_type = "s3", '
        'transformation_ctx = "d")',
    ]


def test_scala_is_refused_by_name(glue):
    code, message, _ = error_of(lambda: glue.create_script(DagNodes=[], Language="SCALA"))
    assert code == "LakebedNotBuilt"
    assert "glue.CreateScript (Language SCALA)" in message


ONE = {"Id": "a", "NodeType": "DataSource", "Args": []}


@pytest.mark.parametrize(
    ("nodes", "edges", "said"),
    [
        ([ONE, ONE], [], "The ids of DagNodes must be different."),
        ([ONE], [{"Source": "x", "Target": "a"}], "Source x of an edge is not a node."),
        ([ONE], [{"Source": "a", "Target": "x"}], "Target x of an edge is not a node."),
        ([ONE], [{"Source": "a", "Target": "a"}], "DagEdges must not form a circle: a -> a."),
        ([{**ONE, "Id": "A1"}, {**ONE, "Id": "class"}], [],
         "Not a name that can stand in a script: class"),
        ([{**ONE, "Args": [{"Name": "x", "Value": "1 +"}]}], [],
         "An argument of node a is no value of Python: 1 +"),
        ([{**ONE, "Args": [{"Name": "x", "Value": "1"}, {"Name": "x", "Value": "2"}]}], [],
         "Node a has an argument twice."),
    ],
)  # fmt: skip
def test_what_is_no_graph_is_refused(glue, nodes, edges, said):
    error = error_of(lambda: glue.create_script(DagNodes=nodes, DagEdges=edges))
    assert error == ("InvalidInputException", said, 400)
