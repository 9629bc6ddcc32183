"""Full disks, keys that would escape, bodies that lie: AWS's error, no trace, still serving."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lakebed import testing
from tests.cli.fsck_in_process import problems
from tests.gateway.test_server import connect, read_answer, signed, whole
from tests.services.glue.test_databases import error_of

ONCE = Config(retries={"total_max_attempts": 1})


def files(server):
    """Return every file of the data folder that holds an object, a part or a body."""
    data = server.data_dir
    places = (data / "lake", data / "state" / "tmp", data / "state" / "odd")
    return [
        path for place in places if place.exists() for path in place.rglob("*") if path.is_file()
    ]


def failure_of(call, **arguments):
    """Return the code and status of a call's error, None for a success."""
    try:
        call(**arguments)
    except ClientError as error:
        answer = error.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
    return None


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A folder on a file system of 12 MB, that may be filled."""
    monkeypatch.setenv("LAKEBED_DISK_FREE_BYTES_MIN", "0")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("needs root and mount(2): run as root to test a full disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_and_survived(small_disk, tmp_path):
    server = testing.start(small_disk / "data", log=tmp_path / "log")
    s3, glue = server.client("s3", config=ONCE), server.client("glue", config=ONCE)
    s3.create_bucket(Bucket="bucket")
    glue.create_database(DatabaseInput={"Name": "d"})
    kept, refused = {}, 0
    for number in range(30):
        body = os.urandom(700_000)
        failure = failure_of(s3.put_object, Bucket="bucket", Key=f"k{number}", Body=body)
        if failure is None:
            kept[f"k{number}"] = hashlib.md5(body).hexdigest()
        else:
            assert failure == ("InternalError", 500)
            refused += 1
    assert kept
    assert refused
    for number in range(200):
        table = {"Name": f"t{number}", "Description": "x" * 2000}
        failure = failure_of(glue.create_table, DatabaseName="d", TableInput=table)
        if failure is not None:
            assert failure == ("InternalServiceException", 500)
            break
    for key, digest in kept.items():
        body = s3.get_object(Bucket="bucket", Key=key)["Body"].read()
        assert hashlib.md5(body).hexdigest() == digest
    assert {path.name for path in files(server)} == set(kept)
    for key in list(kept)[:5]:
        s3.delete_object(Bucket="bucket", Key=key)
    s3.put_object(Bucket="bucket", Key="after", Body=b"there is room again")
    glue.create_table(DatabaseName="d", TableInput={"Name": "after"})
    server.kill()
    server = testing.start(small_disk / "data", log=tmp_path / "log")
    assert server.client("s3").get_object(Bucket="bucket", Key="after")["Body"].read() == (
        b"there is room again"
    )
    server.kill()


def fill(balloon, leaving):
    """Take all of the balloon's disk but ``leaving`` bytes, while a server may write to it."""
    with balloon.open("wb") as file:
        while True:
            disk = os.statvfs(balloon.parent)
            taken = disk.f_bavail * disk.f_bsize - leaving
            try:
                return taken > 0 and os.posix_fallocate(file.fileno(), 0, taken)
            except OSError as error:  # the server took some in between: ask again
                if error.errno != errno.ENOSPC:
                    raise


def test_a_disk_that_is_full_at_any_point_tears_nothing(small_disk, tmp_path):
    data, balloon = small_disk / "data", small_disk / "balloon"
    server = testing.start(data, log=tmp_path / "log")
    s3 = server.client("s3", config=ONCE)
    for bucket in ("bucket", "versioned"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    known, outcomes = {}, set()
    for room in range(0, 240 if os.environ.get("LAKEBED_SLOW") else 72, 4):
        # All but so many KiB are taken; SQLite, too, meets the end of the disk anywhere.
        fill(balloon, leaving=room << 10)
        for number, (bucket, size) in enumerate((("bucket", 20_000), ("versioned", 100))):
            key, body = f"d{room % 16}/{number}", os.urandom(size)
            failure = failure_of(s3.put_object, Bucket=bucket, Key=key, Body=body)
            outcomes.add(failure)
            if failure is None:
                known[bucket, key] = body
            elif failure_of(s3.delete_object, Bucket=bucket, Key=key) is None:
                known[bucket, key] = None
        balloon.unlink()
        for (bucket, key), body in known.items():
            try:
                found = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                found = None
            assert found == body, (room, bucket, key)
    assert outcomes == {None, ("InternalError", 500)}
    server.kill()
    server.process.stdout.close()
    assert problems(data, is_deep=True) == []


KEYS = [
    "../escape", "a/../../escape", "./a", "a//b", "/a", "a/", "..", ".", "a/./b", "con\nrol",
    "ключ/ünï/🎉", "x" * 1024, "/".join(["d" * 200] * 5), "a b+c%20&?#=", ".lakebed", "~", "-",
]  # fmt: skip


def test_odd_keys_are_keys_like_others_and_stay_in_the_lake(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    before = {path for path in lakebed.data_dir.parent.iterdir()}
    for number, key in enumerate(KEYS):
        s3.put_object(Bucket="bucket", Key=key, Body=b"%d" % number)
    for number, key in enumerate(KEYS):
        assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == b"%d" % number
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert listed == sorted(KEYS, key=str.encode)
    assert {path for path in lakebed.data_dir.parent.iterdir()} == before
    inside = str(lakebed.data_dir.resolve())
    assert all(str(path.resolve()).startswith(inside) for path in files(lakebed))
    for key in KEYS:
        s3.delete_object(Bucket="bucket", Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    assert files(lakebed) == []
    s3.delete_bucket(Bucket="bucket")


def test_a_key_and_one_below_it_live_side_by_side(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    for order in (("a", "a/b", "a/b/c"), ("a/b/c", "a/b", "a")):
        for key in order:
            s3.put_object(Bucket="bucket", Key=key, Body=key.encode())
        for key in order:
            assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == key.encode()
        for key in order:
            s3.delete_object(Bucket="bucket", Key=key)
        assert "Contents" not in s3.list_objects_v2(Bucket="bucket")


def test_a_key_that_is_too_long_is_refused(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    code, _, status = error_of(lambda: s3.put_object(Bucket="bucket", Key="x" * 1025, Body=b""))
    assert (code, status) == ("KeyTooLongError", 400)
    assert files(lakebed) == []


def test_symlinks_in_the_lake_lead_nowhere(lakebed, tmp_path):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    (tmp_path / "secret").write_text("secret")
    bucket = lakebed.data_dir / "lake" / "bucket"
    (bucket / "file").symlink_to(tmp_path / "secret")
    (bucket / "folder").symlink_to(tmp_path)
    for key in ("file", "folder/secret"):
        assert error_of(lambda key=key: s3.get_object(Bucket="bucket", Key=key))[0] == "NoSuchKey"
    s3.put_object(Bucket="bucket", Key="folder/new", Body=b"x")
    assert not (tmp_path / "new").exists()
    assert s3.get_object(Bucket="bucket", Key="folder/new")["Body"].read() == b"x"
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_body_that_is_not_what_it_says_leaves_no_trace(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    wrong = {
        "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg==",
        "ChecksumCRC32": "AAAAAA==",
        "ChecksumSHA256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    }
    for member, value in wrong.items():
        code, _, status = error_of(
            lambda member=member, value=value: s3.put_object(
                Bucket="bucket", Key="k", Body=b"body", **{member: value}
            )
        )
        assert (code, status) == ("BadDigest" if member == "ContentMD5" else code, 400)
    head, _ = signed(
        lakebed,
        "PUT",
        "/bucket/k",
        b"body",
        "s3",
        X_Amz_Content_SHA256=hashlib.sha256(b"body").hexdigest(),
    )
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(whole(head, b"lies"))
        status, _, answer = read_answer(stream)
    assert status in (400, 403)
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in answer
    assert files(lakebed) == []
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")


def test_a_client_that_goes_away_leaves_no_trace(lakebed):
    lakebed.client("s3").create_bucket(Bucket="bucket")
    for size in (1000, 3_000_000):
        head, _ = signed(
            lakebed, "PUT", "/bucket/k", b"", "s3", X_Amz_Content_SHA256="UNSIGNED-PAYLOAD"
        )
        one = connect(lakebed)
        one.sendall(head + b"\r\nContent-Length: %d\r\n\r\n" % size + b"x" * (size // 2))
        time.sleep(0.1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.close()
    deadline = time.monotonic() + 5
    while files(lakebed) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert files(lakebed) == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<", b"<Delete>", b"<Wrong/>", b"<Delete></Delete>", b"\xff" * 100,
        b'<!DOCTYPE x [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
        b"<a>" * 10_000,
    ],
)  # fmt: skip
def test_malformed_xml_is_awss_error(lakebed, body):
    lakebed.client("s3").create_bucket(Bucket="bucket")
    digest = hashlib.sha256(body).hexdigest()
    head, _ = signed(lakebed, "POST", "/bucket?delete", body, "s3", X_Amz_Content_SHA256=digest)
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(whole(head, body))
        status, _, answer = read_answer(stream)
    assert status == 400
    assert (
        b"<Code>MalformedXML</Code>" in answer or b"<Code>MissingRequestBodyError</Code>" in answer
    )


def longest_gap(folder):
    """Return the longest time the loop's thread was busy with one thing, in CPU seconds."""
    code = (
        "import asyncio, signal, sys, time, lakebed.cli.server as server\n"
        "gaps = []\n"
        "signal.signal(signal.SIGUSR1, lambda *_: gaps.clear())\n"
        "async def watch():\n"
        "    while True:\n"
        "        before, cpu = time.perf_counter(), time.thread_time()\n"
        "        await asyncio.sleep(0)\n"
        "        gaps.append((min(time.perf_counter() - before, time.thread_time() - cpu)))\n"
        "inner = server.serve\n"
        "async def serve(*arguments):\n"
        "    task = asyncio.get_running_loop().create_task(watch())\n"
        "    await inner(*arguments)\n"
        "    task.cancel()\n"
        "    print('longest', max(gaps), file=sys.stderr)\n"
        "server.serve = serve\n"
        "from lakebed.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "serve",
        "--port",
        "0",
        "--data-dir",
        str(folder / "d"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = process.stdout.readline().split()[1]
    server = testing.LakebedServer(url, folder / "d", process, {"AWS_DEFAULT_REGION": "us-east-1"})
    s3, glue = server.client("s3"), server.client("glue")
    s3.create_bucket(Bucket="bucket")
    glue.create_database(DatabaseInput={"Name": "d"})
    s3.put_object(Bucket="bucket", Key="warm", Body=b"x")
    s3.list_objects_v2(Bucket="bucket")
    process.send_signal(signal.SIGUSR1)  # what a service's first call imports is behind us
    for number in range(100):
        s3.put_object(Bucket="bucket", Key=f"small/{number}", Body=b"x" * 1000)
        glue.create_table(DatabaseName="d", TableInput={"Name": f"t{number}"})
    s3.put_object(Bucket="bucket", Key="large", Body=os.urandom(20_000_000))
    assert len(s3.get_object(Bucket="bucket", Key="large")["Body"].read()) == 20_000_000
    s3.list_objects_v2(Bucket="bucket")
    s3.delete_objects(
        Bucket="bucket", Delete={"Objects": [{"Key": f"small/{n}"} for n in range(25)]}
    )
    process.terminate()
    said = process.stderr.read()
    process.wait(10)
    return float(said.rpartition("longest ")[2].split()[0])


@pytest.mark.slow
def test_the_loop_is_never_blocked_for_long(tmp_path):
    # CPU time, so that a busy machine does not count as ours; and what is ours comes every time.
    gaps = []
    for attempt in range(6):
        gaps.append(longest_gap(tmp_path / str(attempt)))
        if gaps[-1] < 0.005:
            break
    assert min(gaps) < 0.005, gaps
