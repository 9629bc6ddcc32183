"""Every operation that is built, asked by strangers of a strict server: none lets them in.

The requests are made from botocore's models, so an operation that is added tomorrow is asked, too.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import Shape

from lakebed.dispatch.registry import Registry
from lakebed.testing import server
from tests.gateway.wire.botocore_oracle import operations, service_model
from tests.services.s3control.resolving import resolving

__all__ = ["resolving"]

REFUSED = {"AccessDenied", "AccessDeniedException", "403"}
"""A HEAD has no body to name its error."""
NEEDS_NO_PERMISSION = {
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "sts.GetCallerIdentity",
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
    "sts.GetSessionToken",
}
NAMED = {
    "AccountId": "000000000000", "Bucket": "lake", "Key": "k", "CopySource": "lake/k",
    "RoleArn": "arn:aws:iam::000000000000:role/r",
    "DatabaseName": "sales", "TableName": "orders", "Name": "orders", "CrawlerName": "orders",
    "KeyId": "alias/lake", "SecretId": "secret", "logGroupName": "group", "UserName": "ann",
    "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "WorkGroup": "primary",
    "ResourceArn": "arn:aws:glue:us-east-1:000000000000:database/sales",
    "resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:group",
    "VersionId": "v1", "StatementName": "one", "PreparedStatementNames": "one",
    "ConnectionType": "JDBC", "PartNumber": 1, "CurrentDeliveryStreamVersionId": "1",
    "AuthenticationCode1": "123456", "AuthenticationCode2": "234567", "SerialNumber": "a" * 9,
    "StreamName": "clicks", "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/clicks",
    "ResourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/clicks",
    "ShardId": "shardId-000000000000", "NewStartingHashKey": "1000", "UploadId": "u",
    "Expression": "SELECT 1", "ExpressionType": "SQL",
}  # fmt: skip
"""Values for members by name: of things that are there."""
CONNECTION = {"Name": "c", "ConnectionType": "JDBC", "ConnectionProperties": {
    "JDBC_CONNECTION_URL": "jdbc:postgresql://127.0.0.1/db", "USERNAME": "u", "PASSWORD": "p",
}}  # fmt: skip
BESIDE: dict[str, dict[str, Any]] = {
    "glue.CreateConnection": {"ConnectionInput": CONNECTION},
    "glue.UpdateConnection": {"ConnectionInput": CONNECTION},
    "kms.GenerateDataKey": {"KeySpec": "AES_256"},
    "kms.GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
}
"""What operations need beside what their models call required."""

ONCE = Config(retries={"total_max_attempts": 1})
UNSIGNED_ONCE = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})


def value(name: str, shape: Shape, depth: int = 0) -> Any:
    """Return the plainest value of a shape."""
    kind = shape.type_name
    if name in NAMED and kind in ("string", "integer"):
        return NAMED[name]
    if kind == "structure":
        members = [
            one
            for one in shape.members
            if one in shape.required_members or one in ("Bucket", "Key", "StreamName")
        ]
        return {one: value(one, shape.members[one], depth + 1) for one in members}
    if kind == "list":
        return [value(name, shape.member, depth + 1)] if depth < 6 else []
    if kind == "map":
        return {"a": value(name, shape.value, depth + 1)}
    least = max(1, int(shape.metadata.get("min", 1)))
    plain: dict[str, Any] = {
        "string": shape.enum[0] if getattr(shape, "enum", None) else "a" * min(least, 64),
        "integer": least, "long": least, "boolean": False, "float": 1.0, "double": 1.0,
        "timestamp": 0, "blob": b"a",
    }  # fmt: skip
    return plain[kind]


def request_of(service: str, name: str) -> dict[str, Any]:
    """Return a request of an operation that has all that is required."""
    shape = service_model(service).operation_model(name).input_shape
    found = {} if shape is None else value("", shape)
    return found | BESIDE.get(f"{service}.{name}", {})


def built() -> list[tuple[str, str]]:
    registry = Registry()
    return [(service, name) for service, name in operations()
            if registry.find(service, xform_name(name)) is not None]  # fmt: skip


@pytest.fixture(scope="module")
def lake():
    with server("--mode", "strict") as running:
        s3, glue = running.client("s3"), running.client("glue")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="k", Body=b"secret")
        glue.create_database(DatabaseInput={"Name": "sales"})
        running.client("logs").create_log_group(logGroupName="group")
        running.client("secretsmanager").create_secret(Name="secret", SecretString="s")
        key = running.client("kms").create_key()["KeyMetadata"]["KeyId"]
        encrypted = running.client("kms").encrypt(KeyId=key, Plaintext=b"secret")
        NAMED.update(KeyId=key, DestinationKeyId=key, **_reading(running.client("kinesis")))
        BESIDE["kms.Decrypt"] = {"CiphertextBlob": encrypted["CiphertextBlob"]}
        BESIDE["kms.RetireGrant"] = {"KeyId": key, "GrantId": "a" * 64}
        iam = running.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"},
                 "Action": "sts:AssumeRole"}  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)
        iam.create_user(UserName="ann")
        yield running


def _reading(kinesis: Any) -> dict[str, str]:
    """Make a stream with a consumer; return what a reader of it would name."""
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    shard = {"StreamName": "clicks", "ShardId": "shardId-000000000000"}
    iterator = kinesis.get_shard_iterator(ShardIteratorType="LATEST", **shard)
    consumer = kinesis.register_stream_consumer(StreamARN=NAMED["StreamARN"], ConsumerName="app")[
        "Consumer"
    ]
    return {"ShardIterator": iterator["ShardIterator"], "ConsumerARN": consumer["ConsumerARN"]}


@pytest.fixture(scope="module")
def ann(lake):
    key = lake.client("iam").create_access_key(UserName="ann")["AccessKey"]
    return {
        "aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]
    }  # fmt: skip


def outcome(client: Any, service: str, name: str) -> str:
    """Return what an operation answered: its error's code, or that it was done."""
    method = getattr(client, xform_name(name))
    try:
        answer = method(**request_of(service, name))
    except ClientError as error:
        return error.response["Error"]["Code"]
    except BotoCoreError as error:
        return type(error).__name__
    # DeleteObjects answers for each key.
    return answer["Errors"][0]["Code"] if answer.get("Errors") else "done"


def let_in(lake: Any, wanted: list[tuple[str, str]], **options: Any) -> dict[str, str]:
    """Return what operations answered that were not refused, by operation."""
    found: dict[str, str] = {}
    for service in sorted({service for service, _ in wanted}):
        client = lake.client(service, config=options.pop("config", ONCE), **options)
        for one, name in wanted:
            if one == service:
                found[f"{service}.{name}"] = outcome(client, service, name)
    return {name: code for name, code in found.items() if code not in REFUSED}


def still_there(lake: Any) -> bool:
    return lake.client("s3").get_object(Bucket="lake", Key="k")["Body"].read() == b"secret"


def test_a_user_who_may_nothing_is_denied_everything(lake, ann, resolving):
    found = let_in(lake, built(), **ann)
    # Who asks for it is known by the token alone.
    assert found.pop("sts.AssumeRoleWithWebIdentity") == "InvalidIdentityToken"
    assert found == {name: "done" for name in NEEDS_NO_PERMISSION}
    assert still_there(lake)


def test_nobody_reaches_anything_of_s3(lake):
    wanted = [one for one in built() if one[0] == "s3"]
    assert let_in(lake, wanted, config=UNSIGNED_ONCE) == {}
    assert still_there(lake)


def test_another_account_reaches_no_bucket(lake):
    wanted = [one for one in built() if one[0] == "s3" and "Bucket" in request_of(*one)]
    other = {"aws_access_key_id": "111111111111", "aws_secret_access_key": "test"}
    assert let_in(lake, wanted, **other) == {"s3.CreateBucket": "BucketAlreadyExists"}
    assert still_there(lake)
