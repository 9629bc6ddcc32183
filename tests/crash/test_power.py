"""A power loss under load: what each durability mode promises of it, in many simulated ones."""

from __future__ import annotations

import os
from functools import partial

import pytest
from botocore.exceptions import ClientError

from lakebed import testing
from tests.cli.fsck_in_process import problems
from tests.crash import faulty
from tests.crash.load import (
    PLAIN,
    VERSIONED,
    Writer,
    answered,
    check,
    client,
    digest,
    let_work,
    set_up,
)
from tests.crash.power import lose_power

SEEDS = range(12 if os.environ.get("LAKEBED_SLOW") else 1)


def after_power_loss(tmp_path, durability, seed):
    """Write for a while, lose the power; return the folder that is found, and the writers."""
    data, faults, log = tmp_path / "data", tmp_path / "faults", tmp_path / "log"
    trace = tmp_path / "trace"
    faulty.set_faults(faults, trace=str(trace))
    server = faulty.start(data, faults, "--durability", durability, log=log)
    set_up(server.url)
    writers = [Writer(f"w{index}", server.url, seed) for index in range(3)]
    for writer in writers:
        writer.start()
    let_work(partial(answered, writers), 10, 0.3)
    server.kill()
    server.process.stdout.close()
    for writer in writers:
        writer.join()
        assert writer.errors == [], writer.errors
    return lose_power(data, trace, seed), writers


def torn_files(folder, writers):
    """Return the paths of objects in the lake whose bytes nobody put."""
    whole = set().union(*(writer.digests for writer in writers))
    paths = [path for path in (folder / "lake").rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)) for path in paths if digest(path.read_bytes()) not in whole
    }


def read(s3, name):
    """Return an answer, None where the version is absent."""
    try:
        return s3.get_object(**name)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion"):
            return None
        raise


@pytest.mark.parametrize("seed", SEEDS)
def test_full_keeps_all_that_was_acknowledged(tmp_path, seed):
    folder, writers = after_power_loss(tmp_path, "full", seed)
    assert torn_files(folder, writers) == set()
    server = testing.start(folder, "--durability", "full", log=tmp_path / "log")
    for writer in writers:
        writer.s3 = client(server.url, "s3")
    check(server.url, writers)
    server.kill()
    server.process.stdout.close()
    assert problems(folder, is_deep=True) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_file_keeps_every_object_whole_or_absent(tmp_path, seed):
    folder, writers = after_power_loss(tmp_path, "file", seed)
    assert torn_files(folder, writers) == set()
    found = problems(folder, is_deep=True, recovers=False)
    assert [finding for finding in found if finding.kind == "damaged-file"] == []
    server = testing.start(folder, log=tmp_path / "log")
    s3 = client(server.url, "s3")
    whole = set().union(*(writer.digests for writer in writers))
    for bucket in (PLAIN, VERSIONED):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for item in page.get("Versions", ()):
                name = {"Bucket": bucket, "Key": item["Key"], "VersionId": item["VersionId"]}
                answer = read(s3, name)
                if answer is None:
                    continue
                body = digest(answer["Body"].read())
                assert body in whole
                # The index may be older than the file: then it is as if a hand had edited it, and
                # what is not about the bytes is that of an older object of the key, or nothing.
                assert answer["Metadata"].get("md5", body) in whole, name
                assert answer["ETag"].strip('"') == body or "-" in answer["ETag"], name
    server.kill()
    server.process.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_none_may_tear_objects_and_fsck_finds_each(tmp_path, seed):
    folder, writers = after_power_loss(tmp_path, "none", seed)
    # After what a start does first: it may put a torn file into its place.
    found = problems(folder, is_deep=True)
    assert torn_files(folder, writers) <= {finding.path for finding in found}
    server = testing.start(folder, "--durability", "none", log=tmp_path / "log")
    client(server.url, "s3").put_object(Bucket=PLAIN, Key="after", Body=b"it goes on")
    server.kill()
    server.process.stdout.close()
