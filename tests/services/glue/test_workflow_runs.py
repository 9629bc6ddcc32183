"""Runs of workflows, by boto3: crawlers and real Python jobs, their graphs, stops and resumes."""

from __future__ import annotations

import time

import pytest

from tests.cli.owner import owner
from tests.services.glue.crawler_runs import make_crawler, put_orders
from tests.services.glue.job_runs import Jobs, shell_engine, shell_server
from tests.services.glue.test_databases import body, error_of

DAY = 86_400
ILLEGAL = "IllegalWorkflowStateException"
PREAMBLE = """
import sys, boto3
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
glue = boto3.client('glue')
run = {'Name': given['--WORKFLOW_NAME'], 'RunId': given['--WORKFLOW_RUN_ID']}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with shell_server(shell_engine(tmp_path_factory.mktemp("engines"))) as lakebed:
        yield lakebed


@pytest.fixture
def jobs(shell):
    shell.reset()
    return Jobs(shell)


@pytest.fixture
def glue(jobs):
    return jobs.glue


def first(glue, *names, **members):
    """Make the workflow and the trigger that starts it."""
    glue.create_workflow(Name="w", **members)
    actions = [{"JobName": name} for name in names]
    glue.create_trigger(Name="first", Type="ON_DEMAND", Actions=actions, WorkflowName="w")


def after(glue, before, name, state="SUCCEEDED"):
    """Have a job of the workflow follow another."""
    condition = {"LogicalOperator": "EQUALS", "JobName": before, "State": state}
    glue.create_trigger(
        Name=f"{before}-{name}", Type="CONDITIONAL", Predicate={"Conditions": [condition]},
        Actions=[{"JobName": name}], WorkflowName="w", StartOnCreation=True,
    )  # fmt: skip


def start(glue, **members):
    return glue.start_workflow_run(Name="w", **members)["RunId"]


def get(glue, run, **members):
    return glue.get_workflow_run(Name="w", RunId=run, **members)["Run"]


def wait(glue, run, *states, seconds=60.0):
    """Wait until a run is in one of the states, by default no longer live; return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        row = get(glue, run, IncludeGraph=True)
        if row["Status"] in (states or ("COMPLETED", "STOPPED", "ERROR")):
            return row
        time.sleep(0.02)
    raise AssertionError(f"still {row}")


def nodes(row):
    """Return how the runs of each job and crawler of a run's graph ended."""
    found = {}
    for one in row["Graph"]["Nodes"]:
        if one["Type"] == "JOB":
            runs = one.get("JobDetails", {}).get("JobRuns", [])
            found[one["Name"]] = [run["JobRunState"] for run in runs]
        elif one["Type"] == "CRAWLER":
            crawls = one.get("CrawlerDetails", {}).get("Crawls", [])
            found[one["Name"]] = [crawl["State"] for crawl in crawls]
    return found


def unique(row, name):
    return next(one["UniqueId"] for one in row["Graph"]["Nodes"] if one["Name"] == name)


def counts(**given):
    names = ("Timeout", "Failed", "Stopped", "Succeeded", "Running", "Errored", "Waiting", "Total")
    return {f"{name}Actions": given.get(name, 0) for name in names}


def test_a_crawler_a_job_and_another_job(shell, jobs, glue):
    """The story: what was crawled is counted, and what was counted is told the next job."""
    put_orders(shell)
    make_crawler(glue)
    jobs.shell(
        PREAMBLE + "tables = glue.get_tables(DatabaseName='shop')['TableList']\n"
        "glue.put_workflow_run_properties(**run, RunProperties={'tables': str(len(tables))})",
        "count",
    )
    jobs.shell(PREAMBLE + "print(glue.get_workflow_run_properties(**run)['RunProperties'])", "say")
    glue.create_workflow(Name="w", DefaultRunProperties={"who": "all", "tables": "?"})
    glue.create_trigger(
        Name="first", Type="ON_DEMAND", Actions=[{"CrawlerName": "orders"}], WorkflowName="w"
    )
    condition = {"LogicalOperator": "EQUALS", "CrawlerName": "orders", "CrawlState": "SUCCEEDED"}
    glue.create_trigger(
        Name="crawled", Type="CONDITIONAL", Predicate={"Conditions": [condition]},
        Actions=[{"JobName": "count"}], WorkflowName="w", StartOnCreation=True,
    )  # fmt: skip
    after(glue, "count", "say")
    run = start(glue, RunProperties={"who": "me"})
    row = wait(glue, run)
    graph = row.pop("Graph")
    assert row.pop("StartedOn") < row.pop("CompletedOn")
    assert row == {
        "Name": "w",
        "WorkflowRunId": run,
        "WorkflowRunProperties": {"who": "me", "tables": "1"},
        "Status": "COMPLETED",
        "Statistics": counts(Total=3, Succeeded=3),
    }
    details = {one["Name"]: one for one in graph["Nodes"]}
    (crawl,) = details["orders"]["CrawlerDetails"]["Crawls"]
    assert crawl.pop("StartedOn") < crawl.pop("CompletedOn")
    assert crawl == {"State": "SUCCEEDED", "LogGroup": "/aws-glue/crawlers", "LogStream": "orders"}
    (said,) = details["say"]["JobDetails"]["JobRuns"]
    assert said["Arguments"] == {"--WORKFLOW_NAME": "w", "--WORKFLOW_RUN_ID": run}
    assert said["TriggerName"] == "count-say"
    (counted,) = details["count"]["JobDetails"]["JobRuns"]
    assert said["PredecessorRuns"] == [{"JobName": "count", "RunId": counted["Id"]}]
    assert jobs.lines(said["Id"]) == ["{'who': 'me', 'tables': '1'}"]
    last = glue.get_workflow(Name="w")["Workflow"]["LastRun"]
    assert (last["WorkflowRunId"], last["Status"]) == (run, "COMPLETED")


def test_a_run_is_resumed_where_it_failed(jobs, glue):
    jobs.shell("pass", "one")
    jobs.shell("import boto3; boto3.client('s3').head_object(Bucket='code', Key='ready')", "two")
    jobs.shell("pass", "three")
    first(glue, "one")
    after(glue, "one", "two")
    after(glue, "two", "three")
    run = start(glue)
    row = wait(glue, run)
    assert row["Status"] == "COMPLETED"
    assert nodes(row) == {"one": ["SUCCEEDED"], "two": ["FAILED"], "three": []}
    assert row["Statistics"] == counts(Total=3, Succeeded=1, Failed=1)
    jobs.s3.put_object(Bucket="code", Key="ready")
    chosen = [unique(row, "two")]
    again = glue.resume_workflow_run(Name="w", RunId=run, NodeIds=chosen)
    assert again["NodeIds"] == chosen
    resumed = wait(glue, again["RunId"])
    assert resumed["PreviousRunId"] == run
    assert nodes(resumed) == {"one": ["SUCCEEDED"], "two": ["SUCCEEDED"], "three": ["SUCCEEDED"]}
    assert len(glue.get_job_runs(JobName="one")["JobRuns"]) == 1
    assert nodes(get(glue, run, IncludeGraph=True))["two"] == ["FAILED"]
    # Of two nodes of which one leads to the other, only the first is started.
    both = [unique(row, "three"), unique(row, "two")]
    again = glue.resume_workflow_run(Name="w", RunId=resumed["WorkflowRunId"], NodeIds=both)
    assert again["NodeIds"] == chosen
    wait(glue, again["RunId"])
    assert len(glue.get_job_runs(JobName="three")["JobRuns"]) == 2


def test_what_cannot_be_resumed_says_so(jobs, glue):
    jobs.shell("1 / 0", "one")
    jobs.shell("pass", "two")
    first(glue, "one")
    after(glue, "one", "two")
    run = start(glue)
    row = wait(glue, run)

    def refused(*node_ids):
        return error_of(lambda: glue.resume_workflow_run(Name="w", RunId=run, NodeIds=node_ids))

    begun, never = unique(row, "first"), unique(row, "two")
    invalid = "InvalidInputException"
    assert refused() == (invalid, "NodeIds cannot be null or empty", 400)
    assert refused("x") == (invalid, "Node x is not in the graph of the workflow run.", 400)
    assert refused(begun) == (
        invalid, f"Node {begun} is a trigger: a run is resumed from jobs and crawlers.", 400,
    )  # fmt: skip
    assert refused(never) == (invalid, f"Node {never} was not run in the workflow run.", 400)


def test_a_run_is_stopped_with_what_runs_of_it(jobs, glue):
    jobs.shell("import time; time.sleep(600)", "one")
    jobs.shell("pass", "two")
    first(glue, "one", MaxConcurrentRuns=1)
    after(glue, "one", "two", "STOPPED")
    run = start(glue)
    row = get(glue, run)
    assert (row["Status"], row["Statistics"]) == ("RUNNING", counts(Total=2, Running=1))
    assert error_of(lambda: start(glue)) == (
        "ConcurrentRunsExceededException", "Concurrent runs exceeded for workflow: w.", 400,
    )  # fmt: skip
    resumed = error_of(lambda: glue.resume_workflow_run(Name="w", RunId=run, NodeIds=["x"]))
    assert resumed == (ILLEGAL, f"Workflow run {run} is not in the state COMPLETED: RUNNING", 400)
    assert body(glue.stop_workflow_run(Name="w", RunId=run)) == {}
    row = wait(glue, run)
    assert (row["Status"], nodes(row)) == ("STOPPED", {"one": ["STOPPED"], "two": []})
    assert row["Statistics"] == counts(Total=2, Stopped=1)
    assert error_of(lambda: glue.stop_workflow_run(Name="w", RunId=run)) == (
        ILLEGAL, f"Workflow run {run} is not running: STOPPED", 400,
    )  # fmt: skip


def test_a_run_keeps_the_triggers_it_began_with(jobs, glue):
    jobs.shell("import time; time.sleep(1)", "one")
    jobs.shell("pass", "two")
    jobs.shell("pass", "three")
    first(glue, "one")
    after(glue, "one", "two")
    run = start(glue)
    glue.delete_trigger(Name="one-two")
    after(glue, "one", "three")
    assert nodes(wait(glue, run)) == {"one": ["SUCCEEDED"], "two": ["SUCCEEDED"]}
    assert nodes(wait(glue, start(glue))) == {"one": ["SUCCEEDED"], "three": ["SUCCEEDED"]}


def test_triggers_inside_and_outside_do_not_hear_each_other(jobs, glue):
    for name in ("one", "two", "three"):
        jobs.shell("pass", name)
    first(glue, "one")
    after(glue, "one", "two")
    condition = {"LogicalOperator": "EQUALS", "JobName": "one", "State": "SUCCEEDED"}
    glue.create_trigger(
        Name="outside", Type="CONDITIONAL", Predicate={"Conditions": [condition]},
        Actions=[{"JobName": "three"}], StartOnCreation=True,
    )  # fmt: skip
    wait(glue, start(glue))
    glue.create_trigger(Name="alone", Type="ON_DEMAND", Actions=[{"JobName": "one"}])
    glue.start_trigger(Name="alone")
    until = time.monotonic() + 30
    while not (third := glue.get_job_runs(JobName="three")["JobRuns"]):
        assert time.monotonic() < until
        time.sleep(0.02)
    jobs.wait(third[0]["Id"], name="three")
    found = {name: glue.get_job_runs(JobName=name)["JobRuns"] for name in ("one", "two", "three")}
    assert {name: len(runs) for name, runs in found.items()} == {"one": 2, "two": 1, "three": 1}


def test_a_trigger_of_a_workflow_starts_a_run_of_it(shell, jobs, glue):
    jobs.shell("import time; time.sleep(600)", "one")
    first(glue, "one", MaxConcurrentRuns=1)
    glue.start_trigger(Name="first")
    (row,) = glue.get_workflow_runs(Name="w")["Runs"]
    glue.delete_trigger(Name="first")
    glue.create_trigger(
        Name="daily", Type="SCHEDULED", Schedule="cron(0 12 * * ? *)", WorkflowName="w",
        Actions=[{"JobName": "one"}], StartOnCreation=True,
    )  # fmt: skip
    owner(shell, "trigger-schedules", now=time.time() + DAY)
    refused, begun = glue.get_workflow_runs(Name="w")["Runs"]
    assert begun["WorkflowRunId"] == row["WorkflowRunId"]
    assert (refused["Status"], refused["ErrorMessage"]) == (
        "ERROR", "Concurrent runs exceeded for workflow: w.",
    )  # fmt: skip
    glue.stop_workflow_run(Name="w", RunId=begun["WorkflowRunId"])
    wait(glue, begun["WorkflowRunId"])
    owner(shell, "trigger-schedules", now=time.time() + 3 * DAY)
    page = glue.get_workflow_runs(Name="w", MaxResults=1)
    (third,) = page["Runs"]
    assert third["Status"] == "RUNNING"
    rest = glue.get_workflow_runs(Name="w", NextToken=page["NextToken"])
    assert [one["Status"] for one in rest["Runs"]] == ["ERROR", "STOPPED"]
    assert "NextToken" not in rest
    glue.stop_workflow_run(Name="w", RunId=third["WorkflowRunId"])
    wait(glue, third["WorkflowRunId"])


def test_a_deleted_job_ends_its_part_of_a_run(jobs, glue):
    jobs.shell("import time; time.sleep(600)", "one")
    first(glue, "one")
    run = start(glue)
    glue.delete_job(JobName="one")
    row = wait(glue, run)
    (node,) = [one for one in row["Graph"]["Nodes"] if one["Type"] == "JOB"]
    (shown,) = node["JobDetails"]["JobRuns"]
    assert shown.pop("StartedOn")
    assert shown == {"JobName": "one", "TriggerName": "first", "JobRunState": "STOPPED"}


def test_a_job_that_cannot_be_started_is_an_error_of_the_run(jobs, glue):
    jobs.shell("pass", "one")
    jobs.shell("pass", "two")
    first(glue, "one")
    after(glue, "one", "two")
    glue.delete_job(JobName="two")
    row = wait(glue, start(glue))
    assert nodes(row) == {"one": ["SUCCEEDED"], "two": ["ERROR"]}
    assert row["Statistics"] == counts(Total=2, Succeeded=1, Errored=1)


def test_workflows_and_runs_that_are_not_there(jobs, glue):
    missing = ("EntityNotFoundException", "Workflow w not found.", 400)
    assert error_of(lambda: start(glue)) == missing
    assert error_of(lambda: get(glue, "wr_x")) == missing
    glue.create_workflow(Name="w")
    assert error_of(lambda: get(glue, "wr_x")) == (
        "EntityNotFoundException", "Workflow run wr_x not found.", 400,
    )  # fmt: skip
    assert error_of(lambda: start(glue)) == (
        "InvalidInputException", "Workflow w has no trigger that starts it.", 400,
    )  # fmt: skip
    assert glue.get_workflow_runs(Name="w").get("Runs", []) == []
