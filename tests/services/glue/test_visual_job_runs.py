"""Visual jobs on real Spark: from their nodes to rows, by boto3."""

from __future__ import annotations

import csv
import io

import pytest

from lakebed.testing import server
from tests.services.athena.athena_client import finish
from tests.services.athena.athena_client import rows as athena_rows
from tests.services.glue import job_runs
from tests.services.glue.job_runs import ROLE, Jobs, spark_environment

STORY_SECONDS_MAX = 240.0
"""A job of a dozen stages, on a machine that does other things, too."""


def field(name):
    return {"Type": "COLUMNEXTRACTED", "Value": [name]}


def csv_source(name, prefix):
    return {
        "S3CsvSource": {
            "Name": name,
            "Paths": [f"s3://lake/{prefix}/"],
            "Separator": "comma",
            "QuoteChar": "quote",
            "WithHeader": True,
            "Recurse": True,
        }
    }


def mapped(name, kind):
    return {"ToKey": name, "FromPath": [name], "FromType": "string", "ToType": kind}


PIPELINE = {
    "orders": csv_source("Orders", "orders"),
    "people": csv_source("People", "people"),
    "typed": {
        "ApplyMapping": {
            "Name": "Typed",
            "Inputs": ["orders"],
            "Mapping": [mapped("who", "int"), mapped("amount", "double"), mapped("day", "string")],
        }
    },
    "known": {
        "ApplyMapping": {
            "Name": "Known",
            "Inputs": ["people"],
            "Mapping": [mapped("id", "int"), mapped("name", "string")],
        }
    },
    "large": {
        "Filter": {
            "Name": "Large",
            "Inputs": ["typed"],
            "LogicalOperator": "AND",
            "Filters": [
                {
                    "Operation": "GTE",
                    "Values": [field("amount"), {"Type": "CONSTANT", "Value": ["10"]}],
                },
                {
                    "Operation": "REGEX",
                    "Values": [field("day"), {"Type": "CONSTANT", "Value": ["2024"]}],
                },
            ],
        }
    },
    "both": {
        "Join": {
            "Name": "Both",
            "Inputs": ["large", "known"],
            "JoinType": "equijoin",
            "Columns": [{"From": "large", "Keys": [["who"]]}, {"From": "known", "Keys": [["id"]]}],
        }
    },
    "sums": {
        "Aggregate": {
            "Name": "Sums",
            "Inputs": ["both"],
            "Groups": [["name"], ["day"]],
            "Aggs": [
                {"Column": ["amount"], "AggFunc": "sum"},
                {"Column": ["who"], "AggFunc": "count"},
            ],
        }
    },
    "named": {
        "RenameField": {
            "Name": "Named",
            "Inputs": ["sums"],
            "SourcePath": ["sum(amount)"],
            "TargetPath": ["total"],
        }
    },
    "counted": {
        "RenameField": {
            "Name": "Counted",
            "Inputs": ["named"],
            "SourcePath": ["count(who)"],
            "TargetPath": ["orders"],
        }
    },
    "out": {
        "S3GlueParquetTarget": {
            "Name": "Out",
            "Inputs": ["counted"],
            "Path": "s3://lake/totals/",
            "PartitionKeys": [["day"]],
            "Compression": "snappy",
            "SchemaChangePolicy": {
                "EnableUpdateCatalog": True,
                "Database": "shop",
                "Table": "totals",
                "UpdateBehavior": "UPDATE_IN_DATABASE",
            },
        }
    },
}
ORDERS = (
    "who,amount,day\n1,10,2024-01-01\n1,5.5,2024-01-01\n2,20,2024-01-02\n"
    "1,30,2024-01-01\n2,40,2023-01-01\n9,50,2024-01-01\n,11,2024-01-01\n"
)
PEOPLE = "id,name\n1,Ada\n2,Grace\n"


def to(name, inputs):
    return {
        "S3DirectTarget": {
            "Name": name,
            "Inputs": [inputs],
            "Format": "csv",
            "Path": f"s3://lake/out/{name}/",
        }
    }


def group(name, who):
    values = [field("who"), {"Type": "CONSTANT", "Value": [who]}]
    filters = [{"Operation": "EQ", "Values": values}]
    return {"GroupName": name, "LogicalOperator": "AND", "Filters": filters}


def one_of(index):
    return {"SelectFromCollection": {"Name": f"One{index}", "Inputs": ["routed"], "Index": index}}


EVERY = {
    "orders": csv_source("Orders", "orders"),
    "people": csv_source("People", "people"),
    "large": {"Filter": {"Name": "Large", "Inputs": ["orders"], "LogicalOperator": "OR",
        "Filters": [{"Operation": "EQ", "Values": [
            field("amount"), {"Type": "CONSTANT", "Value": ["50"]}]},
            {"Operation": "EQ", "Values": [
                field("amount"), {"Type": "CONSTANT", "Value": ["40"]}]}]}},
    "only": {"Join": {"Name": "Only", "Inputs": ["orders", "people"], "JoinType": "leftanti",
        "Columns": [{"From": "orders", "Keys": [["who"]]}, {"From": "people", "Keys": [["id"]]}]}},
    "routed": {"Route": {"Name": "Routed", "Inputs": ["orders"], "GroupFiltersList": [
        group("ada", "1"), group("grace", "2")]}},
    "rest": one_of(2),
    "code": {"CustomCode": {"Name": "Code", "Inputs": ["people"], "ClassName": "Shout", "Code":
        "from pyspark.sql.functions import upper\n"
        "df = dfc.select(list(dfc.keys())[0]).toDF()\n"
        "df = df.withColumn('name', upper(df['name']))\n"
        "frame = DynamicFrame.fromDF(df, glueContext, 'x')\n"
        "return DynamicFrameCollection({'x': frame}, glueContext)"}},
    "shout": {"SelectFromCollection": {"Name": "Shouted", "Inputs": ["code"], "Index": 0}},
    "sql": {"SparkSQL": {"Name": "Sql", "Inputs": ["orders", "people"],
        "SqlQuery": "select name, count(*) as n\nfrom o join p on o.who = p.id\ngroup by name",
        "SqlAliases": [{"From": "orders", "Alias": "o"}, {"From": "people", "Alias": "p"}]}},
    "split": {"SplitFields": {"Name": "Split", "Inputs": ["orders"], "Paths": [["who"]]}},
    "days": {"SelectFromCollection": {"Name": "Days", "Inputs": ["split"], "Index": 1}},
    "once": {"DropDuplicates": {"Name": "Once", "Inputs": ["days"], "Columns": [["day"]]}},
    "day": {"SelectFields": {"Name": "Day", "Inputs": ["once"], "Paths": [["day"]]}},
    "merged": {"Merge": {"Name": "Merged", "Inputs": ["people", "shout"], "Source": "people",
        "PrimaryKeys": [["id"]]}},
    "union": {"Union": {"Name": "Union", "Inputs": ["people", "shout"], "UnionType": "DISTINCT"}},
    "nulls": {"DropNullFields": {"Name": "Nulls", "Inputs": ["rest"],
        "NullCheckBoxList": {"IsEmpty": True}, "NullTextList": [
            {"Value": "9", "Datatype": {"Id": "string", "Label": "String"}}]}},
    "t1": to("large", "large"), "t2": to("only", "only"), "t3": to("rest", "rest"),
    "t4": to("shout", "shout"), "t5": to("sql", "sql"), "t6": to("day", "day"),
    "t7": to("merged", "merged"), "t8": to("union", "union"), "t9": to("nulls", "nulls"),
}  # fmt: skip


@pytest.fixture(scope="module")
def spark():
    spark_environment()
    with server() as lakebed:
        yield lakebed


@pytest.fixture
def jobs(spark, monkeypatch):
    monkeypatch.setattr(job_runs, "SECONDS_MAX", STORY_SECONDS_MAX)
    spark.reset()
    jobs = Jobs(spark)
    jobs.s3.create_bucket(Bucket="lake")
    jobs.s3.put_object(Bucket="lake", Key="orders/a.csv", Body=ORDERS.encode())
    jobs.s3.put_object(Bucket="lake", Key="people/a.csv", Body=PEOPLE.encode())
    jobs.glue.create_database(DatabaseInput={"Name": "shop"})
    return jobs


def run(jobs, nodes):
    jobs.glue.create_job(
        Name="v", Role=ROLE, JobMode="VISUAL", CodeGenConfigurationNodes=nodes,
        Command={"Name": "glueetl", "ScriptLocation": "s3://code/visual.py"},
        DefaultArguments={"--conf": "spark.sql.shuffle.partitions=2"},
    )  # fmt: skip
    row = jobs.run("v")
    said = jobs.lines(row["Id"], "error", "jobs")[-30:]
    assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None), said


def rows(jobs, name):
    """Return the rows of all files of a CSV target, sorted."""
    found = []
    for one in jobs.s3.list_objects_v2(Bucket="lake", Prefix=f"out/{name}/").get("Contents", []):
        text = jobs.s3.get_object(Bucket="lake", Key=one["Key"])["Body"].read().decode()
        found += [tuple(row) for row in csv.reader(io.StringIO(text))][1:]
    return sorted(found)


def test_a_visual_job_makes_a_partitioned_table_that_athena_reads(jobs):
    run(jobs, PIPELINE)
    table = jobs.glue.get_table(DatabaseName="shop", Name="totals")["Table"]
    columns = [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]]
    assert columns == [("name", "string"), ("total", "double"), ("orders", "bigint")]
    assert [one["Name"] for one in table["PartitionKeys"]] == ["day"]
    text = "SELECT name, total, orders, day FROM shop.totals ORDER BY name"
    athena, result = jobs.lakebed.client("athena"), {"OutputLocation": "s3://code/q/"}
    query = finish(athena, text, ResultConfiguration=result)
    assert query["Status"]["State"] == "SUCCEEDED"
    found = athena_rows(athena, query)[1:]
    assert found == [["Ada", "40.0", "2", "2024-01-01"], ["Grace", "20.0", "1", "2024-01-02"]]


def test_nodes_of_many_kinds_run(jobs):
    run(jobs, EVERY)
    rest = [("", "11", "2024-01-01"), ("9", "50", "2024-01-01")]
    assert rows(jobs, "large") == [("2", "40", "2023-01-01"), ("9", "50", "2024-01-01")]
    assert rows(jobs, "only") == rest
    assert rows(jobs, "rest") == rest
    assert rows(jobs, "shout") == [("1", "ADA"), ("2", "GRACE")]
    assert rows(jobs, "sql") == [("Ada", "3"), ("Grace", "2")]
    assert rows(jobs, "day") == [("2023-01-01",), ("2024-01-01",), ("2024-01-02",)]
    assert rows(jobs, "merged") == [("1", "ADA"), ("2", "GRACE")]
    assert rows(jobs, "union") == [("1", "ADA"), ("1", "Ada"), ("2", "GRACE"), ("2", "Grace")]
    assert rows(jobs, "nulls") == [("11", "2024-01-01"), ("50", "2024-01-01")]
