"""Codes of second factors: the examples of RFC 6238, and how far clocks may differ."""

from __future__ import annotations

import pytest

from lakebed.core.settings import Settings
from lakebed.govern.identities import SecondFactor
from lakebed.govern.one_time_codes import FAR_STEPS, NEAR_STEPS, code_at, sealed_seed, step_of

SEED = b"12345678901234567890"
NOW = 1_111_111_109


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"),
     (20_000_000_000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_the_rfc(seconds, code):
    # Appendix B, whose codes of eight digits end with these six.
    assert code_at(SEED, seconds // 30) == code


@pytest.fixture
def device(tmp_path):
    settings = Settings(data_dir=tmp_path)
    settings.state_dir.mkdir()
    bare = SecondFactor("000000000000", "phone", "")
    seed = sealed_seed(settings, bare.serial, SEED)
    return settings, SecondFactor("000000000000", "phone", seed)


def test_a_code_counts_near_its_time_and_once(device):
    settings, phone = device
    step = NOW // 30
    for away in range(-4, 5):
        found = step_of(settings, phone, (code_at(SEED, step + away),), NOW, NEAR_STEPS)
        assert found == (step + away if abs(away) <= NEAR_STEPS else None)
    spent = SecondFactor("000000000000", "phone", phone.seed, last_step=step)
    assert step_of(settings, spent, (code_at(SEED, step),), NOW, NEAR_STEPS) is None
    assert step_of(settings, spent, (code_at(SEED, step + 1),), NOW, NEAR_STEPS) == step + 1


def test_two_codes_in_a_row_may_be_hours_away(device):
    settings, phone = device
    step = NOW // 30 + 400
    codes = (code_at(SEED, step - 1), code_at(SEED, step))
    assert step_of(settings, phone, codes, NOW, FAR_STEPS) == step
    assert step_of(settings, phone, codes[::-1], NOW, FAR_STEPS) is None
