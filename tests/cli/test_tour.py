"""The tour runs, step by step, on the real data."""

from __future__ import annotations

import re
import subprocess
import sys

COUNTED = [
    ["UA", "335"], ["B6", "325"], ["DL", "264"], ["EV", "255"], ["AA", "188"], ["MQ", "156"],
    ["9E", "76"], ["US", "70"], ["WN", "61"], ["VX", "24"], ["FL", "21"], ["AS", "4"],
    ["F9", "4"], ["HA", "2"],
]  # fmt: skip
"""The flights of January's first two days by carrier, as the file has them."""
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
    check_live(said)
    check_job(said)


def check_job(said: str):
    """The second run of the job reads nothing again; without Spark the step says what to run."""
    step = said.rpartition(" job: ")[2]
    if "left out" in step:
        assert step.splitlines()[1].endswith("run `lakebed engine add spark-3.5`")
        return
    runs = re.findall(r"(\d+) flights read, (\d+) written, in \d+ s", step)
    assert runs == [("336776", "279971"), ("0", "0")]
    assert "BOEING" in step


def check_live(said: str):
    """Athena counted what had arrived, never more than was sent; in the end each flight once."""
    assert "delivery stream is ACTIVE" in said
    lines = re.findall(r"after (\d+\.\d) s: (\d+) sent, Athena counts (\d+)\n", said)
    counts = [int(counted) for _, _, counted in lines]
    assert counts == sorted(set(counts))
    assert all(int(counted) <= int(sent) for _, sent, counted in lines)
    assert lines[-1][1:] == ("1785", "1785")
    table = said.rpartition("carrier  flights\n")[2].split("(", 1)[0]
    assert [line.split() for line in table.strip().splitlines()] == COUNTED


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
