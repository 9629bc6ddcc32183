"""Query definitions, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import now


def make(logs, name="errors", **more):
    return logs.put_query_definition(name=name, queryString="fields @message", **more)[
        "queryDefinitionId"
    ]


def test_a_definition_comes_back_whole_and_is_replaced(logs):
    known = make(logs, logGroupNames=["/app"])
    assert make(logs, name="late", queryDefinitionId=known) == known
    (found,) = body(logs.describe_query_definitions())["queryDefinitions"]
    assert abs(found.pop("lastModified") - now()) < 60_000
    assert found == {
        "queryLanguage": "CWLI",
        "queryDefinitionId": known,
        "name": "late",
        "queryString": "fields @message",
        "logGroupNames": [],
    }
    assert body(logs.delete_query_definition(queryDefinitionId=known)) == {"success": True}
    missing = ("ResourceNotFoundException", "The specified query definition does not exist.", 400)
    assert error_of(lambda: logs.delete_query_definition(queryDefinitionId=known)) == missing
    assert error_of(lambda: make(logs, queryDefinitionId=known)) == missing


def test_a_client_token_makes_one(logs):
    token = {"clientToken": "t" * 36}
    assert make(logs, **token) == make(logs, **token)
    assert make(logs) != make(logs)


def test_definitions_are_listed_by_prefix_in_pages(logs):
    for name in ("b/2", "a", "b/1", "b/3"):
        make(logs, name=name)
    page = logs.describe_query_definitions(queryDefinitionNamePrefix="b", maxResults=2)
    rest = logs.describe_query_definitions(
        queryDefinitionNamePrefix="b", maxResults=2, nextToken=page["nextToken"]
    )
    assert [
        [one["name"] for one in found["queryDefinitions"]] for found in (page, rest)
    ] == [["b/1", "b/2"], ["b/3"]]  # fmt: skip
    assert "nextToken" not in rest


def test_what_is_not_built_says_so(logs):
    for more in ({"queryLanguage": "PPL"}, {"parameters": [{"name": "p"}]}):
        assert error_of(lambda more=more: make(logs, **more))[0] == "LakebedNotBuilt"
