"""Previews of visual jobs: the SQL of nodes, and the rows it gives beside those of Spark."""

from __future__ import annotations

import pytest

from lakebed.services.glue._visual_graph import graph_of
from lakebed.services.glue._visual_kinds import KINDS, SOURCE
from lakebed.services.glue._visual_preview import find, preview_sql, sources_of
from lakebed.services.glue._visual_sql import PreviewError, Relation
from tests.services.athena.athena_client import finish
from tests.services.athena.athena_client import rows as athena_rows
from tests.services.glue.visual_nodes import EQUAL, IS_NULL, job_of

ORDERS = "(VALUES ('a', 1, 2.5e0), ('a', 1, 3e0), ('b', 2, 4e0), (NULL, 3, 5e0)) t(kind, n, x)"
PEOPLE = "(VALUES ('a', 'Ada'), ('c', 'Carl')) t(id, name)"
TABLES = {
    "node-1": Relation(f"SELECT * FROM {ORDERS}",
                       {"kind": "varchar", "n": "integer", "x": "double"}),
    "node-2": Relation(f"SELECT * FROM {PEOPLE}", {"id": "varchar", "name": "varchar"}),
}  # fmt: skip
JOIN = {"Columns": [{"From": "node-1", "Keys": [["kind"]]}, {"From": "node-2", "Keys": [["id"]]}]}
LESS = {
    "Operation": "LT", "Negated": True,
    "Values": [{"Type": "COLUMNEXTRACTED", "Value": ["x"]}, {"Type": "CONSTANT", "Value": ["3"]}],
}  # fmt: skip
LIKE = {
    "Operation": "REGEX",
    "Values": [{"Type": "COLUMNEXTRACTED", "Value": ["kind"]},
               {"Type": "CONSTANT", "Value": ["a|x"]}],
}  # fmt: skip
CASES = [
    ("ApplyMapping", {"Mapping": [
        {"FromPath": ["n"], "FromType": "int", "ToKey": "m", "ToType": "string"},
        {"FromPath": ["none"], "FromType": "int", "ToKey": "o", "ToType": "int"}]},
     ["m"], [["1"], ["1"], ["2"], ["3"]]),
    ("SelectFields", {"Paths": [["x"], ["kind"]]},
     ["x", "kind"], [["2.5", "a"], ["3.0", "a"], ["4.0", "b"], ["5.0", None]]),
    ("DropFields", {"Paths": [["n"], ["x"]]}, ["kind"], [["a"], ["a"], ["b"], [None]]),
    ("RenameField", {"SourcePath": ["n"], "TargetPath": ["m n"]},
     ["kind", "m n", "x"], [["a", "1", "2.5"], ["a", "1", "3.0"], ["b", "2", "4.0"],
                            [None, "3", "5.0"]]),
    ("Filter", {"LogicalOperator": "AND", "Filters": [EQUAL, LESS]},
     ["kind", "n", "x"], [["a", "1", "3.0"]]),
    ("Filter", {"LogicalOperator": "OR", "Filters": [{**EQUAL, "Negated": True}, LIKE]},
     ["kind", "n", "x"], [["a", "1", "2.5"], ["a", "1", "3.0"], ["b", "2", "4.0"],
                          [None, "3", "5.0"]]),
    ("Filter", {"LogicalOperator": "AND", "Filters": [{**IS_NULL, "Negated": True}, LIKE]},
     ["kind", "n", "x"], [["a", "1", "2.5"], ["a", "1", "3.0"]]),
    ("Join", {**JOIN, "JoinType": "equijoin"}, ["kind", "n", "x", "id", "name"],
     [["a", "1", "2.5", "a", "Ada"], ["a", "1", "3.0", "a", "Ada"]]),
    ("Join", {**JOIN, "JoinType": "leftanti"}, ["kind", "n", "x"],
     [["b", "2", "4.0"], [None, "3", "5.0"]]),
    ("Join", {**JOIN, "JoinType": "right"}, ["kind", "n", "x", "id", "name"],
     [["a", "1", "2.5", "a", "Ada"], ["a", "1", "3.0", "a", "Ada"],
      [None, None, None, "c", "Carl"]]),
    ("Union", {"UnionType": "ALL"}, ["kind", "n", "x", "id", "name"],
     [["a", "1", "2.5", None, None], ["a", "1", "3.0", None, None], ["b", "2", "4.0", None, None],
      [None, "3", "5.0", None, None], [None, None, None, "a", "Ada"],
      [None, None, None, "c", "Carl"]]),
    ("Aggregate", {"Groups": [["kind"]], "Aggs": [
        {"Column": ["x"], "AggFunc": "sum"}, {"Column": ["n"], "AggFunc": "countDistinct"}]},
     ["kind", "sum(x)", "count(DISTINCT n)"],
     [["a", "5.5", "1"], ["b", "4.0", "1"], [None, "5.0", "1"]]),
    ("DropDuplicates", {"Columns": []}, ["kind", "n", "x"],
     [["a", "1", "2.5"], ["a", "1", "3.0"], ["b", "2", "4.0"], [None, "3", "5.0"]]),
    ("SparkSQL", {"SqlQuery": "select max(x) as most from mine;",
                  "SqlAliases": [{"From": "node-1", "Alias": "mine"}]}, ["most"], [["5.0"]]),
    ("Spigot", {}, ["kind", "n", "x"],
     [["a", "1", "2.5"], ["a", "1", "3.0"], ["b", "2", "4.0"], [None, "3", "5.0"]]),
    ("S3DirectTarget", {}, ["kind", "n", "x"],
     [["a", "1", "2.5"], ["a", "1", "3.0"], ["b", "2", "4.0"], [None, "3", "5.0"]]),
]  # fmt: skip


@pytest.fixture
def query(lakebed):
    athena = lakebed.client("athena")
    lakebed.client("s3").create_bucket(Bucket="results")

    def query(text):
        done = finish(athena, text)
        assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
        header, *found = athena_rows(athena, done)
        return header, sorted(found, key=lambda row: [(one is None, one or "") for one in row])

    return query


def sql(nodes, named="node-3"):
    graph, node = find(nodes, named)
    return preview_sql(graph, node, TABLES)


def changed(kind, members):
    nodes = job_of(kind)
    nodes["node-3"] = {kind: {**nodes["node-3"][kind], **members}}
    return nodes


@pytest.mark.parametrize(("kind", "members", "header", "rows"), CASES)
def test_nodes_show_their_rows(query, kind, members, header, rows):
    assert query(sql(changed(kind, members))) == (header, rows)


def test_one_of_several_rows_stays_where_columns_are_the_same(query):
    header, rows = query(sql(changed("DropDuplicates", {"Columns": [["kind"], ["n"]]})))
    assert (header, [row[:2] for row in rows]) == (
        ["kind", "n", "x"], [["a", "1"], ["b", "2"], [None, "3"]]
    )  # fmt: skip


def test_staged_rows_come_in_place_of_others(query):
    people = "(VALUES ('a', 'Ann'), ('d', 'Dan')) t(id, name)"
    staged = Relation(f"SELECT * FROM {people}", {"id": "varchar", "name": "varchar"})
    nodes = changed("Merge", {"Source": "node-2", "PrimaryKeys": [["id"]]})
    graph, node = find(nodes, "node-3")
    text = preview_sql(graph, node, {**TABLES, "node-1": staged})
    assert query(text)[1] == [["a", "Ann"], ["c", "Carl"], ["d", "Dan"]]


@pytest.mark.parametrize(
    ("index", "rows"),
    [(0, [["a", "1", "2.5"], ["a", "1", "3.0"]]), (1, [["b", "2", "4.0"], [None, "3", "5.0"]])],
)
def test_groups_of_a_route_are_selected(query, index, rows):
    group = {"GroupName": "a", "LogicalOperator": "AND", "Filters": [EQUAL]}
    nodes = changed("Route", {"GroupFiltersList": [group]})
    nodes["node-4"] = {"SelectFromCollection": {"Name": "G", "Inputs": ["node-3"], "Index": index}}
    assert query(sql(nodes, "G"))[1] == rows


def test_fields_that_are_split_off_are_selected(query):
    assert query(sql(job_of("SelectFromCollection"), "One"))[0] == ["n", "x"]


@pytest.mark.parametrize(
    ("kind", "members", "said"),
    [
        ("CustomCode", {}, "CustomCode of node node-3 has no equivalent in SQL"),
        ("DropNullFields", {}, "DropNullFields of node node-3 has no equivalent in SQL"),
        ("SplitFields", {}, "node node-3 gives a collection: look at the SelectFromCollection "
                            "behind it"),
        ("RenameField", {"SourcePath": ["a", "b"]},
         "node node-3 names a field in a structure: a.b"),
        ("RenameField", {"SourcePath": ["y"]}, "node node-3 names a field that is not there: y"),
        ("SelectFields", {"Paths": [["y"]]}, "no field is left"),
        ("Aggregate", {"Aggs": [{"Column": ["x"], "AggFunc": "kurtosis"}]},
         "node node-3: SQL has no kurtosis like Spark's"),
        ("ApplyMapping", {"Mapping": [{"FromPath": ["n"], "ToKey": "a.b"}]},
         "node node-3 makes a structure or a type of its own: a.b"),
    ],
)  # fmt: skip
def test_nodes_without_a_preview_say_why(kind, members, said):
    with pytest.raises(PreviewError) as caught:
        sql(changed(kind, members))
    assert str(caught.value) == said


def test_a_name_must_be_that_of_one_node():
    with pytest.raises(PreviewError) as caught:
        find(job_of("Spigot"), "none")
    wanted = "no node, or more than one, is called none; there are node-1 (Orders), node-3 (Spigot)"
    assert str(caught.value) == wanted


def test_a_query_without_columns_shows_its_rows_and_nothing_behind_it(query):
    nodes = changed("SparkSQL", {})
    nodes["node-4"] = {"DropFields": {"Name": "d", "Inputs": ["node-3"], "Paths": [["a"]]}}
    with pytest.raises(PreviewError) as caught:
        sql(nodes, "node-4")
    said = "the columns of node node-3 are not known: its OutputSchemas would say them"
    assert str(caught.value) == said
    columns = [{"Name": "kind", "Type": "string"}, {"Name": "a", "Type": "int"}]
    nodes["node-3"]["SparkSQL"] |= {
        "OutputSchemas": [{"Columns": columns}],
        "SqlQuery": "select kind, 1 as a from mine where n = 2",
    }
    assert query(sql(nodes, "node-4")) == (["kind"], [["b"]])


def test_sources_that_sql_does_not_read_are_named():
    readable = {"CatalogSource", "S3CatalogSource", "S3CsvSource", "S3JsonSource",
                "S3ParquetSource", "CatalogDeltaSource", "CatalogHudiSource",
                "CatalogIcebergSource"}  # fmt: skip
    with_options = {"S3DeltaSource", "S3CatalogDeltaSource", "S3CatalogHudiSource",
                    "S3CatalogIcebergSource"}  # fmt: skip
    sources = {name for name, kind in KINDS.items() if kind.role == SOURCE and not kind.missing}
    for kind in sources - readable:
        graph = graph_of(job_of(kind))
        with pytest.raises(PreviewError) as caught:
            sources_of(graph, graph["node-1"])
        assert str(caught.value) == (
            "the options of node node-1 are for a reader of Spark's"
            if kind in with_options
            else f"{kind} of node node-1 is no source that SQL reads here"
        )
    for kind in readable:
        graph = graph_of(job_of(kind))
        assert [node.kind for node in sources_of(graph, graph["node-1"])] == [kind]
