"""The audit log as it is read: whole lines, from a place on, whatever is renamed meanwhile."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakebed.core.audit_files import NEWEST, after, backwards, end, numbered

LINES = st.lists(st.binary(min_size=1, max_size=9).filter(lambda one: b"\n" not in one), max_size=9)


@given(LINES, st.binary(max_size=5).filter(lambda one: b"\n" not in one))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_are_read_backwards_with_their_places(tmp_path, lines, unfinished):
    path = tmp_path / NEWEST
    whole = b"".join(line + b"\n" for line in lines)
    path.write_bytes(whole + unfinished)
    found = list(backwards(path))
    assert [line for _, line in found] == lines[::-1]
    assert all(whole[offset:].startswith(line + b"\n") for offset, line in found)


def test_a_block_may_end_within_a_line(tmp_path):
    path = tmp_path / NEWEST
    lines = [b"%d" % number * 100 for number in range(5000)]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    assert [line for _, line in backwards(path)] == lines[::-1]


def test_reading_goes_on_where_it_ended_across_a_rotation(tmp_path):
    newest = tmp_path / NEWEST
    newest.write_bytes(b"one\ntwo\nthr")
    lines, place, is_lost = after(tmp_path, (0, 0), 1000)
    assert (lines, is_lost) == ([b"one", b"two"], False)
    with newest.open("ab") as file:
        file.write(b"ee\n")
    newest.rename(tmp_path / numbered(1))
    newest.write_bytes(b"four\n")
    lines, place, is_lost = after(tmp_path, place, 1000)
    assert (lines, is_lost, place) == ([b"three", b"four"], False, end(tmp_path))
    assert after(tmp_path, place, 1000) == ([], place, False)


def test_what_was_rotated_away_is_said(tmp_path):
    (tmp_path / NEWEST).write_bytes(b"five\n")
    assert after(tmp_path, (1, 7), 1000)[::2] == ([b"five"], True)


def test_no_more_is_read_than_asked_for(tmp_path):
    (tmp_path / NEWEST).write_bytes(b"one\ntwo\nthree\n")
    lines, place, _ = after(tmp_path, (0, 0), 9)
    assert lines == [b"one", b"two"]
    assert after(tmp_path, place, 1000)[0] == [b"three"]
