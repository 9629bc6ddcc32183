"""`lakebed backup` and `restore`: all of one moment is there, right, whoever writes meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import threading

import pytest
from botocore.config import Config

from lakebed import testing
from tests.cli.commands import lakebed as command
from tests.cli.test_fsck import fsck
from tests.services.s3.answers import normal


@pytest.fixture
def start(tmp_path):
    """Starts servers on folders; all are gone at the end."""
    started = []

    def begin(data, *flags):
        started.append(testing.start(data, *flags, log=tmp_path / "log"))
        return started[-1]

    yield begin
    for server in started:
        server.kill()
        server.process.stdout.close()


def fill(server):
    """Put a bit of everything."""
    s3 = server.client("s3")
    for bucket in ("bucket", "versioned"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "a/b", "../odd", "deep/er/k", "empty/"):
        s3.put_object(
            Bucket="bucket", Key=key, Body=key.encode(), Metadata={"k": "v"}, ContentType="x/y",
            Tagging="t=1",
        )  # fmt: skip
    for text in ("one", "two", "three"):
        s3.put_object(Bucket="versioned", Key="v", Body=text, ChecksumAlgorithm="SHA256")
    s3.put_object(Bucket="versioned", Key="marked", Body=b"x")
    s3.delete_object(Bucket="versioned", Key="marked")
    (server.data_dir / "lake" / "bucket" / "hand").write_bytes(b"by hand")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="big")["UploadId"]
    part = s3.upload_part(
        Bucket="bucket", Key="big", UploadId=upload, PartNumber=1, Body=b"p" * 1000
    )
    server.client("glue").create_database(DatabaseInput={"Name": "d"})
    return {"Bucket": "bucket", "Key": "big", "UploadId": upload}, part["ETag"]


def contents(server):
    """Return all that a client can see of every version, bytes included."""
    s3 = server.client("s3")
    seen = {}
    for bucket in ("bucket", "versioned"):
        listed = s3.list_object_versions(Bucket=bucket)
        for marker in listed.get("DeleteMarkers", ()):
            seen[bucket, marker["Key"], marker["VersionId"]] = marker["IsLatest"]
        for version in listed.get("Versions", ()):
            name = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            answer = s3.get_object(**name, ChecksumMode="ENABLED")
            answer.pop("ResponseMetadata")
            tags = s3.get_object_tagging(**name)["TagSet"]
            version["LastModified"] = answer["LastModified"]
            seen[tuple(name.values())] = normal({"tags": tags, **version, **answer})
    return seen


def test_a_backup_restored_is_the_same_lake(start, tmp_path):
    server = start(tmp_path / "data")
    upload, etag = fill(server)
    deadline = 40
    while contents(server)["bucket", "hand", "null"]["ETag"].endswith('-1"') and deadline:
        threading.Event().wait(0.1)
        deadline -= 1
    before = contents(server)
    made = command("backup", tmp_path / "data", str(tmp_path / "backups"), "--verify")
    assert made.returncode == 0, made.stderr
    assert "10 files right, 0 wrong, 0 with nothing to compare" in made.stdout
    server.stop()
    refused = command("restore", tmp_path / "data", str(tmp_path / "backups"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "holds a lake already" in refused.stderr
    restored = command("restore", tmp_path / "new", str(tmp_path / "backups"), "--verify")
    assert restored.returncode == 0, restored.stderr + restored.stdout
    assert "10 files right, 0 wrong" in restored.stdout
    assert fsck(tmp_path / "new", "--deep") == (0, {})
    again = start(tmp_path / "new")
    assert contents(again) == before
    assert [db["Name"] for db in again.client("glue").get_databases()["DatabaseList"]] == ["d"]
    again.client("s3").complete_multipart_upload(
        **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    forced = command("restore", tmp_path / "data", str(tmp_path / "backups"), "--force")
    assert forced.returncode == 0, forced.stderr
    aside = next((tmp_path / "data").glob("before-restore-*"))
    assert (aside / "lake" / "bucket" / "a").exists() or (aside / "lake" / "bucket").is_dir()
    assert contents(start(tmp_path / "data")) == before


def test_a_served_folder_is_not_restored_over(start, tmp_path):
    server = start(tmp_path / "data")
    server.client("s3").create_bucket(Bucket="bucket")
    assert command("backup", tmp_path / "data", str(tmp_path / "backups")).returncode == 0
    refused = command("restore", tmp_path / "data", str(tmp_path / "backups"), "--force")
    assert refused.returncode == 3
    assert f"in use by the lakebed process {server.process.pid}; stop it first" in refused.stderr


def test_records_of_streams_are_carried_while_others_come(start, tmp_path):
    server = start(tmp_path / "data")
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    put = {"StreamName": "clicks", "PartitionKey": "k"}
    for number in range(20):
        kinesis.put_record(Data=b"%d" % number, **put)
    over = threading.Event()

    def go_on():
        while not over.is_set():
            kinesis.put_record(Data=b"later", **put)

    thread = threading.Thread(target=go_on)
    thread.start()
    made = command("backup", tmp_path / "data", str(tmp_path / "backups"))
    over.set()
    thread.join()
    assert made.returncode == 0, made.stderr
    server.stop()
    restored = command("restore", tmp_path / "again", str(tmp_path / "backups"))
    assert restored.returncode == 0, restored.stderr
    kinesis = start(tmp_path / "again").client("kinesis")
    at = kinesis.get_shard_iterator(
        StreamName="clicks", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    texts = [one["Data"] for one in kinesis.get_records(ShardIterator=at)["Records"]]
    assert texts[:20] == [b"%d" % number for number in range(20)]
    assert set(texts[20:]) <= {b"later"}
    kinesis.put_record(Data=b"new", **put)


def test_what_did_not_change_is_not_copied_again(start, tmp_path):
    server = start(tmp_path / "data")
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    for number in range(5):
        s3.put_object(Bucket="bucket", Key=f"k{number}", Body=os.urandom(1000))
    backups = tmp_path / "backups"
    first = command("backup", tmp_path / "data", str(backups), "--copy")
    assert "5 files, 0.0 MiB (5 copied)" in first.stdout, first.stderr
    s3.put_object(Bucket="bucket", Key="k0", Body=b"new")
    s3.delete_object(Bucket="bucket", Key="k1")
    second = command("backup", tmp_path / "data", str(backups), "--copy", "--verify")
    assert "4 files, 0.0 MiB (3 unchanged, 1 copied)" in second.stdout, second.stderr
    assert "4 files right, 0 wrong" in second.stdout
    old, new = sorted(path for path in backups.iterdir())
    assert (old / "lake" / "bucket" / "k2").samefile(new / "lake" / "bucket" / "k2")
    assert (old / "lake" / "bucket" / "k0").stat().st_size == 1000
    third = command("backup", tmp_path / "data", str(backups), "--keep", "1")
    assert third.returncode == 0, third.stderr
    assert len(list(backups.iterdir())) == 1


def test_bytes_that_rot_in_a_backup_are_found(start, tmp_path):
    server = start(tmp_path / "data")
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    for key in ("a", "b", "c"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"bytes")
    assert command("backup", tmp_path / "data", str(tmp_path / "backups"), "--copy").returncode == 0
    folder = next((tmp_path / "backups").iterdir()) / "lake" / "bucket"
    before = (folder / "a").stat()
    (folder / "a").write_bytes(b"Bytes")
    os.utime(folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "b").unlink()
    (folder / "c").write_bytes(b"other bytes")
    restored = command("restore", tmp_path / "new", str(tmp_path / "backups"), "--verify")
    assert restored.returncode == 1
    said = restored.stdout.splitlines()
    assert any(line.startswith("WRONG lake/bucket/a: its ETag is ") for line in said), said
    assert "MISSING lake/bucket/b: the backup has no such file; its row is left out" in said
    assert "CHANGED lake/bucket/c: the backup's file was edited; it is indexed as it is" in said


def test_no_backup_is_made_into_the_lake_and_none_is_restored_from_nothing(start, tmp_path):
    start(tmp_path / "data")
    refused = command("backup", tmp_path / "data", str(tmp_path / "data" / "backups"))
    assert refused.returncode == 2
    assert "is within" in refused.stderr
    missing = command("restore", tmp_path / "new", str(tmp_path / "nowhere"))
    assert missing.returncode == 2
    assert "there is no finished backup in" in missing.stderr
    assert not (tmp_path / "new").exists()


def test_keys_that_were_made_before_are_not_restored_over(start, tmp_path):
    start(tmp_path / "data").client("s3").create_bucket(Bucket="bucket")
    assert command("backup", tmp_path / "data", str(tmp_path / "backups")).returncode == 0
    assert command("init", tmp_path / "new").returncode == 0
    keys = (tmp_path / "new" / "state" / "root-keys").read_text()
    assert command("restore", tmp_path / "new", str(tmp_path / "backups")).returncode == 2
    forced = command("restore", tmp_path / "new", str(tmp_path / "backups"), "--force")
    assert forced.returncode == 0
    aside = next((tmp_path / "new").glob("before-restore-*"))
    assert (aside / "state" / "root-keys").read_text() == keys


class Writer(threading.Thread):
    """Puts, overwrites and deletes keys of its own until it is told to stop.

    `history` holds, by key, the digests the key had, in order; None for absent.
    """

    def __init__(self, server, name):
        super().__init__()
        self.random = random.Random(name)
        self.label = name
        self.history = {}
        self.is_stopped = False
        self.s3 = server.client("s3", config=Config(max_pool_connections=1))

    def run(self):
        while not self.is_stopped:
            key = f"{self.label}/{self.random.randrange(30)}"
            bucket = self.random.choice(("bucket", "versioned"))
            history = self.history.setdefault((bucket, key), [None])
            if self.random.random() < 0.3:
                history.append(None)
                self.s3.delete_object(Bucket=bucket, Key=key)
            else:
                body = self.random.randbytes(self.random.choice((0, 10, 20_000)))
                history.append(hashlib.md5(body).hexdigest())
                self.s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"m": key})


@pytest.mark.slow
def test_a_backup_under_load_holds_what_was_acknowledged_before_it(start, tmp_path):
    server = start(tmp_path / "data")
    fill(server)
    before = contents(server)
    writers = [Writer(server, f"w{number}") for number in range(3)]
    for writer in writers:
        writer.start()
    threading.Event().wait(0.5)
    marks = {
        (bucket, key): (len(history), writer)
        for writer in writers
        for (bucket, key), history in list(writer.history.items())
    }
    made = command("backup", tmp_path / "data", str(tmp_path / "backups"), "--verify")
    for writer in writers:
        writer.is_stopped = True
        writer.join()
    assert made.returncode == 0, made.stderr + made.stdout
    assert "note:" not in made.stdout
    assert command("restore", tmp_path / "new", str(tmp_path / "backups")).returncode == 0
    assert fsck(tmp_path / "new", "--deep") == (0, {})
    restored = start(tmp_path / "new")
    now = contents(restored)
    assert {name: now.get(name) for name in before if name[1] != "hand"} == {
        name: value for name, value in before.items() if name[1] != "hand"
    }
    s3 = restored.client("s3")
    assert marks
    for (bucket, key), (count, writer) in marks.items():
        # The last two may have been under way when the count was taken.
        allowed = writer.history[bucket, key][max(count - 2, 0) :]
        try:
            answer = s3.get_object(Bucket=bucket, Key=key)
        except s3.exceptions.NoSuchKey:
            assert None in allowed
        else:
            assert hashlib.md5(answer["Body"].read()).hexdigest() in allowed
            assert answer["Metadata"] == {"m": key}


@pytest.mark.slow
def test_a_backup_across_file_systems_copies(start, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(other)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs root and mount(2): run as root to back up to another file system")
    try:
        server = start(tmp_path / "data")
        fill(server)
        made = command("backup", tmp_path / "data", str(other / "b"), "--verify")
        assert made.returncode == 0, made.stderr
        assert "10 copied" in made.stdout
        again = command("backup", tmp_path / "data", str(other / "b"), "--verify")
        assert "10 unchanged" in again.stdout
        before = contents(server)
        restored = command("restore", tmp_path / "new", str(other / "b"), "--verify")
        assert restored.returncode == 0, restored.stdout
        after = contents(start(tmp_path / "new"))
        assert {key: value for key, value in after.items() if key[1] != "hand"} == {
            key: value for key, value in before.items() if key[1] != "hand"
        }
    finally:
        subprocess.run(["umount", "-l", str(other)], check=True)


def test_a_backup_that_is_cut_off_is_none(start, tmp_path):
    server = start(tmp_path / "data")
    server.client("s3").create_bucket(Bucket="bucket")
    partial = tmp_path / "backups" / ".partial-2000-01-01T000000Z"
    (partial / "lake").mkdir(parents=True)
    missing = command("restore", tmp_path / "new", str(tmp_path / "backups"))
    assert missing.returncode == 2
    assert command("backup", tmp_path / "data", str(tmp_path / "backups")).returncode == 0
    assert not partial.exists()
    manifest = next((tmp_path / "backups").glob("*/backup.json"))
    assert json.loads(manifest.read_text())["carried"]["missing"] == []
    shutil.rmtree(tmp_path / "backups")
