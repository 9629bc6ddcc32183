"""Jobs as they are defined, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.job_runs import ROLE
from tests.services.glue.test_databases import body, error_of

COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://code/job.py"}


@pytest.fixture
def glue(lakebed):
    return lakebed.client("glue")


def test_a_job_comes_back_whole_with_the_defaults_of_aws(glue):
    given = {
        "Description": "d",
        "DefaultArguments": {"--TempDir": "s3://code/tmp/"},
        "NonOverridableArguments": {"--x": "1"},
        "ExecutionClass": "STANDARD",
        "NotificationProperty": {"NotifyDelayAfter": 5},
    }
    made = glue.create_job(Name="j", Role=ROLE, Command=COMMAND, Tags={"a": "b"}, **given)
    assert body(made) == {"Name": "j"}
    job = glue.get_job(JobName="j")["Job"]
    assert job.pop("CreatedOn") == job.pop("LastModifiedOn")
    assert job == {
        **given,
        "Name": "j",
        "Role": ROLE,
        "Command": {**COMMAND, "PythonVersion": "3"},
        "JobMode": "SCRIPT",
        "JobRunQueuingEnabled": False,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": 480,
        "GlueVersion": "5.0",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 10,
        "MaxCapacity": 10.0,
        "AllocatedCapacity": 10,
    }
    arn = "arn:aws:glue:us-east-1:000000000000:job/j"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}


def test_capacity_follows_from_workers(glue):
    glue.create_job(Name="j", Role=ROLE, Command=COMMAND, WorkerType="G.2X", NumberOfWorkers=3)
    job = glue.get_job(JobName="j")["Job"]
    assert (job["MaxCapacity"], job["AllocatedCapacity"]) == (6.0, 6)


def test_a_shell_job_has_a_sixteenth_of_a_unit(glue):
    command = {"Name": "pythonshell", "ScriptLocation": "s3://code/job.py", "PythonVersion": "3.9"}
    glue.create_job(Name="j", Role=ROLE, Command=command)
    job = glue.get_job(JobName="j")["Job"]
    assert (job["MaxCapacity"], job["Timeout"], job["Command"]) == (0.0625, 2880, command)
    assert {"WorkerType", "GlueVersion"} & set(job) == set()


def test_a_name_is_taken_once(glue):
    glue.create_job(Name="j", Role=ROLE, Command=COMMAND)
    again = error_of(lambda: glue.create_job(Name="j", Role=ROLE, Command=COMMAND))
    other = error_of(lambda: glue.create_job(Name="j", Role=ROLE, Command=COMMAND, MaxRetries=1))
    assert again == ("AlreadyExistsException", "Job with name j already exists.", 400)
    assert other == (
        "IdempotentParameterMismatchException",
        "Job with name j already submitted with different configuration",
        400,
    )


def test_jobs_are_listed_by_name_page_and_tag(glue):
    for name in ("a", "b", "c"):
        tags = {"team": "x"} if name != "b" else {}
        glue.create_job(Name=name, Role=ROLE, Command=COMMAND, Tags=tags)
    first = glue.get_jobs(MaxResults=2)
    rest = glue.get_jobs(NextToken=first["NextToken"])
    assert [job["Name"] for job in first["Jobs"] + rest["Jobs"]] == ["a", "b", "c"]
    assert glue.list_jobs(Tags={"team": "x"})["JobNames"] == ["a", "c"]
    page = glue.list_jobs(MaxResults=1)
    assert glue.list_jobs(NextToken=page["NextToken"])["JobNames"] == ["b", "c"]
    found = glue.batch_get_jobs(JobNames=["c", "x"])
    assert [job["Name"] for job in found["Jobs"]] == ["c"]
    assert found["JobsNotFound"] == ["x"]


def test_an_update_replaces_the_definition(glue):
    glue.create_job(Name="j", Role=ROLE, Command=COMMAND, MaxRetries=2, Description="d")
    made = glue.update_job(JobName="j", JobUpdate={"Role": ROLE, "Command": COMMAND, "Timeout": 5})
    assert body(made) == {"JobName": "j"}
    job = glue.get_job(JobName="j")["Job"]
    assert (job["MaxRetries"], job["Timeout"], "Description" in job) == (0, 5, False)
    assert job["LastModifiedOn"] > job["CreatedOn"]


def test_a_deleted_job_is_gone_and_one_that_is_not_there_is_no_error(glue):
    glue.create_job(Name="j", Role=ROLE, Command=COMMAND)
    assert body(glue.delete_job(JobName="j")) == {"JobName": "j"}
    assert body(glue.delete_job(JobName="j")) == {"JobName": "j"}
    missing = error_of(lambda: glue.get_job(JobName="j"))
    assert missing == ("EntityNotFoundException", "Job j not found.", 400)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"Command": {**COMMAND, "Name": "gluestreaming"}}, "Command.Name gluestreaming"),
        ({"Command": {**COMMAND, "Name": "glueray", "Runtime": "Ray2.4"}}, "Command.Name glueray"),
        ({"GlueVersion": "3.0"}, "GlueVersion 3.0; there are 4.0, 5.0, 5.1, 6.0"),
        ({"DefaultArguments": {"--job-language": "scala"}}, "--job-language scala"),
        ({"JobMode": "NOTEBOOK"}, "JobMode NOTEBOOK"),
        ({"MaintenanceWindow": "Sun:1"}, "MaintenanceWindow"),
    ],
)
def test_what_cannot_run_is_refused_by_name(glue, members, said):
    request = {"Name": "j", "Role": ROLE, "Command": COMMAND, **members}
    code, message, status = error_of(lambda: glue.create_job(**request))
    assert (code, status) == ("LakebedNotBuilt", 400)
    assert f"glue.CreateJob ({said})" in message


@pytest.mark.parametrize(
    ("members", "error"),
    [
        (
            {"Command": {"Name": "spark", "ScriptLocation": "s3://a/b"}},
            ("InvalidInputException", "Invalid command name: spark"),
        ),
        (
            {"Command": {"ScriptLocation": "s3://a/b"}},
            ("InvalidInputException", "Command name should not be null or empty."),
        ),
        (
            {"DefaultArguments": {"--JOB_NAME": "x"}},
            (
                "InvalidInputException",
                "The argument --JOB_NAME is reserved for Glue: do not set it.",
            ),
        ),
        (
            {"WorkerType": "G.1X", "NumberOfWorkers": 2, "MaxCapacity": 2.0},
            (
                "InvalidInputException",
                "Please do not set Max Capacity if using Worker Type and Number of Workers.",
            ),
        ),
        (
            {"Connections": {"Connections": ["none"]}},
            ("EntityNotFoundException", "Connection none not found."),
        ),
    ],
)
def test_bad_definitions_are_refused(glue, members, error):
    request = {"Name": "j", "Role": ROLE, "Command": COMMAND, **members}
    assert error_of(lambda: glue.create_job(**request))[:2] == error
    assert glue.get_jobs()["Jobs"] == []


KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"S3Encryption": [{"S3EncryptionMode": "SSE-S3"}]}, "S3EncryptionMode SSE-S3"),
        (
            {"CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": KEY}},
            "CloudWatchEncryptionMode SSE-KMS",
        ),
        (
            {"JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "CSE-KMS",
                                        "KmsKeyArn": KEY}},
            "JobBookmarksEncryptionMode CSE-KMS",
        ),
    ],
)  # fmt: skip
def test_a_security_configuration_that_asks_for_encryption_is_refused(glue, asked, said):
    glue.create_security_configuration(Name="sealed", EncryptionConfiguration=asked)
    plain = {"S3Encryption": [{"S3EncryptionMode": "DISABLED"}]}
    glue.create_security_configuration(Name="plain", EncryptionConfiguration=plain)
    request = {"Role": ROLE, "Command": COMMAND}
    glue.create_job(Name="j", SecurityConfiguration="plain", **request)
    for call in (
        lambda: glue.create_job(Name="k", SecurityConfiguration="sealed", **request),
        lambda: glue.start_job_run(JobName="j", SecurityConfiguration="sealed"),
    ):
        code, message, _ = error_of(call)
        assert (code, f"SecurityConfiguration with {said}" in message) == ("LakebedNotBuilt", True)


def test_a_run_in_scala_is_refused(glue):
    glue.create_job(Name="j", Role=ROLE, Command=COMMAND)
    arguments = {"--job-language": "scala"}
    code, message, _ = error_of(lambda: glue.start_job_run(JobName="j", Arguments=arguments))
    assert (code, "glue.StartJobRun (--job-language scala)" in message) == (
        "LakebedNotBuilt",
        True,
    )
