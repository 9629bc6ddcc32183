"""The room that is kept back for deletes on a full disk."""

from __future__ import annotations

import os
from types import SimpleNamespace

from lakebed.core.limits import RESERVE_BYTES
from lakebed.store.reserve import Reserve


def test_the_reserve_is_given_up_once(tmp_path):
    reserve = Reserve(tmp_path / "reserve")
    reserve.make()
    assert (tmp_path / "reserve").stat().st_size == RESERVE_BYTES
    assert [reserve.give_up(), reserve.give_up()] == [True, False]
    assert not (tmp_path / "reserve").exists()


def test_the_reserve_is_made_only_where_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=3, f_frsize=4096))
    Reserve(tmp_path / "reserve").make()
    assert not (tmp_path / "reserve").exists()
