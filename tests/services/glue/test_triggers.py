"""Triggers, by boto3: what they are, what they start, and what they refuse."""

from __future__ import annotations

import time

import pytest

from tests.cli.owner import owner
from tests.services.glue.crawler_runs import make_crawler, put_orders, wait_ready
from tests.services.glue.job_runs import Jobs, shell_engine, shell_server
from tests.services.glue.test_databases import body, error_of

NOON = "cron(0 12 * * ? *)"
DAY = 86_400
INVALID = "InvalidInputException"
AFTER_A = {"Conditions": [{"LogicalOperator": "EQUALS", "JobName": "a", "State": "SUCCEEDED"}]}


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with shell_server(shell_engine(tmp_path_factory.mktemp("engines"))) as lakebed:
        yield lakebed


@pytest.fixture
def jobs(shell):
    shell.reset()
    found = Jobs(shell)
    for name in "abc":
        found.shell("pass", name)
    return found


@pytest.fixture
def glue(jobs):
    return jobs.glue


def starting(*names):
    """The actions that start jobs."""
    return [{"JobName": name} for name in names]


def on_demand(glue, name="t", *names, **members):
    return glue.create_trigger(
        Name=name, Type="ON_DEMAND", Actions=starting(*(names or ("a",))), **members
    )


def after(glue, name, predicate, *names, **members):
    """Make a conditional trigger in force."""
    return glue.create_trigger(
        Name=name, Type="CONDITIONAL", Predicate=predicate, Actions=starting(*names),
        **{"StartOnCreation": True, **members},
    )  # fmt: skip


def when(logical, **states):
    """The predicate of jobs in states."""
    conditions = [
        {"LogicalOperator": "EQUALS", "JobName": name, "State": state}
        for name, state in states.items()
    ]
    return {"Logical": logical, "Conditions": conditions}


def runs(glue, name):
    return glue.get_job_runs(JobName=name)["JobRuns"]


def ended(jobs, name, count=1, seconds=30.0):
    """Wait until a job has so many runs, all of them ended; return them."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = runs(jobs.glue, name)
        if len(found) >= count and all("CompletedOn" in one for one in found):
            assert len(found) == count
            return found
        time.sleep(0.02)
    raise AssertionError(f"{name} has the runs {found}")


def quiet(jobs, seconds=0.5):
    """Let what would follow follow."""
    time.sleep(seconds)
    return {name: len(runs(jobs.glue, name)) for name in "abc"}


def test_a_trigger_comes_back_as_it_was_given(glue):
    action = {"JobName": "a", "Arguments": {"--day": "1"}, "Timeout": 5,
              "NotificationProperty": {"NotifyDelayAfter": 3}}  # fmt: skip
    given = {"Name": "t", "Type": "SCHEDULED", "Schedule": NOON, "Description": "d",
             "Actions": [action]}  # fmt: skip
    assert body(glue.create_trigger(**given, Tags={"team": "data"})) == {"Name": "t"}
    shown = {**given, "State": "CREATED"}
    assert body(glue.get_trigger(Name="t")) == {"Trigger": shown}
    assert body(glue.get_triggers()) == {"Triggers": [shown]}
    assert body(glue.batch_get_triggers(TriggerNames=["t", "u"])) == {
        "Triggers": [shown],
        "TriggersNotFound": ["u"],
    }
    arn = "arn:aws:glue:us-east-1:000000000000:trigger/t"
    assert body(glue.get_tags(ResourceArn=arn)) == {"Tags": {"team": "data"}}
    assert body(glue.delete_trigger(Name="t")) == {"Name": "t"}
    assert body(glue.delete_trigger(Name="t")) == {"Name": "t"}
    assert error_of(lambda: glue.get_trigger(Name="t")) == (
        "EntityNotFoundException", "Trigger t not found.", 400,
    )  # fmt: skip


def test_triggers_are_listed_by_page_job_and_tags(glue):
    on_demand(glue, "t1", "a", Tags={"k": "1"})
    on_demand(glue, "t2", "b")
    on_demand(glue, "t3", "a", "c")
    first = body(glue.list_triggers(MaxResults=2))
    assert first["TriggerNames"] == ["t1", "t2"]
    assert body(glue.list_triggers(NextToken=first["NextToken"])) == {"TriggerNames": ["t3"]}
    names = [one["Name"] for one in glue.get_triggers(DependentJobName="a")["Triggers"]]
    assert names == ["t1", "t3"]
    # "If there is no such trigger, all triggers are returned", says the page.
    assert glue.list_triggers(DependentJobName="x")["TriggerNames"] == ["t1", "t2", "t3"]
    assert glue.list_triggers(Tags={"k": "1"})["TriggerNames"] == ["t1"]


def test_a_trigger_is_started_and_stopped(glue):
    after(glue, "t", AFTER_A, "b", StartOnCreation=False)
    not_allowed = "The operation is not allowed when trigger is in state: "
    assert error_of(lambda: glue.stop_trigger(Name="t")) == (INVALID, not_allowed + "CREATED", 400)
    assert body(glue.start_trigger(Name="t")) == {"Name": "t"}
    assert glue.get_trigger(Name="t")["Trigger"]["State"] == "ACTIVATED"
    again = error_of(lambda: glue.start_trigger(Name="t"))
    assert again == (INVALID, not_allowed + "ACTIVATED", 400)
    assert body(glue.stop_trigger(Name="t")) == {"Name": "t"}
    assert glue.get_trigger(Name="t")["Trigger"]["State"] == "DEACTIVATED"


def test_an_update_replaces_the_definition(glue):
    after(glue, "t", AFTER_A, "b", Description="old")
    update = {"Actions": starting("c")}
    assert body(glue.update_trigger(Name="t", TriggerUpdate=update)) == {
        "Trigger": {
            "Name": "t",
            "Type": "CONDITIONAL",
            "State": "ACTIVATED",
            "Actions": [{"JobName": "c"}],
            "Predicate": AFTER_A,
        }
    }


def test_a_trigger_on_demand_starts_its_jobs_with_what_it_says(jobs, glue):
    action = {"JobName": "a", "Arguments": {"--day": "2"}, "Timeout": 7}
    glue.create_trigger(Name="t", Type="ON_DEMAND", Actions=[action, {"JobName": "b"}])
    assert body(glue.start_trigger(Name="t")) == {"Name": "t"}
    assert glue.get_trigger(Name="t")["Trigger"]["State"] == "CREATED"
    (run,) = ended(jobs, "a")
    assert (run["TriggerName"], run["Arguments"], run["Timeout"], run["JobRunState"]) == (
        "t", {"--day": "2"}, 7, "SUCCEEDED",
    )  # fmt: skip
    ended(jobs, "b")


def test_what_a_trigger_on_demand_cannot_start_is_its_error(jobs, glue):
    on_demand(glue, "t", "b", "a")
    glue.delete_job(JobName="a")
    assert error_of(lambda: glue.start_trigger(Name="t")) == (
        "EntityNotFoundException", "Job a not found.", 400,
    )  # fmt: skip
    assert runs(glue, "b") == []


def test_jobs_follow_each_other(jobs, glue):
    on_demand(glue)
    after(glue, "next", AFTER_A, "b")
    glue.start_trigger(Name="t")
    (run,) = ended(jobs, "b")
    (before,) = ended(jobs, "a")
    assert run["PredecessorRuns"] == [{"JobName": "a", "RunId": before["Id"]}]
    assert run["TriggerName"] == "next"
    glue.start_trigger(Name="t")
    ended(jobs, "b", 2)


def test_all_of_two_jobs_start_a_third_once(jobs, glue):
    on_demand(glue, "t", "a", "b")
    after(glue, "both", when("AND", a="SUCCEEDED", b="SUCCEEDED"), "c")
    glue.start_trigger(Name="t")
    (run,) = ended(jobs, "c")
    assert [one["JobName"] for one in run["PredecessorRuns"]] == ["a", "b"]
    assert quiet(jobs) == {"a": 1, "b": 1, "c": 1}


def test_any_of_two_jobs_starts_a_third_once(jobs, glue):
    on_demand(glue, "t", "a", "b")
    after(glue, "any", when("ANY", a="SUCCEEDED", b="SUCCEEDED"), "c")
    glue.start_trigger(Name="t")
    ended(jobs, "c")
    ended(jobs, "a")
    ended(jobs, "b")
    assert quiet(jobs) == {"a": 1, "b": 1, "c": 1}


def test_a_job_that_failed_starts_what_waits_for_that(jobs, glue):
    jobs.shell("1 / 0", "d", MaxRetries=1)
    on_demand(glue, "t", "d")
    after(glue, "good", when("AND", d="SUCCEEDED"), "a")
    after(glue, "bad", when("AND", d="FAILED"), "b")
    glue.start_trigger(Name="t")
    (run,) = ended(jobs, "b")
    last, first = ended(jobs, "d", 2)
    assert (first["Attempt"], last["Attempt"], last["TriggerName"]) == (0, 1, "t")
    assert run["PredecessorRuns"] == [{"JobName": "d", "RunId": last["Id"]}]
    assert quiet(jobs) == {"a": 0, "b": 1, "c": 0}


def test_a_stopped_run_starts_what_waits_for_that(jobs, glue):
    jobs.shell("import time; time.sleep(600)", "d")
    on_demand(glue, "t", "d")
    after(glue, "stopped", when("AND", d="STOPPED"), "b")
    glue.start_trigger(Name="t")
    (run,) = runs(glue, "d")
    jobs.wait(run["Id"], "RUNNING", name="d")
    glue.batch_stop_job_run(JobName="d", JobRunIds=[run["Id"]])
    (after_it,) = ended(jobs, "b")
    assert after_it["PredecessorRuns"] == [{"JobName": "d", "RunId": run["Id"]}]


def test_a_run_that_no_trigger_started_fires_nothing(jobs, glue):
    after(glue, "next", AFTER_A, "b")
    assert jobs.run("a")["JobRunState"] == "SUCCEEDED"
    assert quiet(jobs) == {"a": 1, "b": 0, "c": 0}


def test_a_trigger_that_is_not_in_force_fires_nothing(jobs, glue):
    on_demand(glue)
    after(glue, "created", AFTER_A, "b", StartOnCreation=False)
    after(glue, "stopped", AFTER_A, "c")
    glue.stop_trigger(Name="stopped")
    glue.start_trigger(Name="t")
    ended(jobs, "a")
    assert quiet(jobs) == {"a": 1, "b": 0, "c": 0}


def test_a_job_that_runs_already_is_an_error_of_its_run(jobs, glue):
    jobs.shell("import time; time.sleep(600)", "d")
    busy = jobs.start("d")
    on_demand(glue)
    after(glue, "next", AFTER_A, "d")
    glue.start_trigger(Name="t")
    ended(jobs, "a")
    run = next(one for one in runs(glue, "d") if one["Id"] != busy)
    assert (run["JobRunState"], run["TriggerName"], run["ErrorMessage"]) == (
        "ERROR", "next", "ConcurrentRunsExceededException: Concurrent runs exceeded for d",
    )  # fmt: skip


def test_a_crawler_and_a_job_follow_each_other(shell, jobs, glue):
    put_orders(shell)
    make_crawler(glue)
    jobs.shell(
        "import boto3\n"
        "print([t['Name'] for t in boto3.client('glue').get_tables(DatabaseName='shop')"
        "['TableList']])",
        "report",
    )
    glue.create_trigger(Name="t", Type="ON_DEMAND", Actions=[{"CrawlerName": "orders"}])
    condition = {"LogicalOperator": "EQUALS", "CrawlerName": "orders", "CrawlState": "SUCCEEDED"}
    after(glue, "next", {"Conditions": [condition]}, "report")
    glue.start_trigger(Name="t")
    (run,) = ended(jobs, "report")
    assert (run["JobRunState"], run["PredecessorRuns"]) == ("SUCCEEDED", [])
    assert jobs.lines(run["Id"]) == ["['orders']"]
    assert wait_ready(glue)["LastCrawl"]["Status"] == "SUCCEEDED"


def test_a_schedule_fires_when_it_is_due_and_never_twice(shell, jobs, glue):
    def look(days):
        return owner(shell, "trigger-schedules", now=time.time() + days * DAY)["done"]

    started = {"started": 1, "passed over": 0}
    nothing = {"started": 0, "passed over": 0}
    given = {"Name": "t", "Type": "SCHEDULED", "Schedule": NOON, "Actions": starting("a")}
    glue.create_trigger(**given)
    assert look(3) == nothing  # it is not in force
    glue.start_trigger(Name="t")
    assert look(0) == nothing
    assert look(1) == started
    ended(jobs, "a")
    assert look(1) == nothing
    assert look(9) == started
    ended(jobs, "a", 2)
    glue.stop_trigger(Name="t")
    assert look(20) == nothing
    glue.start_trigger(Name="t")
    glue.delete_job(JobName="a")
    assert look(30) == {"started": 0, "passed over": 1}
    glue.delete_trigger(Name="t")
    assert look(40) == nothing


CONDITION = AFTER_A["Conditions"][0]


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({"Actions": []}, INVALID, "Actions cannot be null or empty"),
        ({"Actions": [{}]}, INVALID,
         "An action must have either a JobName or a CrawlerName."),
        ({"Actions": [{"JobName": "x"}]}, "EntityNotFoundException", "Job x not found."),
        ({"Actions": [{"CrawlerName": "x"}]}, "EntityNotFoundException",
         "Crawler with name x does not exist"),
        ({"Actions": [{"JobName": "a", "SecurityConfiguration": "s"}]}, "EntityNotFoundException",
         "Security configuration s not found."),
        ({"Actions": [{"JobName": "a", "Arguments": {"--JOB_NAME": "x"}}]}, INVALID,
         "The argument --JOB_NAME is reserved for Glue: do not set it."),
        ({"StartOnCreation": True}, INVALID,
         "StartOnCreation is not supported for ON_DEMAND triggers."),
        ({"WorkflowName": "w"}, "EntityNotFoundException", "Workflow w not found."),
        ({"Type": "SCHEDULED"}, INVALID, "Schedule cannot be null or empty"),
        ({"Type": "CONDITIONAL"}, INVALID, "Predicate cannot be null or empty"),
        ({"Type": "CONDITIONAL", "Predicate": AFTER_A}, INVALID,
         "Job cannot be a Predicate and Action for Conditional Trigger."),
        ({"Type": "CONDITIONAL", "Predicate": {"Conditions": [CONDITION, CONDITION]}}, INVALID,
         "Logical cannot be null or empty"),
        ({"Type": "CONDITIONAL", "Predicate": {"Conditions": [
            {"JobName": "a", "State": "SUCCEEDED"}]}}, INVALID,
         "Logical operator cannot be null or empty"),
        ({"Type": "CONDITIONAL", "Predicate": {"Conditions": [
            {"LogicalOperator": "EQUALS", "JobName": "a"}]}}, INVALID,
         "State cannot be null or empty"),
        ({"Type": "CONDITIONAL", "Predicate": when("AND", b="RUNNING")}, INVALID,
         "A trigger can only listen for the states SUCCEEDED, STOPPED, FAILED, TIMEOUT."),
        ({"Type": "CONDITIONAL", "Predicate": {"Conditions": [{"LogicalOperator": "EQUALS"}]}},
         INVALID, "A condition must have either a JobName or a CrawlerName."),
    ],
)  # fmt: skip
def test_what_is_no_trigger_is_refused(glue, members, code, message):
    given = {"Name": "t", "Type": "ON_DEMAND", "Actions": starting("a"), **members}
    assert error_of(lambda: glue.create_trigger(**given)) == (code, message, 400)
    assert glue.list_triggers()["TriggerNames"] == []


def test_a_schedule_has_to_be_one(glue):
    given = {"Name": "t", "Type": "SCHEDULED", "Actions": starting("a"), "Schedule": "rate(1 day)"}
    code, message, _ = error_of(lambda: glue.create_trigger(**given))
    assert code == INVALID
    assert message.startswith("Invalid schedule expression rate(1 day): ")


def test_names_are_taken_once(glue):
    on_demand(glue)
    assert error_of(lambda: on_demand(glue)) == (
        "AlreadyExistsException", "Trigger with name t already exists.", 400,
    )  # fmt: skip
    assert error_of(lambda: on_demand(glue, "t", "b")) == (
        "IdempotentParameterMismatchException",
        "Trigger with name t already submitted with different configuration",
        400,
    )


def test_triggers_of_events_are_in_workflows_and_alone_gather_events(glue):
    given = {"Name": "t", "Type": "EVENT", "Actions": starting("a")}
    assert error_of(lambda: glue.create_trigger(**given)) == (
        "InvalidInputException", "An EVENT trigger has to be in a workflow.", 400,
    )  # fmt: skip
    batch = {"EventBatchingCondition": {"BatchSize": 2}}
    given["Type"] = "ON_DEMAND"
    assert error_of(lambda: glue.create_trigger(**given, **batch)) == (
        "InvalidInputException",
        "EventBatchingCondition is supported only for EVENT triggers.",
        400,
    )
