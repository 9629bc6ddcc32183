"""awswrangler over CloudWatch Logs: queries as data frames, events by filter."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.services.logs.events import events

pytestmark = pytest.mark.slow
pytest.importorskip("awswrangler", reason="awswrangler is not installed: make install")


@pytest.fixture
def app(lakebed):
    logs = lakebed.client("logs")
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="one")
    made = events(*(json.dumps({"path": path, "took": 10 * at}) for at, path in enumerate("aab")))
    logs.put_log_events(logGroupName="/app", logStreamName="one", logEvents=made)
    return lakebed.session()


def test_a_query_is_a_data_frame(app):
    import awswrangler as wr

    now = datetime.now(UTC)
    frame = wr.cloudwatch.read_logs(
        log_group_names=["/app"],
        query="stats sum(took) as total, max(@timestamp) as last by path | sort path",
        start_time=now - timedelta(hours=1),
        end_time=now + timedelta(minutes=1),
        boto3_session=app,
    )
    assert list(frame.columns) == ["path", "total", "last"]
    assert frame["path"].tolist() == ["a", "b"]
    assert frame["total"].tolist() == ["10", "20"]
    raw = wr.cloudwatch.read_logs(
        log_group_names=["/app"],
        query="fields @timestamp, path | sort @timestamp desc | limit 2",
        boto3_session=app,
    )
    assert raw["path"].tolist() == ["b", "a"]
    assert str(raw["timestamp"].dtype).startswith("datetime64")


def test_events_are_filtered_into_a_data_frame(app):
    import awswrangler as wr

    frame = wr.cloudwatch.filter_log_events(
        log_group_name="/app", filter_pattern="{ $.took >= 10 }", boto3_session=app
    )
    assert [json.loads(message)["took"] for message in frame["message"]] == [10, 20]
    streams = wr.cloudwatch.describe_log_streams(log_group_name="/app", boto3_session=app)
    assert streams["logStreamName"].tolist() == ["one"]


def test_what_is_no_query_is_an_error(app):
    import awswrangler as wr

    with pytest.raises(app.client("logs").exceptions.ClientError, match="MalformedQuery"):
        wr.cloudwatch.read_logs(log_group_names=["/app"], query="felds a", boto3_session=app)
