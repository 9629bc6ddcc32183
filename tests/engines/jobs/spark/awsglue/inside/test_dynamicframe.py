"""DynamicFrames: choices, transforms of fields and rows, errors."""

import pytest
from awsglue import gluetypes as g
from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection, ResolveOption


def test_a_field_of_two_types_is_a_choice(frame, tree, rows):
    made = frame({"id": 1, "price": 100.0}, {"id": 2, "price": "$100"}, {"id": 3, "price": None})
    assert tree(made) == [
        "root", "|-- id: int", "|-- price: choice", "|    |-- double", "|    |-- string"
    ]  # fmt: skip
    assert rows(made) == [
        {"id": 1, "price": {"double": 100.0, "string": None}},
        {"id": 2, "price": {"double": None, "string": "$100"}},
        {"id": 3, "price": None},
    ]


def test_to_df_resolves_what_it_is_told_to(frame, rows):
    made = frame({"a": {"b": 1}}, {"a": {"b": "x"}})
    kept = made.toDF([ResolveOption("a.b", "KeepAsStruct")])
    assert rows(kept) == [
        {"a": {"b": {"int": 1, "string": None}}}, {"a": {"b": {"int": None, "string": "x"}}}
    ]  # fmt: skip
    projected = made.toDF([ResolveOption("a.b", "Project", g.IntegerType())])
    assert rows(projected) == [{"a": {"b": 1}}, {"a": {"b": None}}]
    as_double = made.toDF([ResolveOption("a.b", "Cast", g.DoubleType())])
    assert rows(as_double) == [{"a": {"b": 1.0}}, {"a": {"b": None}}]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("cast:int", [{"v": 1}, {"v": 2}, {"v": None}]),
        ("cast:string", [{"v": "1"}, {"v": "2"}, {"v": "x"}]),
        ("project:string", [{"v": "2"}, {"v": "x"}, {"v": None}]),
        (
            "make_cols",
            [
                {"v_int": 1, "v_string": None},
                {"v_int": None, "v_string": "2"},
                {"v_int": None, "v_string": "x"},
            ],
        ),
        (
            "make_struct",
            [
                {"v": {"int": 1, "string": None}},
                {"v": {"int": None, "string": "2"}},
                {"v": {"int": None, "string": "x"}},
            ],
        ),
    ],
)
def test_resolve_choice(frame, rows, action, expected):
    made = frame({"v": 1}, {"v": "2"}, {"v": "x"})
    assert rows(made.resolveChoice(specs=[("v", action)])) == expected
    resolved = made.resolveChoice(choice=action)
    assert rows(resolved) == expected
    assert not any(isinstance(f.dataType, g.ChoiceType) for f in resolved.schema().fields)


def test_resolve_choice_in_elements_of_an_array(frame, rows):
    made = frame({"myList": [{"price": 100.0}, {"price": "$100.00"}]})
    found = made.resolveChoice(specs=[("myList[].price", "cast:double")])
    assert rows(found) == [{"myList": [{"price": 100.0}, {"price": None}]}]


def test_resolve_choice_takes_one_way(frame):
    made = frame({"v": 1})
    with pytest.raises(ValueError, match="both specs and choice"):
        made.resolveChoice(specs=[("v", "cast:int")], choice="make_cols")
    with pytest.raises(ValueError, match="Invalid choice action: cols"):
        made.resolveChoice(choice="cols")


def test_apply_mapping_renames_casts_nests_and_unnests(frame, rows):
    made = frame({"name": "Nancy", "age": "47", "address": {"state": "NY", "zip": 10}})
    found = made.apply_mapping(
        [
            ("name", "string", "who.name", "String"),
            ("age", "string", "who.age", "Long"),
            ("address.zip", "zip"),
            ("address.state", "state", "string"),
            ("missing", "string", "missing", "string"),
        ]
    )
    assert rows(found) == [{"who": {"name": "Nancy", "age": 47}, "zip": 10, "state": "NY"}]
    assert found.schema().getField("who").dataType.getField("age").dataType == g.LongType()


def test_names_with_dots_stand_between_back_ticks(frame, rows):
    made = frame({"this.old.name": "x", "b": 1})
    found = made.apply_mapping([("`this.old.name`", "string", "thisNewName", "string")])
    assert rows(found) == [{"thisNewName": "x"}]
    assert rows(made.rename_field("`this.old.name`", "n")) == [{"n": "x", "b": 1}]
    assert rows(made.drop_fields(["`this.old.name`"])) == [{"b": 1}]


PEOPLE = (
    {"name": "Sally", "age": 23, "location": {"state": "WY", "county": "Fremont"}, "friends": []},
    {"name": "Varun", "location": {"state": "NE"}, "friends": [{"name": "Arjun", "age": 3}]},
)


def test_drop_fields_at_any_depth(frame, tree):
    made = frame(*PEOPLE)
    assert tree(made.drop_fields(["age", "location.county", "friends.age"])) == [
        "root", "|-- name: string", "|-- location: struct", "|    |-- state: string",
        "|-- friends: array", "|    |-- element: struct", "|    |    |-- name: string",
    ]  # fmt: skip


def test_a_struct_without_fields_is_dropped(frame):
    made = frame({"a": 1, "location": {"state": "WY"}}).drop_fields(["location.state"])
    assert [field.name for field in made.schema()] == ["a"]


def test_select_split_and_rename(frame, rows):
    made = frame({"a": 1, "s": {"x": 2, "y": 3}})
    assert rows(made.select_fields(["s.y", "a", "no"])) == [{"s": {"y": 3}, "a": 1}]
    parts = made.split_fields(["s.x"], "one", "two")
    assert list(parts.keys()) == ["one", "two"]
    assert rows(parts.select("one")) == [{"s": {"x": 2}}]
    assert rows(parts.select("two")) == [{"a": 1, "s": {"y": 3}}]
    assert rows(made.rename_field("s.x", "s.z")) == [{"a": 1, "s": {"z": 2, "y": 3}}]
    assert rows(made.rename_field("s.x", "t.x")) == [{"a": 1, "s": {"y": 3}, "t": {"x": 2}}]


def test_a_collection_has_an_empty_frame_for_a_key_that_it_has_not(glue, frame):
    made = DynamicFrameCollection({"a": frame({"x": 1})}, glue)
    assert (made.select("b").count(), made.select("a").count(), len(made)) == (0, 1, 1)


def test_split_rows(frame, rows):
    made = frame({"age": 5}, {"age": 15}, {"age": 25}, {"age": None})
    parts = made.split_rows({"age": {">": 10, "<": 20}}, "in", "out")
    assert rows(parts.select("in")) == [{"age": 15}]
    assert rows(parts.select("out")) == [{"age": 25}, {"age": 5}, {"age": None}]
    with pytest.raises(ValueError, match="Invalid comparator: ~"):
        made.split_rows({"age": {"~": 1}}, "in", "out")


def test_join_puts_a_dot_before_a_name_of_both(frame, rows):
    left, right = frame({"zip": 1, "c": "a"}, {"zip": 2, "c": "b"}), frame({"zip": 2, "d": 9})
    assert rows(left.join(["zip"], ["zip"], right)) == [{"zip": 2, "c": "b", ".zip": 2, "d": 9}]
    assert rows(left.join("zip", "d", right)) == []


def test_a_frame_joins_itself(frame, rows):
    made = frame({"id": 1, "up": 2}, {"id": 2, "up": None})
    assert rows(made.join(["up"], ["id"], made)) == [{"id": 1, "up": 2, ".id": 2, ".up": None}]


def test_union_makes_choices(frame, rows, tree):
    both = frame({"a": 1}).union(frame({"a": "x", "b": True}))
    assert tree(both) == [
        "root", "|-- a: choice", "|    |-- int", "|    |-- string", "|-- b: boolean"
    ]  # fmt: skip
    assert rows(both) == [
        {"a": {"int": 1, "string": None}, "b": None}, {"a": {"int": None, "string": "x"}, "b": True}
    ]  # fmt: skip


def test_merge_takes_staged_records_and_keeps_duplicates(frame, rows):
    source = frame({"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 2, "v": "c"}, {"id": 3})
    merged = source.mergeDynamicFrame(frame({"id": 1, "v": "new", "w": 1}), ["id"])
    assert rows(merged) == [
        {"id": 1, "v": "new", "w": 1},
        {"id": 2, "v": "b", "w": None},
        {"id": 2, "v": "c", "w": None},
        {"id": 3, "v": None, "w": None},
    ]


def test_map_adds_and_removes_fields(frame, rows):
    made = frame({"a": 1, "b": "x", "l": [1, 2]})

    def change(record):
        record["c"] = {"d": record.a + 1}
        del record["b"]
        return record

    assert rows(made.map(change)) == [{"a": 1, "l": [1, 2], "c": {"d": 2}}]


def test_map_keeps_the_types_that_a_function_does_not_change(spark, glue):
    import datetime
    import decimal

    df = spark.createDataFrame(
        [(1, 1.5, decimal.Decimal("1.10"), datetime.date(2026, 1, 2))],
        "l long, f float, d decimal(12,2), t date",
    )
    made = DynamicFrame.fromDF(df, glue, "x")
    assert made.map(lambda record: record).toDF().schema == df.schema
    assert made.map(lambda record: record).toDF().collect() == df.collect()


def test_filter_drops_records_that_do_not_fit(frame, rows):
    made = frame({"a": 1}, {"a": 5}, {"a": "x"}, {"b": 1})
    assert rows(made.filter(lambda record: record["a"] > 2)) == [
        {"a": {"int": 5, "string": None}, "b": None}
    ]
    assert rows(made.filter(lambda record: record.nothing)) == []


def test_errors_are_kept_aside(frame, rows):
    made = frame({"a": 1}, {"a": 0}).map(lambda record: {"q": 1 / record["a"]}, info="dividing")
    assert rows(made) == [{"q": 1.0}]
    assert (made.errorsCount(), made.stageErrorsCount()) == (1, 1)
    (error,) = rows(made.errorsAsDynamicFrame())
    said = error["error"]
    assert said["msg"] == "ZeroDivisionError: division by zero"
    assert said["callsite"] == {"site": "Not provided", "info": "dividing"}
    assert said["dynamicRecord"] == {"a": 0}
    assert "in <lambda>" in said["stackTrace"]
    assert made.map(lambda record: record).stageErrorsCount() == 0


def test_thresholds_fail_the_job(frame):
    made = frame({"a": 1}, {"a": 0}, {"a": 0})

    def divide(record):
        return {"q": 1 / record["a"]}

    assert made.map(divide, stageThreshold=2).count() == 1
    with pytest.raises(RuntimeError, match="2 error records: the stage threshold allows 1"):
        made.map(divide, stageThreshold=1).count()
    with pytest.raises(RuntimeError, match="the total threshold allows 1"):
        made.map(divide).drop_fields(["x"], totalThreshold=1).toDF()


def test_relationalize(frame, rows):
    made = frame(
        {"name": "Nancy", "friends": ["Fred", "Lakshmi"], "a": {"b": 1}},
        {"name": "Solo", "friends": [], "a": {"b": 2}},
        {"name": "Who", "a": {"b": 3}},
    )
    parts = made.relationalize("people", "/not/used")
    assert list(parts.keys()) == ["people", "people_friends"]
    by_name = {row["name"]: row for row in rows(parts.select("people"))}
    assert list(by_name["Nancy"]) == ["name", "friends", "a.b"]
    assert by_name["Who"]["friends"] is None
    key = by_name["Nancy"]["friends"]
    assert rows(parts.select("people_friends")) == [
        {"id": key, "index": 0, "friends.val": "Fred"},
        {"id": key, "index": 1, "friends.val": "Lakshmi"},
    ]
    assert by_name["Solo"]["friends"] not in (None, key)


def test_relationalize_arrays_in_arrays(frame, rows):
    made = frame({"o": [{"n": 1, "l": [{"x": 1}, {"x": 2}]}, {"n": 2, "l": []}]})
    parts = made.relationalize("root", None)
    assert list(parts.keys()) == ["root", "root_o", "root_o.val.l"]
    (root,) = rows(parts.select("root"))
    items = {row["o.val.n"]: row for row in rows(parts.select("root_o"))}
    assert {row["id"] for row in items.values()} == {root["o"]}
    assert rows(parts.select("root_o.val.l")) == [
        {"id": items[1]["o.val.l"], "index": 0, "o.val.l.val.x": 1},
        {"id": items[1]["o.val.l"], "index": 1, "o.val.l.val.x": 2},
    ]


def test_unnest(frame, rows):
    made = frame({"a": 1, "s": {"x": {"y": 2}, "z": "q"}})
    assert rows(made.unnest()) == [{"a": 1, "s.x.y": 2, "s.z": "q"}]


def test_unbox_json_and_csv(frame, rows):
    made = frame(
        {"w": "TX", "data": '{"a": "220", "b": null}', "c": "x|y"},
        {"w": "CA", "data": "broken", "c": "p"},
    )
    assert rows(made.unbox("data", "json").select_fields(["w", "data"])) == [
        {"w": "CA", "data": None},
        {"w": "TX", "data": {"a": "220", "b": None}},
    ]
    assert rows(made.unbox("c", "csv", separator="|").select_fields(["c"])) == [
        {"c": {"col0": "p", "col1": None}}, {"c": {"col0": "x", "col1": "y"}}
    ]  # fmt: skip
    schema = g.StructType([g.Field("a", g.StringType())])
    given = made.unbox("data", "json", withSchema=schema.json()).select_fields(["data"])
    assert rows(given) == [{"data": None}, {"data": {"a": "220"}}]


def test_dynamodb_json(frame, rows):
    made = frame({"Item": {"id": {"S": "a"}, "n": {"N": "1"}, "m": {"M": {"x": {"BOOL": True}}},
                           "l": {"L": [{"N": "1.5"}]}}})  # fmt: skip
    plain = {"id": "a", "n": 1, "m": {"x": True}, "l": [1.5]}
    assert rows(made.unnest_ddb_json()) == [plain]
    top = frame({"id": {"S": "a"}, "n": {"N": "2"}}).simplify_ddb_json()
    assert rows(top) == [{"id": "a", "n": 2}]


def test_partitions(frame, rows):
    made = frame(*({"a": at} for at in range(6))).repartition(3)
    assert made.getNumPartitions() == 3
    assert made.coalesce(2).getNumPartitions() == 2
    assert made.coalesce(4, shuffle=True).getNumPartitions() == 4
    sums = made.mapPartitions(lambda records: [{"n": sum(1 for _ in records)}])
    assert sum(row["n"] for row in rows(sums)) == 6
    indexed = made.mapPartitionsWithIndex(lambda at, records: ({"p": at} for _ in records))
    assert {row["p"] for row in rows(indexed)} <= {0, 1, 2}


def test_show_prints_records(frame, capsys):
    frame({"a": 1, "v": "x"}, {"a": 2, "v": 2}).show(1)
    assert '{"a": 1, "v": "x"}' in capsys.readouterr().out


def test_spigot_writes_a_sample_and_lets_all_pass(frame, rows, tmp_path, spark):
    made = frame(*({"a": at} for at in range(10)))
    assert made.spigot(str(tmp_path / "some"), {"topk": 3}).count() == 10
    assert spark.read.json(str(tmp_path / "some")).count() == 3


def test_with_frame_schema(frame, rows):
    schema = g.StructType([g.Field("b", g.StringType()), g.Field("a", g.LongType())])
    made = frame({"a": 1}).with_frame_schema(schema)
    assert (rows(made), made.schema()) == ([{"b": None, "a": 1}], schema)


def test_from_rdd(glue, spark, rows):
    data = spark.sparkContext.parallelize([(1, "a"), (2, "b")])
    schema = g.StructType([g.Field("n", g.LongType()), g.Field("t", g.StringType())])
    made = glue.create_dynamic_frame.from_rdd(data, "x", schema)
    assert rows(made) == [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}]
