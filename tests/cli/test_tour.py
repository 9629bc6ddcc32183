"""The tour runs, step by step, on the real data."""

from __future__ import annotations

import subprocess
import sys

LAKEBED = [sys.executable, "-m", "lakebed.cli.main", "tour"]


def test_the_whole_tour():
    done = subprocess.run(LAKEBED, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "336776       8255            2512" in said
    assert "12 files" in said
    # The same answer from both layouts, and far fewer bytes from the second.
    assert said.count("AirTran Airways Corporation") == 2
    scanned = {
        line.split()[0]: int(line.split()[1].replace(",", ""))
        for line in said.splitlines()
        if "bytes scanned" in line and line.strip().startswith(("CSV", "Parquet"))
    }
    assert "flights   parquet  18 columns, partitioned by month" in said
    assert "Hartsfield Jackson Atlanta Intl     1463" in said
    assert scanned["CSV"] > 31_000_000
    assert scanned["Parquet"] < scanned["CSV"] / 100


def test_one_step_with_those_it_needs():
    done = subprocess.run(
        [*LAKEBED, "--only", "missing"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [line.split(":")[0].split()[-1] for line in done.stdout.splitlines() if "── " in line]
    assert steps == ["upload", "catalog", "missing"]


def test_an_unknown_step_is_refused_with_the_list():
    done = subprocess.run([*LAKEBED, "--only", "nope"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "there is no step 'nope'; the steps are upload, catalog," in done.stdout
