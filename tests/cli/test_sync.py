"""Hands in the lake's folder: what a listing sees within a second, what `lakebed sync` says."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from lakebed import testing
from tests.cli.commands import lakebed as command


def keys(s3):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
    return [item["Key"] for page in pages for item in page.get("Contents", ())]


def listed_within_a_second(s3, expected):
    """Wait until a listing is as expected, or a second is over."""
    deadline = time.monotonic() + 1
    while (found := keys(s3)) != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.fixture
def bucket(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    for key in ("a/1", "a/2", "a/deep/3", "b/4", "top"):
        s3.put_object(Bucket="bucket", Key=key, Body=key.encode(), Metadata={"by": "put"})
    return s3, lakebed.data_dir / "lake" / "bucket"


def test_new_and_removed_files_are_listed_within_a_second(bucket):
    s3, folder = bucket
    (folder / "a" / "new").write_bytes(b"new")
    (folder / "top").unlink()
    expected = ["a/1", "a/2", "a/deep/3", "a/new", "b/4"]
    assert listed_within_a_second(s3, expected) == expected


def test_an_edit_in_place_is_listed_within_a_second(bucket):
    s3, folder = bucket
    before = s3.list_objects_v2(Bucket="bucket", Prefix="top")["Contents"][0]
    with (folder / "top").open("ab") as file:
        file.write(b" and more")
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        after = s3.list_objects_v2(Bucket="bucket", Prefix="top")["Contents"][0]
        if after["Size"] != before["Size"]:
            break
        time.sleep(0.02)
    assert after["Size"] == len(b"top and more")
    assert after["ETag"] != before["ETag"]
    assert s3.head_object(Bucket="bucket", Key="top")["Metadata"] == {"by": "put"}


def test_a_folder_made_renamed_and_removed_is_followed(bucket):
    s3, folder = bucket
    (folder / "made" / "within").mkdir(parents=True)
    (folder / "made" / "within" / "x").write_bytes(b"x")
    expected = ["a/1", "a/2", "a/deep/3", "b/4", "made/within/x", "top"]
    assert listed_within_a_second(s3, expected) == expected
    (folder / "a").rename(folder / "renamed")
    expected = ["b/4", "made/within/x", "renamed/1", "renamed/2", "renamed/deep/3", "top"]
    assert listed_within_a_second(s3, expected) == expected
    # What was renamed is watched under its new name.
    (folder / "renamed" / "deep" / "5").write_bytes(b"5")
    (folder / "made" / "within" / "x").unlink()
    expected = ["b/4", "renamed/1", "renamed/2", "renamed/deep/3", "renamed/deep/5", "top"]
    assert listed_within_a_second(s3, expected) == expected
    shutil.rmtree(folder / "renamed")
    assert listed_within_a_second(s3, ["b/4", "top"]) == ["b/4", "top"]


def test_a_folder_moved_into_the_lake_and_out_again(bucket, tmp_path):
    s3, folder = bucket
    outside = folder.parents[2] / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    (outside / "sub").mkdir(parents=True)
    for name in ("1", "sub/2"):
        (outside / name).write_bytes(b"x")
    outside.rename(folder / "in")
    before = ["a/1", "a/2", "a/deep/3", "b/4", "top"]
    expected = [*before[:4], "in/1", "in/sub/2", "top"]
    assert listed_within_a_second(s3, expected) == expected
    (folder / "in").rename(outside)
    assert listed_within_a_second(s3, before) == before
    (outside / "sub" / "2").write_bytes(b"not in the lake any more")
    assert listed_within_a_second(s3, before) == before
    shutil.rmtree(outside)


def test_links_are_no_objects_for_a_listing_either(bucket, tmp_path):
    s3, folder = bucket
    (tmp_path / "secret").write_text("secret")
    (folder / "a" / "link").symlink_to(tmp_path / "secret")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "a" / "1").unlink()
    (folder / "a" / "1").symlink_to(tmp_path / "secret")
    expected = ["a/2", "a/deep/3", "b/4", "top"]
    assert listed_within_a_second(s3, expected) == expected
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="bucket", Key="a/1")


def test_our_own_writes_keep_what_is_known_of_them(bucket):
    s3, _ = bucket
    for number in range(50):
        s3.put_object(Bucket="bucket", Key=f"n/{number % 7}/{number}", Body=b"x", ContentType="t/t")
    for number in range(0, 50, 2):
        s3.delete_object(Bucket="bucket", Key=f"n/{number % 7}/{number}")
    time.sleep(0.5)
    found = [key for key in keys(s3) if key.startswith("n/")]
    assert sorted(found) == sorted(f"n/{number % 7}/{number}" for number in range(1, 50, 2))
    assert {s3.head_object(Bucket="bucket", Key=key)["ContentType"] for key in found} == {"t/t"}


def test_sync_tells_what_it_took_in_while_serving_and_not(tmp_path):
    data = tmp_path / "data"
    server = testing.start(data, log=tmp_path / "log")
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.create_bucket(Bucket="other")
    s3.put_object(Bucket="bucket", Key="k", Body=b"k")
    (data / "lake" / "by-hand").mkdir()
    (data / "lake" / "No Bucket").mkdir()
    served = command("sync", data)
    assert (served.returncode, served.stdout.splitlines()) == (
        0,
        [
            "bucket: no changes made by hand taken in",
            "other: no changes made by hand taken in",
            f"note: {data}/lake/No Bucket can be no bucket: nothing of it is served",
            f"note: {data}/lake/by-hand is a folder and no bucket: "
            "`aws s3 mb s3://by-hand` makes one of it, with the files it holds",
        ],
    )
    server.stop()
    (data / "lake" / "bucket" / "new").write_bytes(b"new")
    (data / "lake" / "bucket" / "k").unlink()
    alone = command("sync", data, "bucket")
    assert alone.returncode == 0, alone.stderr
    assert alone.stdout.splitlines()[0] == "bucket: 2 changes made by hand taken in"
    missing = command("sync", data, "nowhere")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "there is no bucket 'nowhere'" in missing.stderr
    server = testing.start(data, log=tmp_path / "log")
    assert keys(server.client("s3")) == ["new"]
    os.utime(data / "lake" / "bucket" / "new", ns=(1, 1))
    assert command("sync", data).returncode == 0
    assert server.client("s3").list_objects_v2(Bucket="bucket")["Contents"][0]["Size"] == 3
    server.kill()
    server.process.stdout.close()


def test_the_owners_pages_need_the_owners_token(lakebed):
    import urllib.error
    import urllib.request

    for page in ("sync", "mend"):
        request = urllib.request.Request(f"{lakebed.url}/_lakebed/{page}", b"{}", method="POST")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == 403
    mode = (lakebed.data_dir / "state" / "server.json").stat().st_mode
    assert mode & 0o777 == 0o600
