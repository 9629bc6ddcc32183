"""The journal of the embedded stream engine: what is flushed survives a power loss, only that."""

import os
import random
import shutil

import pytest

from lakebed.engines.stream import StreamError
from lakebed.engines.stream.segments import journal as journals
from lakebed.engines.stream.segments import store as segments_store
from lakebed.engines.stream.segments.files import Segment
from lakebed.engines.stream.segments.store import SegmentStore

from .test_contract import append, everything, line, put

LOGS = ("a", "b", "c")


class Disk:
    """Knows of each file of a log how much of it was synced; a power loss takes the rest."""

    def __init__(self, monkeypatch):
        self.synced = {}
        real = Segment.sync

        def sync(segment):
            real(segment)
            if segment.path.exists():
                self.synced[segment.path] = segment.path.stat().st_size

        monkeypatch.setattr(Segment, "sync", sync)

    def power_loss(self, folder, chance):
        """Take from each file what was not synced, its end or blocks of it; return a new engine."""
        for path in folder.glob("*/*.log"):
            kept, size = self.synced.get(path, 0), path.stat().st_size
            data = bytearray(path.read_bytes())
            if chance.random() < 0.5:
                for at in range(kept, size):
                    data[at] = 0 if chance.random() < 0.3 else data[at]
            path.write_bytes(data[: chance.randint(kept, size)])
            if chance.random() < 0.5:
                path.with_suffix(".marks").unlink(missing_ok=True)
        engine = SegmentStore(folder, is_synced=True)
        # What is there after the recovery has survived, or was written again and synced.
        self.synced = {path: path.stat().st_size for path in folder.glob("*/*.log")}
        return engine


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.mark.parametrize("seed", range(12))
def test_what_was_flushed_survives_power_losses(tmp_path, disk, monkeypatch, seed):
    monkeypatch.setattr(journals, "STREAM_JOURNAL_BYTES", 3000)
    monkeypatch.setattr(segments_store, "STREAM_JOURNAL_FLUSH_BYTES_MAX", 900)
    monkeypatch.setattr(segments_store, "STREAM_SEGMENT_BYTES", 2000)
    chance, folder = random.Random(seed), tmp_path / "streams"
    engine, lines = SegmentStore(folder, is_synced=True), dict.fromkeys(LOGS, b"")
    for turn in range(120):
        for log in chance.sample(LOGS, chance.randint(1, 3)):
            text = f"{turn}-" + "x" * chance.randint(0, 300)
            pending = append(engine, log, turn, text)
            lines[log] += line(turn, text)
        pending.flush()
        if chance.random() < 0.1:
            engine = disk.power_loss(folder, chance)
    engine = disk.power_loss(folder, chance)
    assert {log: everything(engine, log) for log in LOGS} == lines


def test_small_flushes_sync_no_file_of_a_log(tmp_path, disk):
    engine = SegmentStore(tmp_path / "streams", is_synced=True)
    for log in LOGS:
        put(engine, log, 1, "x")
    assert disk.synced == {}
    put(engine, "a", 2, "x" * 300_000)
    assert {path.parent.name for path in disk.synced} == {"a"}
    engine.close()
    assert {path.parent.name for path in disk.synced} == set(LOGS)


def test_a_flush_that_failed_does_not_come_back(tmp_path, monkeypatch):
    engine = SegmentStore(tmp_path / "streams", is_synced=True)
    put(engine, "a", 1, "kept")
    lost = append(engine, "a", 2, "lost, and longer than what comes behind")

    def full(segment, data, chunks):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Segment, "write", full)
        with pytest.raises(StreamError, match="No space left"):
            lost.flush()
    put(engine, "a", 3, "after")
    again = SegmentStore(tmp_path / "streams", is_synced=True)
    assert everything(again, "a") == line(1, "kept") + line(3, "after")


def test_a_journal_that_cannot_forget_keeps_nothing_new(tmp_path, monkeypatch):
    engine = SegmentStore(tmp_path / "streams", is_synced=True)
    put(engine, "a", 1, "kept")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", _broken)
        for text in ("lost", "lost as well"):
            with pytest.raises(StreamError, match="Input/output"):
                put(engine, "a", 2, text)
    put(engine, "a", 3, "after")
    again = SegmentStore(tmp_path / "streams", is_synced=True)
    assert everything(again, "a") == line(1, "kept") + line(3, "after")


def _broken(descriptor, data, offset):
    raise OSError(5, "Input/output error")


def test_what_was_deleted_or_trimmed_does_not_come_back(tmp_path):
    engine = SegmentStore(tmp_path / "streams", is_synced=True)
    for log in ("gone", "old"):
        put(engine, log, 1, "x")
    engine.delete("gone")
    engine.trim("old", 5.0)
    again = SegmentStore(tmp_path / "streams", is_synced=True)
    assert again.logs() == ["old"]
    assert everything(again, "old") == b""
    assert again.ends("old").next == 1


def test_a_file_of_another_time_is_left_alone(tmp_path):
    engine = SegmentStore(tmp_path / "streams", is_synced=True)
    put(engine, "a", 1, "one")
    put(engine, "a", 2, "two")
    (path,) = (tmp_path / "streams" / "a").glob("*.log")
    path.write_bytes(b"")
    journal = tmp_path / journals.NAME
    entries = journal.read_bytes()
    # The first entry is torn: what follows it must not be written behind a hole.
    journal.write_bytes(entries[:30] + b"?" + entries[31:])
    again = SegmentStore(tmp_path / "streams", is_synced=True)
    assert (everything(again, "a"), path.read_bytes()) == (b"", b"")


def test_a_server_that_ended_in_order_has_nothing_to_write_again(tmp_path):
    engine = SegmentStore(tmp_path / "streams", is_synced=True)
    put(engine, "a", 1, "x")
    engine.close()
    shutil.rmtree(tmp_path / "streams" / "a")
    (tmp_path / "streams" / "a").mkdir()
    (tmp_path / "streams" / "a" / f"{0:020d}.log").touch()
    assert everything(SegmentStore(tmp_path / "streams", is_synced=True), "a") == b""
