"""`lakebed fsck`: every difference is found, said in a line, and mended without losing a byte."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time

import pytest

from lakebed import testing
from tests.cli.commands import lakebed as command
from tests.cli.owner import owner


def fsck(data, *arguments):
    """Return the exit status and the findings, without notes."""
    done = command("fsck", data, "--json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    found = [finding for finding in report["findings"] if not finding["is_note"]]
    return done.returncode, {finding["path"]: finding for finding in found}


def kinds(findings):
    return {path: finding["kind"] for path, finding in findings.items()}


@pytest.fixture
def lake(tmp_path, built):
    """A copy of the stopped lake: with its times it is the same lake."""
    shutil.copytree(built, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A stopped lake with plain, escaped, versioned objects and an upload under way."""
    data = tmp_path_factory.mktemp("built") / "data"
    server = testing.start(data, log=data.with_name("log"))
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    for key in ("a/1", "a/2", "b", "../odd"):
        s3.put_object(Bucket="bucket", Key=key, Body=key.encode(), Metadata={"key": key})
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for text in (b"one", b"two"):
        s3.put_object(Bucket="versioned", Key="v", Body=text)
    s3.put_object(Bucket="versioned", Key="gone", Body=b"gone")
    s3.delete_object(Bucket="versioned", Key="gone")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="big")["UploadId"]
    part = b"p" * (5 << 20)
    s3.upload_part(Bucket="bucket", Key="big", UploadId=upload, PartNumber=1, Body=part)
    done = s3.create_multipart_upload(Bucket="bucket", Key="joined")["UploadId"]
    parts = [
        {
            "PartNumber": n,
            "ETag": s3.upload_part(
                Bucket="bucket", Key="joined", UploadId=done, PartNumber=n, Body=body
            )["ETag"],
        }
        for n, body in ((1, part), (2, b"tail"))
    ]
    s3.complete_multipart_upload(
        Bucket="bucket", Key="joined", UploadId=done, MultipartUpload={"Parts": parts}
    )
    server.stop()
    server.process.stdout.close()
    return data


def flip(path, at=0):
    """Change a byte and leave no trace of it in what the file system says."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def started(data, tmp_path):
    return testing.start(data, log=tmp_path / "log")


def test_a_sound_lake_is_clean_at_every_depth(lake):
    assert fsck(lake, "--deep") == (0, {})
    said = command("fsck", lake)
    assert (said.returncode, said.stdout.splitlines()[-1]) == (
        0,
        "clean: files and index agree; --deep reads every byte as well",
    )


def test_what_hands_did_is_explained_and_mended(lake, tmp_path):
    folder = lake / "lake" / "bucket"
    (folder / "a" / "1").unlink()
    (folder / "new").write_bytes(b"new")
    (folder / "b").write_bytes(b"edited")
    shutil.copyfile(folder / "a" / "2", folder / "copy")
    (folder / "copy").replace(folder / "a" / "2")
    status, found = fsck(lake)
    expected = {
        "lake/bucket/a/1": "missing-file",
        "lake/bucket/new": "unknown-file",
        "lake/bucket/b": "changed-file",
        "lake/bucket/a/2": "changed-file",
    }
    assert (status, kinds(found)) == (1, expected)
    text = command("fsck", lake).stdout.splitlines()
    assert text[0] == (
        "missing-file: 'lake/bucket/a/1': found no file, expected 3 bytes with the ETag "
        f"{found['lake/bucket/a/1']['expected'].split()[-1]}; --repair: forget the row"
    )
    assert text[-1] == "`lakebed fsck --repair` mends the index; it deletes no bytes"
    status, mended = fsck(lake, "--repair")
    assert status == 0
    assert {path: finding["done"] for path, finding in mended.items()} == {
        "lake/bucket/a/1": "forgot the row",
        "lake/bucket/new": "took it into the index",
        "lake/bucket/b": "the bytes are other ones: indexed the file anew",
        "lake/bucket/a/2": "the bytes are those that were put: kept all that is known",
    }
    assert fsck(lake, "--deep") == (0, {})
    server = started(lake, tmp_path)
    s3 = server.client("s3")
    assert s3.head_object(Bucket="bucket", Key="a/2")["Metadata"] == {"key": "a/2"}
    assert s3.get_object(Bucket="bucket", Key="b")["Body"].read() == b"edited"
    assert s3.head_object(Bucket="bucket", Key="b")["Metadata"] == {"key": "b"}
    server.kill()
    server.process.stdout.close()


def test_what_has_no_place_is_moved_and_never_deleted(lake):
    state = lake / "state"
    orphans = {
        "odd/bucket/0123": b"odd",
        "versions/versioned/ab/cdef": b"version",
        "parts/nobody/00001-x": b"part",
    }
    for name, data in orphans.items():
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_bytes(data)
    status, found = fsck(lake, "--repair")
    assert (status, kinds(found)) == (0, {f"state/{name}": "orphan-file" for name in orphans})
    for name, data in orphans.items():
        assert not (state / name).exists()
        assert (state / "lost+found" / name).read_bytes() == data
    assert fsck(lake) == (0, {})


def test_lost_versions_parts_and_escaped_files_are_found(lake):
    state = lake / "state"
    for folder in ("odd", "versions", "parts"):
        for path in [path for path in (state / folder).rglob("*") if path.is_file()]:
            path.unlink()
    status, found = fsck(lake)
    assert status == 1
    assert sorted(finding["kind"] for finding in found.values()) == [
        "missing-file", "missing-file", "missing-file", "missing-part",
    ]  # fmt: skip
    assert {finding["key"] for finding in found.values()} == {"../odd", "v", "gone", ""}
    status, _ = fsck(lake, "--repair")
    assert status == 1
    _, left = fsck(lake)
    assert [finding["kind"] for finding in left.values()] == ["missing-part"]


def test_bit_rot_is_found_by_reading_and_left_to_a_backup(lake):
    folder = lake / "lake" / "bucket"
    flip(folder / "a" / "1")
    flip(folder / "joined", at=(5 << 20) + 1)
    version = next(p for p in (lake / "state" / "versions").rglob("*") if p.is_file())
    flip(version)
    assert fsck(lake) == (0, {})
    status, found = fsck(lake, "--deep", "--repair")
    damaged = {
        "lake/bucket/a/1",
        "lake/bucket/joined",
        str(version.relative_to(lake)),
    }
    assert (status, kinds(found)) == (1, dict.fromkeys(damaged, "damaged-file"))
    assert {finding["done"] for finding in found.values()} == {
        "nothing: this cannot be mended here"
    }


def test_a_torn_file_is_found_without_reading(lake):
    with (lake / "lake" / "bucket" / "joined").open("r+b") as file:
        file.truncate(1 << 20)
    status, found = fsck(lake)
    assert (status, kinds(found)) == (1, {"lake/bucket/joined": "changed-file"})
    assert "found a file of 1048576 bytes" in command("fsck", lake).stdout


def test_links_strangers_and_leftovers_are_noted(lake, tmp_path):
    (lake / "lake" / "bucket" / "link").symlink_to(tmp_path)
    (lake / "lake" / "stranger").mkdir()
    (lake / "lake" / "a file").write_bytes(b"x")
    (lake / "state" / "tmp" / "0" / "half").write_bytes(b"half a body")
    done = command("fsck", lake, "--json")
    notes = {finding["path"]: finding["kind"] for finding in json.loads(done.stdout)["findings"]}
    assert (done.returncode, notes) == (
        0,
        {
            "lake/a file": "no-bucket",
            "lake/bucket/link": "no-object",
            "lake/stranger": "no-bucket",
            "state/tmp/0/half": "temporary-file",
        },
    )
    assert (lake / "state" / "tmp" / "0" / "half").exists()


def test_a_damaged_index_is_said(lake):
    store = lake / "state" / "store.sqlite"
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 9999 WHERE name = 's3_part'")
    connection.close()
    status, found = fsck(lake, "--repair")
    assert (status, kinds(found)) == (1, {"state/store.sqlite": "index"})
    (finding,) = found.values()
    assert finding["expected"] == "a sound index: restore it from a backup"


def test_a_served_lake_is_checked_and_mended_through_its_server(lake, tmp_path):
    server = started(lake, tmp_path)
    s3 = server.client("s3")
    assert fsck(lake, "--deep") == (0, {})
    # Once the survey of the start is over: it would find the row as well.
    time.sleep(0.3)
    while owner(server, "status")["is_surveying"]:
        time.sleep(0.05)
    flip(lake / "lake" / "bucket" / "a" / "2")
    with sqlite3.connect(lake / "state" / "store.sqlite") as connection:
        # A row that no file has, as no hand of ours could make it.
        row = connection.execute("SELECT value FROM s3_object WHERE key = 'a/1'").fetchone()[0]
        connection.execute(
            "INSERT INTO s3_object SELECT bucket, 'ghost', replace(value, 'a/1', 'ghost') "
            "FROM s3_object WHERE key = 'a/1'"
        )
    connection.close()
    assert row
    status, found = fsck(lake, "--deep", "--repair")
    assert (status, {path: finding["done"] for path, finding in found.items()}) == (
        1,
        {
            "lake/bucket/a/2": "nothing: this cannot be mended here",
            "lake/bucket/ghost": "forgot the row",
        },
    )
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert keys == ["../odd", "a/1", "a/2", "b", "joined"]
    server.kill()
    server.process.stdout.close()


def test_no_lake_is_no_clean_lake(tmp_path):
    done = command("fsck", tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no lake in" in done.stderr
    assert not (tmp_path / "nowhere").exists()
