"""`lakebed status`: figures of every bucket, what grows, what is damaged, served or not."""

from __future__ import annotations

import json

from lakebed import testing
from tests.cli.commands import lakebed as command
from tests.cli.test_fsck import flip
from tests.cli.test_scrub import scrubbed


def test_status_tells_what_each_bucket_holds_and_what_is_damaged(tmp_path):
    data = tmp_path / "data"
    server = testing.start(data, log=tmp_path / "log")
    port = server.url.rpartition(":")[2]
    s3 = server.client("s3")
    for bucket in ("empty", "versioned"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"12345", b"123"):
        s3.put_object(Bucket="versioned", Key="k", Body=body)
    s3.put_object(Bucket="versioned", Key="marked", Body=b"1")
    s3.delete_object(Bucket="versioned", Key="marked")
    upload = s3.create_multipart_upload(Bucket="versioned", Key="u")["UploadId"]
    s3.upload_part(Bucket="versioned", Key="u", UploadId=upload, PartNumber=1, Body=b"1234")
    flip(data / "lake" / "versioned" / "k")
    assert scrubbed(server) == 1
    done = command("status", data, "--port", port, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    nothing = dict.fromkeys(report["buckets"]["empty"], 0)
    assert report["buckets"] == {
        "empty": nothing,
        "versioned": {
            "objects": 1, "bytes": 3, "noncurrent": 2, "noncurrent_bytes": 6, "delete_markers": 1,
            "uploads": 1, "upload_bytes": 4,
        },
    }  # fmt: skip
    assert [one["path"] for one in report["damaged"]] == ["lake/versioned/k"]
    assert (report["uncovered"], report["scrub"]["files"]) == ([], 4)
    said = command("status", data, "--port", port).stdout.splitlines()
    figures = {line.split()[0]: line.split()[1:] for line in said if len(line.split()) == 8}
    assert figures["versioned"] == ["1", "3", "2", "6", "1", "1", "4"]
    assert figures["all"] == figures["versioned"]
    assert "query history: 0 queries (kept: 45 days)" in said
    assert "crawl history: 0 crawls (kept: 366 days, at most 10,000 a crawler)" in said
    assert (
        "log events: 0.0 MiB in 0 groups (kept: by each group's retention, at most 20 GiB)" in said
    )
    assert any(line.startswith("DAMAGED lake/versioned/k: found bytes") for line in said)
    server.kill()
    server.process.stdout.close()
    alone = command("status", data, "--port", port, "--json")
    assert alone.returncode == 1
    assert json.loads(alone.stdout)["buckets"] == report["buckets"]
    assert "no server answers" in command("status", data, "--port", port).stdout


def test_status_of_nothing_says_so(tmp_path):
    done = command("status", tmp_path / "data", "--port", "1")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "http://127.0.0.1:1: no server answers; `lakebed serve` starts one",
        f"there is no lake in {tmp_path / 'data'} yet",
    ]
    assert not (tmp_path / "data").exists()
