"""Transforms as classes, and what a GlueContext does beside reading and writing."""

import datetime

import pytest
from awsglue import transforms
from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms import *  # noqa: F403 — as the scripts that Glue writes do


def test_every_transform_does_what_its_method_does(frame, rows, tmp_path):
    made = frame({"a": 1, "s": {"x": "q"}, "l": [1], "j": '{"k": 1}', "n": None})
    other = frame({"a": 1, "z": 2})
    one = transforms
    assert rows(one.ApplyMapping.apply(made, mappings=[("s.x", "string", "x", "string")])) == [
        {"x": "q"}
    ]
    assert rows(one.SelectFields.apply(frame=made, paths=["a"])) == [{"a": 1}]
    assert rows(one.DropFields.apply(made, ["s", "l", "j", "n"])) == [{"a": 1}]
    assert "n" not in rows(one.DropNullFields.apply(made))[0]
    renamed = one.RenameField.apply(made, "a", "b")
    assert rows(renamed)[0]["b"] == 1
    parts = one.SplitFields.apply(frame=made, paths=["a"], name1="p", name2="q")
    assert rows(one.SelectFromCollection.apply(parts, "p")) == [{"a": 1}]
    assert rows(one.Filter.apply(made, lambda record: record["a"] > 1)) == []
    assert rows(one.Map.apply(frame=made, f=lambda record: {"d": record["a"] * 2})) == [{"d": 2}]
    halves = one.SplitRows.apply(frame=made, comparison_dict={"a": {"=": 1}})
    assert (halves["frame1"].count(), halves["frame2"].count()) == (1, 0)
    assert rows(one.Join.apply(made, other, ["a"], ["a"]))[0]["z"] == 2
    assert one.Union.apply(made, other).count() == 2
    assert rows(one.Unbox.apply(made, path="j", format="json"))[0]["j"] == {"k": 1}
    assert rows(one.UnnestFrame.apply(made))[0]["s.x"] == "q"
    assert list(one.Relationalize.apply(made, name="r").keys()) == ["r", "r_l"]
    assert one.ResolveChoice.apply(made, choice="make_struct").count() == 1
    assert one.Repartition.apply(made, 3).getNumPartitions() == 3
    assert one.Coalesce.apply(one.Repartition.apply(made, 3), 1).getNumPartitions() == 1
    assert one.Spigot.apply(made, str(tmp_path / "s"), {"topk": 1}).count() == 1
    assert one.ErrorsAsDynamicFrame.apply(made).count() == 0


def test_names_of_split_fields_come_from_the_frame(frame):
    made = frame({"a": 1, "b": 2})
    made.name = "f"
    assert list(transforms.SplitFields.apply(made, ["a"]).keys()) == ["f1", "f2"]


def test_transforms_of_collections(frame, rows):
    parts = frame({"a": 1, "b": 2}).split_fields(["a"], "one", "two")
    mapped = transforms.MapToCollection.apply(
        parts, BaseTransform=transforms.RenameField, frame_name="frame", old_name="a", new_name="z"
    )
    assert {name: rows(mapped[name]) for name in mapped.keys()} == {  # noqa: SIM118
        "one": [{"z": 1}], "two": [{"b": 2}]
    }  # fmt: skip
    flat = transforms.FlatMap.apply(
        parts, transforms.SplitRows, "frame", "ctx", comparison_dict={"a": {">": 0}}
    )
    assert sorted(flat.keys()) == ["one_frame1", "one_frame2", "two_frame1", "two_frame2"]


ALL = sorted(set(transforms.__all__) - {"GlueTransform"})


@pytest.mark.parametrize("name", ALL)
def test_every_transform_describes_itself(name):
    one = getattr(transforms, name)
    said = one.describe()["transform"]
    assert (said["name"], said["location"], said["raises"]) == (name, "internal", [])
    assert {key for argument in said["args"] for key in argument} == {
        "name", "type", "description", "optional", "defaultValue"
    }  # fmt: skip
    assert not [argument for argument in said["args"] if not argument["description"]]
    assert said["returns"]["type"].startswith("DynamicFrame")
    assert said["returns"]["description"]
    assert one.describeTransform()


def test_a_transform_of_a_script_inherits_them(frame):
    class Mine(transforms.GlueTransform):
        def __call__(self, frame):
            return frame.count()

    assert Mine.apply(frame({"a": 1})) == 1
    assert Mine.name() == "Mine"
    with pytest.raises(NotImplementedError, match="describeArgs method not implemented for Mine"):
        Mine.describeArgs()


def test_ingestion_times(glue, spark):
    df = glue.add_ingestion_time_columns(spark.range(1), "hour")
    assert df.columns == ["id", "ingest_year", "ingest_month", "ingest_day", "ingest_hour"]
    assert abs(df.first()["ingest_year"] - datetime.datetime.now(datetime.UTC).year) <= 1
    with pytest.raises(ValueError, match="timeGranularity may not be week"):
        glue.add_ingestion_time_columns(spark.range(1), "week")


def test_a_context_is_a_context_of_spark(glue, spark, caplog):
    assert glue.spark_session.sql("select 1 as a").first()["a"] == 1
    assert glue.sql("select 2 as a").first()["a"] == 2
    with caplog.at_level("INFO"):
        glue.get_logger().info("a line of the job's log")
    assert "a line of the job's log" in caplog.text


def test_samples_and_data_frames(glue, tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1}\n{"a": 2}\n')
    given = {"paths": [str(tmp_path)]}
    sample = glue.create_sample_dynamic_frame_from_options("s3", given, 1, format="json")
    assert sample == [{"a": 1}]
    assert glue.create_data_frame.from_options("s3", given, "json").count() == 2
    df = glue.create_data_frame_from_options("s3", given, format="json")
    glue.write_data_frame.from_options(df, "s3", {"path": str(tmp_path / "out")}, "json")
    assert (
        glue.create_data_frame.from_options(
            "s3", {"paths": [str(tmp_path / "out")]}, "json"
        ).count()
        == 2
    )


def test_frames_of_data_frames(glue, spark, rows):
    df = spark.sql("select 1 as a, map('k', 1) as m, array(struct('x' as y)) as l, null as n")
    made = DynamicFrame.fromDF(df, glue, "f")
    assert made.name == "f"
    assert made.toDF().schema.simpleString() == df.schema.simpleString()
    assert rows(made.map(lambda record: {"v": record["m"]["k"] + record["a"]})) == [{"v": 2}]
