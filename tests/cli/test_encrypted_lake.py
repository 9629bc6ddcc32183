"""Encrypted and locked objects are checked, backed up and restored like all others."""

from __future__ import annotations

import contextlib
import datetime

import pytest
from botocore.exceptions import ClientError, ResponseStreamingError

from lakebed import testing
from tests.cli.commands import lakebed as command
from tests.cli.test_fsck import flip, fsck, kinds

FAR = datetime.datetime(2080, 1, 1, tzinfo=datetime.UTC)
CUSTOMER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": bytes(range(32))}
LARGE = bytes(200_000)
KINDS = {
    "s3": {"ServerSideEncryption": "AES256"},
    "kms": {"ServerSideEncryption": "aws:kms"},
    "customer": CUSTOMER,
}


def brought(key):
    return CUSTOMER if key.startswith("customer") else {}


@contextlib.contextmanager
def served(data):
    server = testing.start(data, log=data.parent / "log")
    try:
        yield server
    finally:
        server.stop()
        server.process.stdout.close()


@pytest.fixture
def lake(tmp_path):
    """Return a stopped lake, and the upload that is under way in it."""
    with served(tmp_path / "data") as server:
        upload = fill(server)
    return tmp_path / "data", upload


def fill(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    s3.put_bucket_encryption(Bucket="kept", ServerSideEncryptionConfiguration={"Rules": [rule]})
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": FAR}
    for key, asks in KINDS.items():
        for body in (b"old", LARGE):
            s3.put_object(Bucket="kept", Key=key, Body=body, **asks, **lock)
    upload = {"Bucket": "kept", "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **KINDS["s3"])["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"the part")
    upload["MultipartUpload"] = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    return upload


def test_encrypted_versions_move_with_a_backup_and_stay_locked(lake, tmp_path):
    data, upload = lake
    assert fsck(data, "--deep") == (0, {})
    made = command("backup", data, str(tmp_path / "backups"), "--verify")
    assert made.returncode == 0, made.stderr
    assert "6 files right, 0 wrong, 0 with nothing to compare" in made.stdout
    restored = command("restore", tmp_path / "new", str(tmp_path / "backups"), "--verify")
    assert restored.returncode == 0, restored.stderr
    assert fsck(tmp_path / "new", "--deep") == (0, {})
    with served(tmp_path / "new") as server:
        s3 = server.client("s3")
        for version in s3.list_object_versions(Bucket="kept")["Versions"]:
            key, size = version["Key"], version["Size"]
            named = {"Bucket": "kept", "Key": key, "VersionId": version["VersionId"]}
            got = s3.get_object(**named, **brought(key))
            assert got["Body"].read() == (LARGE if size == len(LARGE) else b"old")
            assert (got["ObjectLockMode"], got["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", FAR)
            with pytest.raises(s3.exceptions.ClientError, match="protected by object lock"):
                s3.delete_object(**named, BypassGovernanceRetention=True)
        s3.complete_multipart_upload(**upload)
        assert s3.get_object(Bucket="kept", Key="parts")["Body"].read() == b"the part"


def test_encrypted_bytes_that_rot_or_are_changed_by_hand_are_found(lake):
    data, _ = lake
    folder = data / "lake" / "kept"
    flip(folder / "customer", at=100_000)
    (folder / "kms").write_bytes(b"by hand")
    assert kinds(fsck(data)[1]) == {"lake/kept/kms": "changed-file"}
    code, found = fsck(data, "--deep")
    assert (code, set(found)) == (1, {"lake/kept/customer", "lake/kept/kms"})
    command("fsck", data, "--repair")
    with served(data) as server:
        s3 = server.client("s3")
        for key in ("kms", "customer"):
            # One is met before the answer begins; the other ends the connection.
            with pytest.raises((ClientError, ResponseStreamingError), match="fsck|broken"):
                s3.get_object(Bucket="kept", Key=key, **brought(key))["Body"].read()
        (listed,) = [
            one
            for one in s3.list_object_versions(Bucket="kept", Prefix="kms")["Versions"]
            if one["IsLatest"]
        ]
        assert listed["Size"] == len(b"by hand")
