"""What every stream engine promises, asked of the embedded one."""

import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lakebed.engines.stream import Ends, Lines, StreamError
from lakebed.engines.stream.segments import files as segment_files
from lakebed.engines.stream.segments import store as segments_store
from lakebed.engines.stream.segments.store import SegmentStore


def line(time, text):
    return b'{"ApproximateArrivalTimestamp":%.3f,"Data":"%s"},\n' % (time, text.encode())


def append(engine, log, time, *texts):
    def lines(first, time):
        return b"".join(line(time, text) for text in texts)

    return engine.append(log, len(texts), time, lines).pending


def put(engine, log, time, *texts):
    append(engine, log, time, *texts).flush()


def everything(engine, log):
    data, at = b"", 0
    while (found := engine.read(log, at, count_max=1_000_000, bytes_max=1 << 30)).count:
        data, at = data + found.data, found.first + found.count
    return data


@pytest.fixture
def engine(tmp_path):
    opened = SegmentStore(tmp_path, is_synced=True)
    yield opened
    opened.close()


def test_a_log_that_was_never_written_is_empty(engine):
    assert engine.ends("a") == Ends(0, 0, 0, 0.0)
    assert engine.read("a", 0, count_max=10, bytes_max=100).count == 0
    assert engine.at_time("a", 5.0) == 0


def test_lines_are_seen_once_they_are_flushed(engine):
    pending = append(engine, "a", 1, "x", "y")
    assert engine.ends("a") == Ends(0, 0, 2, 1.0)
    assert engine.read("a", 0, count_max=10, bytes_max=100).count == 0
    pending.flush()
    assert engine.ends("a") == Ends(0, 2, 2, 1.0)
    assert everything(engine, "a") == line(1, "x") + line(1, "y")


def test_lines_of_many_logs_are_flushed_together(engine):
    first = append(engine, "a", 1, "x")
    append(engine, "b", 1, "y")
    first.flush()
    assert (everything(engine, "a"), everything(engine, "b")) == (line(1, "x"), line(1, "y"))


def test_a_read_is_cut_at_whole_lines(engine):
    put(engine, "a", 1, "one", "two", "three")
    size = len(line(1, "one"))
    assert engine.read("a", 0, count_max=2, bytes_max=1000).data == line(1, "one") + line(1, "two")
    assert engine.read("a", 0, count_max=9, bytes_max=2 * size + 3).count == 2
    assert engine.read("a", 1, count_max=9, bytes_max=1).data == line(1, "two")
    assert engine.read("a", 2, count_max=9, bytes_max=1000).data == line(1, "three")
    assert engine.read("a", 3, count_max=9, bytes_max=1000).first == 3


def test_a_long_line_is_read_whole(engine):
    put(engine, "a", 1, "x" * 3_000_000, "y")
    found = engine.read("a", 0, count_max=9, bytes_max=10)
    assert (found.count, found.data) == (1, line(1, "x" * 3_000_000))


def test_lines_far_from_any_mark_are_found(engine):
    put(engine, "a", 1, *[f"{number:05d}" for number in range(20_000)])
    assert engine.read("a", 17_123, count_max=1, bytes_max=1000).data == line(1, "17123")


def test_lines_are_found_by_their_time(engine):
    for time in (1, 1, 2, 4):
        put(engine, "a", time, "x")
    assert [engine.at_time("a", at) for at in (0, 1, 1.5, 2, 3, 4, 5)] == [0, 0, 2, 2, 3, 3, 4]


def test_times_never_go_back(engine):
    put(engine, "a", 5, "x")
    put(engine, "a", 3, "y")
    assert everything(engine, "a") == line(5, "x") + line(5, "y")


def test_old_lines_are_passed_over(engine):
    for time in range(1, 5):
        put(engine, "a", time, f"{time}")
    found = engine.read("a", 1, count_max=9, bytes_max=1000, since=2.5)
    assert (found.first, found.data) == (2, line(3, "3") + line(4, "4"))
    assert engine.read("a", 3, count_max=9, bytes_max=1000, since=2.5).first == 3
    assert engine.read("a", 0, count_max=9, bytes_max=1000, since=9.0) == Lines(b"", 4, 0)


def test_lines_survive_a_restart(tmp_path, engine):
    put(engine, "a", 1, "x")
    put(engine, "a", 2, "y")
    again = SegmentStore(tmp_path, is_synced=True)
    assert again.ends("a") == Ends(0, 2, 2, 2.0)
    assert everything(again, "a") == line(1, "x") + line(2, "y")


@pytest.mark.parametrize(
    "torn",
    [b'{"App', line(3, "z")[:-1], bytes(700), b'{"ApproximateArrivalTimestamp":3.000,"D"},\n'],
)
@pytest.mark.parametrize("with_marks", [True, False])
def test_a_torn_tail_is_cut_off(tmp_path, engine, torn, with_marks):
    put(engine, "a", 1, "x")
    path = next((tmp_path / "a").glob("*.log"))
    path.write_bytes(path.read_bytes() + torn)
    if not with_marks:
        path.with_suffix(".marks").unlink()
    again = SegmentStore(tmp_path, is_synced=True)
    assert again.ends("a") == Ends(0, 1, 1, 1.0)
    put(again, "a", 4, "next")
    assert path.read_bytes() == line(1, "x") + line(4, "next")


def test_old_lines_are_given_back_by_the_file(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(segments_store, "STREAM_SEGMENT_BYTES", 10)
    for time in (1, 2, 3):
        put(engine, "a", time, f"{time}")
    engine.trim("a", 2.5)
    assert everything(engine, "a") == line(2, "2") + line(3, "3")
    assert engine.ends("a").first == 1
    engine.trim("a", 9.0)
    assert engine.ends("a") == Ends(3, 3, 3, 3.0)
    put(engine, "a", 10, "new")
    assert engine.read("a", 0, count_max=5, bytes_max=100).first == 3
    assert len(list((tmp_path / "a").glob("*.log"))) == 1


def test_indexes_go_on_after_everything_was_given_back(tmp_path, engine):
    put(engine, "a", 1, "x")
    engine.trim("a", 9.0)
    assert SegmentStore(tmp_path, is_synced=True).ends("a").next == 1


def test_a_deleted_log_leaves_nothing(tmp_path, engine):
    put(engine, "a", 1, "x")
    pending = append(engine, "a", 2, "y")
    engine.delete("a")
    pending.flush()
    assert not (tmp_path / "a").exists()


def test_logs_are_known_by_their_names(engine):
    put(engine, "b", 1, "x")
    put(engine, "a", 1, "x")
    append(engine, "waiting", 1, "x")
    assert engine.logs() == ["a", "b"]
    engine.delete("a")
    assert engine.logs() == ["b"]


def test_listeners_hear_of_what_became_visible(engine):
    heard = []
    stop = engine.listen("a", lambda: heard.append(engine.ends("a").visible))
    put(engine, "a", 1, "x")
    put(engine, "b", 1, "x")
    stop()
    put(engine, "a", 1, "x")
    assert heard == [1]


def test_a_write_that_fails_loses_what_waited_and_nothing_else(engine, monkeypatch):
    put(engine, "a", 1, "kept")
    lost = append(engine, "a", 2, "lost")
    real, later = os.pwrite, []

    def full(descriptor, data, offset):
        later.append(append(engine, "a", 2, "meanwhile"))
        real(descriptor, bytes(data)[:5], offset)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    for _ in range(2):
        with pytest.raises(StreamError, match="No space left"):
            lost.flush()
    monkeypatch.setattr(os, "pwrite", real)
    with pytest.raises(StreamError, match="earlier write"):
        later[0].flush()
    put(engine, "a", 3, "after")
    assert everything(engine, "a") == line(1, "kept") + line(3, "after")


def test_what_waits_is_bounded(engine, monkeypatch):
    monkeypatch.setattr(segments_store, "STREAM_PENDING_BYTES_MAX", 100)
    append(engine, "a", 1, "x")
    with pytest.raises(StreamError, match="room"):
        append(engine, "a", 1, "x" * 50)


def test_many_logs_share_few_open_files(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(segments_store, "STREAM_FILES_OPEN_MAX", 5)
    for number in range(40):
        put(engine, f"log-{number}", 1, "x")
    assert sum(name.startswith(str(tmp_path)) for name in _open_files()) == 5
    put(engine, "log-0", 2, "y")
    assert everything(engine, "log-0") == line(1, "x") + line(2, "y")


def _open_files():
    found = []
    for entry in os.scandir("/proc/self/fd"):
        try:
            found.append(os.readlink(entry.path))
        except OSError:
            continue
    return found


def test_writers_and_readers_at_the_same_time(engine, monkeypatch):
    monkeypatch.setattr(segments_store, "STREAM_SEGMENT_BYTES", 2000)
    failures = []

    def write():
        for number in range(300):
            put(engine, "a", 1 + number / 100, "x" * (number % 50))

    def read():
        at = 0
        while at < 600:
            found = engine.read("a", at, count_max=7, bytes_max=1000)
            if found.data.count(b"\n") != found.count or found.first != at:
                failures.append(found)
                return
            at += found.count

    threads = [threading.Thread(target=work) for work in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert engine.ends("a").visible == 600


class Model(RuleBasedStateMachine):
    """A list of lines beside the engine, through restarts, torn tails and trims."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.engine = self.opened()
        self.lines = []
        self.pending = []
        self.time = 1.0
        self.waiting = None
        self.trimmed = 0.0

    def opened(self):
        return SegmentStore(Path(self.folder.name), is_synced=False)

    @rule(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=5), later=st.integers(0, 2000))
    def append(self, sizes, later):
        self.time += later
        texts = ["x" * size for size in sizes]
        self.waiting = append(self.engine, "a", self.time, *texts)
        self.pending += [(self.time, line(self.time, text)) for text in texts]

    @precondition(lambda self: self.waiting)
    @rule()
    def flush(self):
        self.waiting.flush()
        self.lines += self.pending
        self.pending = []
        self.waiting = None

    @rule(torn=st.binary(max_size=20), keeps_marks=st.booleans())
    def crash(self, torn, keeps_marks):
        paths = sorted(Path(self.folder.name).glob("a/*.log"))
        if paths:
            with paths[-1].open("ab") as file:
                file.write(torn)
            if not keeps_marks:
                paths[-1].with_suffix(".marks").unlink(missing_ok=True)
        self.engine = self.opened()
        self.pending, self.waiting = [], None
        self.time = max(self.time, self.lines[-1][0] if self.lines else 1.0)

    @precondition(lambda self: not self.waiting)
    @rule(age=st.integers(0, 4000))
    def trim(self, age):
        self.engine.trim("a", self.time - age)
        first = self.engine.ends("a").first
        self.trimmed = max(self.trimmed, self.time - age)
        assert all(time < self.trimmed for time, _ in self.lines[:first])

    @rule(at=st.integers(0, 60), count=st.integers(1, 8), size=st.integers(1, 400))
    def read(self, at, count, size):
        found = self.engine.read("a", at, count_max=count, bytes_max=size)
        first = max(at, self.engine.ends("a").first)
        texts = [text for _, text in self.lines[first:]]
        assert found.data == b"".join(texts[: found.count])
        assert found.count == 0 or found.first == first
        assert (found.count > 0) == bool(texts)
        assert found.count <= count
        assert len(found.data) <= size or found.count == 1

    @rule(back=st.integers(0, 5000))
    def at_time(self, back):
        time = self.time - back
        expected = next((i for i, (t, _) in enumerate(self.lines) if t >= time), len(self.lines))
        assert self.engine.at_time("a", time) == max(expected, self.engine.ends("a").first)

    @invariant()
    def ends(self):
        found = self.engine.ends("a")
        assert found.visible == len(self.lines)
        assert found.next == len(self.lines) + len(self.pending)

    def teardown(self):
        self.folder.cleanup()


class TestModel(Model.TestCase):
    """The model, with files so small that every border is met."""

    settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)

    @pytest.fixture(autouse=True)
    def small_files(self, monkeypatch):
        monkeypatch.setattr(segments_store, "STREAM_SEGMENT_BYTES", 300)
        monkeypatch.setattr(segment_files, "STREAM_MARK_BYTES", 90)


def test_only_little_that_is_not_synced_is_quick(tmp_path):
    unsynced, synced = (SegmentStore(tmp_path / name, is_synced=name == "s") for name in "us")
    assert append(unsynced, "a", 1, "x").is_quick
    assert not append(unsynced, "a", 1, "x" * 100_000).is_quick
    assert not append(synced, "a", 1, "x").is_quick
