"""What targets are given of events: answers of EventBridge, as tests of others recorded them."""

from __future__ import annotations

import json

import pytest

from lakebed.core.errors import AwsError
from lakebed.services.events._inputs import Facts, input_of, unknown_places

FACTS = Facts("arn:rule", "r", "2026-01-01T00:00:00Z")
ABOUT = {"version": "0", "id": "1", "source": "shop", "account": "0", "region": "us-east-1",
         "resources": [], "time": "2025-12-31T00:00:00Z"}  # fmt: skip
DETAIL = {"who": {"id": "0a78", "sf": "baz"}, "one": ["HIGH"], "two": ["ON", "OFF"], "yes": True}
EVENT = {**ABOUT, "detail-type": "Sold", "detail": DETAIL}
PATHS = {
    "id": "$.detail.who.id", "who": "$.detail.who", "none": "$.detail.none",
    "one": "$.detail.one", "two": "$.detail.two", "yes": "$.detail.yes",
}  # fmt: skip


def given(template):
    transformer = {"InputPathsMap": PATHS, "InputTemplate": template}
    return input_of({"InputTransformer": transformer}, json.dumps(EVENT), FACTS)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{"path": "users/<id>", "body": <who>}',
         '{"path": "users/0a78", "body": {"id":"0a78","sf":"baz"}}'),
        ('{"id": <id>, "ids": [<id>, "x"]}', '{"id": "0a78", "ids": ["0a78", "x"]}'),
        ('{"a": <one>, "b": "<yes>", "c": <none>}', '{"a": ["HIGH"], "b": "true", "c": ""}'),
        ('{"twice": "users/<id>/and/<id>"}', '{"twice": "users/0a78/and/0a78"}'),
        ('"Of <who> at <id> and <none>!"', '"Of {id:0a78,sf:baz} at 0a78 and !"'),
        ('"<one> one <two> two <yes>"', '"[HIGH] one [ON,OFF] two true"'),
        ('"<one>"\n"<who>"', '"[HIGH]"\n"{id:0a78,sf:baz}"'),
        ('"{[/ a text all the same: <two>"', '"{[/ a text all the same: [ON,OFF]"'),
        ('"<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>"',
         '"arn:rule r 2026-01-01T00:00:00Z"'),
    ],
)  # fmt: skip
def test_a_template_gives_what_eventbridge_gives(template, text):
    assert given(template) == text


def test_templates_have_the_event_whole_and_without_its_detail():
    found = json.loads(given('{"a": <aws.events.event>, "b": <aws.events.event.json>}'))
    assert found == {"a": {**ABOUT, "detailType": "Sold"}, "b": EVENT}


@pytest.mark.parametrize(
    "template", ['{"a": "<who>"}', '{"a": "<one>"}', '{"a": "users/<who>", "b": <who>}']
)
def test_lists_and_objects_in_quotes_of_json_are_not_delivered(template):
    with pytest.raises(AwsError) as caught:
        given(template)
    assert (caught.value.code, caught.value.status) == ("ValidationException", 400)
    assert caught.value.message.startswith("What the InputTemplate gives is no JSON: ")


def test_what_no_path_and_no_event_knows_is_named():
    template = '{"a": <id>, "b": "<other>", "c": <aws.events.rule-arn>, "d": <aws.x>}'
    found = unknown_places({"InputPathsMap": {"id": "$"}, "InputTemplate": template})
    assert found == ["other", "aws.x"]
