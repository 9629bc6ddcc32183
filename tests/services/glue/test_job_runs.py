"""Runs of jobs, by boto3: real processes, their logs, errors, limits and ends."""

from __future__ import annotations

import io
import json
import shutil
import time
import zipfile

import pytest

from lakebed.testing import environment, start
from tests.services.glue.job_runs import ROLE, Jobs, is_gone, shell_engine, shell_server
from tests.services.glue.test_databases import body, error_of


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with shell_server(shell_engine(tmp_path_factory.mktemp("engines"))) as lakebed:
        yield lakebed


@pytest.fixture
def jobs(shell):
    shell.reset()
    return Jobs(shell)


def test_a_run_succeeds_and_says_so_everywhere(jobs):
    jobs.shell("print('hello')\nimport sys\nprint('oh', file=sys.stderr)")
    run = jobs.start(Arguments={"--day": "1"})
    row = jobs.wait(run)
    assert (run[:3], len(run)) == ("jr_", 67)
    assert row["CompletedOn"] >= row.pop("StartedOn")
    assert row.pop("CompletedOn") == row.pop("LastModifiedOn")
    assert row.pop("ExecutionTime") < 60
    assert row == {
        "Id": run,
        "Attempt": 0,
        "JobName": "job",
        "JobMode": "SCRIPT",
        "JobRunQueuingEnabled": False,
        "JobRunState": "SUCCEEDED",
        "PredecessorRuns": [],
        "Arguments": {"--day": "1"},
        "Timeout": 2880,
        "MaxCapacity": 0.0625,
        "AllocatedCapacity": 0,
        "LogGroupName": "/aws-glue/python-jobs",
    }
    assert jobs.lines(run) == ["hello"]
    assert jobs.lines(run, "error") == ["oh"]


def test_a_script_that_raises_fails_with_its_error_and_its_traceback(jobs):
    jobs.shell("def f():\n    raise KeyError('nope')\nf()")
    row = jobs.run()
    assert (row["JobRunState"], row["ErrorMessage"]) == ("FAILED", "KeyError: 'nope'")
    said = jobs.lines(row["Id"], "error")
    assert said[0] == "Traceback (most recent call last):"
    assert [line for line in said if "lakebed_job" in line or "runpy" in line] == []
    assert said[-1] == "KeyError: 'nope'"


@pytest.mark.parametrize(
    ("script", "state", "error"),
    [
        ("import sys; sys.exit(0)", "SUCCEEDED", None),
        ("import sys; sys.exit(3)", "FAILED", "SystemExit: 3"),
        ("import sys; sys.exit('enough')", "FAILED", "SystemExit: enough"),
        ("import os; os._exit(7)", "FAILED", "Command failed with exit code 7"),
        ("import os; os.kill(os.getpid(), 9)", "FAILED", "Command failed with exit code 137"),
        ("import nothing_there", "FAILED",
         "ModuleNotFoundError: No module named 'nothing_there'"),
    ],
)  # fmt: skip
def test_how_a_process_ends_is_how_its_run_ends(jobs, script, state, error):
    jobs.shell(script)
    row = jobs.run()
    assert (row["JobRunState"], row.get("ErrorMessage")) == (state, error)


def test_a_syntax_error_is_the_error_of_its_run(jobs):
    jobs.shell("def f(:\n  pass")
    row = jobs.run()
    assert row["JobRunState"] == "FAILED"
    assert "SyntaxError: invalid syntax" in row["ErrorMessage"]


def test_the_script_gets_the_arguments_of_job_and_run(jobs):
    jobs.shell(
        "import sys, json; print(json.dumps(sys.argv[1:]))",
        DefaultArguments={"--a": "1", "--b": "2", "--c": "3"},
        NonOverridableArguments={"--c": "4"},
    )
    row = jobs.run(Arguments={"--b": "5", "--c": "6"})
    argv = json.loads(jobs.lines(row["Id"])[0])
    given = dict(zip(argv[::2], argv[1::2], strict=True))
    assert given == {
        "--a": "1",
        "--b": "5",
        "--c": "4",
        "--JOB_ID": "j_job",
        "--JOB_RUN_ID": row["Id"],
        "--JOB_NAME": "job",
        "--job-bookmark-option": "job-bookmark-disable",
    }


def test_a_script_calls_the_lake_as_its_role(jobs):
    jobs.shell(
        "import boto3, os\n"
        "boto3.client('s3').put_object(Bucket='code', Key='out', Body=b'x')\n"
        "print(boto3.client('sts').get_caller_identity()['Arn'])\n"
        "print(sorted(k for k in os.environ if 'LAKEBED' in k))"
    )
    row = jobs.run()
    assert jobs.lines(row["Id"]) == [
        "arn:aws:sts::000000000000:assumed-role/glue/GlueJobRunnerSession",
        "['LAKEBED_JOB_RUN_DIR']",
    ]
    assert jobs.s3.get_object(Bucket="code", Key="out")["Body"].read() == b"x"


def test_libraries_and_files_come_along(jobs):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("shapes/__init__.py", "SIDES = 3")
    jobs.s3.put_object(Bucket="code", Key="lib/shapes.zip", Body=archive.getvalue())
    jobs.s3.put_object(Bucket="code", Key="lib/plain.py", Body=b"NAME = 'plain'")
    jobs.s3.put_object(Bucket="code", Key="conf/settings.txt", Body=b"on")
    jobs.shell("import shapes, plain; print(shapes.SIDES, plain.NAME, open('settings.txt').read())",
               DefaultArguments={
                   "--extra-py-files": "s3://code/lib/shapes.zip,s3://code/lib/plain.py",
                   "--extra-files": "s3://code/conf/settings.txt"})  # fmt: skip
    row = jobs.run()
    assert (row["JobRunState"], jobs.lines(row["Id"])) == ("SUCCEEDED", ["3 plain on"])


def test_additional_modules_are_installed_once_and_kept(jobs):
    wheel = io.BytesIO()
    meta = "tiny_shapes-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny_shapes.py", "SIDES = 4")
        file.writestr(f"{meta}/METADATA", "Metadata-Version: 2.1\nName: tiny-shapes\nVersion: 1.0")
        file.writestr(
            f"{meta}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        )
        file.writestr(f"{meta}/RECORD", "")
    name = "tiny_shapes-1.0-py3-none-any.whl"
    jobs.s3.put_object(Bucket="code", Key=name, Body=wheel.getvalue())
    jobs.shell("import tiny_shapes; print(tiny_shapes.SIDES, tiny_shapes.__file__)",
               DefaultArguments={"--additional-python-modules": f"s3://code/{name}",
                                 "--python-modules-installer-option": "--no-index"})  # fmt: skip
    first, second = jobs.run(), jobs.run()
    said = [jobs.lines(row["Id"]) for row in (first, second)]
    assert said[0] == said[1]
    assert said[0][0].startswith("4 ")
    assert "/layers/" in said[0][0]


def test_a_module_that_cannot_be_had_fails_the_run(jobs):
    jobs.shell("print(1)", DefaultArguments={
        "--additional-python-modules": "no-such-module-of-anybody==9",
        "--python-modules-installer-option": "--no-index"})  # fmt: skip
    row = jobs.run()
    assert row["JobRunState"] == "FAILED"
    assert "No matching distribution found for no-such-module-of-anybody==9" in row["ErrorMessage"]


def test_a_script_that_is_not_there_fails_the_launch(jobs):
    command = {"Name": "pythonshell", "ScriptLocation": "s3://code/none.py"}
    jobs.glue.create_job(Name="job", Role=ROLE, Command=command)
    row = jobs.run()
    assert (row["JobRunState"], row["ErrorMessage"]) == (
        "FAILED",
        "LAUNCH ERROR | Error downloading from S3 for bucket: code, key: none.py."
        "The specified key does not exist. (Service: Amazon S3; Status Code: 404; "
        "Error Code: NoSuchKey)Please refer logs for details.",
    )


def test_a_stopped_run_is_gone_within_two_seconds(jobs):
    jobs.shell("import time; print('here', flush=True); time.sleep(600)")
    run = jobs.start()
    jobs.wait(run, "RUNNING")
    answer = body(jobs.glue.batch_stop_job_run(JobName="job", JobRunIds=[run, "jr_none"]))
    assert answer == {
        "SuccessfulSubmissions": [{"JobName": "job", "JobRunId": run}],
        "Errors": [
            {
                "JobName": "job",
                "JobRunId": "jr_none",
                "ErrorDetail": {
                    "ErrorCode": "EntityNotFoundException",
                    "ErrorMessage": "Job Run jr_none not found.",
                },
            }
        ],
    }
    row = jobs.wait(run)
    assert row["JobRunState"] == "STOPPED"
    assert "ErrorMessage" not in row
    assert (row["CompletedOn"] - row["StartedOn"]).total_seconds() < 60


@pytest.mark.slow
def test_a_run_beyond_its_timeout_is_ended(jobs):
    jobs.shell("import time; time.sleep(600)", Timeout=1)
    row = jobs.run()
    assert (row["JobRunState"], row["ErrorMessage"]) == (
        "TIMEOUT",
        "Job run exceeded its timeout.",
    )


def test_a_job_runs_no_more_often_at_a_time_than_it_says(jobs):
    jobs.shell("import time; time.sleep(600)")
    run = jobs.start()
    again = error_of(jobs.start)
    assert again == ("ConcurrentRunsExceededException", "Concurrent runs exceeded for job", 400)
    jobs.glue.batch_stop_job_run(JobName="job", JobRunIds=[run])
    jobs.wait(run)


def test_queued_runs_wait_for_their_turn(jobs):
    jobs.shell("import time; time.sleep(0.5)", JobRunQueuingEnabled=True)
    first, second = jobs.start(), jobs.start()
    waiting = jobs.wait(second, "WAITING")
    assert waiting["StateDetail"] == "Waiting: the job runs at most 1 times at a time."
    rows = [jobs.wait(run) for run in (first, second)]
    assert [row["JobRunState"] for row in rows] == ["SUCCEEDED", "SUCCEEDED"]
    assert "StateDetail" not in rows[1]
    assert rows[1]["CompletedOn"] > rows[0]["CompletedOn"]


def test_a_run_that_failed_is_tried_again(jobs):
    jobs.shell("1 / 0", MaxRetries=1)
    run = jobs.start()
    jobs.wait(run)
    jobs.wait(f"{run}_attempt_1")
    again, first = jobs.glue.get_job_runs(JobName="job")["JobRuns"]
    assert (first["Id"], first["Attempt"], first["JobRunState"]) == (run, 0, "FAILED")
    assert (again["Id"], again["Attempt"]) == (f"{run}_attempt_1", 1)
    assert (again["PreviousRunId"], again["JobRunState"]) == (run, "FAILED")


def test_runs_are_listed_the_newest_first(jobs):
    jobs.shell("pass")
    runs = [jobs.run()["Id"] for _ in range(3)]
    first = jobs.glue.get_job_runs(JobName="job", MaxResults=2)
    rest = jobs.glue.get_job_runs(JobName="job", NextToken=first["NextToken"])
    shown = [row["Id"] for row in first["JobRuns"] + rest["JobRuns"]]
    assert shown == runs[::-1]
    assert "NextToken" not in rest


def test_a_run_that_is_named_is_run_again(jobs):
    jobs.shell("import sys; print(sys.argv[2])")
    first = jobs.run(Arguments={"--x": "1"})
    again = jobs.run(JobRunId=first["Id"])
    assert (again["PreviousRunId"], again["Attempt"]) == (first["Id"], 1)
    assert jobs.lines(again["Id"]) == ["1"]


def test_jobs_and_runs_that_are_not_there(jobs):
    assert error_of(jobs.start) == (
        "EntityNotFoundException", "Failed to start job run due to missing metadata", 400,
    )  # fmt: skip
    jobs.shell("pass")
    assert error_of(lambda: jobs.get("jr_x")) == (
        "EntityNotFoundException", "Job Run jr_x not found.", 400,
    )  # fmt: skip


def test_a_deleted_job_takes_its_runs_with_it(jobs):
    jobs.shell("import time; time.sleep(600)")
    jobs.wait(jobs.start(), "RUNNING")
    jobs.glue.delete_job(JobName="job")
    jobs.shell("pass")
    assert jobs.glue.get_job_runs(JobName="job")["JobRuns"] == []
    assert jobs.run()["JobRunState"] == "SUCCEEDED"


def test_long_and_many_lines_come_through(jobs):
    jobs.shell("print('x' * 200_000)\nfor i in range(3000): print(i)")
    row = jobs.run()
    page = jobs.lines(row["Id"])
    assert [len(line) for line in page[:2]] == [131_072, 68_928]
    assert page[2:5] == ["0", "1", "2"]


def test_continuous_logs_go_to_a_group_of_their_own(jobs):
    jobs.shell("print('hi')", DefaultArguments={"--enable-continuous-cloudwatch-log": "true"})
    row = jobs.run()
    name = "/aws-glue/python-jobs/logs-v2"
    found = jobs.logs.get_log_events(logGroupName=name, logStreamName=f"{row['Id']}-driver")
    assert [event["message"] for event in found["events"]] == ["hi"]


def test_without_its_engine_a_run_is_refused_with_the_command(tmp_path):
    with shell_server(tmp_path / "none") as lakebed:
        jobs = Jobs(lakebed)
        jobs.shell("pass")
        assert error_of(jobs.start) == (
            "LakebedEngineMissing",
            "Python shell jobs: this engine is not on this machine; run "
            "`lakebed engine add python-shell`",
            400,
        )


def test_strict_mode_runs_no_code_beside_its_own_state(tmp_path):
    with shell_server(shell_engine(tmp_path), "--mode", "strict") as lakebed:
        jobs = Jobs(lakebed)
        jobs.shell("pass")
        code, message, status = error_of(jobs.start)
        assert (code, status) == ("LakebedNotIsolated", 400)
        assert "jobs_isolation" in message


def test_a_run_that_dies_with_its_server_has_failed(tmp_path):
    folder = str(shell_engine(tmp_path / "engines"))
    with environment({"LAKEBED_ENGINES_DIR": folder}):
        lakebed = start(tmp_path / "data", log=tmp_path / "log")
        jobs = Jobs(lakebed)
        jobs.shell("import time, os; print(os.getpid(), flush=True); time.sleep(600)")
        run = jobs.start()
        jobs.wait(run, "RUNNING")
        until = time.monotonic() + 20
        while not jobs.lines(run) and time.monotonic() < until:
            time.sleep(0.1)
        pid = int(jobs.lines(run)[0])
        lakebed.kill()
        again = start(tmp_path / "data", log=tmp_path / "log")
        try:
            row = Jobs(again).get(run)
            assert (row["JobRunState"], row["ErrorMessage"]) == (
                "FAILED",
                "The server stopped while the job was running. Run the job again.",
            )
            assert is_gone(pid)
            assert list((tmp_path / "data" / "state").glob("jobs/*")) == []
        finally:
            again.stop()


SNOOP = """
import os, sys
state, lake = sys.argv[sys.argv.index("--state") + 1], sys.argv[sys.argv.index("--lake") + 1]
for path in (state + "/store.sqlite", state + "/keys", lake + "/code/job.py"):
    print(os.path.basename(path), os.path.exists(path))
open("mine", "w").write("x")
print(sorted(os.listdir(state + "/jobs")) == [os.environ["LAKEBED_JOB_RUN_DIR"].split("/")[-1],
      "scratch-" + os.environ["LAKEBED_JOB_RUN_DIR"].split("/")[-1]])
print(len([name for name in os.listdir("/proc") if name.isdigit()]) < 6)
import boto3
print(boto3.client("s3").get_object(Bucket="code", Key="job.py")["ContentLength"] > 0)
"""


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install it")
def test_an_isolated_script_sees_its_run_and_nothing_else(tmp_path):
    engine = shell_engine(tmp_path)
    with (
        environment({"LAKEBED_JOBS_ISOLATION": "namespace"}),
        shell_server(engine, "--mode", "strict") as lakebed,
    ):
        jobs = Jobs(lakebed)
        trusting_role(lakebed, ["s3:*", "logs:*"])
        state, lake = lakebed.data_dir / "state", lakebed.data_dir / "lake"
        jobs.shell(SNOOP, DefaultArguments={"--state": str(state), "--lake": str(lake)})
        row = jobs.run()
        assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None)
        assert jobs.lines(row["Id"]) == [
            "store.sqlite False",
            "keys False",
            "job.py False",
            "True",
            "True",
            "True",
        ]


def test_a_role_without_permissions_may_nothing_in_strict_mode(tmp_path):
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap: apt-get install it")
    with (
        environment({"LAKEBED_JOBS_ISOLATION": "namespace"}),
        shell_server(shell_engine(tmp_path), "--mode", "strict") as lakebed,
    ):
        jobs = Jobs(lakebed)
        trusting_role(lakebed, ["s3:GetObject", "logs:*"])
        jobs.shell("import boto3\nboto3.client('s3').delete_object(Bucket='code', Key='job.py')")
        row = jobs.run()
        assert row["JobRunState"] == "FAILED"
        assert (
            "User: arn:aws:sts::000000000000:assumed-role/glue/GlueJobRunnerSession is not "
            'authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::code/job.py"'
        ) in row["ErrorMessage"]


def trusting_role(lakebed, actions):
    """Make the role of the jobs, with some permissions."""
    iam = lakebed.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "glue.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="glue", AssumeRolePolicyDocument=document)
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="glue", PolicyName="p", PolicyDocument=policy)
