"""Calls of the file system that fail, one by one: AWS's error, the old bytes or the new, no trace.

A disk can be full, or broken, at every write point; what was acknowledged stays, and what was not
is there as a whole or not at all.
"""

from __future__ import annotations

import errno
import os
import time

import pytest
from botocore.exceptions import ClientError

from lakebed import testing
from tests.cli.fsck_in_process import problems
from tests.crash import faulty
from tests.crash.load import PLAIN, VERSIONED, client, set_up

IS_SLOW = bool(os.environ.get("LAKEBED_SLOW"))
BEFORE_COMMIT = ("open", "writev", "write", "fdatasync", "link", "copy_file_range")
AFTER_COMMIT = ("rename", "unlink")
OLD, NEW = b"old" * 1000, b"new" * 100_000


def put(s3):
    s3.put_object(Bucket=PLAIN, Key="d/k", Body=NEW)


def put_small(s3):
    s3.put_object(Bucket=PLAIN, Key="d/k", Body=NEW[:300])


def delete(s3):
    s3.delete_object(Bucket=PLAIN, Key="d/k")


def delete_many(s3):
    answer = s3.delete_objects(Bucket=PLAIN, Delete={"Objects": [{"Key": "d/k"}]})
    assert "Errors" not in answer


def copy(s3):
    s3.copy_object(Bucket=PLAIN, Key="d/k", CopySource={"Bucket": PLAIN, "Key": "source"})


def upload(s3):
    name = {"Bucket": PLAIN, "Key": "d/k"}
    begun = s3.create_multipart_upload(**name)["UploadId"]
    part = s3.upload_part(**name, UploadId=begun, PartNumber=1, Body=NEW)
    s3.complete_multipart_upload(
        **name,
        UploadId=begun,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )


def put_version(s3):
    s3.put_object(Bucket=VERSIONED, Key="d/k", Body=NEW)


def mark(s3):
    s3.delete_object(Bucket=VERSIONED, Key="d/k")


def remove_version(s3):
    """Delete the current version, so that the one before it takes its place."""
    listed = s3.list_object_versions(Bucket=VERSIONED, Prefix="d/k")["Versions"]
    latest = next(one["VersionId"] for one in listed if one["IsLatest"])
    s3.delete_object(Bucket=VERSIONED, Key="d/k", VersionId=latest)


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        put, put_small, delete, delete_many, copy, upload, put_version, mark, remove_version,
    )
}  # fmt: skip
NEW_STATES = {
    "put": NEW, "put_small": NEW[:300], "delete": None, "delete_many": None, "copy": NEW,
    "upload": NEW, "put_version": NEW, "mark": None, "remove_version": b"older",
}  # fmt: skip


def state(s3, bucket):
    """Return the bytes of the key, None if it is absent; and make sure they are whole."""
    try:
        answer = s3.get_object(Bucket=bucket, Key="d/k")
    except s3.exceptions.NoSuchKey:
        return None
    body = answer["Body"].read()
    assert len(body) == answer["ContentLength"]
    return body


def arrange(s3, name):
    """Make the old state anew, and return the bucket it is in."""
    if name in ("put_version", "mark", "remove_version"):
        for body in (b"older", OLD):
            s3.put_object(Bucket=VERSIONED, Key="d/k", Body=body)
        return VERSIONED
    s3.put_object(Bucket=PLAIN, Key="d/k", Body=OLD)
    return PLAIN


@pytest.mark.parametrize("durability", ["none", "file", "full"] if IS_SLOW else ["file"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO] if IS_SLOW else [errno.ENOSPC])
def test_a_call_that_fails_is_an_error_and_no_torn_object(tmp_path, durability, number):
    data, faults, log = tmp_path / "data", tmp_path / "faults", tmp_path / "log"
    server = faulty.start(data, faults, "--durability", durability, log=log)
    s3 = client(server.url, "s3")
    set_up(server.url)
    s3.put_object(Bucket=PLAIN, Key="source", Body=NEW)
    failed, absorbed = set(), set()
    for name, operation in OPERATIONS.items():
        for call in (*BEFORE_COMMIT, *AFTER_COMMIT):
            for skip in range(4 if IS_SLOW else 1):
                bucket = arrange(s3, name)
                wanted = {"call": call, "skip": skip, "errno": number}
                if call == "fdatasync":  # of the store's log: see the next test
                    wanted["path"] = "/state/tmp/"
                faulty.set_faults(faults, fail=wanted)
                error = None
                try:
                    operation(s3)
                except ClientError as caught:
                    error = caught.response
                is_hit = faulty.hits(faults) > 0
                faulty.set_faults(faults)
                found, new = state(s3, bucket), NEW_STATES[name]
                where = (name, call, skip)
                if error is None:
                    assert found == new, where
                    absorbed.update({(name, call)} if is_hit else ())
                    continue
                assert is_hit, where
                assert error["ResponseMetadata"]["HTTPStatusCode"] == 500, where
                assert error["Error"]["Code"] == "InternalError", where
                failed.add((name, call))
                assert found in ((OLD, new) if call in AFTER_COMMIT else (OLD,)), where
    expected = {("put", "open"), ("put", "writev"), ("upload", "open"), ("delete", "unlink")}
    if durability != "none":
        expected |= {("put", "fdatasync"), ("put_small", "fdatasync"), ("put_version", "fdatasync")}
    assert expected <= failed
    # What is committed is served from where it was received, if it cannot get to its place.
    assert {("put", "rename"), ("copy", "rename"), ("put_version", "rename")} <= absorbed
    before = [state(s3, PLAIN), state(s3, VERSIONED)]
    server.kill()
    server.process.stdout.close()
    server = testing.start(data, log=log)
    s3 = client(server.url, "s3")
    assert [state(s3, PLAIN), state(s3, VERSIONED)] == before
    server.kill()
    server.process.stdout.close()
    assert problems(data, is_deep=True) == []


def test_a_log_that_cannot_be_synced_is_an_error(tmp_path):
    data, faults, log = tmp_path / "data", tmp_path / "faults", tmp_path / "log"
    server = faulty.start(data, faults, "--durability", "full", log=log)
    s3 = client(server.url, "s3")
    set_up(server.url)
    faulty.set_faults(
        faults, fail={"call": "fdatasync", "path": "-wal", "errno": errno.EIO, "for_ever": True}
    )
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=PLAIN, Key="k", Body=b"x")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    faulty.set_faults(faults)
    s3.put_object(Bucket=PLAIN, Key="k", Body=b"y")
    assert s3.get_object(Bucket=PLAIN, Key="k")["Body"].read() == b"y"
    server.kill()
    server.process.stdout.close()
    assert problems(data, is_deep=True) == []


def test_the_clock_may_jump(tmp_path):
    data, faults, log = tmp_path / "data", tmp_path / "faults", tmp_path / "log"
    server = faulty.start(data, faults, log=log)
    s3 = client(server.url, "s3")
    set_up(server.url)
    ids = []
    for jump in (0, 600, -600, 0, -700):
        # Signatures may be a quarter of an hour off, not more.
        faulty.set_faults(faults, clock=jump)
        answer = s3.put_object(Bucket=VERSIONED, Key="k", Body=str(jump))
        ids.append(answer["VersionId"])
        shown = s3.head_object(Bucket=VERSIONED, Key="k")["LastModified"].timestamp()
        assert abs(shown - (time.time() + jump)) < 5
    listed = s3.list_object_versions(Bucket=VERSIONED)["Versions"]
    assert [one["VersionId"] for one in listed] == ids[::-1]
    assert [one["IsLatest"] for one in listed] == [True, False, False, False, False]
    assert s3.get_object(Bucket=VERSIONED, Key="k")["Body"].read() == b"-700"
    server.kill()
    server.process.stdout.close()
    # A start in the past of what is there.
    faulty.set_faults(faults, clock=-800)
    server = faulty.start(data, faults, log=log)
    s3 = client(server.url, "s3")
    last = s3.put_object(Bucket=VERSIONED, Key="k", Body=b"last")["VersionId"]
    listed = s3.list_object_versions(Bucket=VERSIONED)["Versions"]
    assert [one["VersionId"] for one in listed] == [last, *ids[::-1]]
    server.kill()
    server.process.stdout.close()
    assert problems(data, is_deep=True) == []
