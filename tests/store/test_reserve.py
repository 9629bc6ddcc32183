"""The room that is kept back for deletes on a full disk."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from lakebed.core.limits import RESERVE_BYTES
from lakebed.store.reserve import Reserve


@pytest.fixture
def fill(monkeypatch):
    """Make every disk have so many bytes left."""
    return lambda size: monkeypatch.setattr(
        os, "statvfs", lambda path: SimpleNamespace(f_bavail=size, f_frsize=1)
    )


def test_the_reserve_is_given_up_when_the_disk_is_full(tmp_path, fill):
    reserve = Reserve(tmp_path / "reserve")
    reserve.make()
    reserve.give_up_if_full()
    assert (tmp_path / "reserve").stat().st_size == RESERVE_BYTES
    fill(RESERVE_BYTES - 1)
    reserve.give_up_if_full()
    reserve.give_up_if_full()
    assert not (tmp_path / "reserve").exists()


def test_the_reserve_is_made_only_where_there_is_room(tmp_path, fill):
    fill(RESERVE_BYTES)
    Reserve(tmp_path / "reserve").make()
    assert not (tmp_path / "reserve").exists()
