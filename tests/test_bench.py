"""The bench runs: its smoke test measures one row and writes it down."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_quick_bench_measures_a_row(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", "get_table", "--output", str(page)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = [line for line in page.read_text().splitlines() if "glue.GetTable" in line][:1]
    three = r"[\d.,]+ / \*\*[\d.,]+\*\* / [\d.,]+"
    assert re.fullmatch(
        rf"\| glue.GetTable, 19 columns \| any \| ≤ 60 \| {three} \| {three} "
        rf"\| {three} \([\d.]+×\)( \| –){{4}} \|",
        row,
    ), row
