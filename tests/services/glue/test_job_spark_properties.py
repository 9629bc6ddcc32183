"""The properties of Spark a run begins with, and what `--conf` says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakebed.services.glue._job_spark import Places, master, memory_bytes, parsed, properties

KEYS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "ASIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        ("a=b --conf c=d=e", {"a": "b", "c": "d=e"}),
        ("--conf a=b  --conf  c=d e ", {"a": "b", "c": "d e"}),
        ("nonsense", {}),
    ],
)
def test_conf_is_read_as_glue_reads_it(text, found):
    assert parsed(text) == found


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [("512m", 512 << 20), ("2g", 2 << 30), ("2GB", 2 << 30), ("7", 7), ("x", 0), ("", 0)],
)
def test_the_drivers_memory_is_read_as_spark_reads_it(size, bytes_):
    assert memory_bytes({"spark.driver.memory": size}) == bytes_


def places(buckets, *, has_s3a):
    return Places(Path("/lake"), buckets, "http://127.0.0.1:1", has_s3a, Path("/run"))


def s3(found):
    prefix = "spark.hadoop.fs."
    return {k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)}


def test_plain_buckets_are_folders_and_others_are_what_s3a_finds():
    found = s3(properties("j", "local[2]", places(["b"], has_s3a=True), KEYS, ""))
    overloaded = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
    assert [found[f"{scheme}.impl"] for scheme in ("s3", "s3a", "s3n")] == [overloaded] * 3
    assert found["viewfs.mounttable.b.linkFallback"] == "file:///lake/b"
    target = found["viewfs.overload.scheme.target.s3.impl"]
    assert target == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert found["s3a.session.token"] == "token"


def test_without_folders_all_is_s3a():
    found = s3(properties("j", "local[2]", places([], has_s3a=True), KEYS, ""))
    assert found["s3.impl"] == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert not [name for name in found if "mounttable" in name]


def test_what_a_run_says_wins():
    found = properties("j", "local[2]", places([], has_s3a=False), KEYS, "spark.master=local[1]")
    assert (found["spark.master"], found["spark.app.name"]) == ("local[1]", "j")
    assert found["spark.executorEnv.AWS_REGION"] == "us-east-1"


def test_the_setting_names_the_cluster():
    assert master("spark://host:7077", "G.1X", 10) == "spark://host:7077"
    assert master("", "G.025X", 1) in ("local[1]", "local[2]")
