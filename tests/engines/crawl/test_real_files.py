"""The score over real files: delimiter, header and types right, by a reviewed key."""

from __future__ import annotations

from tests.engines.crawl.real_files import mistakes, real_files

SHARE_MIN = 0.97
FILES_MIN = 40


def test_nearly_all_real_files_are_told_right() -> None:
    wrong = {str(real.path): mistakes(real) for real in real_files()}
    missed = {path: said for path, said in wrong.items() if said}
    assert len(wrong) >= FILES_MIN
    assert len(missed) <= (1 - SHARE_MIN) * len(wrong), missed
