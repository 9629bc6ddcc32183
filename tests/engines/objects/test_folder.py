"""What the folder engine adds: plain files, hands in the folder, and nothing leaves the lake."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lakebed.engines.objects import StoredObject
from tests.engines.objects.lake import Lake


def test_an_object_is_a_plain_file(lake: Lake) -> None:
    lake.put("year=2013/month=1/flights.csv", b"rows")
    assert lake.file("year=2013/month=1/flights.csv").read_bytes() == b"rows"


def test_a_delete_leaves_no_empty_folders(lake: Lake) -> None:
    lake.put("a/b/c", b"1")
    lake.put("a/d", b"1")
    lake.delete("a/b/c")
    assert [path.name for path in lake.file("").iterdir()] == ["a"]
    assert [path.name for path in lake.file("a").iterdir()] == ["d"]
    lake.delete("a/d")
    assert lake.file("").is_dir()
    assert list(lake.file("").iterdir()) == []


def test_a_dropped_file_is_an_object_at_once(lake: Lake) -> None:
    lake.file("in").mkdir()
    lake.file("in/data.csv").write_bytes(b"a,b")
    found = lake.stat("in/data.csv")
    assert found is not None
    assert (found.size, found.headers, found.etag[-2:]) == (3, {}, "-1")
    assert lake.read("in/data.csv") == b"a,b"
    assert lake.keys() == ["in/data.csv"]
    assert lake.delete("in/data.csv") is not None
    assert lake.keys() == []


def test_an_edited_file_is_served_as_it_is(lake: Lake) -> None:
    kept = lake.put("k", b"old")
    lake.file("k").write_bytes(b"edited")
    found = lake.stat("k")
    assert found is not None
    assert found.etag != kept.etag
    assert (found.size, lake.read("k")) == (6, b"edited")
    lake.sync()
    with lake.transaction() as place:
        assert lake.engine.stat(place, "b", "k") == found


def test_a_file_removed_by_hand_is_gone(lake: Lake) -> None:
    for key in ("a", "d/e/f", "d/g"):
        lake.put(key, b"1")
    lake.file("a").unlink()
    assert lake.read("a") is None
    shutil.rmtree(lake.file("d/e"))
    lake.sync()
    assert lake.keys() == ["d/g"]


def test_a_listing_sees_what_hands_did_within_a_second(lake: Lake) -> None:
    lake.put("d/a", b"1")
    assert lake.keys() == ["d/a"]
    lake.file("d/b").write_bytes(b"2")
    lake.file("d/a").unlink()
    os.utime(lake.file("d"), ns=(0, 0))
    lake.engine.forget()
    assert lake.keys() == ["d/b"]


def test_what_spark_has_not_committed_is_no_object_yet(lake: Lake) -> None:
    folder = lake.file("out/_temporary/0")
    folder.mkdir(parents=True)
    (folder / "part-0.csv").write_bytes(b"half")
    lake.file("out/part-1.csv").write_bytes(b"whole")
    lake.sync()
    assert lake.keys() == ["out/part-1.csv"]
    (folder / "part-0.csv").rename(lake.file("out/part-0.csv"))
    lake.sync()
    assert lake.keys() == ["out/part-0.csv", "out/part-1.csv"]


def test_sync_keeps_escaped_objects(lake: Lake) -> None:
    lake.put("a", b"1")
    lake.put("a/b", b"2")
    lake.put("../x", b"3")
    lake.sync()
    assert lake.keys() == ["../x", "a", "a/b"]


def test_a_linked_file_is_no_object(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret"
    secret.write_bytes(b"secret")
    lake.file("link").symlink_to(secret)
    lake.file("folder").symlink_to(secret.parent)
    assert lake.read("link") is None
    assert lake.read("folder/secret") is None
    lake.sync()
    assert lake.keys() == []
    lake.put("link", b"mine")
    lake.put("folder/secret", b"mine")
    assert lake.read("link") == b"mine"
    assert lake.read("folder/secret") == b"mine"
    lake.delete("folder/secret")
    lake.delete("link")
    assert secret.read_bytes() == b"secret"


@pytest.mark.parametrize("key", ["../b2/x", "../../state/store.sqlite", "..", "/etc/passwd"])
def test_no_key_leaves_its_bucket(lake: Lake, key: str) -> None:
    (lake.settings.lake_dir / "b2").mkdir()
    (lake.settings.lake_dir / "b2" / "x").write_bytes(b"other")
    assert lake.read(key) is None
    lake.put(key, b"mine")
    lake.delete(key)
    assert (lake.settings.lake_dir / "b2" / "x").read_bytes() == b"other"
    assert lake.stat("b2") is None


def test_a_pipe_dropped_into_the_lake_stops_nobody(lake: Lake) -> None:
    os.mkfifo(lake.file("pipe"))
    assert lake.read("pipe") is None
    lake.sync()
    assert lake.keys() == []


def test_a_folder_at_the_place_of_a_key_is_no_object(lake: Lake) -> None:
    lake.file("d").mkdir()
    assert lake.read("d") is None
    assert lake.delete("d") is None
    lake.put("d", b"1")
    assert (lake.read("d"), lake.file("d").is_dir()) == (b"1", True)


def test_our_own_writes_do_not_make_a_listing_read_folders_again(lake: Lake) -> None:
    for n in range(5):
        lake.put(f"d/{n}", b"")
    os.utime(lake.file("d"), ns=(10**18, 10**18))
    os.utime(lake.file(""), ns=(10**18, 10**18))
    lake.engine.forget()
    assert len(lake.keys()) == 5
    seen = lake.engine._reconciler._seen[str(lake.file("d").resolve())]
    assert seen.mtime_ns == 10**18
    lake.put("d/6", b"")
    lake.delete("d/1")
    seen = lake.engine._reconciler._seen[str(lake.file("d").resolve())]
    assert seen.mtime_ns == lake.file("d").stat().st_mtime_ns


def test_names_that_collide_by_case_are_kept_apart(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a case-folding file system answers, as far as the engine asks.
    places = lake.engine._places
    monkeypatch.setattr(places, "folds_case", True)
    lake.put("Data/x", b"1")
    assert places.is_exact(places.plain("b", "Data/x"))
    monkeypatch.setattr(os.path, "lexists", lambda path: True)
    assert not places.is_exact(places.plain("b", "data/x"))
    lake.put("data/x", b"2")
    assert (lake.read("Data/x"), lake.read("data/x")) == (b"1", b"2")
    assert not lake.file("data").exists()


def test_an_edit_by_hand_keeps_what_is_not_about_the_bytes(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.put_version("k", b"1", "")
    lake.put_version("k", b"2", "v2")
    lake.file("k").write_bytes(b"edited")
    lake.sync()
    assert lake.versions() == [("k", "v2", True, b"edited"), ("k", "", False, b"1")]
    lake.close()


def test_a_folder_that_was_copied_with_its_times_holds_the_same_objects(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "one")
    known = lake.put("k", b"bytes")
    lake.close()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    lake = Lake(tmp_path / "two")
    lake.sync()
    found = lake.stat("k")
    assert found is not None
    assert (found.etag, found.metadata) == (known.etag, known.metadata)
    assert lake.file("k").stat().st_ino != known.inode
    lake.close()


def test_an_object_is_not_taken_for_the_one_it_replaces(lake: Lake) -> None:
    with lake.transaction() as place:
        old, new = lake.spool(b"old"), lake.spool(b"new")
        for body in (old, new):
            os.utime(body, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
        found = StoredObject("b", "k", 3, "etag", 1.0)
        lake.engine.put(place, found, old)
    with lake.transaction() as place:
        lake.engine.put(place, found, new)
        assert lake.read_in(place, "k") == b"new"
    assert lake.read("k") == b"new"
