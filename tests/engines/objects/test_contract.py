"""What every object engine promises, whatever it keeps its bytes in."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.objects import StoredObject, after_prefix
from tests.engines.objects.lake import Lake

ODD_KEYS = [
    "/", "//", "a//b", "a/", "/a", ".", "..", "../x", "a/../../x", "./a", "a/.", "é/ü", "a\\b",
    "x" * 256, "x" * 1024, "y/" * 511, "nul\0byte", "new\nline", " ", "…/", "a/b/.../c",
    ".lakebed", "%2e%2e/x", "\U0001f30a",
]  # fmt: skip


def test_what_was_put_is_read_back(lake: Lake) -> None:
    kept = lake.put("a/b", b"hello")
    assert lake.read("a/b") == b"hello"
    assert lake.stat("a/b") == kept
    assert kept == StoredObject(
        "b", "a/b", 5, hashlib.md5(b"hello").hexdigest(), 1.0, {"ContentType": "x"}, {"a": "b"},
        mtime_ns=kept.mtime_ns, inode=kept.inode,
    )  # fmt: skip


def test_an_overwrite_replaces_the_whole(lake: Lake) -> None:
    lake.put("k", b"long long")
    lake.put("k", b"s")
    assert lake.read("k") == b"s"
    assert lake.keys() == ["k"]


def test_a_deleted_object_is_gone(lake: Lake) -> None:
    lake.put("a/b/c", b"1")
    assert lake.delete("a/b/c") is not None
    assert lake.delete("a/b/c") is None
    assert lake.read("a/b/c") is None
    assert lake.keys() == []


def test_what_is_rolled_back_never_was(lake: Lake) -> None:
    lake.put("k", b"old")
    lake.put_and_undo(("k", b"new"), ("other", b"new"))
    assert lake.read("k") == b"old"
    assert lake.read("other") is None
    assert lake.keys() == ["k"]
    lake.put("k", b"newer")
    assert lake.read("k") == b"newer"


def test_a_write_is_seen_before_its_transaction_ends(lake: Lake) -> None:
    lake.put("k", b"old")
    with lake.transaction() as place:
        lake.put_in(place, "k", b"new")
        assert lake.read_in(place, "k") == b"new"
        lake.put_in(place, "k", b"newer")
        assert lake.read_in(place, "k") == b"newer"
    assert lake.read("k") == b"newer"


def test_put_and_delete_in_one_transaction_leave_nothing(lake: Lake) -> None:
    with lake.transaction() as place:
        lake.put_in(place, "d/k", b"new")
        assert lake.engine.delete(place, "b", "d/k") is not None
        assert lake.read_in(place, "d/k") is None
    assert lake.read("d/k") is None
    lake.sync()
    assert lake.keys() == []


def test_delete_and_put_in_one_transaction_leave_the_new(lake: Lake) -> None:
    lake.put("d/k", b"old")
    with lake.transaction() as place:
        lake.engine.delete(place, "b", "d/k")
        lake.put_in(place, "d/k", b"new")
    assert lake.read("d/k") == b"new"


def test_a_key_and_keys_below_it_in_one_transaction(lake: Lake) -> None:
    with lake.transaction() as place:
        lake.put_in(place, "a", b"1")
        lake.put_in(place, "a/b", b"2")
        lake.put_in(place, "a/b/c", b"3")
        lake.put_in(place, "z/b", b"4")
        lake.put_in(place, "z", b"5")
    lake.sync()
    assert [lake.read(key) for key in ("a", "a/b", "a/b/c", "z/b", "z")] == [
        b"1", b"2", b"3", b"4", b"5",
    ]  # fmt: skip
    assert lake.keys() == ["a", "a/b", "a/b/c", "z", "z/b"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_is_an_object_like_others(lake: Lake, key: str) -> None:
    lake.put("a", b"plain")
    lake.put(key, b"odd")
    lake.sync()
    assert lake.read(key) == b"odd"
    assert lake.keys() == sorted({"a", key}, key=str.encode)
    assert lake.delete(key)
    assert lake.read(key) is None
    assert lake.keys() == ["a"]


def test_the_file_of_every_object_can_be_read_directly(lake: Lake) -> None:
    for key in ("a", "a/b", "c/d", "../e"):
        lake.put(key, key.encode())
        assert lake.engine.local_path("b", key).read_bytes() == key.encode()


def test_a_listing_begins_and_ends_where_it_is_told(lake: Lake) -> None:
    for key in ("a", "b/1", "b/2", "b/3", "b0", "c"):
        lake.put(key, b"")
    assert lake.keys("b/") == ["b/1", "b/2", "b/3"]
    assert lake.keys("b/", "b/1") == ["b/2", "b/3"]
    assert lake.keys("b/", "a") == ["b/1", "b/2", "b/3"]
    assert lake.keys("b/", "b/1", 1) == ["b/2"]
    assert lake.keys("", "b/3") == ["b0", "c"]


def test_what_a_crash_interrupts_is_finished_at_the_next_start(lake: Lake) -> None:
    lake.put("k", b"old")
    lake.put_and_crash("k", b"new")
    lake.put_and_crash("d/e", b"fresh")
    lake.put_and_crash("../odd", b"odd")
    lake.reopen()
    assert lake.read("k") == b"new"
    assert lake.read("d/e") == b"fresh"
    assert lake.read("../odd") == b"odd"
    assert lake.keys() == ["../odd", "d/e", "k"]


def test_a_body_without_a_row_is_cleaned_up(lake: Lake) -> None:
    path = lake.spool(b"left behind")
    lake.reopen()
    assert not path.exists()


def test_a_rename_that_was_done_is_not_undone_by_recovery(lake: Lake) -> None:
    for n in range(200):
        lake.put("k", str(n).encode())
    lake.delete("k")
    lake.reopen()
    assert lake.read("k") is None


def test_a_removed_bucket_leaves_nothing(lake: Lake) -> None:
    lake.put("d/k", b"1")
    lake.put("../odd", b"1")
    lake.delete("d/k")
    lake.delete("../odd")
    with lake.transaction() as place:
        lake.engine.remove_bucket(place, "b")
    assert list(lake.settings.lake_dir.iterdir()) == []
    assert list((lake.settings.state_dir / "odd").iterdir()) == []


def test_parts_are_joined_in_the_order_given(lake: Lake) -> None:
    parts = lake.engine.parts
    one = parts.keep("u", 1, lake.spool(b"one"))
    two = parts.keep("u", 2, lake.spool(b"two"))
    again = parts.keep("u", 1, lake.spool(b"ONE"))
    parts.drop("u", one)
    assert parts.join("u", [(again, 3), (two, 3)]).read_bytes() == b"ONEtwo"
    parts.drop("u")
    with pytest.raises(FileNotFoundError):
        parts.join("u", [(two, 3)])
    parts.drop("u")


def test_parts_survive_a_restart(lake: Lake) -> None:
    name = lake.engine.parts.keep("u", 1, lake.spool(b"one"))
    lake.reopen()
    assert lake.engine.parts.join("u", [(name, 3)]).read_bytes() == b"one"


KEYS = st.one_of(
    st.sampled_from(["a", "a/b", "a/b/c", "b", "b/", "b//c", "..", "x/../y", "A", "a/b/d"]),
    st.text(st.sampled_from("ab/.é"), min_size=1, max_size=8),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["put", "put", "put", "delete", "crash", "crash in delete", "undo", "reopen", "sync"]
        ),
        KEYS,
        st.binary(max_size=6),
    ),
    max_size=30,
)


@given(STEPS)
def test_any_sequence_of_steps_leaves_what_a_dictionary_would(
    steps: list[tuple[str, str, bytes]],
) -> None:
    model: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for step, key, data in steps:
            if step == "put":
                lake.put(key, data)
                model[key] = data
            elif step == "delete":
                assert (lake.delete(key) is None) == (model.pop(key, None) is None)
            elif step == "crash":
                lake.put_and_crash(key, data)
                lake.reopen()
                model[key] = data
            elif step == "crash in delete":
                lake.delete_and_crash(key)
                lake.reopen()
                model.pop(key, None)
            elif step == "undo":
                lake.put_and_undo((key, data))
            elif step == "reopen":
                lake.reopen()
            else:
                lake.sync()
            assert lake.read(key) == model.get(key)
        lake.sync()
        assert lake.keys() == sorted(model, key=str.encode)
        assert {key: lake.read(key) for key in model} == model
        lake.close()


@given(st.text(max_size=3), st.text(max_size=5))
def test_what_comes_after_a_prefix_is_exact(prefix: str, text: str) -> None:
    beyond = after_prefix(prefix)
    if beyond is None:
        assert set(prefix) <= {"\U0010ffff"}
    else:
        is_before = text.encode() < beyond.encode()
        assert is_before == (text < prefix or text.startswith(prefix))
