"""Writers that do all that can be done to objects, and know what must be there after a crash.

Each writer has keys of its own and does one call after the other. What the server answered is
`known`; the one call that was under way at the end may have happened or not.
"""

from __future__ import annotations

import functools
import hashlib
import random
import threading
import time
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PLAIN, VERSIONED = "bucket", "versioned"
KEYS = 10
SIZES = (0, 100, 5000, 300_000)


@functools.cache
def client(url, service):
    """Return a client that all threads share; making one takes longer than a round."""
    config = Config(
        retries={"total_max_attempts": 1}, max_pool_connections=20, connect_timeout=5,
        read_timeout=20,
    )  # fmt: skip
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.client(service, endpoint_url=url, config=config)


def set_up(url):
    s3 = client(url, "s3")
    for bucket in (PLAIN, VERSIONED):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
    client(url, "glue").create_database(DatabaseInput={"Name": "d"})


def let_work(done, at_least, seconds):
    """Return `seconds` after `done()` has come to `at_least`, however slow the disk is."""
    until = time.monotonic() + 120
    while done() < at_least:
        assert time.monotonic() < until, f"only {done()} of {at_least} calls were answered"
        time.sleep(0.005)
    time.sleep(seconds)


def answered(writers):
    return sum(writer.calls for writer in writers)


def digest(body):
    return hashlib.md5(body).hexdigest()


@dataclass
class Versions:
    """The versions of one key, newest first: (version id, digest); a marker's digest is None."""

    kept: list[tuple[str, str | None]] = field(default_factory=list)


class Writer(threading.Thread):
    """Writes until its server is gone; its memory outlives servers, by `resume`."""

    def __init__(self, name, url, seed):
        super().__init__(daemon=True)
        self.label = name
        self.random = random.Random(f"{name}{seed}")
        self.s3, self.glue = client(url, "s3"), client(url, "glue")
        self.objects = {}
        self.versions = {}
        self.tables = {}
        self.is_stopped = False
        self.calls = 0
        self.errors = []
        self.digests = {digest(b"")}
        # What may have happened besides: set before a call, emptied after its answer.
        self.unsure = {}
        self.unsure_version = None

    def run(self):
        while not self.is_stopped:
            try:
                self.step()
            except ClientError as error:
                self.errors.append(error)
                if self.is_stopped:
                    return
            except (BotoCoreError, OSError):
                return

    def step(self):
        weighted = (
            self.put, self.put, self.put, self.delete, self.delete_many, self.upload, self.copy,
            self.put_version, self.put_version, self.mark, self.remove_version, self.table,
        )  # fmt: skip
        self.random.choice(weighted)()
        self.unsure.clear()
        self.unsure_version = None
        self.calls += 1

    def key(self):
        folder = self.random.choice(("a", "b/c", "b/d/e"))
        return f"{folder}/{self.label}-{self.random.randrange(KEYS)}"

    def body(self):
        body = self.random.randbytes(self.random.choice(SIZES))
        self.digests.add(digest(body))
        return body

    def put(self):
        key, body = self.key(), self.body()
        self.unsure[key] = digest(body)
        self.s3.put_object(Bucket=PLAIN, Key=key, Body=body, Metadata={"md5": digest(body)})
        self.objects[key] = digest(body)

    def delete(self):
        key = self.key()
        self.unsure[key] = None
        self.s3.delete_object(Bucket=PLAIN, Key=key)
        self.objects[key] = None

    def delete_many(self):
        keys = sorted({self.key() for _ in range(4)})
        self.unsure.update(dict.fromkeys(keys))
        wanted = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        answer = self.s3.delete_objects(Bucket=PLAIN, Delete=wanted)
        assert "Errors" not in answer
        self.objects.update(dict.fromkeys(keys))

    def upload(self):
        key = self.key()
        bodies = [self.random.randbytes(5 << 20), b"tail"] if self.random.random() < 0.1 else [b"1"]
        whole = digest(b"".join(bodies))
        self.digests.add(whole)
        name = {"Bucket": PLAIN, "Key": key}
        upload = self.s3.create_multipart_upload(**name, Metadata={"md5": whole})["UploadId"]
        parts = []
        for number, body in enumerate(bodies, 1):
            part = self.s3.upload_part(**name, UploadId=upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": part["ETag"]})
        if self.random.random() < 0.2:
            self.s3.abort_multipart_upload(**name, UploadId=upload)
            return
        self.unsure[key] = whole
        self.s3.complete_multipart_upload(**name, UploadId=upload, MultipartUpload={"Parts": parts})
        self.objects[key] = whole

    def copy(self):
        there = [key for key, kept in self.objects.items() if kept is not None]
        if not there:
            return
        source, target = self.random.choice(there), self.key()
        if source == target:
            return
        self.unsure[target] = self.objects[source]
        self.s3.copy_object(Bucket=PLAIN, Key=target, CopySource={"Bucket": PLAIN, "Key": source})
        self.objects[target] = self.objects[source]

    def put_version(self):
        key, body = self.key(), self.body()
        self.unsure_version = (key, digest(body), None)
        answer = self.s3.put_object(
            Bucket=VERSIONED, Key=key, Body=body, Metadata={"md5": digest(body)}
        )
        self.versions.setdefault(key, Versions()).kept.insert(
            0, (answer["VersionId"], digest(body))
        )

    def mark(self):
        key = self.key()
        self.unsure_version = (key, None, None)
        answer = self.s3.delete_object(Bucket=VERSIONED, Key=key)
        self.versions.setdefault(key, Versions()).kept.insert(0, (answer["VersionId"], None))

    def remove_version(self):
        key = self.random.choice([*self.versions] or [""])
        kept = self.versions[key].kept if key else []
        if not kept:
            return
        gone = self.random.choice(kept)
        self.unsure_version = (key, None, gone[0])
        self.s3.delete_object(Bucket=VERSIONED, Key=key, VersionId=gone[0])
        kept.remove(gone)

    def table(self):
        name = f"{self.label}_{self.random.randrange(KEYS)}"
        text = str(self.random.random())
        self.unsure[f"table {name}"] = text
        table = {"Name": name, "Description": text}
        if name in self.tables:
            self.glue.update_table(DatabaseName="d", TableInput=table)
        else:
            self.glue.create_table(DatabaseName="d", TableInput=table)
        self.tables[name] = text

    def resume(self, seed):
        """Return a writer that goes on where this one was, once `check` has settled its doubts."""
        after = Writer(self.label, self.s3.meta.endpoint_url, seed)
        after.objects, after.versions, after.tables = self.objects, self.versions, self.tables
        return after


# -- what must be there ----------------------------------------------------------------------------


def whole(s3, name, expected):
    """Read an object and make sure that it is whole, with what is known of its own."""
    answer = s3.get_object(**name)
    body = answer["Body"].read()
    assert len(body) == answer["ContentLength"]
    found = digest(body)
    assert answer["Metadata"] == {"md5": found}, name
    assert answer["ETag"] == f'"{found}"' or answer["ETag"].count("-") == 1
    assert found in expected, name
    return found


def check(url, writers):
    """Make sure that all is there that was acknowledged, and settle what was in doubt."""
    s3, glue = client(url, "s3"), client(url, "glue")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=PLAIN)
    listed = {item["Key"] for page in pages for item in page.get("Contents", ())}
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=VERSIONED)
    versions = {}
    for page in pages:
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        for item in entries:
            versions.setdefault(item["Key"], []).append(item)
    tables = {
        table["Name"]: table["Description"]
        for page in glue.get_paginator("get_tables").paginate(DatabaseName="d")
        for table in page["TableList"]
    }
    for writer in writers:
        check_objects(s3, writer, listed)
        check_versions(s3, writer, versions)
        for name in {*writer.tables, *(n for n in tables if n.startswith(f"{writer.label}_"))}:
            allowed = {writer.tables.get(name), writer.unsure.get(f"table {name}")}
            assert tables.get(name) in allowed, name
            writer.tables[name] = tables.get(name)
        writer.tables = {name: text for name, text in writer.tables.items() if text is not None}


def check_objects(s3, writer, listed):
    mine = {key for key in listed if f"/{writer.label}-" in key}
    for key in {*writer.objects, *writer.unsure, *mine} - {
        name for name in writer.unsure if name.startswith("table ")
    }:
        allowed = {writer.objects.get(key)}
        if key in writer.unsure:
            allowed.add(writer.unsure[key])
        if key in mine:
            writer.objects[key] = whole(s3, {"Bucket": PLAIN, "Key": key}, allowed)
        else:
            assert None in allowed, f"{key} is lost"
            writer.objects[key] = None


def check_versions(s3, writer, versions):
    mine = {key for key in versions if f"/{writer.label}-" in key}
    unsure_key, unsure_digest, unsure_gone = writer.unsure_version or ("", None, None)
    for key in {*writer.versions, *mine}:
        kept = writer.versions.setdefault(key, Versions()).kept
        # A listing has versions and markers apart: by time and by what is the latest, in order.
        found = versions.get(key, [])
        ids = {item["VersionId"] for item in found}
        known = {version for version, _ in kept}
        lost = known - ids - ({unsure_gone} if key == unsure_key else set())
        assert not lost, f"versions of {key} are lost"
        extra = ids - known
        assert not extra or (key == unsure_key and unsure_gone is None and len(extra) == 1), key
        kept[:] = [one for one in kept if one[0] in ids]
        kept[:0] = [(version, unsure_digest) for version in extra]
        latest = [item["VersionId"] for item in found if item["IsLatest"]]
        assert latest == [version for version, _ in kept[:1]], key
        for version, expected in kept:
            if expected is not None:
                whole(s3, {"Bucket": VERSIONED, "Key": key, "VersionId": version}, {expected})
