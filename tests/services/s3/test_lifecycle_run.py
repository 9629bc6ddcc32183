"""Lifecycle rules as they are carried out: what goes, what stays, and on which day."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.objects import ListedVersion, StoredObject
from lakebed.services.s3._lifecycle import rule_of
from lakebed.services.s3._lifecycle_run import Deed, Judge, Walk, carry_out, due_at
from lakebed.services.s3.model import Bucket
from tests.cli.owner import owner

DAY = 86_400
CREATED = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
MIDNIGHT = 1_700_006_400.0  # the midnight after it


def rule(**document):
    return rule_of({"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **document})


def stored(key="k", *, at=CREATED, marker=False, **facts):
    made = {"size": 200 << 10, "etag": "e", "last_modified": at, "is_delete_marker": marker}
    return StoredObject("b", key, **{**made, **facts})


def due(rules, versions, now):
    """Return (kind, version id) of what is due of versions in the order of a listing."""
    walk = Walk(Judge(rules, now))
    deeds, last = [], None
    for found in [*versions, None]:
        listed = None if found is None else ListedVersion(found, found.key != last)
        last = found.key if found is not None else None
        deed = walk.next(listed)
        if deed is not None:
            deeds.append((deed.kind, deed.what.key, deed.what.version_id))
    return deeds


# -- days ------------------------------------------------------------------------------------------


def test_days_end_at_the_next_midnight_as_on_aws():
    # AWS's own example: created on January 15 at 10:30, three days: January 19 at 0:00.
    created = 1_389_781_800.0  # 2014-01-15 10:30 UTC
    assert due_at(created, 3) == 1_390_089_600.0  # 2014-01-19 00:00 UTC
    assert due_at(MIDNIGHT, 1) == MIDNIGHT + DAY


# To the millisecond: less than that after midnight is midnight to a float of today's size.
@given(st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000), st.integers(0, 4000))
def test_nothing_is_due_before_its_days_are_over_nor_a_day_later(begun, days):
    due = due_at(begun, days)
    assert due % DAY == 0
    assert 0 <= due - (begun + days * DAY) < DAY


# -- what is due -----------------------------------------------------------------------------------


def test_a_current_object_expires_on_its_day():
    rules = [rule(Expiration={"Days": 2})]
    assert due(rules, [stored()], MIDNIGHT + 2 * DAY - 1) == []
    assert due(rules, [stored()], MIDNIGHT + 2 * DAY) == [("expire", "k", "")]


def test_a_date_is_for_all_objects_from_then_on():
    rules = [rule(Expiration={"Date": CREATED + 10})]
    assert due(rules, [stored()], CREATED + 9) == []
    assert due(rules, [stored(at=CREATED + 50)], CREATED + 60) == [("expire", "k", "")]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"Prefix": "a/"}, ["a/1", "a/tagged"]),
        ({"Tag": {"Key": "t", "Value": "1"}}, ["a/tagged", "b/tagged"]),
        ({"ObjectSizeGreaterThan": 10}, ["b/tagged"]),
        ({"ObjectSizeLessThan": 11}, ["a/1", "a/tagged"]),
        (
            {"And": {"Prefix": "b", "ObjectSizeGreaterThan": 10, "ObjectSizeLessThan": 12}},
            ["b/tagged"],
        ),
        ({"And": {"Prefix": "a", "Tags": [{"Key": "t", "Value": "1"}]}}, ["a/tagged"]),
        ({"And": {"Tags": [{"Key": "t", "Value": "1"}, {"Key": "u", "Value": "1"}]}}, []),
    ],
)
def test_a_rule_is_for_what_its_filter_says(where, expected):
    versions = [
        stored("a/1", size=10),
        stored("a/tagged", size=1, tags={"t": "1"}),
        stored("b/tagged", size=11, tags={"t": "1", "v": "2"}),
    ]
    found = due([rule(Filter=where, Expiration={"Days": 1})], versions, CREATED + 9 * DAY)
    assert [key for _, key, _ in found] == expected


def test_a_version_s_days_count_from_its_successor():
    rules = [rule(NoncurrentVersionExpiration={"NoncurrentDays": 3})]
    versions = [
        stored(at=CREATED + 2 * DAY, version_id="3"),
        stored(at=CREATED + DAY, version_id="2"),
        stored(at=CREATED, version_id="1"),
    ]
    assert due(rules, versions, MIDNIGHT + 4 * DAY - 1) == []
    assert due(rules, versions, MIDNIGHT + 4 * DAY) == [("remove", "k", "1")]
    assert due(rules, versions, MIDNIGHT + 5 * DAY) == [("remove", "k", "2"), ("remove", "k", "1")]


def test_the_newest_noncurrent_versions_stay():
    rules = [rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 2})]
    versions = [stored(at=CREATED - n, version_id=str(n)) for n in range(5)]
    assert due(rules, versions, CREATED + 99 * DAY) == [("remove", "k", "3"), ("remove", "k", "4")]


def test_a_lone_delete_marker_goes_when_asked_or_old_enough():
    marker = stored(marker=True, version_id="m", size=0)
    asked = [rule(Expiration={"ExpiredObjectDeleteMarker": True})]
    assert due(asked, [marker], CREATED) == [("remove", "k", "m")]
    assert due(asked, [marker, stored(version_id="1")], CREATED + 99 * DAY) == []
    aged = [rule(Expiration={"Days": 1})]
    assert due(aged, [marker], CREATED) == []
    assert due(aged, [marker], MIDNIGHT + DAY) == [("remove", "k", "m")]
    # The one over other versions is no object to expire, again and again.
    assert due(aged, [marker, stored(version_id="1")], CREATED + 99 * DAY) == []


def test_a_noncurrent_delete_marker_goes_like_a_version():
    rules = [rule(NoncurrentVersionExpiration={"NoncurrentDays": 1})]
    versions = [stored(version_id="2"), stored(marker=True, version_id="m", at=CREATED - 5)]
    assert due(rules, versions, CREATED + 9 * DAY) == [("remove", "k", "m")]


def test_objects_move_down_the_classes_and_never_up():
    moves = [{"Days": 1, "StorageClass": "STANDARD_IA"}, {"Days": 5, "StorageClass": "GLACIER"}]
    rules = [rule(Transitions=moves)]
    judge = Judge(rules, MIDNIGHT + DAY)
    assert judge.current(stored()).storage_class == "STANDARD_IA"
    judge = Judge(rules, MIDNIGHT + 5 * DAY)
    assert judge.current(stored()).storage_class == "GLACIER"
    assert judge.current(stored(storage_class="STANDARD_IA")).storage_class == "GLACIER"
    assert judge.current(stored(storage_class="DEEP_ARCHIVE")) is None
    assert judge.current(stored(size=100)) is None
    sized = [rule(Filter={"ObjectSizeGreaterThan": 10}, Transitions=moves)]
    assert Judge(sized, MIDNIGHT + DAY).current(stored(size=100)).kind == "move"
    expiring = [rule(Transitions=moves, Expiration={"Days": 5})]
    assert Judge(expiring, MIDNIGHT + 5 * DAY).current(stored()).kind == "expire"


@given(st.data())
def test_no_rule_leaves_nothing_alone_and_disabled_ones_never_come_here(data):
    versions = [
        stored(f"k{key}", at=CREATED - n, marker=data.draw(st.booleans()), version_id=f"{key}{n}")
        for key in range(3)
        for n in range(data.draw(st.integers(0, 4)))
    ]
    assert due([], versions, CREATED + 999 * DAY) == []
    everything = [rule(Expiration={"Days": 1}, NoncurrentVersionExpiration={"NoncurrentDays": 1})]
    found = [(key, version) for _, key, version in due(everything, versions, CREATED + 999 * DAY)]
    # All but a delete marker that is the latest of several.
    kept = [
        found
        for at, found in enumerate(versions)
        if found.is_delete_marker
        and (at == 0 or versions[at - 1].key != found.key)
        and at + 1 < len(versions)
        and versions[at + 1].key == found.key
    ]
    expected = [one for one in versions if one not in kept]
    assert found == [(one.key, one.version_id) for one in expected]


def test_what_was_put_anew_since_it_was_found_stays():
    now = stored(inode=2)
    context = SimpleNamespace(engines=SimpleNamespace(objects=SimpleNamespace(stat=lambda *_: now)))
    bucket = Bucket("b", "0", "us-east-1", 0.0)
    assert carry_out(context, bucket, Deed("expire", "r", stored(inode=1))) is False
    with pytest.raises(AttributeError, match="aws"):
        carry_out(context, bucket, Deed("expire", "r", now))


# -- a real bucket ---------------------------------------------------------------------------------


def configure(s3, *rules, bucket="bucket"):
    rules = [{"Status": "Enabled", "Filter": {}, **one} for one in rules]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def carried_out(server, days):
    return owner(server, "lifecycle", now=time.time() + days * DAY)["done"].get("bucket")


def test_objects_expire_in_a_bucket_without_versions(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    for key in ("tmp/1", "tmp/2", "kept"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"x")
    configure(s3, {"Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 2}})
    assert carried_out(lakebed, 1) == {}
    assert carried_out(lakebed, 3) == {"expire": 2}
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["kept"]
    assert not (lakebed.data_dir / "lake" / "bucket" / "tmp").exists()
    assert carried_out(lakebed, 4) == {}


def test_versions_and_markers_end_one_after_the_other(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="bucket", Key="k", Body=body)
    configure(
        s3,
        {"Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
    )
    assert carried_out(lakebed, 2) == {"expire": 1, "remove": 1}
    listed = s3.list_object_versions(Bucket="bucket")
    assert [len(listed[name]) for name in ("Versions", "DeleteMarkers")] == [1, 1]
    # The marker was made now, so what it hides is noncurrent since now.
    assert carried_out(lakebed, 2) == {"remove": 1}
    assert carried_out(lakebed, 2) == {"remove": 1}
    listed = s3.list_object_versions(Bucket="bucket")
    assert ("Versions" in listed, "DeleteMarkers" in listed) == (False, False)
    assert [p for p in (lakebed.data_dir / "state" / "versions").rglob("*") if p.is_file()] == []


def test_many_versions_of_one_key_over_many_pages(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    for number in range(230):
        s3.put_object(Bucket="bucket", Key="k", Body=b"%d" % number)
    configure(
        s3,
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 3}},
    )
    assert carried_out(lakebed, 3) == {"remove": 226}
    left = s3.list_object_versions(Bucket="bucket")["Versions"]
    bodies = [
        s3.get_object(Bucket="bucket", Key="k", VersionId=one["VersionId"])["Body"].read()
        for one in left
    ]
    assert bodies == [b"229", b"228", b"227", b"226"]


def test_uploads_that_nobody_ends_are_aborted(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    ids = {}
    for key in ("a/1", "b/1"):
        ids[key] = s3.create_multipart_upload(Bucket="bucket", Key=key)["UploadId"]
        s3.upload_part(Bucket="bucket", Key=key, UploadId=ids[key], PartNumber=1, Body=b"p")
    configure(
        s3,
        {
            "Filter": {"Prefix": "a/"},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
        },
    )
    assert carried_out(lakebed, 2) == {}
    assert carried_out(lakebed, 4) == {"abort": 1}
    left = s3.list_multipart_uploads(Bucket="bucket")["Uploads"]
    assert [one["Key"] for one in left] == ["b/1"]
    assert [path.name for path in (lakebed.data_dir / "state" / "parts").iterdir()] == [ids["b/1"]]


def test_objects_move_to_the_class_of_their_day(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"x" * (128 << 10), Metadata={"m": "1"})
    s3.put_object(Bucket="bucket", Key="small", Body=b"x")
    configure(s3, {"Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]})
    assert carried_out(lakebed, 31) == {"move": 1}
    head = s3.head_object(Bucket="bucket", Key="k")
    assert (head["StorageClass"], head["Metadata"]) == ("STANDARD_IA", {"m": "1"})
    assert "StorageClass" not in s3.head_object(Bucket="bucket", Key="small")
    assert carried_out(lakebed, 32) == {}


def test_a_disabled_rule_does_nothing(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    configure(s3, {"Status": "Disabled", "Expiration": {"Days": 1}})
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    assert carried_out(lakebed, 9) == {}
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"x"


def test_versions_that_are_locked_stay_until_they_are_not(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket", ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC) + timedelta(days=100)
    kept = s3.put_object(
        Bucket="bucket", Key="kept", Body=b"1", ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until, ContentMD5=md5(b"1"),
    )  # fmt: skip
    s3.put_object(Bucket="bucket", Key="held", Body=b"1", ContentMD5=md5(b"1"))
    s3.put_object_legal_hold(Bucket="bucket", Key="held", LegalHold={"Status": "ON"})
    for key in ("kept", "held", "free"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"2", ContentMD5=md5(b"2"))
        s3.put_object(Bucket="bucket", Key=key, Body=b"3", ContentMD5=md5(b"3"))
    configure(s3, {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    assert carried_out(lakebed, 3) == {"remove": 3}
    listed = s3.list_object_versions(Bucket="bucket")["Versions"]
    left = {(one["Key"], one["VersionId"] == kept["VersionId"]) for one in listed}
    assert [one["Key"] for one in listed] == ["free", "held", "held", "kept", "kept"]
    assert ("kept", True) in left
    s3.put_object_retention(
        Bucket="bucket", Key="kept", VersionId=kept["VersionId"], Retention={},
        BypassGovernanceRetention=True,
    )  # fmt: skip
    assert carried_out(lakebed, 3) == {"remove": 1}


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()
