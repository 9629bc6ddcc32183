"""Settings and limits of an account, by boto3."""

import pytest

from lakebed.services.kinesis import account_settings
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import at_a_time, body

DAY = 86_400.0


@pytest.fixture
def kinesis(lakebed):
    return lakebed.client("kinesis")


def test_limits_count_open_shards_and_on_demand_streams(kinesis):
    assert body(kinesis.describe_limits()) == {
        "ShardLimit": 20_000,
        "OpenShardCount": 0,
        "OnDemandStreamCount": 0,
        "OnDemandStreamCountLimit": 50,
    }
    kinesis.create_stream(StreamName="a", ShardCount=3)
    kinesis.create_stream(StreamName="b", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.merge_shards(
        StreamName="a",
        ShardToMerge="shardId-000000000000",
        AdjacentShardToMerge="shardId-000000000001",
    )
    limits = kinesis.describe_limits()
    assert (limits["OpenShardCount"], limits["OnDemandStreamCount"]) == (2, 1)


def test_a_commitment_is_made_and_shown(kinesis):
    disabled = {"MinimumThroughputBillingCommitment": {"Status": "DISABLED"}}
    assert body(kinesis.describe_account_settings()) == disabled
    assert body(kinesis.update_account_settings(**disabled)) == disabled
    enabled = {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}
    answer = body(kinesis.update_account_settings(**enabled))
    assert body(kinesis.describe_account_settings()) == answer
    shown = answer["MinimumThroughputBillingCommitment"]
    assert sorted(shown) == ["EarliestAllowedEndAt", "StartedAt", "Status"]
    assert (shown["EarliestAllowedEndAt"] - shown["StartedAt"]).total_seconds() == DAY
    assert shown["Status"] == "ENABLED"


def test_a_commitment_lasts_a_day(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    with store.transaction() as transaction:
        ctx = at_a_time(transaction)
        begin = ctx.clock.now()

        def asked(status):
            request = {"MinimumThroughputBillingCommitment": {"Status": status}}
            answer = account_settings.update_account_settings(ctx, request)
            return answer["MinimumThroughputBillingCommitment"]

        def described():
            answer = account_settings.describe_account_settings(ctx, {})
            return answer["MinimumThroughputBillingCommitment"]

        earliest = {"StartedAt": begin, "EarliestAllowedEndAt": begin + DAY}
        assert asked("ENABLED") == {"Status": "ENABLED", **earliest}
        ctx.clock.advance(3600.0)
        ending = {"Status": "ENABLED_UNTIL_EARLIEST_ALLOWED_END", **earliest}
        assert asked("DISABLED") == ending
        assert described() == ending
        assert asked("ENABLED") == {"Status": "ENABLED", **earliest}
        asked("DISABLED")
        ctx.clock.advance(DAY)
        ended = {"Status": "DISABLED", "StartedAt": begin, "EndedAt": begin + DAY}
        assert described() == ended
        again = ctx.clock.now()
        assert asked("ENABLED")["StartedAt"] == again
    store.close()
