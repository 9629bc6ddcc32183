"""What every store must keep, whatever it is built on. A new one is added to `STORES`."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.store import Range, StoreError, Table
from lakebed.store.leases import acquire, release
from lakebed.store.sqlite import SqliteStore

STORES = {"sqlite": lambda folder: SqliteStore(folder / "store.sqlite")}


@dataclass(frozen=True, slots=True)
class Note:
    table: str
    number: int
    text: str = ""
    tags: tuple[str, ...] = ()


NOTES = Table(
    "note", Note, key=("table", "number"), numbers=("number",), indexes={"by_text": ("text",)}
)
NAMES = Table("plain_name", Note, key=("table",), everywhere=True)


REMEMBERED = Table("remembered_note", Note, key=("table",), everywhere=True, remembered=True)


@dataclass
class Place:
    store: object
    account: str = "111111111111"
    region: str = "us-east-1"


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def test_a_row_comes_back_as_it_was(store):
    with store.transaction() as transaction:
        NOTES.put(Place(transaction), Note("a", 1, "naïve 🎉 \x00", ("x", "y")))
    with store.transaction() as transaction:
        assert NOTES.get(Place(transaction), "a", 1) == Note("a", 1, "naïve 🎉 \x00", ("x", "y"))
        assert NOTES.get(Place(transaction), "a", 2) is None


def test_accounts_and_regions_do_not_see_each_other(store):
    with store.transaction() as transaction:
        NOTES.put(Place(transaction), Note("a", 1))
        NAMES.put(Place(transaction), Note("a", 1))
        other = Place(transaction, region="eu-west-1")
        assert list(NOTES.scan(other)) == []
        assert NAMES.get(other, "a") == Note("a", 1)


def test_insert_does_not_overwrite(store):
    with store.transaction() as transaction:
        place = Place(transaction)
        assert NOTES.insert(place, Note("a", 1, "first")) is True
        assert NOTES.insert(place, Note("a", 1, "second")) is False
        assert NOTES.get(place, "a", 1) == Note("a", 1, "first")


def test_delete_says_whether_there_was_something(store):
    with store.transaction() as transaction:
        place = Place(transaction)
        NOTES.put(place, Note("a", 1))
        assert (NOTES.delete(place, "a", 1), NOTES.delete(place, "a", 1)) == (True, False)


def test_ranges_of_keys(store):
    with store.transaction() as transaction:
        place = Place(transaction)
        for table, number in (("a", 2), ("a", 10), ("a", 1), ("b", 5)):
            NOTES.put(place, Note(table, number))

        def numbers(span):
            return [note.number for note in NOTES.scan(place, span)]

        assert numbers(Range()) == [1, 2, 10, 5]
        assert numbers(Range(("a",))) == [1, 2, 10]
        assert numbers(Range(("a",), reverse=True, limit=2)) == [10, 2]
        assert numbers(Range(("a",), after=(2,))) == [10]
        assert numbers(Range(("a",), after=(2,), reverse=True)) == [1]
        assert numbers(Range(("a",), start=(2,), end=(10,))) == [2]
        assert NOTES.count(place, "a") == 3
        assert NOTES.delete_range(place, Range(("a",), end=(10,))) == 2
        assert numbers(Range()) == [10, 5]


def test_an_index_is_another_order(store):
    with store.transaction() as transaction:
        place = Place(transaction)
        for number, text in ((1, "b"), (2, "a"), (3, "c")):
            NOTES.put(place, Note("t", number, text))
        NOTES.put(place, Note("t", 1, "z"))
        ordered = [note.number for note in NOTES.scan(place, Range(index="by_text"))]
        assert ordered == [2, 3, 1]


@given(st.lists(st.text(max_size=4), unique=True, max_size=12))
def test_text_keys_sort_by_their_bytes(tmp_path_factory, names):
    opened = SqliteStore(tmp_path_factory.mktemp("s") / "store.sqlite")
    with opened.transaction() as transaction:
        for name in names:
            NAMES.put(Place(transaction), Note(name, 0))
        found = [note.table for note in NAMES.scan(Place(transaction))]
    opened.close()
    assert found == sorted(names, key=lambda name: name.encode("utf-8", "surrogatepass"))


def test_a_raise_undoes_the_transaction(store):
    with contextlib.suppress(ZeroDivisionError), store.transaction() as transaction:
        NOTES.put(Place(transaction), Note("a", 1))
        _ = 1 / 0
    with store.transaction() as transaction:
        assert NOTES.get(Place(transaction), "a", 1) is None


def test_a_savepoint_undoes_its_own_writes_and_callbacks_only(store):
    called = []
    with store.transaction() as transaction:
        place = Place(transaction)
        NOTES.put(place, Note("kept", 1))
        transaction.after_commit(lambda: called.append("outer"))
        with contextlib.suppress(ZeroDivisionError), transaction.savepoint():
            NOTES.put(place, Note("undone", 1))
            transaction.after_commit(lambda: called.append("inner"))
            _ = 1 / 0
        with transaction.savepoint():
            NOTES.put(place, Note("kept", 2))
            with contextlib.suppress(ZeroDivisionError), transaction.savepoint():
                NOTES.delete(place, "kept", 1)
                _ = 1 / 0
        assert called == []
    assert called == ["outer"]
    with store.transaction() as transaction:
        found = list(NOTES.scan(Place(transaction)))
        assert found == [Note("kept", 1), Note("kept", 2)]


def test_what_is_committed_is_there_for_the_next_process(store, tmp_path):
    with store.transaction() as transaction:
        NOTES.put(Place(transaction), Note("a", 1))
    store.sync()
    again = SqliteStore(tmp_path / "store.sqlite")
    with again.transaction() as transaction:
        assert NOTES.get(Place(transaction), "a", 1) == Note("a", 1)
    again.close()


def test_two_threads_lose_no_write(store):
    def add(table):
        for number in range(50):
            with store.transaction() as transaction:
                NOTES.put(Place(transaction), Note(table, number))

    threads = [threading.Thread(target=add, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as transaction:
        assert NOTES.count(Place(transaction)) == 100


def test_clear_leaves_nothing(store):
    with store.transaction() as transaction:
        NOTES.put(Place(transaction), Note("a", 1))
    store.clear()
    with store.transaction() as transaction:
        assert list(NOTES.scan(Place(transaction))) == []


def test_a_failing_statement_is_a_store_error(store):
    broken = Table("note", Note, key=("missing_column",))
    with store.transaction() as transaction:
        NOTES.put(Place(transaction), Note("a", 1))
        with pytest.raises(StoreError):
            transaction.get(broken.layout, ("1", "r", "x"))


def test_a_lease_has_one_owner_until_it_runs_out(store):
    with store.transaction() as transaction:
        place = Place(transaction)
        assert acquire(place, "crawl", "one", now=100.0, seconds=10) is True
        assert acquire(place, "crawl", "two", now=109.0, seconds=10) is False
        assert acquire(place, "crawl", "one", now=109.0, seconds=10) is True
        assert acquire(place, "crawl", "two", now=118.0, seconds=10) is False
        assert acquire(place, "crawl", "two", now=120.0, seconds=10) is True
        assert release(place, "crawl", "one") is False
        assert release(place, "crawl", "two") is True
        assert acquire(place, "crawl", "one", now=121.0, seconds=10) is True


def test_a_lease_from_before_the_clock_was_set_back_is_void(store):
    with store.transaction() as transaction:
        place = Place(transaction)
        assert acquire(place, "crawl", "one", now=100_000.0, seconds=10) is True
        assert acquire(place, "crawl", "two", now=99_999.0, seconds=10) is False
        assert acquire(place, "crawl", "two", now=50_000.0, seconds=10) is True


def test_the_log_does_not_grow_for_ever(tmp_path):
    from lakebed.core.limits import WRITE_AHEAD_LOG_BYTES_MAX

    store = SqliteStore(tmp_path / "store.sqlite")
    log = tmp_path / "store.sqlite-wal"
    due = []
    for number in range(60):
        with store.transaction() as transaction:
            NOTES.put(Place(transaction), Note("a", number, "x" * 1_000_000))
        due.append(store.checkpoint_if_due())
        assert log.stat().st_size < WRITE_AHEAD_LOG_BYTES_MAX * 2
    store.close()
    # Once in so many writes, and not at each one from the first time on.
    assert 1 <= sum(due) <= 10


_WRITES = st.lists(
    st.tuples(
        st.sampled_from(
            ["put", "delete", "delete_range", "undone", "rollback", "commit", "thread"]
        ),
        st.sampled_from("ab"),
    ),
    max_size=25,
)


@given(steps=_WRITES)
def test_remembered_rows_are_those_of_the_store(tmp_path_factory, steps):
    store = SqliteStore(tmp_path_factory.mktemp("remembered") / "store.sqlite")
    main = Place(store.main)
    kept, seen = {}, {}
    for count, (step, name) in enumerate(steps):
        if step == "put":
            REMEMBERED.put(main, Note(name, count))
            seen[name] = count
        elif step == "delete":
            REMEMBERED.delete(main, name)
            seen.pop(name, None)
        elif step == "delete_range":
            REMEMBERED.delete_range(main, Range((name,)))
            seen.pop(name, None)
        elif step == "undone":
            with contextlib.suppress(KeyError), store.main.savepoint():
                REMEMBERED.put(main, Note(name, -1))
                assert REMEMBERED.get(main, name) == Note(name, -1)
                raise KeyError
        elif step == "rollback":
            store.main.rollback()
            seen = dict(kept)
        else:
            store.main.commit()
            if step == "thread":
                with store.transaction() as other:
                    REMEMBERED.put(Place(other), Note(name, count))
                seen[name] = count
            kept = dict(seen)
        for one in "ab":
            expected = Note(one, seen[one]) if one in seen else None
            assert REMEMBERED.get(main, one) == expected
    store.main.rollback()
    store.clear()
    assert REMEMBERED.get(main, "a") is None
    store.close()


def test_a_remembered_row_is_read_once(store):
    with store.transaction() as transaction:
        REMEMBERED.put(Place(transaction), Note("a", 1))
    main = Place(store.main)
    assert REMEMBERED.get(main, "a") is REMEMBERED.get(main, "a")
