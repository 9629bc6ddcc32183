"""Workflows, by boto3: what they are and their graphs."""

from __future__ import annotations

import pytest

from tests.services.glue.crawler_runs import make_crawler, put_orders
from tests.services.glue.test_databases import body, error_of


@pytest.fixture
def glue(lakebed):
    put_orders(lakebed)
    glue = lakebed.client("glue")
    make_crawler(glue)
    make_crawler(glue, "later")
    return glue


def crawls(*names):
    return [{"CrawlerName": name} for name in names]


def workflow(glue, **members):
    """Make a workflow of two crawlers, one after the other."""
    glue.create_workflow(Name="w", **members)
    first = {"Name": "first", "Type": "ON_DEMAND", "Actions": crawls("orders")}
    condition = {"LogicalOperator": "EQUALS", "CrawlerName": "orders", "CrawlState": "SUCCEEDED"}
    second = {"Name": "second", "Type": "CONDITIONAL", "Actions": crawls("later"),
              "Predicate": {"Conditions": [condition]}}  # fmt: skip
    glue.create_trigger(**first, WorkflowName="w")
    glue.create_trigger(**second, WorkflowName="w", StartOnCreation=True)
    return {**first, "WorkflowName": "w", "State": "CREATED"}, {
        **second, "WorkflowName": "w", "State": "ACTIVATED",
    }  # fmt: skip


def without_times(shown):
    assert shown.pop("CreatedOn") <= shown.pop("LastModifiedOn")
    return shown


def test_a_workflow_comes_back_as_it_was_given(glue):
    given = {"Name": "w", "Description": "d", "DefaultRunProperties": {"k": "v"},
             "MaxConcurrentRuns": 2}  # fmt: skip
    assert body(glue.create_workflow(**given, Tags={"team": "data"})) == {"Name": "w"}
    assert without_times(glue.get_workflow(Name="w")["Workflow"]) == given
    found = body(glue.batch_get_workflows(Names=["w", "x"]))
    assert found["MissingWorkflows"] == ["x"]
    assert [without_times(one) for one in found["Workflows"]] == [given]
    arn = "arn:aws:glue:us-east-1:000000000000:workflow/w"
    assert body(glue.get_tags(ResourceArn=arn)) == {"Tags": {"team": "data"}}
    update = {"Name": "w", "Description": "e", "MaxConcurrentRuns": 3}
    assert body(glue.update_workflow(**update)) == {"Name": "w"}
    assert without_times(glue.get_workflow(Name="w")["Workflow"]) == {**given, **update}
    assert body(glue.delete_workflow(Name="w")) == {"Name": "w"}
    assert body(glue.delete_workflow(Name="w")) == {"Name": "w"}
    missing = ("EntityNotFoundException", "Workflow w not found.", 400)
    assert error_of(lambda: glue.get_workflow(Name="w")) == missing
    assert error_of(lambda: glue.update_workflow(Name="w")) == missing


def test_workflows_are_listed_by_page(glue):
    for name in "abc":
        glue.create_workflow(Name=name)
    first = body(glue.list_workflows(MaxResults=2))
    assert first["Workflows"] == ["a", "b"]
    assert body(glue.list_workflows(NextToken=first["NextToken"])) == {"Workflows": ["c"]}
    assert error_of(lambda: glue.create_workflow(Name="a")) == (
        "AlreadyExistsException", "Workflow with name a already exists.", 400,
    )  # fmt: skip


def test_the_graph_shows_what_starts_what(glue):
    first, second = workflow(glue)
    graph = glue.get_workflow(Name="w", IncludeGraph=True)["Workflow"]["Graph"]
    ids = {(one["Type"], one["Name"]): one.pop("UniqueId") for one in graph["Nodes"]}
    assert graph["Nodes"] == [
        {"Type": "TRIGGER", "Name": "first", "TriggerDetails": {"Trigger": first}},
        {"Type": "CRAWLER", "Name": "orders"},
        {"Type": "TRIGGER", "Name": "second", "TriggerDetails": {"Trigger": second}},
        {"Type": "CRAWLER", "Name": "later"},
    ]
    names = {unique: f"{kind} {name}" for (kind, name), unique in ids.items()}
    edges = [(names[one["SourceId"]], names[one["DestinationId"]]) for one in graph["Edges"]]
    assert edges == [
        ("TRIGGER first", "CRAWLER orders"),
        ("CRAWLER orders", "TRIGGER second"),
        ("TRIGGER second", "CRAWLER later"),
    ]
    assert all(one.startswith("wnode_") for one in names)
    assert "Graph" not in glue.get_workflow(Name="w")["Workflow"]


def test_a_workflow_has_one_trigger_that_starts_it(glue):
    workflow(glue)
    given = {"Name": "t", "Type": "ON_DEMAND", "Actions": crawls("later"), "WorkflowName": "w"}
    assert error_of(lambda: glue.create_trigger(**given)) == (
        "InvalidInputException", "Workflow w already has a starting trigger: first", 400,
    )  # fmt: skip
    assert glue.list_triggers()["TriggerNames"] == ["first", "second"]


def test_a_deleted_workflow_leaves_its_triggers(glue):
    workflow(glue)
    glue.delete_workflow(Name="w")
    found = glue.get_triggers()["Triggers"]
    assert [(one["Name"], one.get("WorkflowName")) for one in found] == [
        ("first", None), ("second", None),
    ]  # fmt: skip
