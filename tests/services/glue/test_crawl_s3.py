"""Crawls of S3 by boto3: what is made is at once queryable by Athena, with right values."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.services.glue.crawled import Lake, columns

CSV = "id,city,price\n1,Berlin,1.5\n2,Paris,2.5\n"
JSON = '{"id": 1, "tags": ["a", "b"], "who": {"name": "x", "age": 3}}\n{"id": 2, "tags": []}\n'
DONE = {"Status": "SUCCEEDED"}


@pytest.fixture
def lake(lakebed):
    return Lake(lakebed)


def parquet(**given) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(given), file)
    return file.getvalue()


def test_a_mixed_drop_by_date_is_three_tables_that_athena_answers(lake):
    for day in ("2026-01-01", "2026-01-02"):
        lake.put({
            f"drop/csv/date={day}/a.csv": CSV,
            f"drop/json/date={day}/a.json": JSON,
            f"drop/parquet/date={day}/a.parquet": parquet(n=[1, 2], s=["a", None]),
        })  # fmt: skip
    lake.crawler("drop/")
    assert lake.crawl() == DONE
    assert lake.shapes() == {
        "csv": ("id:bigint city:string price:double", "date"),
        "json": ("id:int tags:array<string> who:struct<name:string,age:int>", "date"),
        "parquet": ("n:bigint s:string", "date"),
    }
    assert lake.ask("SELECT id, city, price FROM csv WHERE date = '2026-01-02' ORDER BY id") == [
        ["1", "Berlin", "1.5"],
        ["2", "Paris", "2.5"],
    ]
    assert lake.ask("SELECT sum(id), max(who.age), max(cardinality(tags)) FROM json") == [
        ["6", "3", "2"]
    ]
    assert lake.ask("SELECT date, sum(n), count(s) FROM parquet GROUP BY 1 ORDER BY 1") == [
        ["2026-01-01", "3", "1"],
        ["2026-01-02", "3", "1"],
    ]
    assert lake.summary() == {
        "TABLE": {"ADD": {"Details": {"names": ["csv", "json", "parquet"]}, "Count": 3}},
        "PARTITION": {"ADD": {"Details": {"names": ["2026-01-01", "2026-01-02"] * 3}, "Count": 6}},
    }


def test_a_table_has_all_that_awss_crawler_writes(lake):
    lake.put({"sales/year=2019/a.csv": CSV, "sales/year=2020/a.csv": CSV + "3,Rome,3\n"})
    lake.crawler({"Path": "sales", "Exclusions": ["**.tmp"]}, TablePrefix="raw_")
    assert lake.crawl() == DONE
    table = lake.tables()["raw_sales"]
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": "c",
        "areColumnsQuoted": "false",
        "averageRecordSize": "17",
        "classification": "csv",
        "columnsOrdered": "true",
        "compressionType": "none",
        "delimiter": ",",
        "exclusions": '["s3://lake/sales/**.tmp"]',
        "objectCount": "2",
        "partition_filtering.enabled": "true",
        "recordCount": "5",
        "sizeKey": str(2 * len(CSV) + 9),
        "skip.header.line.count": "1",
        "typeOfData": "file",
    }
    assert table["Parameters"] == table["StorageDescriptor"].pop("Parameters") == parameters
    assert table["StorageDescriptor"] == {
        "Columns": [
            {"Name": "id", "Type": "bigint"},
            {"Name": "city", "Type": "string"},
            {"Name": "price", "Type": "double"},
        ],
        "Location": "s3://lake/sales/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            "Parameters": {"field.delim": ","},
        },
        "BucketColumns": [],
        "SortColumns": [],
        "StoredAsSubDirectories": False,
    }
    assert table["PartitionKeys"] == [{"Name": "year", "Type": "string"}]
    assert (table["TableType"], table["Owner"], table["Retention"]) == (
        "EXTERNAL_TABLE",
        "owner",
        0,
    )
    part = lake.partitions("raw_sales")[("2020",)]
    assert part["StorageDescriptor"]["Location"] == "s3://lake/sales/year=2020/"
    assert columns(part) == columns(table)
    assert (part["Parameters"]["objectCount"], part["Parameters"]["recordCount"]) == ("1", "3")
    indexes = lake.glue.get_partition_indexes(DatabaseName="db", TableName="raw_sales")
    [index] = indexes["PartitionIndexDescriptorList"]
    assert [key["Name"] for key in index["Keys"]] == ["year"]


def test_no_index_is_made_if_the_configuration_says_so(lake):
    lake.put({"sales/year=2019/a.csv": CSV})
    lake.crawler("sales/", Configuration={"CreatePartitionIndex": False})
    assert lake.crawl() == DONE
    assert "partition_filtering.enabled" not in lake.tables()["sales"]["Parameters"]
    indexes = lake.glue.get_partition_indexes(DatabaseName="db", TableName="sales")
    assert indexes["PartitionIndexDescriptorList"] == []


def test_positional_folders_are_partitions(lake):
    lake.put({f"logs/2017/{month}/{day}.csv": CSV for month in ("01", "02") for day in (1, 2)})
    lake.crawler("logs/")
    assert lake.crawl() == DONE
    assert lake.shapes()["logs"][1] == "partition_0 partition_1"
    assert lake.ask("SELECT partition_0, partition_1, count(*) FROM logs GROUP BY 1, 2") == [
        ["2017", "01", "4"],
        ["2017", "02", "4"],
    ]


def test_values_of_hive_folders_are_unescaped(lake):
    lake.put({"t/at=10%3A30/a.csv": CSV, "t/at=__HIVE_DEFAULT_PARTITION__/a.csv": CSV})
    lake.crawler("t/")
    assert lake.crawl() == DONE
    assert set(lake.partitions("t")) == {("10:30",), ("__HIVE_DEFAULT_PARTITION__",)}
    assert lake.ask("SELECT at, count(*) FROM t GROUP BY 1 ORDER BY 1") == [
        ["10:30", "2"],
        [None, "2"],
    ]


def test_files_that_differ_are_tables_of_one_file_each(lake):
    lake.put({"all/persons.json": JSON, "all/Cities 2.csv": CSV})
    lake.crawler("all/")
    assert lake.crawl() == DONE
    tables = lake.tables()
    assert {name: one["StorageDescriptor"]["Location"] for name, one in tables.items()} == {
        "persons_json": "s3://lake/all/persons.json",
        "cities_2_csv": "s3://lake/all/Cities 2.csv",
    }
    assert lake.ask("SELECT sum(id) FROM persons_json") == [["3"]]
    assert lake.ask("SELECT count(*) FROM cities_2_csv") == [["2"]]


def test_a_path_of_one_object_is_a_table_of_it(lake):
    lake.put({"all/persons.json": JSON, "all/persons.json.old": JSON, "all/other.csv": CSV})
    lake.crawler("all/persons.json")
    assert lake.crawl() == DONE
    assert lake.shapes() == {
        "persons_json": ("id:int tags:array<string> who:struct<name:string,age:int>", "")
    }
    assert lake.ask("SELECT count(*) FROM persons_json") == [["2"]]


def test_a_name_that_is_taken_gets_a_hash(lake):
    lake.put({"a/t/x.csv": CSV, "b/t/x.json": JSON})
    lake.crawler("a/t/", "b/t/")
    assert lake.crawl() == DONE
    first, second = sorted(lake.tables())
    assert first == "t"
    assert second.startswith("t_")
    assert len(second) == 34
    assert lake.ask(f"SELECT count(*) FROM {second}") == [["2"]]
    assert lake.crawl() == DONE
    assert sorted(lake.tables()) == [first, second]


def test_what_is_excluded_hidden_or_empty_is_not_crawled(lake):
    lake.put({
        "t/a.csv": CSV, "t/_SUCCESS": "", "t/.a.csv.crc": b"\0\1", "t/_temporary/0/b.json": JSON,
        "t/empty.json": "", "t/secret/c.json": JSON, "t/d.tmp": "x|y",
    })  # fmt: skip
    lake.crawler({"Path": "t/", "Exclusions": ["secret/**", "*.{tmp,bak}"]})
    assert lake.crawl() == DONE
    assert lake.shapes() == {"t": ("id:bigint city:string price:double", "")}
    assert lake.tables()["t"]["Parameters"]["objectCount"] == "1"


def test_a_sample_stands_for_its_folder(lake):
    lake.put({f"t/{at}.csv": CSV for at in range(5)})
    lake.crawler({"Path": "t/", "SampleSize": 2})
    assert lake.crawl() == DONE
    parameters = lake.tables()["t"]["Parameters"]
    assert (parameters["objectCount"], parameters["recordCount"]) == ("5", "10")


def test_more_tables_than_the_threshold_are_not_made(lake):
    lake.put({"x/a/a.csv": CSV, "x/b/b.json": JSON})
    lake.crawler("x/", Configuration={"CrawlerOutput": {"Tables": {"TableThreshold": 1}}})
    assert lake.crawl() == {
        "Status": "FAILED",
        "ErrorMessage": "The number of tables detected by crawler: 2 is greater than the table "
        "threshold value provided: 1. No tables were created.",
    }
    assert lake.tables() == {}


def test_a_table_level_and_a_grouping_policy_are_followed(lake):
    lake.put({f"data/{year}/{month}/a.csv": CSV for year in "12" for month in "34"})
    lake.crawler("data/", Configuration={"Grouping": {"TableLevelConfiguration": 3}})
    assert lake.crawl() == DONE
    assert lake.shapes() == {
        name: ("id:bigint city:string price:double", "partition_0") for name in "12"
    }
    lake.put({"odd/a/1.json": '{"a": 1, "b": 1}', "odd/b/2.json": '{"c": 1, "d": 1}'})
    combine = {"Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}
    lake.crawler("odd/", name="combines", Configuration=combine)
    assert lake.crawl("combines") == DONE
    assert lake.shapes()["odd"] == ("a:int b:int c:int d:int", "partition_0")
    assert lake.ask("SELECT sum(a), sum(d), count(*) FROM odd") == [["1", "1", "2"]]


def test_numbers_of_some_days_are_read_with_the_fractions_of_others(lake):
    lake.put({"t/d=1/a.csv": "id,v\n1,1\n2,2\n", "t/d=2/a.csv": "id,v\n1,1.5\n2,2.5\n"})
    lake.put({"j/d=1/a.json": '{"v": 1}', "j/d=2/a.json": '{"v": 1.5}'})
    lake.crawler("t/", "j/")
    assert lake.crawl() == DONE
    assert {name: shape[0] for name, shape in lake.shapes().items()} == {
        "t": "id:bigint v:double", "j": "v:double",
    }  # fmt: skip
    assert lake.ask("SELECT sum(v) FROM t") == [["7.0"]]
    assert lake.ask("SELECT sum(v) FROM j") == [["2.5"]]


def test_files_that_say_their_types_are_one_table_if_athena_reads_them_as_one(lake):
    small, large = pa.array([1, 2], pa.int32()), pa.array([3, 4], pa.int64())
    lake.put({"p/d=1/a": parquet(v=small), "p/d=2/a": parquet(v=large)})
    lake.put({f"q/d={day}/a": parquet(v=large) for day in range(4)})
    lake.put({"q/d=5/a": parquet(v=[1.5, 2.5])})
    lake.crawler("p/", "q/")
    assert lake.crawl() == DONE
    assert lake.shapes() == {
        "p": ("v:bigint", "d"), "q": ("v:bigint", "d"), "d_5": ("v:double", ""),
    }  # fmt: skip
    assert lake.ask("SELECT d, sum(v) FROM p GROUP BY 1 ORDER BY 1") == [["1", "3"], ["2", "7"]]
    assert lake.ask("SELECT sum(v) FROM q") == [["28"]]
    assert lake.ask("SELECT sum(v) FROM d_5") == [["4.0"]]


def test_lines_whose_columns_have_another_order_are_another_table(lake):
    usual = "a,b,c,e\n1,x,2,y\n3,z,4,w\n"
    lake.put({f"t/d={day}/a.csv": usual for day in range(4)})
    lake.put({"t/d=5/a.csv": "b,a,c,e\nx,1,2,y\nz,3,4,w\n"})
    lake.put({"t/d=6/a.csv": "a,b,c,e,f\n1,x,2,y,9\n3,z,4,w,8\n"})
    lake.crawler("t/")
    assert lake.crawl() == DONE
    assert lake.shapes() == {
        "t": ("a:bigint b:string c:bigint e:string f:bigint", "d"),
        "d_5": ("b:string a:bigint c:bigint e:string", ""),
    }
    assert lake.ask("SELECT a, b, c, e FROM d_5") == [["1", "x", "2", "y"], ["3", "z", "4", "w"]]
    assert lake.ask("SELECT d, sum(a), max(b), sum(f) FROM t WHERE d >= '3' GROUP BY 1") == [
        ["3", "4", "z", None],
        ["6", "4", "z", "17"],
    ]


def test_broken_objects_are_named_and_the_rest_is_catalogued(lake):
    lake.put({
        "t/a.csv": CSV, "t/half.csv.gz": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03half",
        "t/rubbish.parquet": b"PAR1" + bytes(range(256)) + b"PAR1",
    })  # fmt: skip
    lake.crawler("t/")
    assert lake.crawl() == DONE
    assert lake.shapes()["t"] == ("id:bigint city:string price:double", "")
    warned = [line for line in lake.lines() if line.startswith("WARN")]
    assert any("t/half.csv.gz" in line for line in warned), warned
    assert any("t/rubbish.parquet" in line for line in warned), warned


def test_rubbish_is_a_table_that_nobody_understands(lake):
    lake.put({"odd/a.bin": bytes(range(256)) * 4})
    lake.crawler("odd/")
    assert lake.crawl() == DONE
    table = lake.tables()["odd"]
    assert (columns(table), table["Parameters"]["classification"]) == ("", "UNKNOWN")


def test_a_bucket_that_is_not_there_fails_the_crawl(lake):
    lake.s3.create_bucket(Bucket="gone")
    lake.glue.create_crawler(
        Name="c", Role="r", DatabaseName="db", Targets={"S3Targets": [{"Path": "s3://gone/x/"}]}
    )
    lake.s3.delete_bucket(Bucket="gone")
    assert lake.crawl() == {
        "Status": "FAILED",
        "ErrorMessage": "The specified bucket does not exist "
        "(Service: Amazon S3; Status Code: 404; "
        "Error Code: NoSuchBucket)",
    }


def test_the_database_is_made_if_it_is_not_there(lake):
    lake.put({"t/a.csv": CSV})
    lake.glue.create_crawler(
        Name="c", Role="r", DatabaseName="made_by_crawl",
        Targets={"S3Targets": [{"Path": "s3://lake/t/"}]},
    )  # fmt: skip
    assert lake.crawl() == DONE
    answer = lake.glue.get_table(DatabaseName="made_by_crawl", Name="t")
    assert answer["Table"]["Parameters"]["UPDATED_BY_CRAWLER"] == "c"


def test_a_custom_classifier_comes_first(lake):
    lake.put({"t/a.txt": "1~2\n3~4\n5~6\n"})
    lake.glue.create_classifier(
        CsvClassifier={"Name": "tilde", "Delimiter": "~", "ContainsHeader": "ABSENT"}
    )
    lake.crawler("t/", Classifiers=["tilde"])
    assert lake.crawl() == DONE
    assert lake.shapes() == {"t": ("col0:bigint col1:bigint", "")}
    assert lake.ask("SELECT sum(col0), sum(col1) FROM t") == [["9", "12"]]


def test_exclusions_are_kept_as_json(lake):
    lake.put({"t/a.csv": CSV})
    lake.crawler({"Path": "t", "Exclusions": ["a/**", "*.x"]})
    assert lake.crawl() == DONE
    kept = json.loads(lake.tables()["t"]["Parameters"]["exclusions"])
    assert kept == ["s3://lake/t/a/**", "s3://lake/t/*.x"]


def test_what_is_said_of_a_damaged_file_names_the_object_not_this_machine(lake):
    whole = parquet(n=list(range(1000)))
    lake.put({"t/a.parquet": whole})
    lake.crawler("t/")
    assert lake.crawl() == DONE
    damaged = whole[:100] + bytes(500) + whole[600:]
    for body, name in ((whole[:500], "HIVE_CANNOT_OPEN_SPLIT"), (damaged, "HIVE_CURSOR_ERROR")):
        lake.put({"t/a.parquet": body})
        said = lake.athena.error("SELECT sum(n) FROM t")
        assert said.startswith(f"{name}: ")
        assert "s3://lake/t/a.parquet" in said
        assert str(lake.lakebed.data_dir) not in said
