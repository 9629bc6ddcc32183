"""What a bookmark lets a run read, against a model that remembers every file it was given."""

from __future__ import annotations

import itertools
import json

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lakebed.engines.jobs.spark.libraries.awsglue._bookmarks import after, unread
from lakebed.engines.jobs.spark.libraries.awsglue._listing import Listed

BAND = 5
PATHS = st.sampled_from([f"s3://b/{name}" for name in "abcdefgh"])


class Reading(RuleBasedStateMachine):
    """Files come, change, are hashed and go; runs read what is due, and commit or die."""

    most = 1_000
    late_seconds_max = BAND
    """How much older than the newest file that was read one may be that shows after it."""

    def __init__(self) -> None:
        super().__init__()
        self.second = 1_000
        self.newest = 0
        self.numbers = itertools.count()
        self.there: dict[str, Listed] = {}
        self.read: dict[str, tuple[Listed, ...]] = {}
        self.state: dict[str, object] = {}

    @rule(seconds=st.integers(1, 3 * BAND))
    def time_passes(self, seconds):
        self.second += seconds

    @rule(path=PATHS, size=st.integers(1, 2), late=st.integers(0, BAND))
    def a_file_is_put(self, path, size, late):
        self._show(path, size, late, f'"{next(self.numbers)}"')

    @rule(path=PATHS, late=st.integers(0, BAND))
    def a_file_appears_past_s3(self, path, late):
        # Written anew in the second in which it was read, it must have another size: until it is
        # hashed, nothing else tells the two apart.
        number = next(self.numbers)
        self._show(path, 3 + number, late, f'"{number}-1"')

    @rule(path=PATHS)
    def a_file_is_hashed(self, path):
        """Its ETag changes, it does not."""
        held = self.there.get(path)
        if held is not None and held.tag.endswith('-1"'):
            self.there[path] = hashed = held._replace(tag=f'"{held.tag[1:-3]}hashed"')
            if held in self.read.get(path, ()):
                self.read[path] = (*self.read[path], hashed)

    @rule(path=PATHS)
    def a_file_goes(self, path):
        self.there.pop(path, None)

    @rule(bound=st.none() | st.integers(1, 3), is_committed=st.booleans())
    def a_run_reads_what_is_due(self, bound, is_committed):
        listed = sorted(self.there.values(), key=lambda one: one.path)
        found = unread(listed, self.state)
        assert found == [one for one in listed if one not in self.read.get(one.path, ())]
        found = sorted(found, key=lambda one: one.modified)[:bound]
        if not is_committed:
            return
        kept = after(found, self.state, BAND, self.most)
        self.state = json.loads(json.dumps(kept))
        for one in found:
            self.read[one.path] = (*self.read.get(one.path, ()), one)
            self.newest = max(self.newest, int(one.modified))

    @invariant()
    def the_state_is_small(self):
        seconds = [entry[0] for entry in self.state.get("files", {}).values()]
        assert len(seconds) <= self.most or len(set(seconds)) == 1
        assert not seconds or max(seconds) - min(seconds) <= BAND

    def _show(self, path: str, size: int, late: int, tag: str) -> None:
        """Let a file be there that was written some seconds ago."""
        at = max(self.second - late, self.newest - self.late_seconds_max)
        self.there[path] = Listed(path, size, at + 0.5, tag)


class ReadingMany(Reading):
    """With more files in the band than are kept by name, what shows must not be older."""

    most = 2
    late_seconds_max = 0


TestReading = Reading.TestCase
TestReadingMany = ReadingMany.TestCase


def test_a_state_of_an_earlier_lakebed_goes_on():
    before = {"kind": "s3", "modified": 1000, "files": {"a": '"1"'}}
    old, same, new = (
        Listed("old", 1, 999.0, '"0"'), Listed("a", 1, 1000.5, '"1"'), Listed("b", 1, 1000.0, '"2"')
    )  # fmt: skip
    assert unread([old, same, new], before) == [new]
    state = after([new], before)
    assert state["since"] == 1000
    assert unread([old, same, new, same._replace(tag='"3"')], state) == [same._replace(tag='"3"')]
