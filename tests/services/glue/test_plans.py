"""Plans, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import error_of

SOURCE = {"DatabaseName": "shop", "TableName": "orders"}
MAPPING = [
    {"SourceTable": "orders", "SourcePath": "id", "SourceType": "long",
     "TargetTable": "totals", "TargetPath": "number", "TargetType": "int"},
    {"SourcePath": "n"},
]  # fmt: skip


@pytest.fixture
def plan(lakebed):
    glue = lakebed.client("glue")

    def plan(**members):
        request = {"Mapping": MAPPING, "Source": SOURCE, **members}
        text = glue.get_plan(**request)["PythonScript"]
        compile(text, "plan.py", "exec")
        found = [one for one in text.splitlines() if one[:4] in ("data", "appl", "sele", "reso",
                                                                "drop")]  # fmt: skip
        assert found[:2] == [
            'datasource0 = glueContext.create_dynamic_frame.from_catalog(database = "shop", '
            'table_name = "orders", transformation_ctx = "datasource0")',
            "applymapping1 = ApplyMapping.apply(frame = datasource0, mappings = "
            "[('id', 'long', 'number', 'int'), ('n', 'string', 'n', 'string')], "
            'transformation_ctx = "applymapping1")',
        ]
        return found[2:]

    return plan


def test_a_plan_may_end_with_its_mapping(plan):
    assert plan() == []


def test_a_plan_writes_to_tables(plan):
    assert plan(Sinks=[{"DatabaseName": "shop", "TableName": "totals"}]) == [
        'selectfields2 = SelectFields.apply(frame = applymapping1, paths = ["number", "n"], '
        'transformation_ctx = "selectfields2")',
        'resolvechoice3 = ResolveChoice.apply(frame = selectfields2, choice = "MATCH_CATALOG", '
        'database = "shop", table_name = "totals", transformation_ctx = "resolvechoice3")',
        'resolvechoice4 = ResolveChoice.apply(frame = resolvechoice3, choice = "make_struct", '
        'transformation_ctx = "resolvechoice4")',
        "datasink5 = glueContext.write_dynamic_frame.from_catalog(frame = resolvechoice4, "
        'database = "shop", table_name = "totals", transformation_ctx = "datasink5")',
    ]


def test_a_plan_writes_files_and_to_databases(plan):
    s3 = [{"Name": "path", "Value": '"s3://lake/out"'}, {"Name": "format", "Value": "orc"}]
    jdbc = [{"Name": "catalog_connection", "Value": "pg"}, {"Name": "dbtable", "Value": "t"}]
    found = plan(Location={"S3": s3, "Jdbc": jdbc})
    assert [one for one in found if one.startswith("datasink")] == [
        "datasink4 = glueContext.write_dynamic_frame.from_options(frame = dropnullfields3, "
        "connection_type = \"s3\", connection_options = {'path': 's3://lake/out'}, "
        'format = "orc", transformation_ctx = "datasink4")',
        "datasink7 = glueContext.write_dynamic_frame.from_jdbc_conf(frame = dropnullfields6, "
        "catalog_connection = \"pg\", connection_options = {'dbtable': 't'}, "
        'transformation_ctx = "datasink7")',
    ]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"Language": "SCALA"}, "Language SCALA"),
        ({"AdditionalPlanOptionsMap": {"inferSchema": "true"}}, "AdditionalPlanOptionsMap"),
        ({"Location": {"DynamoDB": [{"Name": "a", "Value": "b"}]}}, "Location.DynamoDB"),
        ({"Location": {"S3": [{"Name": "a", "Value": "b"}]}}, "Location.S3 with a"),
        ({"Location": {"S3": [{"Name": "path", "Value": "b", "Param": True}]}},
         "Location with Param"),
    ],
)  # fmt: skip
def test_what_a_plan_cannot_say_is_refused_by_name(plan, lakebed, members, said):
    code, message, _ = error_of(lambda: plan(**members))
    assert code == "LakebedNotBuilt"
    assert f"glue.GetPlan ({said})" in message


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"Mapping": []}, "Mapping must not be empty."),
        ({"Mapping": [{}]}, "An entry of Mapping must have a SourcePath."),
        ({"Location": {"S3": [{"Name": "format", "Value": "b"}]}}, "Location.S3 must have path."),
        ({"Location": {"Jdbc": [{"Name": "dbtable", "Value": "b"}]}},
         "Location.Jdbc must have catalog_connection."),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused(plan, members, said):
    assert error_of(lambda: plan(**members)) == ("InvalidInputException", said, 400)
