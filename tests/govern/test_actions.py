"""Which permission each operation needs, and for which resources."""

from __future__ import annotations

import pytest

from lakebed.govern.actions import needed

HERE = ("us-east-1", "111122223333")
GLUE = "arn:aws:glue:us-east-1:111122223333"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "action", "arns"),
    [
        (
            "glue", "get_table", {"DatabaseName": "db", "Name": "t"}, "glue:GetTable",
            [f"{GLUE}:catalog", f"{GLUE}:database/db", f"{GLUE}:table/db/t"],
        ),
        (
            "glue", "create_table", {"DatabaseName": "db", "TableInput": {"Name": "t"}},
            "glue:CreateTable",
            [f"{GLUE}:catalog", f"{GLUE}:database/db", f"{GLUE}:table/db/t"],
        ),
        (
            "glue", "batch_delete_table", {"DatabaseName": "db", "TablesToDelete": ["a", "b"]},
            "glue:BatchDeleteTable",
            [f"{GLUE}:catalog", f"{GLUE}:database/db", f"{GLUE}:table/db/a", f"{GLUE}:table/db/b"],
        ),
        (
            "glue", "tag_resource", {"ResourceArn": f"{GLUE}:crawler/c"}, "glue:TagResource",
            [f"{GLUE}:crawler/c"],
        ),
        (
            "glue_iceberg", "load_table", {"namespace": "db", "table": "t"}, "glue:GetTable",
            [f"{GLUE}:catalog", f"{GLUE}:database/db", f"{GLUE}:table/db/t"],
        ),
        (
            "athena", "start_query_execution", {"QueryString": "SELECT 1"},
            "athena:StartQueryExecution",
            ["arn:aws:athena:us-east-1:111122223333:workgroup/primary"],
        ),
        (
            "s3", "head_object", {"Bucket": "lake", "Key": "a/b"}, "s3:GetObject",
            ["arn:aws:s3:::lake/a/b"],
        ),
        ("s3", "list_objects_v2", {"Bucket": "lake"}, "s3:ListBucket", ["arn:aws:s3:::lake"]),
        ("s3", "list_buckets", {}, "s3:ListAllMyBuckets", ["*"]),
        (
            "logs", "put_log_events", {"logGroupName": "g", "logStreamName": "s"},
            "logs:PutLogEvents",
            ["arn:aws:logs:us-east-1:111122223333:log-group:g:log-stream:s"],
        ),
    ],
)  # fmt: skip
def test_what_an_operation_needs(service, operation, request_, action, arns):
    found = needed(service, operation)
    assert (found.action, found.arns(*HERE, request_)) == (action, arns)


def test_a_request_about_too_many_resources_is_about_all(monkeypatch):
    many = {"DatabaseName": "db", "TablesToDelete": [f"t{at}" for at in range(1001)]}
    assert needed("glue", "batch_delete_table").arns(*HERE, many)[-1] == f"{GLUE}:table/*/*"
