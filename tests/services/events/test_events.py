"""PutEvents, by boto3: what is accepted, what is not, and what survives a crash."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import start
from tests.services.events.rules import body, put, refused, seen, shown


def entry(**members):
    return {"Source": "shop", "DetailType": "Sold", "Detail": "{}", **members}


def without(name):
    return {key: value for key, value in entry().items() if key != name}


def test_each_entry_is_accepted_or_says_why_not(lakebed):
    events = lakebed.client("events")
    given = [
        entry(), without("Source"), without("DetailType"), without("Detail"),
        entry(Detail="{"), entry(Detail="[]"), entry(Source="aws.s3"), entry(EventBusName="none"),
    ]  # fmt: skip
    answer = body(events.put_events(Entries=given))
    ids = [one.pop("EventId", "") for one in answer["Entries"]]
    assert [len(one) for one in ids] == [36, 0, 0, 0, 0, 0, 0, 36]
    required = "Parameter {0} is not valid. Reason: {0} is a required argument."
    malformed = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    refusals = [
        {"ErrorCode": "InvalidArgument", "ErrorMessage": required.format(name)}
        for name in ("Source", "DetailType", "Detail")
    ]
    unallowed = {
        "ErrorCode": "NotAuthorizedForSourceException",
        "ErrorMessage": "Not authorized for the source.",
    }
    assert answer == {
        "FailedEntryCount": 6,
        "Entries": [{}, *refusals, malformed, malformed, unallowed, {}],
    }


def test_what_is_too_large_or_for_an_endpoint_is_refused(lakebed):
    events = lakebed.client("events")
    large = entry(Detail=json.dumps({"a": "x" * 1024 * 1024}))
    assert refused(lambda: events.put_events(Entries=[large])) == (
        "ValidationException", "Total size of the entries in the request is over the limit.",
    )  # fmt: skip
    assert refused(lambda: events.put_events(Entries=[entry()] * 11))[0] == "ValidationException"


@pytest.mark.slow
def test_an_event_that_was_accepted_survives_a_crash(tmp_path):
    """Killed right after the answer: the next server delivers what the one before had accepted."""
    lakebed = start(tmp_path / "data")
    try:
        seen(lakebed, {"source": ["shop"]})
        for number in range(100):
            put(lakebed, {"n": number})
    finally:
        lakebed.kill()
    lakebed = start(tmp_path / "data")
    try:
        found = [one["detail"]["n"] for one in shown(lakebed, 100)]
    finally:
        lakebed.stop()
    assert sorted(found) == list(range(100))
