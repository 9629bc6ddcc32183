"""NextTokens: sealed, of one operation, and for 300 seconds."""

from __future__ import annotations

import pytest

from lakebed.core.errors import AwsError
from lakebed.core.settings import Settings
from lakebed.services.kinesis import _pages
from tests.services.kinesis.answers import at_a_time


@pytest.fixture
def ctx(tmp_path):
    (tmp_path / "state").mkdir()
    return at_a_time(None, Settings(data_dir=tmp_path))


def code(ctx, operation, token):
    with pytest.raises(AwsError) as refused:
        _pages.opened(ctx, operation, token)
    return refused.value.code, refused.value.message


def test_a_token_can_be_used_for_300_seconds(ctx):
    token = _pages.sealed(ctx, "ListShards", {"after": "shardId-000000000007"})
    ctx.clock.advance(300.0)
    where = _pages.opened(ctx, "ListShards", token)
    assert where == {"after": "shardId-000000000007", "at": ctx.clock.now() - 300.0}
    ctx.clock.advance(0.1)
    wanted = ("ExpiredNextTokenException", "The NextToken has expired.")
    assert code(ctx, "ListShards", token) == wanted


def test_a_token_says_nothing_to_others_and_cannot_be_changed(ctx):
    token = _pages.sealed(ctx, "ListShards", {"after": "secret"})
    invalid = ("InvalidArgumentException", "NextToken is invalid.")
    assert "secret" not in token
    assert code(ctx, "ListStreams", token) == invalid
    for at in range(len(token)):
        other = "B" if token[at] != "B" else "C"
        changed = token[:at] + other + token[at + 1 :]
        # The last characters may stand for the same bytes.
        if at < len(token) - 3:
            assert code(ctx, "ListShards", changed) == invalid
    for junk in ("", "x", "=", "ü", token[:-4]):
        assert code(ctx, "ListShards", junk) == invalid
