"""Uses of access keys are written down now and then, and those of users only."""

from __future__ import annotations

from lakebed.core.limits import ACCESS_KEY_USE_SECONDS
from lakebed.core.principal import Principal
from lakebed.dispatch.key_uses import KeyUses

ANN = Principal("0" * 12, "arn:aws:iam::000000000000:user/ann", "AIDA", user="ann")


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def now(self):
        return self.seconds


def as_key(key, **more):
    return Principal(ANN.account, ANN.arn, ANN.user_id, access_key=key, **more)


def test_a_key_is_written_once_in_a_while():
    clock, written = Clock(), []
    uses = KeyUses(clock, lambda work, answer: written.append(clock.seconds))
    for _ in range(3):
        uses.note(as_key("AKIA1", user="ann"), "s3", "us-east-1")
    uses.note(as_key("AKIA2", user="ann"), "s3", "us-east-1")
    assert len(written) == 2
    clock.seconds += ACCESS_KEY_USE_SECONDS
    uses.note(as_key("AKIA1", user="ann"), "s3", "us-east-1")
    assert written == [1000.0, 1000.0, 1000.0 + ACCESS_KEY_USE_SECONDS]


def test_keys_of_the_root_and_of_sessions_are_not_kept():
    written = []
    uses = KeyUses(Clock(), lambda work, answer: written.append(work))
    uses.note(as_key("test", is_root=True), "s3", "us-east-1")
    uses.note(as_key("ASIA1", user="ann"), "s3", "us-east-1")
    uses.note(ANN, "s3", "us-east-1")
    assert written == []
