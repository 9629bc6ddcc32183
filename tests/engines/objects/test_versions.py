"""Versions of objects behave as a list of versions by key would, crashes included."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.engines.objects.lake import Lake

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "mark", "delete", "reopen"]),
        st.sampled_from(["a", "a/b", "b//c", "c"]),
        st.booleans(),
        st.booleans(),
        st.integers(0, 5),
    ),
    max_size=25,
)


class Model:
    """By key, versions (id, bytes; None for a delete marker), newest first."""

    def __init__(self) -> None:
        self.keys: dict[str, list[tuple[str, bytes | None]]] = {}

    def add(self, key: str, version_id: str, data: bytes | None) -> None:
        older = [v for v in self.keys.get(key, []) if version_id or v[0] != ""]
        self.keys[key] = [(version_id, data), *older]

    def delete(self, key: str, version_id: str) -> None:
        self.keys[key] = [v for v in self.keys.get(key, []) if v[0] != version_id]

    def listing(self) -> list[tuple[str, str, bool, bytes | None]]:
        return [
            (key, version_id, place == 0, data)
            for key in sorted(self.keys)
            for place, (version_id, data) in enumerate(self.keys[key])
        ]

    def current(self, key: str) -> bytes | None:
        versions = self.keys.get(key)
        return versions[0][1] if versions else None


@given(STEPS)
def test_any_sequence_of_steps_leaves_what_a_list_of_versions_would(
    steps: list[tuple[str, str, bool, bool, int]],
) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for number, (step, key, has_id, ends, which) in enumerate(steps):
            version_id = f"v{number}" if has_id else ""
            if step == "put":
                lake.put_version(key, b"%d" % number, version_id, ends=ends)
                model.add(key, version_id, b"%d" % number)
            elif step == "mark":
                lake.mark_deleted(key, version_id, ends=ends)
                model.add(key, version_id, None)
            elif step == "delete" and model.keys.get(key):
                version_id = model.keys[key][which % len(model.keys[key])][0]
                assert lake.delete_version(key, version_id, ends=ends)
                model.delete(key, version_id)
            if step == "reopen" or not ends:
                lake.reopen()
            assert lake.read(key) == model.current(key)
        assert lake.versions() == lake.versions(limit=2) == model.listing()
        archived = sum(
            1 for versions in model.keys.values() for _, data in versions[1:] if data is not None
        )
        assert len(_files(lake.settings.state_dir / "versions")) == archived
        current = [key for key in model.keys if model.current(key) is not None]
        plain = [str(path.relative_to(lake.file(""))) for path in _files(lake.file(""))]
        assert sorted(plain) == sorted(set(current) & set(plain))
        lake.close()


def _files(folder: Path) -> list[Path]:
    return [Path(at) / name for at, _, names in os.walk(folder) for name in names]


def test_what_was_rolled_back_leaves_no_second_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.put_version("k", b"1", "v1")
    lake.put_version_and_undo("k", b"2", "v2")
    assert lake.versions() == [("k", "v1", True, b"1")]
    assert _files(lake.settings.state_dir / "versions") == []
    lake.close()


def test_a_replaced_version_keeps_its_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.put_version("k", b"1", "v1")
    inode = lake.file("k").stat().st_ino
    lake.put_version("k", b"2", "v2")
    (kept,) = _files(lake.settings.state_dir / "versions")
    assert kept.stat().st_ino == inode
    lake.close()
