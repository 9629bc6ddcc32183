"""Listening to the folder: our own writes are no news, a hand's are; nothing is lost on the way."""

from __future__ import annotations

import os
import sys
import time

import pytest

from lakebed.engines.objects.folder import inotify
from lakebed.engines.objects.folder.reconcile import Reconciler
from tests.engines.objects.lake import Lake

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path)
    yield made
    made.engine.upkeep.hands.close()
    made.close()


def listening(lake: Lake, limit: int | None = None) -> Reconciler:
    hands = lake.engine.upkeep.hands
    assert isinstance(hands, Reconciler)
    assert hands.listen(limit)
    hands.adopt("b")
    survey(lake)
    return hands


def survey(lake: Lake) -> None:
    lake.engine.upkeep.hands.survey(lake.transaction, lambda: None)
    with lake.transaction() as place:
        lake.engine.upkeep.hands.take_in(place, 10.0)


def heard(hands: Reconciler) -> list[str]:
    """Return what is suspected since the last time, by name."""
    hands.listener.heed()
    found = sorted(os.path.basename(path) for path in hands.suspects)
    hands.suspects.clear()
    return found


def test_our_own_writes_are_no_news(lake):
    lake.put("d/e/0", b"")
    hands = listening(lake)
    for number in range(20):
        lake.put(f"d/e/{number % 5}", b"x")
        lake.delete(f"d/e/{number % 3}")
    assert heard(hands) == []
    # Our folder went with its last object and came again: that is work, and finds nothing.
    survey(lake)
    (lake.file("d/e/4")).write_bytes(b"edited")
    assert heard(hands) == ["4"]


def test_a_hand_that_replaces_what_we_just_wrote_is_news(lake):
    lake.put("d/k", b"1")
    hands = listening(lake)
    lake.put("d/k", b"2")
    (lake.settings.data_dir / "new").write_bytes(b"by hand")
    (lake.settings.data_dir / "new").rename(lake.file("d/k"))
    assert heard(hands) == ["k"]


def test_what_was_taken_in_and_rolled_back_is_taken_in_again(lake):
    hands = listening(lake)
    lake.file("new").write_bytes(b"new")
    taken_in = []

    def take_in_and_fail():
        with lake.transaction() as place:
            hands.take_in(place, 10.0)
            taken_in.extend(found.key for found in lake.engine._objects.scan(place))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_in_and_fail()
    assert taken_in == ["new"]
    assert lake.keys() == ["new"]


def test_too_many_directories_are_walked_as_before(lake):
    for number in range(6):
        lake.put(f"d{number}/k", b"1")
    hands = listening(lake, limit=4)
    assert hands.uncovered == ["b"]
    lake.file("d3/new").write_bytes(b"new")
    # Every listing walks on for two milliseconds, which may be less than one directory.
    until, listed = time.monotonic() + 5, lake.keys()
    while len(listed) == 6 and time.monotonic() < until:
        listed = lake.keys()
    assert listed[3:5] == ["d3/k", "d3/new"]


def test_a_lost_event_has_everything_surveyed_again(lake):
    lake.put("d/k", b"1")
    hands = listening(lake)
    lake.file("d/new").write_bytes(b"new")
    lake.file("d/k").unlink()
    hands.listener._inotify.read()
    assert heard(hands) == []
    hands.listener._heed((-1, inotify.OVERFLOW, ""))
    survey(lake)
    assert lake.keys() == ["d/new"]


def test_directories_that_come_and_go_are_watched_and_not(lake):
    hands = listening(lake)
    root = lake.file("")
    before = hands.listener.directories_count
    (root / "a" / "b").mkdir(parents=True)
    hands.listener.heed()
    survey(lake)
    assert hands.listener.directories_count == before + 2
    (root / "a").rename(root / "c")
    hands.listener.heed()
    survey(lake)
    assert hands.listener.is_watched(f"{root.resolve()}/c/b")
    assert not hands.listener.is_watched(f"{root.resolve()}/a/b")
    (root / "c" / "b").rmdir()
    (root / "c").rmdir()
    hands.listener.heed()
    survey(lake)
    assert hands.listener.directories_count == before
    assert hands.uncovered == []


def test_an_unreadable_file_keeps_its_row(lake, monkeypatch):
    lake.put("d/k", b"1")
    hands = listening(lake)
    real = os.lstat

    def lstat(path, **options):
        if str(path).endswith("/d/k"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, **options)

    monkeypatch.setattr(os, "lstat", lstat)
    hands.suspects[str(lake.file("d/k").parent.resolve() / "k")] = None
    with lake.transaction() as place:
        hands.take_in(place, 10.0)
    monkeypatch.undo()
    assert lake.keys() == ["d/k"]
