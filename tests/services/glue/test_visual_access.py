"""The script of a visual job is written as whoever makes the job, by boto3 on a strict server."""

from __future__ import annotations

import json

from lakebed.testing import server
from tests.services.glue.test_databases import error_of
from tests.services.glue.visual_nodes import job_of
from tests.services.sts.conftest import allow

ROLE = "arn:aws:iam::000000000000:role/jobs"


def test_who_may_not_write_the_script_makes_no_visual_job():
    with server("--mode", "strict") as lakebed:
        iam, s3 = lakebed.client("iam"), lakebed.client("s3")
        trust = allow("sts:AssumeRole", Principal={"Service": "glue.amazonaws.com"})
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=document)
        s3.create_bucket(Bucket="code")
        iam.create_user(UserName="ann")
        statements = [allow("glue:*", "*"), allow("iam:PassRole", "*"),
                      allow("s3:PutObject", "arn:aws:s3:::code/mine/*")]  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        ann = lakebed.client(
            "glue", aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )  # fmt: skip

        def make(place):
            command = {"Name": "glueetl", "ScriptLocation": f"s3://code/{place}"}
            nodes = job_of("DropFields")
            ann.create_job(Name="v", Role=ROLE, Command=command, CodeGenConfigurationNodes=nodes)

        code, message, status = error_of(lambda: make("other/v.py"))
        assert (code, status) == ("AccessDeniedException", 400)
        assert "user/ann is not authorized to perform: s3:PutObject" in message
        assert ann.get_jobs()["Jobs"] == []
        make("mine/v.py")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="code")["Contents"]]
        assert keys == ["mine/v.py"]
