"""The background scrub: damaged bytes are said, counted and never touched; restarts go on."""

from __future__ import annotations

import time
import urllib.request

import pytest

from lakebed import testing
from lakebed.engines.objects.folder.scrub import Scrubber
from lakebed.engines.objects.upkeep import Claims
from tests.cli.owner import owner
from tests.cli.test_fsck import flip
from tests.engines.objects.lake import Lake

NO_CLAIMS = Claims(
    lambda scope: frozenset({"b"}), lambda scope: iter(()), lambda *_: False, lambda *_: (),
    lambda name: True,
)  # fmt: skip


def metric(server, name):
    with urllib.request.urlopen(f"{server.url}/_lakebed/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def scrubbed(server):
    """Have a whole pass made."""
    before = metric(server, "lakebed_scrub_ended_seconds")
    owner(server, "scrub")
    deadline = time.monotonic() + 20
    while metric(server, "lakebed_scrub_ended_seconds") == before and time.monotonic() < deadline:
        time.sleep(0.05)
    return metric(server, "lakebed_damaged_objects")


def test_damaged_bytes_are_said_until_they_are_put_anew(tmp_path):
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket="bucket", Key="v", Body=body)
    s3.put_object(Bucket="bucket", Key="k", Body=b"bytes")
    assert scrubbed(server) == 0
    flip(tmp_path / "data" / "lake" / "bucket" / "k")
    archived = next(p for p in (tmp_path / "data/state/versions").rglob("*") if p.is_file())
    flip(archived)
    assert scrubbed(server) == 2
    log = (tmp_path / "log").read_text()
    assert log.count("damaged: lake/bucket/k: found bytes whose ETag is ") == 1
    assert f"damaged: state/{archived.relative_to(tmp_path / 'data/state')}: found" in log
    # Never rewritten; and said once.
    assert (tmp_path / "data/lake/bucket/k").read_bytes() != b"bytes"
    assert scrubbed(server) == 2
    assert (tmp_path / "log").read_text().count("damaged: lake/bucket/k") == 1
    server.stop()
    server.process.stdout.close()
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    deadline = time.monotonic() + 5
    while metric(server, "lakebed_damaged_objects") != 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert metric(server, "lakebed_damaged_objects") == 2
    s3 = server.client("s3")
    s3.put_object(Bucket="bucket", Key="k", Body=b"bytes")
    found = s3.list_object_versions(Bucket="bucket")["Versions"]
    for version in found:
        if not version["IsLatest"]:
            s3.delete_object(Bucket="bucket", Key=version["Key"], VersionId=version["VersionId"])
    assert scrubbed(server) == 0
    server.kill()
    server.process.stdout.close()


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path)
    for number in range(7):
        made.put(f"k{number}", b"bytes %d" % number)
    yield made
    made.close()


def test_a_pass_goes_on_where_it_was(lake):
    scrub = Scrubber(lake.engine.upkeep._holdings, NO_CLAIMS)
    with lake.transaction() as place:
        state = scrub.begin(place, 1.0)
    seen = []
    for _ in range(4):
        state, reads = scrub.step(lake.transaction, state, lambda count: count > 0)
        seen += [read.row.key for read in reads]
        with lake.transaction() as place:
            scrub.keep(place, state, reads, 2.0)
            # What a restart would read.
            state = Scrubber(lake.engine.upkeep._holdings, NO_CLAIMS).state(place)
    assert seen == ["k0", "k1", "k2", "k3"]
    assert (state.files, state.bytes, state.is_running) == (4, 28, True)
    _, reads = scrub.step(lake.transaction, state, lambda count: True)
    assert [read.row.key for read in reads] == ["k4", "k5", "k6"]


def test_what_changed_by_hand_is_not_damaged(lake):
    scrub = Scrubber(lake.engine.upkeep._holdings, NO_CLAIMS)
    lake.file("k1").write_bytes(b"edited")
    lake.file("k2").unlink()
    with lake.transaction() as place:
        state = scrub.begin(place, 1.0)
    state, reads = scrub.step(lake.transaction, state, lambda count: True)
    assert [read.damage for read in reads] == [None] * 7
    with lake.transaction() as place:
        scrub.keep(place, state, [], 3.0)
        assert (scrub.state(place).is_running, scrub.state(place).ended) == (False, 3.0)
