"""Group commit: answers leave after the commit that holds their writes, or not as a success."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from lakebed.dispatch.commits import GroupCommit, settling
from lakebed.store import StoreError, Table
from lakebed.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    number: int = 0


ROWS = Table("row_of_test", Row, key=("name",), everywhere=True)
QUIET = Table("quiet_row_of_test", Row, key=("name",), everywhere=True, durable=False)


@dataclass
class Place:
    store: object
    account: str = ""
    region: str = ""


class Recorder:
    """Counts what GroupCommit does to its store."""

    def __init__(self, store):
        self.store = store
        self.main = store.main
        self.commits = 0
        self.syncs = 0
        self.fails = False
        commit = store.main.commit

        def counted():
            self.commits += 1
            if self.fails:
                store.main.rollback()
                raise StoreError("database or disk is full")
            return commit()

        store.main.commit = counted

    def transaction(self, deliver=None):
        return self.store.transaction(deliver)

    def sync(self):
        self.syncs += 1
        self.store.sync()

    def checkpoint_if_due(self):
        return self.store.checkpoint_if_due()


@pytest.fixture
def run(tmp_path):
    def go(scenario):
        async def main():
            store = SqliteStore(tmp_path / "store.sqlite")
            recorder = Recorder(store)
            with ThreadPoolExecutor(2) as threads:
                result = await scenario(recorder, GroupCommit(recorder, threads))
            store.close()
            return result

        return asyncio.run(main())

    return go


def put(table, name, number=0):
    return lambda store: table.put(Place(store), Row(name, number))


def names(store):
    with store.transaction() as transaction:
        return [row.name for row in ROWS.scan(Place(transaction))]


async def gathered(commits, works, submit="submit"):
    answers = []
    done = asyncio.Event()

    def answer(result, error):
        answers.append(error or result)
        if len(answers) == len(works):
            done.set()

    for work in works:
        getattr(commits, submit)(work, answer)
    early = list(answers)
    await asyncio.wait_for(done.wait(), 5)
    return early, answers


def test_many_writes_of_a_turn_share_one_commit_and_one_sync(run):
    async def scenario(store, commits):
        early, answers = await gathered(commits, [put(ROWS, f"r{n}") for n in range(20)])
        return early, len(answers), store.commits, store.syncs, len(names(store))

    assert run(scenario) == ([], 20, 1, 1, 20)


@pytest.mark.parametrize("syncs_first", [False, True])
def test_what_follows_a_commit_may_wait_for_its_sync(tmp_path, syncs_first):
    seen = []

    async def main():
        recorder = Recorder(SqliteStore(tmp_path / "store.sqlite"))

        def work(store):
            put(ROWS, "r")(store)
            store.after_commit(lambda: seen.append(recorder.syncs))

        with ThreadPoolExecutor(2) as threads:
            commits = GroupCommit(recorder, threads, syncs_first=syncs_first)
            await gathered(commits, [work])
        recorder.store.close()

    asyncio.run(main())
    assert seen == [int(syncs_first)]


def test_what_is_kept_beside_the_rows_is_flushed_once_before_answers_leave(run):
    flushed = []

    def flush():
        flushed.append(threading.current_thread().name)

    async def scenario(store, commits):
        early, answers = await gathered(commits, [lambda tx: tx.flush_first(flush)] * 3)
        return early, len(answers), store.syncs

    assert run(scenario) == ([], 3, 0)
    assert len(flushed) == 1
    assert flushed[0] != threading.current_thread().name


def test_a_failed_flush_is_the_answer(run):
    def flush():
        raise StoreError("the disk is full")

    async def scenario(store, commits):
        _, answers = await gathered(commits, [lambda tx: tx.flush_first(flush)])
        return [str(error) for error in answers]

    assert run(scenario) == ["the disk is full"]


@pytest.mark.parametrize("fails", [False, True])
def test_long_work_is_flushed_before_its_answer(run, fails):
    flushed = []

    def flush():
        flushed.append(1)
        if fails:
            raise StoreError("the disk is full")

    async def scenario(store, commits):
        done = asyncio.get_running_loop().create_future()
        commits.submit_long(lambda tx: tx.flush_first(flush), settling(done))
        try:
            return await done
        except StoreError as error:
            return str(error)

    assert run(scenario) == ("the disk is full" if fails else None)
    assert flushed == [1]


def test_a_table_that_is_not_durable_costs_no_sync(run):
    async def scenario(store, commits):
        await gathered(commits, [put(QUIET, "q")])
        return store.commits, store.syncs

    assert run(scenario) == (1, 0)


def test_the_log_is_checkpointed_where_nothing_is_synced(run, monkeypatch):
    monkeypatch.setattr("lakebed.dispatch.commits.COMMITS_UNCHECKED_MAX", 3)
    checked = []

    async def scenario(store, commits):
        store.checkpoint_if_due = lambda: checked.append(store.commits)
        for number in range(7):
            await gathered(commits, [put(QUIET, f"q{number}")])

    run(scenario)
    assert len(checked) == 2


def test_a_read_alone_is_answered_at_once(run):
    async def scenario(store, commits):
        await gathered(commits, [put(ROWS, "a")])
        early, _ = await gathered(commits, [lambda s: ROWS.get(Place(s), "a")])
        return early, store.commits

    assert run(scenario) == ([Row("a")], 1)


def test_a_read_that_could_see_the_uncommitted_waits_for_the_commit(run):
    async def scenario(store, commits):
        works = [put(ROWS, "a"), lambda s: ROWS.get(Place(s), "a")]
        return await gathered(commits, works)

    assert run(scenario) == ([], [None, Row("a")])


def test_a_failed_unit_is_undone_alone(run):
    def fails(store):
        ROWS.put(Place(store), Row("undone"))
        raise ValueError("no")

    async def scenario(store, commits):
        _, answers = await gathered(commits, [put(ROWS, "a"), fails, put(ROWS, "b")])
        return [type(answer) for answer in answers], names(store)

    assert run(scenario) == ([type(None), ValueError, type(None)], ["a", "b"])


def test_a_failed_commit_fails_every_answer_that_waited(run):
    called = []

    def with_callback(store):
        ROWS.put(Place(store), Row("a"))
        store.after_commit(lambda: called.append("never"))

    async def scenario(store, commits):
        store.fails = True
        _, answers = await gathered(commits, [with_callback, put(ROWS, "b")])
        store.fails = False
        await gathered(commits, [put(ROWS, "c")])
        return [type(answer) for answer in answers], names(store)

    assert run(scenario) == ([StoreError, StoreError], ["c"])
    assert called == []


def test_a_failed_callback_fails_its_own_unit_only(run):
    def with_callback(store):
        ROWS.put(Place(store), Row("a"))

        def fail():
            raise OSError("rename failed")

        store.after_commit(fail)

    async def scenario(store, commits):
        _, answers = await gathered(commits, [with_callback, put(ROWS, "b")])
        return [type(answer) for answer in answers]

    assert run(scenario) == [OSError, type(None)]


def test_a_failed_sync_fails_the_answers_that_waited_for_it(run):
    async def scenario(store, commits):
        def sync():
            raise OSError("input/output error")

        store.sync = sync
        _, answers = await gathered(commits, [put(ROWS, "a")])
        return [type(answer) for answer in answers]

    assert run(scenario) == [OSError]


def test_long_work_runs_in_a_thread_and_its_callbacks_on_the_loop(run):
    import threading

    seen = {}

    def work(store):
        seen["work"] = threading.current_thread()
        ROWS.put(Place(store), Row("a"))
        store.after_commit(lambda: seen.update(callback=threading.current_thread()))
        return "done"

    async def scenario(store, commits):
        _, answers = await gathered(commits, [work], "submit_long")
        return answers, names(store)

    assert run(scenario) == (["done"], ["a"])
    assert seen["work"] is not threading.main_thread()
    assert seen["callback"] is threading.main_thread()
