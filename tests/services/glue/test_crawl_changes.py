"""Crawls of what changed: what is updated, merged, kept, deleted or deprecated, and what is said.

https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import time

import pytest

from tests.services.glue.crawled import Lake, columns

CSV = "id,city\n1,Berlin\n2,Paris\n"
WIDER = "id,city,price\n1,Berlin,1.5\n2,Paris,2.5\n"
DONE = {"Status": "SUCCEEDED"}
LOG = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
MERGE = {"CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}
INHERIT = {"CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}


@pytest.fixture
def lake(lakebed):
    lake = Lake(lakebed)
    lake.put({"t/d=1/a.csv": CSV, "t/d=2/a.csv": CSV})
    return lake


def versions(lake) -> int:
    answer = lake.glue.get_table_versions(DatabaseName="db", TableName="t")
    return len(answer["TableVersions"])


def edited(lake, **members) -> None:
    """Change the table as its user does."""
    table = lake.tables()["t"]
    kept = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters", "Description")
    given = {key: table[key] for key in kept if key in table}
    lake.glue.update_table(DatabaseName="db", TableInput={**given, **members})


def as_type(lake, name: str, kind: str) -> dict:
    descriptor = lake.tables()["t"]["StorageDescriptor"]
    for column in descriptor["Columns"]:
        if column["Name"] == name:
            column["Type"] = kind
    return descriptor


def test_a_crawl_of_what_did_not_change_changes_nothing(lake):
    lake.crawler("t/")
    assert lake.crawl() == DONE
    before = (lake.tables(), lake.partitions("t"))
    assert lake.crawl() == DONE
    assert (lake.tables(), lake.partitions("t")) == before
    assert lake.summary() == {}


def test_new_partitions_are_added_and_changed_ones_updated(lake):
    lake.crawler("t/")
    lake.crawl()
    lake.put({"t/d=2/b.csv": CSV, "t/d=3/a.csv": CSV})
    assert lake.crawl() == DONE
    parts = lake.partitions("t")
    assert {values: one["Parameters"]["objectCount"] for values, one in parts.items()} == {
        ("1",): "1", ("2",): "2", ("3",): "1",
    }  # fmt: skip
    assert lake.tables()["t"]["Parameters"]["objectCount"] == "4"
    assert versions(lake) == 1
    assert lake.summary() == {
        "PARTITION": {
            "ADD": {"Details": {"names": ["3"]}, "Count": 1},
            "UPDATE": {"Details": {"names": ["2"]}, "Count": 1},
        }
    }
    assert lake.ask("SELECT d, count(*) FROM t GROUP BY 1 ORDER BY 1") == [
        ["1", "2"], ["2", "4"], ["3", "2"],
    ]  # fmt: skip


def test_a_changed_schema_is_a_new_version_of_the_table(lake):
    lake.crawler("t/")
    lake.crawl()
    lake.put({"t/d=1/a.csv": WIDER, "t/d=2/a.csv": WIDER})
    assert lake.crawl() == DONE
    assert lake.shapes()["t"][0] == "id:bigint city:string price:double"
    assert columns(lake.partitions("t")[("1",)]) == "id:bigint city:string price:double"
    assert versions(lake) == 2
    assert lake.summary()["TABLE"] == {"UPDATE": {"Details": {"names": ["t"]}, "Count": 1}}
    assert lake.ask("SELECT sum(price) FROM t") == [["8.0"]]
    lake.put({"t/d=1/a.csv": CSV, "t/d=2/a.csv": CSV})
    lake.crawl()
    assert lake.shapes()["t"][0] == "id:bigint city:string"


def test_an_update_overwrites_what_the_user_made_of_the_schema(lake):
    lake.crawler("t/")
    lake.crawl()
    edited(lake, StorageDescriptor=as_type(lake, "id", "string"))
    assert lake.crawl() == DONE
    assert lake.shapes()["t"][0] == "id:bigint city:string"


def test_what_the_user_says_besides_the_schema_stays_while_nothing_changes(lake):
    lake.crawler("t/")
    lake.crawl()
    descriptor = lake.tables()["t"]["StorageDescriptor"]
    descriptor["Columns"][0]["Comment"] = "the order"
    parameters = {**lake.tables()["t"]["Parameters"], "owner": "sales"}
    edited(lake, StorageDescriptor=descriptor, Parameters=parameters, Description="orders")
    lake.put({"t/d=3/a.csv": CSV})
    assert lake.crawl() == DONE
    table = lake.tables()["t"]
    assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "the order"
    assert (table["Description"], table["Parameters"]["owner"]) == ("orders", "sales")


def test_log_leaves_the_table_and_adds_partitions(lake):
    lake.crawler("t/", SchemaChangePolicy=LOG)
    lake.crawl()
    lake.put({"t/d=1/a.csv": WIDER, "t/d=3/a.csv": WIDER})
    lake.drop("t/d=2/a.csv")
    assert lake.crawl() == DONE
    assert lake.shapes()["t"][0] == "id:bigint city:string"
    assert set(lake.partitions("t")) == {("1",), ("2",), ("3",)}
    assert lake.summary() == {"PARTITION": {"ADD": {"Details": {"names": ["3"]}, "Count": 1}}}
    assert "INFO : Table t in database db changed; not updated (LOG)" in lake.lines()


def test_merge_new_columns_keeps_what_is_there(lake):
    lake.crawler("t/", Configuration=MERGE)
    lake.crawl()
    edited(lake, StorageDescriptor=as_type(lake, "id", "string"), Description="mine")
    lake.put({f"t/d={day}/a.csv": "id,price\n1,1.5\n2,2.5\n" for day in (1, 2)})
    assert lake.crawl() == DONE
    table = lake.tables()["t"]
    assert columns(table) == "id:string city:string price:double"
    assert table["Description"] == "mine"


def test_merge_adds_fields_inside_of_structs(lake):
    lake.put({"j/a.json": '{"u": {"a": 1}}'})
    lake.crawler("j/", Configuration=MERGE)
    lake.crawl()
    lake.put({"j/a.json": '{"u": {"a": 1.5, "b": "x"}, "v": true}'})
    assert lake.crawl() == DONE
    assert lake.shapes()["j"][0] == "u:struct<a:int,b:string> v:boolean"


def test_merge_deprecates_a_table_whose_format_changed(lake):
    lake.crawler("t/", Configuration=MERGE)
    lake.crawl()
    tabs = CSV.replace(",", "\t")
    lake.put({"t/d=1/a.csv": tabs, "t/d=2/a.csv": tabs})
    assert lake.crawl() == DONE
    parameters = lake.tables()["t"]["Parameters"]
    assert parameters["delimiter"] == ","
    assert abs(int(parameters["DEPRECATED_BY_CRAWLER"]) / 1000 - time.time()) < 60
    assert any("delimiter changed" in line for line in lake.lines() if line.startswith("WARN"))


def test_partitions_inherit_from_the_table(lake):
    lake.crawler("t/", Configuration={**INHERIT}, SchemaChangePolicy=LOG)
    lake.crawl()
    edited(lake, StorageDescriptor=as_type(lake, "id", "string"))
    lake.put({"t/d=3/a.csv": CSV})
    assert lake.crawl() == DONE
    assert {columns(one) for one in lake.partitions("t").values()} == {"id:string city:string"}
    assert len(lake.partitions("t")) == 3


def test_what_is_gone_is_deleted_if_the_policy_says_so(lake):
    delete = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"}
    lake.put({"u/a.csv": CSV})
    lake.crawler("t/", "u/", SchemaChangePolicy=delete)
    lake.crawl()
    lake.drop("t/d=2/a.csv", "u/a.csv")
    assert lake.crawl() == DONE
    assert set(lake.tables()) == {"t"}
    assert set(lake.partitions("t")) == {("1",)}
    assert lake.summary() == {
        "TABLE": {"DELETE": {"Details": {"names": ["u"]}, "Count": 1}},
        "PARTITION": {"DELETE": {"Details": {"names": ["2"]}, "Count": 1}},
    }


def test_what_is_gone_is_deprecated_and_what_is_back_is_not(lake):
    lake.put({"u/a.csv": CSV})
    lake.crawler("u/")
    lake.crawl()
    lake.drop("u/a.csv")
    assert lake.crawl() == DONE
    marked = int(lake.tables()["u"]["Parameters"]["DEPRECATED_BY_CRAWLER"])
    assert abs(marked / 1000 - time.time()) < 60
    lake.crawl()
    assert int(lake.tables()["u"]["Parameters"]["DEPRECATED_BY_CRAWLER"]) == marked
    lake.put({"u/a.csv": CSV})
    lake.crawl()
    assert "DEPRECATED_BY_CRAWLER" not in lake.tables()["u"]["Parameters"]


def test_what_is_gone_is_only_logged_if_the_policy_says_so(lake):
    lake.put({"u/a.csv": CSV})
    lake.crawler("u/", SchemaChangePolicy={"DeleteBehavior": "LOG"})
    lake.crawl()
    before = lake.tables()["u"]
    lake.drop("u/a.csv")
    assert lake.crawl() == DONE
    assert lake.tables()["u"] == before
    assert any("u is no longer found" in line for line in lake.lines())


def test_a_table_that_the_user_deleted_is_made_again(lake):
    lake.crawler("t/")
    lake.crawl()
    lake.glue.delete_table(DatabaseName="db", Name="t")
    assert lake.crawl() == DONE
    assert set(lake.partitions("t")) == {("1",), ("2",)}


def test_tables_of_others_are_let_alone(lake):
    lake.glue.create_table(
        DatabaseName="db",
        TableInput={"Name": "t", "StorageDescriptor": {"Location": "s3://lake/other/"}},
    )
    lake.crawler("t/", SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"})
    assert lake.crawl() == DONE
    first, second = sorted(lake.tables())
    assert (first, second[:2], len(second)) == ("t", "t_", 34)
    lake.drop("t/d=1/a.csv", "t/d=2/a.csv")
    lake.crawl()
    assert list(lake.tables()) == ["t"]


def test_only_new_folders_are_crawled_if_asked(lake):
    new = {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
    lake.crawler("t/", RecrawlPolicy=new, SchemaChangePolicy=LOG)
    assert lake.crawl() == DONE
    lake.put({"t/d=2/a.csv": WIDER, "t/d=3/a.csv": CSV})
    lake.drop("t/d=1/a.csv")
    assert lake.crawl() == DONE
    assert set(lake.partitions("t")) == {("1",), ("2",), ("3",)}
    assert columns(lake.partitions("t")[("2",)]) == "id:bigint city:string"
    lake.put({"t/d=4/a.json": '{"x": {"y": 1}}'})
    assert lake.crawl() == DONE
    assert set(lake.tables()) == {"t"}
    assert any("t/d=4/" in line for line in lake.lines() if line.startswith("WARN"))


def test_tables_of_the_catalog_are_brought_up_to_date(lake):
    lake.glue.create_table(
        DatabaseName="db",
        TableInput={
            "Name": "mine", "Parameters": {"made": "by hand"}, "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": "day", "Type": "int"}],
            "StorageDescriptor": {
                "Location": "s3://lake/t/", "Columns": [{"Name": "id", "Type": "bigint"}],
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary":
                        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                    "Parameters": {"field.delim": ","},
                },
            },
        },
    )  # fmt: skip
    lake.glue.create_crawler(
        Name="c", Role="r", Configuration='{"Version": 1.0}',
        SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        Targets={"CatalogTargets": [{"DatabaseName": "db", "Tables": ["mine"]}]},
    )  # fmt: skip
    assert lake.crawl() == DONE
    assert lake.shapes() == {"mine": ("id:bigint city:string", "day")}
    assert set(lake.partitions("mine")) == {("1",), ("2",)}
    assert lake.ask("SELECT day, count(*) FROM mine GROUP BY 1 ORDER BY 1") == [
        ["1", "2"], ["2", "2"],
    ]  # fmt: skip
    lake.put({"t/d=3/a.csv": CSV})
    assert lake.crawl() == DONE
    assert set(lake.partitions("mine")) == {("1",), ("2",), ("3",)}
    assert set(lake.tables()) == {"mine"}


def test_a_deleted_crawler_forgets_its_tables_and_folders(lake):
    lake.crawler("t/", SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"})
    lake.crawl()
    lake.glue.delete_crawler(Name="c")
    lake.drop("t/d=1/a.csv", "t/d=2/a.csv")
    lake.crawler("t/", SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"})
    assert lake.crawl() == DONE
    assert list(lake.tables()) == ["t"]
