"""What is sealed opens under its own name and key only."""

from __future__ import annotations

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakebed.core.settings import Settings
from lakebed.sealing import SealError, key_path, seal, unseal


@pytest.fixture
def place(tmp_path):
    (tmp_path / "state").mkdir()
    return Settings(data_dir=tmp_path)


@given(st.binary(max_size=64), st.text(max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_sealed_opens_again(place, value, name):
    text = seal(place, "tests", name, value)
    assert unseal(place, "tests", name, text) == value
    assert seal(place, "tests", name, value) != text


def test_the_key_is_the_owners_alone(place):
    seal(place, "tests", "a", b"secret")
    assert key_path(place, "tests").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["name", "purpose", "byte", "text"])
def test_what_is_not_as_it_was_does_not_open(place, damage):
    text = seal(place, "tests", "a", b"secret")
    seal(place, "others", "a", b"secret")
    name, purpose = "b" if damage == "name" else "a", "others" if damage == "purpose" else "tests"
    if damage == "byte":
        sealed = bytearray(base64.b64decode(text))
        sealed[-1] ^= 1
        text = base64.b64encode(sealed).decode()
    if damage == "text":
        text = "not base64"
    with pytest.raises(SealError):
        unseal(place, purpose, name, text)
