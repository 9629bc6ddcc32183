"""The pool of workers: turns, limits, cancel, and what a killed process leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from lakebed.engines.sql import Limits, SqlFailure
from lakebed.engines.sql.duckdb.admission import Admission

LONG = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), "
    "UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 100)) c(z) WHERE x * y % 7 = 3"
)
SMALL = Limits(memory_bytes=256 << 20, threads=1)


async def begun(console, text, **more):
    """Start a query and wait until it runs."""
    running = asyncio.Event()
    query = console.query(text, **more)
    task = asyncio.ensure_future(console.engine.run(query, console.lake, running.set))
    await running.wait()
    await asyncio.sleep(0.3)
    return query, task


def pids(console):
    return [worker.process.pid for worker in console.engine._workers]


def queries(console):
    """Return how many queries each worker has been given."""
    return {worker: worker.queries for worker in console.engine._workers}


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_places_go_to_the_workgroup_that_holds_fewest_then_in_turn():
    async def scene():
        admission, order = Admission(2), []

        async def work(group, name):
            await admission.enter(group)
            order.append(name)
            await asyncio.sleep(0)
            admission.leave(group)

        tasks = [asyncio.ensure_future(work("a", f"a{n}")) for n in range(6)]
        tasks += [asyncio.ensure_future(work(group, group)) for group in ("b", "c")]
        await asyncio.sleep(0)
        assert admission.waiting == 6
        await asyncio.gather(*tasks)
        assert admission.waiting == 0
        return order

    order = asyncio.run(scene())
    assert order[:2] == ["a0", "a1"]
    assert order[2] == "b"
    assert set(order[3:5]) == {"a2", "c"}
    assert order[5:] == ["a3", "a4", "a5"]


def test_a_workgroup_holds_no_more_than_its_places():
    async def scene():
        admission = Admission(4, 2)
        first = [asyncio.ensure_future(admission.enter("a")) for _ in range(3)]
        other = asyncio.ensure_future(admission.enter("b"))
        await asyncio.sleep(0)
        held = [task.done() for task in [*first, other]]
        first[2].cancel()
        await asyncio.sleep(0)
        return held, admission.waiting

    assert asyncio.run(scene()) == ([True, True, False, True], 0)


def test_a_cancelled_wait_gives_its_place_on():
    async def scene():
        admission = Admission(1)
        await admission.enter("a")
        second, third = (asyncio.ensure_future(admission.enter("a")) for _ in range(2))
        await asyncio.sleep(0)
        admission.leave("a")
        second.cancel()  # it has its place already, and does not know
        await asyncio.wait({third}, timeout=1)
        return third.done()

    assert asyncio.run(scene())


def test_a_stopped_query_is_gone_and_its_process_too(console):
    async def scene():
        query, task = await begun(console, LONG, limits=SMALL)
        before = pids(console)
        assert await console.engine.stop(query.id)
        outcome = await asyncio.wait_for(task, 10)  # the query itself would take hours
        assert (outcome.state, outcome.error) == ("CANCELLED", None)
        assert (outcome.statement_type, outcome.substatement_type) == ("DML", "SELECT")
        until = time.monotonic() + 10
        while all(map(alive, before)) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        assert not all(map(alive, before))
        assert not await console.engine.stop(query.id)

    console.wait(scene())


def test_a_waiting_query_is_stopped_without_a_worker(console):
    async def scene():
        running = [await begun(console, LONG, limits=SMALL) for _ in range(2)]
        waiting = console.query("SELECT 1")
        task = asyncio.ensure_future(console.engine.run(waiting, console.lake))
        await asyncio.sleep(0.05)
        counts = [console.engine.waiting]
        await console.engine.stop(waiting.id)
        outcome = await task
        counts.append(console.engine.waiting)
        for query, _ in running:
            await console.engine.stop(query.id)
        return outcome.state, counts, [(await task).state for _, task in running]

    assert console.wait(scene()) == ("CANCELLED", [1, 0], ["CANCELLED", "CANCELLED"])


def test_a_process_killed_by_the_system_fails_its_query_alone(console):
    async def scene():
        before = queries(console)
        _, task = await begun(console, LONG, limits=SMALL)
        busy = next(one for one, count in queries(console).items() if count > before.get(one, 0))
        other = asyncio.ensure_future(
            console.engine.run(console.query("SELECT 1", limits=SMALL), console.lake)
        )
        os.kill(busy.process.pid, signal.SIGKILL)
        return await task, await other

    killed, other = console.wait(scene())
    assert killed.error == SqlFailure(
        "GENERIC_INTERNAL_ERROR",
        "The process that ran the query was ended by the system, probably for memory",
        1,
        200,
        True,
    )
    assert other.state == "SUCCEEDED"
    assert console.rows("SELECT 1") == [["1"]]


def test_a_query_that_runs_too_long_times_out(console):
    outcome = console.run(LONG, limits=Limits(memory_bytes=256 << 20, threads=1, seconds_max=0.5))
    assert outcome.error == SqlFailure(
        "EXCEEDED_TIME_LIMIT", "Query exceeded the maximum run time of 0 s", 1, 206
    )


def test_a_query_that_needs_more_memory_spills_and_one_that_cannot_says_so(console):
    small = Limits(memory_bytes=32 << 20, threads=1)
    wide = (
        "SELECT lpad(cast(x * y AS varchar), 60, 'x') AS s "
        "FROM UNNEST(sequence(1, 10000)) t(x), UNNEST(sequence(1, 30)) u(y)"
    )
    outcome = console.ok(f"SELECT s FROM ({wide}) ORDER BY s DESC", limits=small)
    assert outcome.row_count == 300_000
    outcome = console.run(f"SELECT array_agg(s) FROM ({wide})", limits=small)
    assert outcome.error is not None
    assert (outcome.error.name, outcome.error.category, outcome.error.type_code) == (
        "EXCEEDED_LOCAL_MEMORY_LIMIT", 1, 1,
    )  # fmt: skip


def test_a_query_that_reads_too_much_is_cancelled_with_its_bytes(console):
    console.lake.write("b", "big/a.csv", (b"x" * 99 + b"\n") * 200_000)
    console.ok("CREATE EXTERNAL TABLE big (s string) LOCATION 's3://b/big/'")
    outcome = console.run("SELECT max(s) FROM big", bytes_scanned_max=10_000_000)
    assert (outcome.state, outcome.error.message) == (
        "CANCELLED", "Bytes scanned limit was exceeded",
    )  # fmt: skip
    assert 10_000_000 < outcome.data_scanned_bytes < 40_000_000
    assert console.run("SELECT max(s) FROM big", bytes_scanned_max=30_000_000).state == "SUCCEEDED"
    console.ok("DROP TABLE big")


def test_fifty_queries_at_once_all_end(console):
    async def scene():
        queries = [
            console.query(
                f"SELECT count(*), sum(x) FROM UNNEST(sequence(1, {9_000 + n})) t(x)",
                limits=SMALL, work_group=f"g{n % 3}",
            )
            for n in range(50)
        ]  # fmt: skip
        return await asyncio.gather(*(console.engine.run(one, console.lake) for one in queries))

    outcomes = console.wait(scene())
    found = [outcome.result.read_text().splitlines()[1].split(",")[0] for outcome in outcomes]
    assert found == [f'"{9_000 + n}"' for n in range(50)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT x", ("COLUMN_NOT_FOUND", 2, 1006)),
        ("SELECT 1 / 0", ("DIVISION_BY_ZERO", 2, 1001)),
        ("SELECT nope(1)", ("FUNCTION_NOT_FOUND", 2, 1303)),
        ("SELECT 1 = 'a'", ("TYPE_MISMATCH", 2, 1002)),
        ("SELECT CAST('x' AS integer)", ("INVALID_CAST_ARGUMENT", 2, 1100)),
        ("SELECT * FROM nope", ("TABLE_NOT_FOUND", 2, 1301)),
        ("SELECT * FROM nope.nope", ("SCHEMA_NOT_FOUND", 2, 1301)),
        ("SELEC 1", ("SYNTAX_ERROR", 2, 1006)),
    ],
)
def test_failures_have_athenas_category_and_type(console, text, expected):
    error = console.run(text).error
    assert (error.name, error.category, error.type_code) == expected
    assert not error.retryable
