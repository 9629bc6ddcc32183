"""Clients of S3 that nobody here wrote, as their users use them: whole stories, whole answers."""

from __future__ import annotations

import os

import pytest

from tests.clients.clients import client, run, run_script

pytestmark = pytest.mark.slow

S3FS = """
import s3fs
fs = s3fs.S3FileSystem()
fs.mkdir("lake")
with fs.open("lake/a/one.txt", "wb") as file:
    file.write(b"one" * 3)
with fs.open("lake/a/big.bin", "wb", block_size=5 * 2**20) as file:
    for number in range(12):
        file.write(bytes([number]) * 2**20)
assert fs.ls("lake/a") == ["lake/a/big.bin", "lake/a/one.txt"], fs.ls("lake/a")
assert fs.info("lake/a/big.bin")["size"] == 12 * 2**20
with fs.open("lake/a/big.bin", "rb") as file:
    file.seek(7 * 2**20 - 1)
    assert file.read(2) == bytes([6, 7])
fs.copy("lake/a/big.bin", "lake/b/copy.bin")
fs.mv("lake/a/one.txt", "lake/b/moved.txt")
assert fs.cat("lake/b/moved.txt") == b"oneoneone"
assert fs.find("lake") == ["lake/a/big.bin", "lake/b/copy.bin", "lake/b/moved.txt"]
assert fs.glob("lake/b/*.txt") == ["lake/b/moved.txt"]
fs.setxattr("lake/b/moved.txt", colour="red")
assert fs.getxattr("lake/b/moved.txt", "colour") == "red"
fs.put_tags("lake/b/moved.txt", {"team": "data"})
assert fs.get_tags("lake/b/moved.txt") == {"team": "data"}
fs.rm("lake/b", recursive=True)
assert fs.find("lake") == ["lake/a/big.bin"]
print("ok")
"""

OBSTORE = """
import obstore
from obstore.store import S3Store
store = S3Store("lake", config={"aws_endpoint": "ENDPOINT", "aws_allow_http": "true",
    "aws_region": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"})
obstore.put(store, "a/one", b"one", mode="create")
try:
    obstore.put(store, "a/one", b"two", mode="create")
except obstore.exceptions.AlreadyExistsError:
    pass
else:
    raise SystemExit("a second create went through")
found = obstore.head(store, "a/one")
obstore.put(store, "a/one", b"three", mode={"e_tag": found["e_tag"]})
try:
    obstore.put(store, "a/one", b"four", mode={"e_tag": found["e_tag"]})
except obstore.exceptions.PreconditionError:
    pass
else:
    raise SystemExit("a stale update went through")
assert obstore.get(store, "a/one").bytes() == b"three"
big = bytes(range(256)) * 4096 * 12
obstore.put(store, "big", big, use_multipart=True, chunk_size=5 * 2**20)
assert obstore.get(store, "big").bytes() == big
assert bytes(obstore.get_range(store, "big", start=100, end=300)) == big[100:300]
obstore.copy(store, "big", "b/copy")
obstore.rename(store, "b/copy", "b/renamed")
assert sorted(one["path"] for one in obstore.list(store).collect()) == ["a/one", "b/renamed", "big"]
assert obstore.list_with_delimiter(store)["common_prefixes"] == ["a", "b"]
obstore.delete(store, ["a/one", "b/renamed", "big"])
assert obstore.list(store).collect() == []
print("ok")
"""

DELTALAKE = """
import concurrent.futures
from arro3.core import Table, Array, DataType, Schema, Field
import deltalake
options = {"conditional_put": "etag", "aws_conditional_put": "etag"}
def rows(*numbers):
    return Table.from_pydict({"n": Array(list(numbers), type=DataType.int64())})
deltalake.write_deltalake("s3://lake/t", rows(0), storage_options=options)
def append(number):
    deltalake.write_deltalake("s3://lake/t", rows(number), mode="append", storage_options=options)
with concurrent.futures.ThreadPoolExecutor(4) as threads:
    list(threads.map(append, range(1, 9)))
table = deltalake.DeltaTable("s3://lake/t", storage_options=options)
assert table.version() == 8, table.version()
from deltalake import QueryBuilder
read = QueryBuilder().register("t", table).execute("select n from t order by n").read_all()
assert [value.as_py() for value in read["n"]] == list(range(9)), read["n"]
print("ok")
"""


def test_awscli_syncs_a_folder_there_and_back(lakebed, tmp_path):
    aws = client("aws")
    run(lakebed, aws, "s3", "mb", "s3://lake", folder=tmp_path)
    source = tmp_path / "source"
    for name, data in {"a.txt": b"a", "d/b é.bin": os.urandom(9 << 20), "d/e/empty": b""}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
        # S3 knows whole seconds: a file of this second would look newer than its object.
        os.utime(source / name, (1_700_000_000, 1_700_000_000))
    up = run(lakebed, aws, "s3", "sync", "source", "s3://lake/x", folder=tmp_path)
    again = run(lakebed, aws, "s3", "sync", "source", "s3://lake/x", folder=tmp_path)
    assert (up.count("upload: "), again.count("upload: ")) == (3, 0)
    (source / "a.txt").unlink()
    gone = run(lakebed, aws, "s3", "sync", "--delete", "source", "s3://lake/x", folder=tmp_path)
    assert "delete: s3://lake/x/a.txt\n" in gone
    run(lakebed, aws, "s3", "cp", "--recursive", "s3://lake/x", "s3://lake/y", folder=tmp_path)
    run(lakebed, aws, "s3", "sync", "s3://lake/y", "back", folder=tmp_path)
    assert _tree(tmp_path / "back") == _tree(source)
    assert _tree(lakebed.data_dir / "lake" / "lake" / "y") == _tree(source)
    run(lakebed, aws, "s3", "mv", "s3://lake/y/d/e/empty", "s3://lake/z", folder=tmp_path)
    listed = run(lakebed, aws, "s3", "ls", "--recursive", "s3://lake/", folder=tmp_path)
    assert [line.split(maxsplit=3)[3] for line in listed.splitlines()] == [
        "x/d/b é.bin", "x/d/e/empty", "y/d/b é.bin", "z",
    ]  # fmt: skip
    run(lakebed, aws, "s3", "rb", "--force", "s3://lake", folder=tmp_path)
    assert run(lakebed, aws, "s3", "ls", folder=tmp_path) == ""


def _tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_awscli_works_with_versions(lakebed, tmp_path):
    aws = client("aws")

    def api(*command):
        return run(lakebed, aws, "s3api", *command, "--output", "text", folder=tmp_path)

    api("create-bucket", "--bucket", "lake")
    api("put-bucket-versioning", "--bucket=lake", "--versioning-configuration=Status=Enabled")
    (tmp_path / "one").write_text("one")
    (tmp_path / "two").write_text("two")
    for name in ("one", "two"):
        run(lakebed, aws, "s3", "cp", name, "s3://lake/k", folder=tmp_path)
    run(lakebed, aws, "s3", "rm", "s3://lake/k", folder=tmp_path)
    listed = ("list-object-versions", "--bucket=lake", "--query")
    assert api(*listed, "Versions[].[Key,IsLatest,Size]") == "k\tFalse\t3\nk\tFalse\t3\n"
    marker = api(*listed, "DeleteMarkers[0].VersionId").strip()
    api("delete-object", "--bucket=lake", "--key=k", f"--version-id={marker}")
    run(lakebed, aws, "s3", "cp", "s3://lake/k", "back", folder=tmp_path)
    assert (tmp_path / "back").read_text() == "two"


def test_s3fs_is_a_file_system(lakebed, tmp_path):
    assert run_script(lakebed, S3FS, folder=tmp_path) == "ok\n"


def test_obstore_writes_on_conditions(lakebed, tmp_path):
    lakebed.client("s3").create_bucket(Bucket="lake")
    script = OBSTORE.replace("ENDPOINT", lakebed.url)
    assert run_script(lakebed, script, folder=tmp_path) == "ok\n"


def test_writers_of_a_delta_table_do_not_lose_each_others_commits(lakebed, tmp_path):
    lakebed.client("s3").create_bucket(Bucket="lake")
    assert run_script(lakebed, DELTALAKE, folder=tmp_path) == "ok\n"


def test_pyarrow_writes_and_reads_a_dataset(lakebed):
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.fs as pafs

    lakebed.client("s3").create_bucket(Bucket="lake")
    host = lakebed.url.removeprefix("http://")
    files = pafs.S3FileSystem(
        access_key="test", secret_key="test", region="us-east-1", scheme="http",
        endpoint_override=host,
    )  # fmt: skip
    table = pa.table({"city": ["Bern", "Rome", "Bern"], "n": [1, 2, 3]})
    partitioning = ds.partitioning(pa.schema([("city", pa.string())]), flavor="hive")
    ds.write_dataset(table, "lake/t", format="parquet", partitioning=partitioning, filesystem=files)
    found = ds.dataset("lake/t", partitioning=partitioning, filesystem=files)
    read = found.to_table(filter=ds.field("city") == "Bern").sort_by("n")
    assert read.to_pydict() == {"n": [1, 3], "city": ["Bern", "Bern"]}
    files.delete_dir("lake/t")
    assert files.get_file_info(pafs.FileSelector("lake", recursive=True)) == []


# rclone says `private` of every object, unless told otherwise; buckets whose owner is enforced take
# one list only: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
RCLONE = """[lake]
type = s3
provider = Other
env_auth = false
access_key_id = test
secret_access_key = test
endpoint = {url}
region = us-east-1
acl = bucket-owner-full-control
"""


def test_rclone_copies_checks_and_moves(lakebed, tmp_path):
    rclone = client("rclone", "apt-get install rclone")
    (tmp_path / "rclone.conf").write_text(RCLONE.format(url=lakebed.url))
    (tmp_path / "source" / "d").mkdir(parents=True)
    (tmp_path / "source" / "d" / "big.bin").write_bytes(os.urandom(11 << 20))
    (tmp_path / "source" / "a +%é.txt").write_text("a")

    def do(*command):
        flags = ("--config", "rclone.conf", "--s3-upload-cutoff=5M", "--s3-chunk-size=5M")
        return run(lakebed, rclone, *flags, *command, folder=tmp_path)

    do("mkdir", "lake:bucket")
    do("copy", "source", "lake:bucket/x")
    do("check", "--download", "source", "lake:bucket/x")
    do("move", "lake:bucket/x/d", "lake:bucket/y")
    do("sync", "lake:bucket/y", "back")
    assert _tree(tmp_path / "back") == _tree(tmp_path / "source" / "d")
    assert sorted(do("lsf", "-R", "lake:bucket").splitlines()) == [
        "x/", "x/a +%é.txt", "y/", "y/big.bin",
    ]  # fmt: skip
    do("purge", "lake:bucket")
    assert do("lsd", "lake:") == ""


def test_s3cmd_puts_gets_and_deletes(lakebed, tmp_path):
    s3cmd = client("s3cmd", "apt-get install s3cmd")
    host = lakebed.url.removeprefix("http://")
    (tmp_path / "one").write_bytes(os.urandom(6 << 20))

    def do(*command):
        flags = (
            "--access_key=test", "--secret_key=test", f"--host={host}", f"--host-bucket={host}",
            "--no-ssl", "--region=us-east-1", "--multipart-chunk-size-mb=5", "--no-progress",
        )  # fmt: skip
        return run(lakebed, s3cmd, *flags, *command, folder=tmp_path)

    do("mb", "s3://lake")
    do("put", "one", "s3://lake/d/one")
    do("cp", "s3://lake/d/one", "s3://lake/d/two")
    do("get", "s3://lake/d/two", "back")
    assert (tmp_path / "back").read_bytes() == (tmp_path / "one").read_bytes()
    listed = do("ls", "--recursive", "s3://lake")
    assert [line.split()[-1] for line in listed.splitlines()] == [
        "s3://lake/d/one", "s3://lake/d/two",
    ]  # fmt: skip
    do("del", "--recursive", "--force", "s3://lake/d")
    do("rb", "s3://lake")
    assert do("ls") == ""
