"""Parts of multipart uploads in the folder engine: in place if they can be, never torn."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.bodies import Place
from lakebed.engines.objects import part_file
from lakebed.engines.objects.folder import parts as module
from lakebed.engines.objects.folder.parts import FolderParts

SIZE = 1024 * 1024 + 65536
A, B, C, D = (letter * SIZE for letter in (b"a", b"b", b"c", b"d"))


class Upload:
    """One upload whose parts are kept by the engine, as the gateway and the service do it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tmp").mkdir(parents=True)
        self._next = itertools.count(1)
        self.parts = FolderParts(folder / "parts", self.new_path, is_synced=True)

    def new_path(self) -> Path:
        return self.folder / "tmp" / str(next(self._next))

    def own(self, number: int, data: bytes) -> tuple[str, int]:
        """Keep a part in a file of its own."""
        body = self.new_path()
        body.write_bytes(data)
        return self.parts.keep("u", number, body), len(data)

    def write(self, place: Place, data: bytes) -> None:
        os.write(place.descriptor, data)
        os.close(place.descriptor)

    def placed(self, number: int, data: bytes) -> tuple[str, int]:
        """Keep a part where the object will have it."""
        place = self.parts.place("u", number, len(data))
        assert place is not None
        self.write(place, data)
        return place.keep(), len(data)

    def send(self, number: int, data: bytes) -> tuple[str, int]:
        """Keep a part wherever the engine wants it."""
        place = self.parts.place("u", number, len(data))
        if place is None:
            return self.own(number, data)
        self.write(place, data)
        return place.keep(), len(data)

    def restart(self) -> None:
        self.parts = FolderParts(self.folder / "parts", self.new_path, is_synced=True)

    def whole(self) -> Path:
        return self.folder / "parts" / "u" / "whole"

    def temporary(self) -> list[Path]:
        return list((self.folder / "tmp").iterdir())


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    return Upload(tmp_path)


def test_parts_received_in_place_are_joined_without_a_copy(upload: Upload) -> None:
    sent = {number: upload.placed(number, data) for number, data in ((2, B), (1, A))}
    sent[3] = upload.placed(3, C[:-9])
    assert {part_file(name) for name, _ in sent.values()} == {"whole"}
    inode = upload.whole().stat().st_ino
    joined = upload.parts.join("u", [sent[1], sent[2], sent[3]])
    assert (joined.stat().st_ino, joined.read_bytes()) == (inode, A + B + C[:-9])
    upload.parts.drop("u")
    assert joined.read_bytes() == A + B + C[:-9]


def test_what_does_not_fit_gets_a_file_of_its_own(upload: Upload) -> None:
    assert upload.parts.place("u", 1, 1024 * 1024 - 1) is None  # too small to be worth it
    first = upload.placed(1, A)
    assert upload.parts.place("u", 1, SIZE) is None  # sent again
    assert upload.parts.place("u", 2, SIZE + 1) is None  # longer than the first that came
    assert upload.parts.place("u", 10_000_000, SIZE) is None  # beyond what an object may have
    longer = upload.own(2, B + b"longer")
    assert upload.parts.join("u", [first, longer]).read_bytes() == A + B + b"longer"


def test_a_part_sent_again_replaces_the_one_in_place(upload: Upload) -> None:
    before, second = upload.placed(1, A), upload.placed(2, B)
    after = upload.own(1, C)
    upload.parts.drop("u", before[0])
    assert upload.parts.join("u", [after, second]).read_bytes() == C + B
    assert upload.parts.place("u", 1, SIZE) is None


def test_a_place_is_free_again_if_nothing_came_of_it(upload: Upload) -> None:
    place = upload.parts.place("u", 1, SIZE)
    assert place is not None
    upload.write(place, b"half")
    place.release()
    place.release()
    first = upload.placed(1, A)
    # But not if it was kept: others may have read that it is there.
    other = upload.parts.place("u", 2, SIZE)
    assert other is not None
    upload.write(other, B)
    other.keep()
    other.release()
    assert upload.parts.place("u", 2, SIZE) is None
    assert upload.parts.join("u", [first]).read_bytes() == A


def test_some_of_the_parts_are_copied_and_the_others_stay(upload: Upload) -> None:
    sent = [upload.placed(number, data) for number, data in enumerate((A, B, C), 1)]
    joined = upload.parts.join("u", sent[:2])
    assert joined.read_bytes() == A + B
    assert joined.stat().st_ino != upload.whole().stat().st_ino
    assert upload.parts.join("u", [sent[2], sent[0]]).read_bytes() == C + A
    assert upload.parts.join("u", sent).read_bytes() == A + B + C


def test_nobody_writes_into_what_was_joined(upload: Upload) -> None:
    first = upload.placed(1, A)
    late = upload.parts.place("u", 2, SIZE)
    assert late is not None
    copied = upload.parts.join("u", [first])
    assert copied.stat().st_ino != upload.whole().stat().st_ino
    upload.write(late, B)
    late.release()
    joined = upload.parts.join("u", [first])
    assert joined.stat().st_ino == upload.whole().stat().st_ino
    assert upload.parts.place("u", 3, SIZE) is None
    assert (copied.read_bytes(), joined.read_bytes()) == (A, A)


def test_after_a_restart_parts_in_place_are_copied(upload: Upload) -> None:
    sent = [upload.placed(1, A), upload.placed(2, B)]
    upload.restart()
    assert upload.parts.place("u", 3, SIZE) is None
    sent.append(upload.own(3, C))
    assert upload.parts.join("u", sent).read_bytes() == A + B + C


def test_the_first_parts_own_file_becomes_the_objects(upload: Upload) -> None:
    one, two = upload.own(1, b"one" * 9999), upload.own(2, b"two")
    first = upload.folder / "parts" / "u" / one[0]
    inode = first.stat().st_ino
    joined = upload.parts.join("u", [one, two])
    assert (joined.stat().st_ino, joined.read_bytes()) == (inode, b"one" * 9999 + b"two")
    # If nothing comes of it, the part is there still, and can be joined again, with others.
    joined.unlink()
    three = upload.own(3, b"3")
    assert upload.parts.join("u", [one, three]).read_bytes() == b"one" * 9999 + b"3"
    upload.parts.drop("u")
    assert not first.exists()


@pytest.mark.parametrize("kind", ["own", "placed"])
def test_what_was_joined_is_not_touched_by_another_join(upload: Upload, kind: str) -> None:
    keep = upload.own if kind == "own" else upload.placed
    one, two = keep(1, A), keep(2, B)
    joined = upload.parts.join("u", [one, two])
    again = upload.parts.join("u", [one, two])
    assert again.stat().st_ino != joined.stat().st_ino
    again.unlink()
    upload.parts.join("u", [one]).unlink()
    assert (joined.stat().st_size, joined.read_bytes()) == (2 * SIZE, A + B)


def test_joins_at_the_same_time_all_hold(upload: Upload) -> None:
    parts = [upload.own(number, data) for number, data in enumerate((A, B, C, D), 1)]
    found: list[bytes] = []

    def join() -> None:
        for _ in range(10):
            joined = upload.parts.join("u", parts)
            found.append(joined.read_bytes())
            joined.unlink()

    threads = [threading.Thread(target=join) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert set(found) == {A + B + C + D}


def test_parts_are_joined_where_the_kernel_can_neither_link_nor_copy(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(95, "not here")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "copy_file_range", refuse)
    sent = [upload.placed(1, A), upload.placed(2, B), upload.own(3, C)]
    assert upload.parts.join("u", sent[:2]).read_bytes() == A + B
    assert upload.parts.join("u", sent).read_bytes() == A + B + C


def test_a_part_that_was_cut_is_not_joined(upload: Upload) -> None:
    one, two = upload.own(1, b"one"), upload.own(2, b"two")
    (upload.folder / "parts" / "u" / two[0]).write_bytes(b"t")
    with pytest.raises(OSError, match="shorter"):
        upload.parts.join("u", [one, two])
    assert upload.temporary() == []


def test_only_so_many_uploads_are_received_in_place(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAYOUTS_MAX", 1)
    first = upload.parts.place("u", 1, SIZE)
    assert first is not None
    os.close(first.descriptor)
    assert upload.parts.place("other", 1, SIZE) is None
    upload.parts.drop("u")
    other = upload.parts.place("other", 1, SIZE)
    assert other is not None
    os.close(other.descriptor)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["send", "fail", "join", "restart"]),
        st.integers(1, 4),
        st.sampled_from([SIZE, SIZE, SIZE, SIZE // 2 + 1, 2 * SIZE]),
    ),
    max_size=12,
)


@given(STEPS)
def test_a_join_gives_what_was_sent_whatever_happened_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    module.PLACED_BYTES_MIN, least = SIZE // 2, module.PLACED_BYTES_MIN
    try:
        upload = Upload(tmp_path_factory.mktemp("upload"))
        kept: dict[int, tuple[str, int]] = {}
        sent: dict[int, bytes] = {}
        for step, (action, number, size) in enumerate(steps):
            data = bytes((step + 1,)) * size
            if action == "send":
                before = kept.get(number)
                kept[number], sent[number] = upload.send(number, data), data
                if before is not None:
                    upload.parts.drop("u", before[0])
            elif action == "fail":
                place = upload.parts.place("u", number, size)
                if place is not None:
                    upload.write(place, data[: size // 2])
                    place.release()
            elif action == "restart":
                upload.restart()
            elif kept:
                numbers = sorted(kept)[:number]
                joined = upload.parts.join("u", [kept[one] for one in numbers])
                assert joined.read_bytes() == b"".join(sent[one] for one in numbers)
                joined.unlink()
    finally:
        module.PLACED_BYTES_MIN = least
