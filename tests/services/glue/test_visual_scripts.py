"""Visual jobs as scripts: every kind of node, what is no job, what cannot run here."""

from __future__ import annotations

import ast

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.glue._python_text import Code, block, call, comment, literal
from lakebed.services.glue._visual_kinds import KINDS
from lakebed.services.glue._visual_script import script_of
from tests.services.glue.visual_nodes import CATALOG, CSV, EQUAL, job_of

BUILT = sorted(name for name, kind in KINDS.items() if not kind.missing)
ABSENT = sorted(name for name, kind in KINDS.items() if kind.missing)
NODE_KINDS = get_session().get_service_model("glue").shape_for("CodeGenConfigurationNode").members
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)  # fmt: skip


def body_of(script: str) -> str:
    """Return what stands between the beginning of a job and its end."""
    return script.partition("job.init(args[\"JOB_NAME\"], args)\n\n")[2].removesuffix(
        "\n\njob.commit()\n"
    )  # fmt: skip


def error_of(nodes) -> str:
    with pytest.raises(AwsError) as caught:
        script_of("CreateJob", nodes)
    assert (caught.value.code, caught.value.status) == ("InvalidInputException", 400)
    return caught.value.message


def test_the_kinds_are_those_of_the_model_with_its_counts_of_inputs():
    counts = {}
    for name, shape in NODE_KINDS.items():
        inputs = shape.members.get("Inputs")
        limits = inputs.metadata if inputs else {"min": 0, "max": 0}
        counts[name] = (limits["min"], limits.get("max"))
    assert counts == {name: (kind.inputs_min, kind.inputs_max) for name, kind in KINDS.items()}
    assert (len(BUILT), len(ABSENT)) == (46, 33)


@pytest.mark.parametrize("kind", BUILT)
def test_every_kind_with_an_engine_is_a_script_in_which_each_name_is_there(kind):
    script = script_of("CreateJob", job_of(kind))
    assert script == script_of("CreateJob", dict(reversed(job_of(kind).items())))
    tree = ast.parse(script)
    known = {"list", "str", "isinstance", "bool", "int", "float", "getattr", "any", "zip",
             "KeyError", "TypeError", "ValueError", "ApplyMapping", "DropFields",
             "DropNullFields", "Filter", "Join", "RenameField", "SelectFields", "Spigot",
             "SelectFromCollection", "SplitFields"}  # fmt: skip
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            known.add(node.asname or node.name)
        elif isinstance(node, (ast.FunctionDef, ast.arg)):
            known.add(node.name if isinstance(node, ast.FunctionDef) else node.arg)
        elif isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else known).add(node.id)
    assert used <= known
    imported = {"datetime", "re", "Decimal", "functions", "DynamicFrame", "DynamicFrameCollection"}
    assert imported & known <= used


@pytest.mark.parametrize("kind", ABSENT)
def test_every_other_kind_is_refused_by_its_name_and_what_is_missing(kind):
    inputs = ["node-1", "node-2"][: KINDS[kind].inputs_min]
    nodes = {
        **{name: {"S3CsvSource": CSV} for name in inputs},
        "node-3": {kind: {"Name": "It", "Inputs": inputs}},
    }
    with pytest.raises(NotBuiltError) as caught:
        script_of("UpdateJob", nodes)
    wanted = f"glue.UpdateJob ({kind} of node node-3: {KINDS[kind].missing})"
    assert wanted in caught.value.message


def test_a_job_reads_like_one_of_studio():
    nodes = {
        "node-10": {"S3GlueParquetTarget": {"Name": "S3 bucket", "Inputs": ["node-2"],
                                            "Path": "s3://lake/out/", "PartitionKeys": [["day"]]}},
        "node-2": {"Filter": {"Name": "Only\x0ba", "Inputs": ["node-1"], "LogicalOperator": "AND",
                              "Filters": [EQUAL]}},
        "node-1": {"S3CatalogSource": {**CATALOG, "Name": "2 é"}},
    }  # fmt: skip
    assert script_of("CreateJob", nodes) == STUDIO


STUDIO = '''\
import datetime
import sys
from decimal import Decimal

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext


def constant_like(value, text):
    """Return a constant as what a field holds: a text, number, truth, date or time."""
    if isinstance(value, bool):
        return text.strip().lower() == "true"
    if isinstance(value, (int, Decimal)):
        return Decimal(text)
    if isinstance(value, float):
        return float(text)
    if isinstance(value, datetime.datetime):
        return datetime.datetime.fromisoformat(text)
    if isinstance(value, datetime.date):
        return datetime.date.fromisoformat(text)
    return text


args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node 2 é
Node2_node1 = glueContext.create_dynamic_frame.from_catalog(
    database="shop",
    table_name="people",
    transformation_ctx="Node2_node1",
)

# Script generated for node Only a
Onlya_node2 = Filter.apply(
    frame=Node2_node1,
    f=lambda row: row["kind"] == constant_like(row["kind"], "a"),
    transformation_ctx="Onlya_node2",
)

# Script generated for node S3 bucket
S3bucket_node10 = glueContext.write_dynamic_frame.from_options(
    frame=Onlya_node2,
    connection_type="s3",
    connection_options={"path": "s3://lake/out/", "partitionKeys": ["day"]},
    format="glueparquet",
    transformation_ctx="S3bucket_node10",
)

job.commit()
'''


def test_joins_that_are_not_of_equals_only_are_sparks():
    nodes = job_of("Join")
    nodes["node-3"]["Join"] = {**nodes["node-3"]["Join"], "JoinType": "leftanti"}
    assert body_of(script_of("CreateJob", nodes)).endswith(
        """\
# Script generated for node Join
Join_node3_left = Orders_node1.toDF()
Join_node3_right = Table_node2.toDF()
Join_node3_joined = Join_node3_left.join(
    Join_node3_right,
    on=[Join_node3_left["kind"] == Join_node3_right["k.id"]],
    how="left_anti",
)
Join_node3 = DynamicFrame.fromDF(Join_node3_joined, glueContext, "Join_node3")"""
    )


def test_two_nodes_of_one_variable_are_told_apart():
    nodes = {"node-1": {"CatalogSource": CATALOG}, "node1": {"CatalogSource": CATALOG}}
    script = script_of("CreateJob", nodes)
    assert "\nTable_node1 = " in script
    assert "\nTable_node1_2 = " in script


def test_a_person_writes_code_and_queries_of_several_lines():
    code = "\n    one = '''a\n    b'''\n    return dfc\n"
    nodes = job_of("CustomCode")
    nodes["node-3"]["CustomCode"]["Code"] = code
    script = script_of("CreateJob", nodes)
    assert (
        "def MyTransform(glueContext, dfc) -> DynamicFrameCollection:\n"
        "    one = '''a\n    b'''\n    return dfc\n" in script
    )
    assert 'SparkSQL_node3_query = """select *\nfrom mine -- é"""' in script_of(
        "CreateJob", job_of("SparkSQL")
    )


ONE = {"node-1": {"S3CsvSource": CSV}}
DROP = {"Name": "d", "Paths": [["a"]]}


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (
            {"a": {}},
            "Node a must have exactly one type; it has none.",
        ),
        (
            {"a": {"CatalogSource": CATALOG, "DropFields": {**DROP, "Inputs": ["a"]}}},
            "Node a must have exactly one type; it has CatalogSource, DropFields.",
        ),
        (
            {"a": {"DropFields": {**DROP, "Inputs": ["b"]}}},
            "Input b of node a is not a node of the job.",
        ),
        (
            {"a": {"DropFields": {**DROP, "Inputs": ["a"]}}},
            "The nodes of a job must not form a circle: a -> a.",
        ),
        (
            {**ONE, "a": {"DropFields": {**DROP, "Inputs": []}}},
            "DropFields node a must have 1 input(s); it has 0.",
        ),
        (
            {**ONE, "a": {"Union": {"Name": "u", "UnionType": "ALL", "Inputs": ["node-1"]}}},
            "Union node a must have 2 input(s); it has 1.",
        ),
        (
            {**ONE, "a": {"Union": {"Name": "u", "UnionType": "ALL", "Inputs": ["node-1"] * 2}}},
            "Node a has the same input twice.",
        ),
        (
            {**job_of("CatalogTarget"), "a": {"DropFields": {**DROP, "Inputs": ["node-3"]}}},
            "Target node node-3 must not be an input of node a.",
        ),
        (
            {**job_of("Route"), "a": {"DropFields": {**DROP, "Inputs": ["node-3"]}}},
            "Node node-3 gives a collection: a SelectFromCollection node must stand between it "
            "and node a.",
        ),
        (
            {**ONE, "a": {"SelectFromCollection": {"Name": "s", "Index": 0, "Inputs": ["node-1"]}}},
            "Input node-1 of node a gives no collection to select from.",
        ),
    ],
)
def test_what_is_no_graph_is_refused(nodes, said):
    assert error_of(nodes) == said


@pytest.mark.parametrize(
    ("kind", "members", "said"),
    [
        ("Join", {"Columns": [{"From": "node-1", "Keys": [["a"]]}, {"From": "x", "Keys": []}]},
         "Columns of Join node node-3 must name each of its inputs in From."),
        ("Join", {"Columns": [{"From": "node-1", "Keys": [["a"]]}, {"From": "node-2", "Keys": []}]},
         "Join node node-3 must have as many keys of one input as of the other."),
        ("SparkSQL", {"SqlAliases": [{"From": "x", "Alias": "y"}]},
         "SqlAliases of node node-3 must name its inputs in From."),
        ("Merge", {"Source": "x"}, "Source of Merge node node-3 must be one of its inputs."),
        ("CustomCode", {"ClassName": "a b"},
         "ClassName of CustomCode node node-3 is no name of Python: a b."),
        ("CustomCode", {"ClassName": "class"},
         "ClassName of CustomCode node node-3 is no name of Python: class."),
        ("Filter", {"Filters": []}, "Filter node node-3 must have a filter."),
        ("Filter", {"Filters": [{**EQUAL, "Values": EQUAL["Values"][:1]}]},
         "Filter EQ of node node-3 must have 2 value(s)."),
        ("Route", {"GroupFiltersList": [{"GroupName": "default_group", "Filters": [EQUAL]}]},
         "The groups of Route node node-3 must have names of their own."),
        ("S3DirectTarget", {"NumberTargetPartitions": "no"},
         "NumberTargetPartitions of node node-3 must be a positive number."),
        ("S3DirectTarget", {"PartitionKeys": [["a", "b"]]},
         "PartitionKeys of node node-3 must be fields at the top."),
        ("S3GlueParquetTarget", {"SchemaChangePolicy": {"EnableUpdateCatalog": True}},
         "SchemaChangePolicy of node node-3 must name a Database and a Table."),
        ("S3HudiDirectTarget", {"Format": "parquet"},
         "Format of S3HudiDirectTarget node node-3 must be hudi."),
        ("S3IcebergDirectTarget", {"SchemaChangePolicy": {"EnableUpdateCatalog": True}},
         "SchemaChangePolicy of node node-3 must name a Database and a Table."),
        ("ApplyMapping", {"Mapping": [{}]}, "A mapping of ApplyMapping must have a FromPath."),
    ],
)  # fmt: skip
def test_members_that_contradict_the_graph_are_refused(kind, members, said):
    nodes = job_of(kind)
    nodes["node-3"][kind] |= members
    assert error_of(nodes) == said


@pytest.mark.parametrize(
    ("kind", "node", "members", "said"),
    [
        ("S3DirectTarget", "node-3", {"Format": "xml"},
         "Format xml of node node-3: there are json, csv, avro, orc, parquet"),
        ("S3DirectTarget", "node-3", {"AutoDataQuality": {"IsEnabled": True}},
         "AutoDataQuality of node node-3: AWS Glue Data Quality"),
        ("DirectJDBCSource", "node-1", {"ConnectionType": "oracle"},
         "ConnectionType oracle of node node-1: there are mysql, postgresql"),
        ("S3DeltaDirectTarget", "node-3", {"SchemaChangePolicy": {"EnableUpdateCatalog": True}},
         "SchemaChangePolicy of node node-3: Delta tables that a job registers"),
        ("S3DeltaCatalogTarget", "node-3", {"SchemaChangePolicy": {"EnableUpdateCatalog": True}},
         "SchemaChangePolicy of node node-3: Delta tables whose columns a job changes in the Data "
         "Catalog"),
        ("S3IcebergCatalogTarget", "node-3", {"SchemaChangePolicy": {"EnableUpdateCatalog": True}},
         "SchemaChangePolicy of node node-3: Iceberg tables whose columns a job changes"),
        ("S3IcebergCatalogTarget", "node-3", {"PartitionKeys": [["kind"]]},
         "PartitionKeys of node node-3: an Iceberg table is partitioned as it was made"),
        ("S3IcebergDirectTarget", "node-3", {"SchemaChangePolicy": {"EnableUpdateCatalog": False}},
         "SchemaChangePolicy of node node-3: Iceberg tables without a catalog"),
        ("S3HudiDirectTarget", "node-3", {"Compression": "lzo"},
         "Compression lzo of node node-3: a codec of LZO"),
        ("S3HudiSource", "node-1", {"AdditionalOptions": {"BoundedFiles": 1}},
         "AdditionalOptions of node node-1: a part of a table of hudi"),
    ],
)  # fmt: skip
def test_members_without_an_engine_are_refused_by_name(kind, node, members, said):
    nodes = job_of(kind)
    nodes[node] = {kind: {**nodes[node][kind], **members}}
    with pytest.raises(NotBuiltError) as caught:
        script_of("CreateJob", nodes)
    assert f"glue.CreateJob ({said})" in caught.value.message


@given(VALUES)
def test_values_come_back_from_the_text_of_a_program(value):
    assert ast.literal_eval(literal(value)) == value
    written = call("", "f", {"a": value})
    tree = ast.parse(written, mode="eval").body
    assert isinstance(tree, ast.Call)
    assert ast.literal_eval(tree.keywords[0].value) == value


@given(st.text())
def test_texts_of_several_lines_come_back(text):
    if "\r" not in text:
        assert ast.literal_eval(block(text)) == text
    assert len(f"#{comment(text)}".splitlines()) == 1


def test_a_piece_of_a_program_stands_as_it_is():
    assert literal({"a": [Code("x + 1")], "b": ("c",)}) == '{"a": [x + 1], "b": ("c",)}'
