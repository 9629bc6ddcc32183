"""Named queries, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of


def create(athena, name="late", **more):
    given = {"Name": name, "Database": "shop", "QueryString": "SELECT 1", **more}
    return athena.create_named_query(**given)["NamedQueryId"]


def missing(query_id):
    return ("InvalidRequestException", f"Named query {query_id} does not exist", 400)


def test_a_named_query_comes_back_whole(athena):
    known = create(athena, Description="who is late")
    expected = {
        "Name": "late",
        "Description": "who is late",
        "Database": "shop",
        "QueryString": "SELECT 1",
        "NamedQueryId": known,
        "WorkGroup": "primary",
    }
    assert athena.get_named_query(NamedQueryId=known)["NamedQuery"] == expected
    athena.update_named_query(NamedQueryId=known, Name="later", QueryString="SELECT 2")
    expected |= {"Name": "later", "QueryString": "SELECT 2"}
    batch = athena.batch_get_named_query(NamedQueryIds=[known, "nope"])
    assert body(batch) == {
        "NamedQueries": [expected],
        "UnprocessedNamedQueryIds": [
            {
                "NamedQueryId": "nope",
                "ErrorCode": "INVALID_INPUT",
                "ErrorMessage": "Named query nope does not exist",
            }
        ],
    }
    assert body(athena.delete_named_query(NamedQueryId=known)) == {}
    for call in (athena.get_named_query, athena.delete_named_query):
        assert error_of(lambda call=call: call(NamedQueryId=known)) == missing(known)
    assert error_of(
        lambda: athena.update_named_query(NamedQueryId=known, Name="x", QueryString="y")
    ) == missing(known)


def test_a_client_token_makes_one(athena):
    token = {"ClientRequestToken": "t" * 32}
    assert create(athena, **token) == create(athena, **token)
    assert error_of(lambda: create(athena, name="other", **token)) == (
        "InvalidRequestException", "Idempotent parameters do not match", 400,
    )  # fmt: skip
    assert create(athena) != create(athena)


def test_named_queries_are_listed_by_workgroup_in_pages(athena):
    athena.create_work_group(Name="team")
    elsewhere = create(athena, WorkGroup="team")
    ids = [create(athena, name=f"q{number}") for number in range(3)]
    first = athena.list_named_queries(MaxResults=2)
    second = athena.list_named_queries(MaxResults=2, NextToken=first["NextToken"])
    assert [first["NamedQueryIds"], second["NamedQueryIds"]] == [ids[:2], ids[2:]]
    assert "NextToken" not in second
    assert athena.list_named_queries(WorkGroup="team")["NamedQueryIds"] == [elsewhere]


def test_a_disabled_workgroup_takes_none(athena):
    athena.create_work_group(Name="team")
    athena.update_work_group(WorkGroup="team", State="DISABLED")
    assert error_of(lambda: create(athena, WorkGroup="team")) == (
        "InvalidRequestException", "WorkGroup is disabled.", 400,
    )  # fmt: skip
