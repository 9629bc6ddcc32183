"""Object lock: a locked version stays, whoever asks, until what locks it is over."""

from __future__ import annotations

import datetime
import json
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.engines.objects import ObjectLock, StoredObject
from lakebed.services.s3._locks import COMPLIANCE, MODES, is_locked, with_retention
from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, other

PROTECTED = (
    403,
    {"Code": "AccessDenied", "Message": "Access Denied because object protected by object lock."},
)
MALFORMED = (
    400,
    {
        "Code": "MalformedXML",
        "Message": "The XML you provided was not well-formed or did not validate against our "
        "published schema",
    },
)
NEVER_SET = (
    404,
    {
        "Code": "NoSuchObjectLockConfiguration",
        "Message": "The specified object does not have a ObjectLock configuration",
    },
)
MISSING = (
    400,
    {"Code": "InvalidRequest", "Message": "Bucket is missing Object Lock Configuration"},
)
FAR = datetime.datetime(2080, 1, 1, tzinfo=datetime.UTC)
FARTHER = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    return client


def put(s3, **more):
    """Put an object into the bucket with a lock and return what names its version."""
    found = s3.put_object(Bucket="kept", Key="k", Body=b"body", **more)
    return {"Bucket": "kept", "Key": "k", "VersionId": found["VersionId"]}


def locks(s3, version):
    head = s3.head_object(**version)
    names = ("ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus")
    return tuple(head.get(name) for name in names)


def retention(mode, until):
    return {"Retention": {"Mode": mode, "RetainUntilDate": until}}


def configuration(**default):
    rule = {"Rule": {"DefaultRetention": default}} if default else {}
    return {"Bucket": "kept", "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **rule}}


def test_a_version_is_kept_until_the_second_that_is_shown(s3):
    asked = datetime.datetime(2080, 1, 1, 0, 0, 0, 250_000, tzinfo=datetime.UTC)
    version = put(s3)
    s3.put_object_retention(**version, **retention("COMPLIANCE", asked))
    shown = datetime.datetime(2080, 1, 1, 0, 0, 1, tzinfo=datetime.UTC)
    assert locks(s3, version) == ("COMPLIANCE", shown, None)
    # The same again is no shorter.
    s3.put_object_retention(**version, **retention("COMPLIANCE", shown))
    assert s3.get_object_retention(**version)["Retention"]["RetainUntilDate"] == shown


# -- buckets ---------------------------------------------------------------------------------------


def test_nothing_is_locked_where_the_bucket_has_no_lock(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="k", Body=b"body")
    assert refusal(s3.get_object_lock_configuration, Bucket="lake") == (
        404,
        {
            "Code": "ObjectLockConfigurationNotFoundError",
            "Message": "Object Lock configuration does not exist for this bucket",
            "BucketName": "lake",
        },
    )
    named = {"Bucket": "lake", "Key": "k"}
    hold = {"LegalHold": {"Status": "ON"}}
    for operation, more in (
        (s3.get_object_retention, {}),
        (s3.get_object_legal_hold, {}),
        (s3.put_object_legal_hold, hold),
        (s3.put_object_retention, retention("GOVERNANCE", FAR)),
    ):
        assert refusal(operation, **named, **more) == MISSING
        assert refusal(operation, Bucket="lake", Key="none", **more)[1]["Code"] == "NoSuchKey"
    assert refusal(s3.put_object, **named, ObjectLockLegalHoldStatus="ON") == MISSING
    for value in (True, False):
        assert refusal(s3.delete_object, **named, BypassGovernanceRetention=value) == (
            400,
            {
                "Code": "InvalidArgument",
                "Message": "x-amz-bypass-governance-retention is only applicable to Object Lock "
                "enabled buckets.",
                "ArgumentName": "x-amz-bypass-governance-retention",
            },
        )


def test_a_bucket_with_a_lock_is_versioned_for_good(s3):
    assert answer(s3.get_bucket_versioning(Bucket="kept")) == {"Status": "Enabled"}
    found = answer(s3.get_object_lock_configuration(Bucket="kept"))
    assert found == {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    suspended = {"Bucket": "kept", "VersioningConfiguration": {"Status": "Suspended"}}
    assert refusal(s3.put_bucket_versioning, **suspended) == (
        409,
        {
            "Code": "InvalidBucketState",
            "Message": "An Object Lock configuration is present on this bucket, so the versioning "
            "state cannot be changed.",
        },
    )
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})


def test_a_bucket_gets_a_lock_once_it_is_versioned(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="kept")
    first = (
        409,
        {
            "Code": "InvalidBucketState",
            "Message": "Versioning must be 'Enabled' on the bucket to apply a Object Lock "
            "configuration",
        },
    )
    assert refusal(s3.put_object_lock_configuration, **configuration()) == first
    for status in ("Suspended", "Enabled"):
        s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": status})
        if status == "Suspended":
            assert refusal(s3.put_object_lock_configuration, **configuration()) == first
    assert answer(s3.put_object_lock_configuration(**configuration())) == {}
    found = answer(s3.get_object_lock_configuration(Bucket="kept"))
    assert found == {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}


def test_the_default_retention_is_kept_until_another_is_put(s3):
    for default in ({"Mode": "GOVERNANCE", "Days": 1}, {"Mode": "COMPLIANCE", "Years": 100}, {}):
        wanted = configuration(**default)
        s3.put_object_lock_configuration(**wanted)
        found = answer(s3.get_object_lock_configuration(Bucket="kept"))
        assert found == {"ObjectLockConfiguration": wanted["ObjectLockConfiguration"]}


def test_what_is_no_lock_of_a_bucket_is_refused(s3):
    enabled = {"ObjectLockEnabled": "Enabled"}
    for wrong in (
        {},
        {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}},
        {"ObjectLockEnabled": "Disabled"},
        {**enabled, "Rule": {}},
        {**enabled, "Rule": {"DefaultRetention": {}}},
        {**enabled, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE"}}},
        {**enabled, "Rule": {"DefaultRetention": {"Mode": "BAD", "Days": 1}}},
        {**enabled, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}}},
    ):
        asked = {"Bucket": "kept", "ObjectLockConfiguration": wrong}
        assert refusal(s3.put_object_lock_configuration, **asked) == MALFORMED
    positive = "Default retention period must be a positive integer value."
    large = "Default retention period too large."
    for unit, count, message in (
        ("Days", 0, positive),
        ("Years", -1, positive),
        ("Days", 36_501, large),
        ("Years", 101, large),
    ):
        asked = configuration(Mode="GOVERNANCE", **{unit: count})
        assert refusal(s3.put_object_lock_configuration, **asked) == (
            400,
            {
                "Code": "InvalidArgument",
                "Message": message,
                "ArgumentName": unit,
                "ArgumentValue": str(count),
            },
        )


# -- what is put -----------------------------------------------------------------------------------


def test_an_object_is_put_with_its_lock(s3):
    version = put(
        s3,
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=FAR,
        ObjectLockLegalHoldStatus="ON",
    )
    assert locks(s3, version) == ("GOVERNANCE", FAR, "ON")
    got = s3.get_object(**version)
    assert got["Body"].read() == b"body"
    assert got["ObjectLockRetainUntilDate"] == FAR
    assert answer(s3.get_object_legal_hold(**version)) == {"LegalHold": {"Status": "ON"}}
    assert s3.get_object_retention(**version)["Retention"] == {
        "Mode": "GOVERNANCE",
        "RetainUntilDate": FAR,
    }


def test_headers_that_are_no_lock_are_refused(s3):
    both = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
    mode, until = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"
    for asked, message, name, value in (
        ({"ObjectLockMode": "GOVERNANCE"}, both, until, None),
        ({"ObjectLockRetainUntilDate": FAR}, both, mode, None),
        (
            {"ObjectLockMode": "BAD", "ObjectLockRetainUntilDate": FAR},
            "Unknown wormMode directive.",
            mode,
            "BAD",
        ),
        (
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": PAST},
            "The retain until date must be in the future!",
            until,
            "Wed Jan 01 00:00:00 UTC 2020",
        ),
        (
            {"ObjectLockLegalHoldStatus": "MAYBE"},
            "Legal Hold must be either of 'ON' or 'OFF'",
            "x-amz-object-lock-legal-hold",
            "MAYBE",
        ),
    ):
        members = {"Code": "InvalidArgument", "Message": message, "ArgumentName": name}
        wanted = (400, members if value is None else {**members, "ArgumentValue": value})
        named = {"Bucket": "kept", "Key": "k", **asked}
        assert refusal(s3.put_object, **named) == wanted
        assert refusal(s3.create_multipart_upload, **named) == wanted
        assert refusal(s3.copy_object, CopySource="kept/none", **named) == wanted


def test_the_bucket_s_default_holds_for_what_says_nothing_itself(s3):
    s3.put_object_lock_configuration(**configuration(Mode="COMPLIANCE", Days=2))
    default = put(s3, ObjectLockLegalHoldStatus="OFF")
    made = s3.head_object(**default)["LastModified"]
    assert locks(s3, default) == ("COMPLIANCE", made + datetime.timedelta(days=2), "OFF")
    own = put(s3, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=FAR)
    assert locks(s3, own) == ("GOVERNANCE", FAR, None)
    marker = s3.delete_object(Bucket="kept", Key="k")
    gone = {"Bucket": "kept", "Key": "k", "VersionId": marker["VersionId"]}
    assert answer(s3.delete_object(**gone))["DeleteMarker"] is True
    s3.put_object_lock_configuration(**configuration())
    assert locks(s3, default)[0] == "COMPLIANCE"
    assert locks(s3, put(s3)) == (None, None, None)


def test_a_copy_and_an_upload_in_parts_get_locks_of_their_own(s3):
    put(s3, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=FAR)
    copied = s3.copy_object(Bucket="kept", Key="copy", CopySource="kept/k")
    copy = {"Bucket": "kept", "Key": "copy", "VersionId": copied["VersionId"]}
    assert locks(s3, copy) == (None, None, None)
    copied = s3.copy_object(
        Bucket="kept", Key="copy", CopySource="kept/k", ObjectLockLegalHoldStatus="ON"
    )
    copy["VersionId"] = copied["VersionId"]
    assert locks(s3, copy) == (None, None, "ON")
    upload = {"Bucket": "kept", "Key": "parts"}
    asked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": FAR}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **asked)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"body")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    whole = s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    version = {"Bucket": "kept", "Key": "parts", "VersionId": whole["VersionId"]}
    assert locks(s3, version) == ("COMPLIANCE", FAR, None)
    assert refusal(s3.delete_object, **version) == PROTECTED


def raw_put(lakebed, path, body, **headers):
    """Send a PUT that is signed and nothing else; return status and text."""
    request = AWSRequest("PUT", lakebed.url + path, data=body, headers=headers)
    S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1").add_auth(request)
    sent = urllib.request.Request(
        lakebed.url + path, data=body, headers=dict(request.headers), method="PUT"
    )
    try:
        with urllib.request.urlopen(sent) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_bytes_that_will_be_locked_come_with_a_checksum(lakebed, s3):
    upload = {"Bucket": "kept", "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = f"/kept/parts?partNumber=1&uploadId={upload['UploadId']}"
    assert raw_put(lakebed, "/kept/k", b"body")[0] == 200
    assert raw_put(lakebed, part, b"body")[0] == 200
    s3.put_object_lock_configuration(**configuration(Mode="GOVERNANCE", Days=1))
    for path, what in (("/kept/k", "Object"), (part, "Part")):
        status, text = raw_put(lakebed, path, b"body")
        assert (status, "<Code>InvalidRequest</Code>" in text) == (400, True)
        assert (
            f"Content-MD5 OR x-amz-checksum- HTTP header is required for Put {what} requests with "
            "Object Lock parameters"
        ) in text
        status, _ = raw_put(lakebed, path, b"body", **{"Content-MD5": "hBotaJrYa9FhFEdFPCLG/A=="})
        assert status == 200


# -- what a lock keeps -----------------------------------------------------------------------------


def test_a_locked_version_is_not_deleted_but_hidden(s3):
    version = put(s3)
    s3.put_object_legal_hold(**version, LegalHold={"Status": "ON"})
    assert refusal(s3.delete_object, **version) == PROTECTED
    assert refusal(s3.delete_object, **version, BypassGovernanceRetention=True) == PROTECTED
    entry = {"Key": "k", "VersionId": version["VersionId"]}
    free = put(s3)
    found = answer(
        s3.delete_objects(
            Bucket="kept",
            Delete={"Objects": [entry, {"Key": "k", "VersionId": free["VersionId"]}]},
        )
    )
    assert found == {
        "Deleted": [{"Key": "k", "VersionId": free["VersionId"]}],
        "Errors": [{**entry, **PROTECTED[1]}],
    }
    marker = s3.delete_object(Bucket="kept", Key="k")
    assert marker["DeleteMarker"] is True
    assert s3.get_object(**version)["Body"].read() == b"body"
    s3.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    assert locks(s3, version) == (None, None, "OFF")
    assert answer(s3.delete_object(**version)) == {"VersionId": version["VersionId"]}


def test_governance_is_made_longer_and_shortened_only_with_a_bypass(s3):
    version = put(s3, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=FAR)
    s3.put_object_retention(**version, **retention("GOVERNANCE", FARTHER))
    assert locks(s3, version) == ("GOVERNANCE", FARTHER, None)
    for looser in (retention("GOVERNANCE", FAR), retention("COMPLIANCE", FARTHER)):
        assert refusal(s3.put_object_retention, **version, **looser) == PROTECTED
        s3.put_object_retention(**version, **retention("GOVERNANCE", FARTHER))
    assert refusal(s3.put_object_retention, **version, Retention={}) == PROTECTED
    bypass = {"BypassGovernanceRetention": True}
    s3.put_object_retention(**version, **retention("GOVERNANCE", FAR), **bypass)
    assert locks(s3, version) == ("GOVERNANCE", FAR, None)
    s3.put_object_retention(**version, Retention={}, **bypass)
    assert refusal(s3.get_object_retention, **version) == NEVER_SET
    s3.put_object_retention(**version, **retention("GOVERNANCE", FAR))
    assert refusal(s3.delete_object, **version) == PROTECTED
    assert answer(s3.delete_object(**version, **bypass)) == {"VersionId": version["VersionId"]}


def test_compliance_has_no_bypass(s3):
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    soon = now + datetime.timedelta(seconds=3)
    version = put(s3, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=soon)
    bypass = {"BypassGovernanceRetention": True}
    assert refusal(s3.delete_object, **version, **bypass) == PROTECTED
    for looser in (
        retention("COMPLIANCE", soon - datetime.timedelta(seconds=1)),
        retention("GOVERNANCE", FAR),
    ):
        assert refusal(s3.put_object_retention, **version, **looser, **bypass) == PROTECTED
    while datetime.datetime.now(datetime.UTC) <= soon:
        time.sleep(0.1)
    assert answer(s3.delete_object(**version)) == {"VersionId": version["VersionId"]}


def test_what_is_no_retention_or_hold_is_refused(s3):
    version = put(s3)
    assert refusal(s3.get_object_retention, **version) == NEVER_SET
    assert refusal(s3.get_object_legal_hold, **version) == NEVER_SET
    for wrong in (
        {"Mode": "GOVERNANCE"},
        {"RetainUntilDate": FAR},
        {"Mode": "BAD", "RetainUntilDate": FAR},
    ):
        assert refusal(s3.put_object_retention, **version, Retention=wrong) == MALFORMED
    for wrong in ({}, {"Status": "MAYBE"}):
        assert refusal(s3.put_object_legal_hold, **version, LegalHold=wrong) == MALFORMED
    past = refusal(s3.put_object_retention, **version, **retention("GOVERNANCE", PAST))
    assert past[1]["ArgumentName"] == "RetainUntilDate"
    assert past[1]["Message"] == "The retain until date must be in the future!"
    marker = s3.delete_object(Bucket="kept", Key="k")
    named = {"Bucket": "kept", "Key": "k", "VersionId": marker["VersionId"]}
    for operation, more, method in (
        (s3.get_object_retention, {}, "GET"),
        (s3.put_object_retention, retention("GOVERNANCE", FAR), "PUT"),
        (s3.put_object_legal_hold, {"LegalHold": {"Status": "ON"}}, "PUT"),
    ):
        status, error = refusal(operation, **named, **more)
        assert (status, error["Code"], error["Method"]) == (405, "MethodNotAllowed", method)
        assert error["ResourceType"] == "DeleteMarker"
    assert refusal(s3.get_object_retention, Bucket="kept", Key="k")[1]["Code"] == "NoSuchKey"


# -- who may ---------------------------------------------------------------------------------------


def test_readers_are_told_of_a_lock_only_with_its_permissions(lakebed, s3):
    version = put(
        s3,
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=FAR,
        ObjectLockLegalHoldStatus="ON",
    )
    actions = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectLegalHold"]
    actions += ["s3:DeleteObjectVersion"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": actions,
        "Resource": "arn:aws:s3:::kept/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps(policy))
    guest = other(lakebed)
    assert locks(guest, version) == (None, None, "ON")
    s3.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    bypass = {"BypassGovernanceRetention": True}
    denied = (403, {"Code": "AccessDenied", "Message": "Access Denied"})
    assert refusal(guest.delete_object, **version, **bypass) == denied
    entry = {"Key": "k", "VersionId": version["VersionId"]}
    found = guest.delete_objects(Bucket="kept", Delete={"Objects": [entry]}, **bypass)
    assert found["Errors"] == [{**entry, **denied[1]}]
    statement["Action"] = "s3:*"
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps(policy))
    assert locks(guest, version) == ("GOVERNANCE", FAR, "OFF")
    guest.delete_object(**version, **bypass)


def test_a_policy_bounds_the_retention_of_what_is_put(lakebed, s3):
    guest = other(lakebed)
    who = {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Resource": "arn:aws:s3:::kept/*"}
    everything = {"Effect": "Allow", "Action": "s3:*", **who}
    keys = {
        "s3:object-lock-mode": ("StringNotEqualsIfExists", "GOVERNANCE"),
        "s3:object-lock-remaining-retention-days": ("NumericGreaterThan", "10"),
        "s3:object-lock-legal-hold": ("StringEquals", "ON"),
        "s3:object-lock-retain-until-date": ("DateGreaterThan", "2085-01-01T00:00:00Z"),
    }
    near = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=5)
    asked = {
        "s3:object-lock-mode": {"Mode": "COMPLIANCE", "RetainUntilDate": near},
        "s3:object-lock-remaining-retention-days": {"Mode": "GOVERNANCE", "RetainUntilDate": FAR},
        "s3:object-lock-retain-until-date": {"Mode": "GOVERNANCE", "RetainUntilDate": FARTHER},
    }
    for key, (operator, value) in keys.items():
        statement = {
            "Effect": "Deny",
            "Action": ["s3:PutObjectRetention", "s3:PutObjectLegalHold"],
            **who,
            "Condition": {operator: {key: value}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [everything, statement]})
        s3.put_bucket_policy(Bucket="kept", Policy=policy)
        version = put(s3)
        if key == "s3:object-lock-legal-hold":
            status, error = refusal(
                guest.put_object_legal_hold, **version, LegalHold={"Status": "ON"}
            )
            as_header = {"ObjectLockLegalHoldStatus": "ON"}
        else:
            status, error = refusal(guest.put_object_retention, **version, Retention=asked[key])
            as_header = {f"ObjectLock{name}": value for name, value in asked[key].items()}
        assert (status, error["Code"]) == (403, "AccessDenied")
        assert refusal(guest.put_object, Bucket="kept", Key="k", **as_header)[0] == 403
        within = {"Mode": "GOVERNANCE", "RetainUntilDate": near}
        guest.put_object_retention(**version, Retention=within)


# -- properties ------------------------------------------------------------------------------------

NOW = 1_700_000_000.0
_LOCKS = st.builds(
    ObjectLock,
    mode=st.sampled_from(("", *MODES)),
    until=st.floats(NOW - 100, NOW + 100),
    hold=st.sampled_from(("", "ON", "OFF")),
)


def stored(lock):
    return StoredObject("b", "k", 1, "e", NOW, lock=lock)


@given(_LOCKS, st.sampled_from(("", *MODES)), st.floats(NOW, NOW + 100), st.booleans())
def test_nobody_frees_a_version_but_with_a_bypass_of_governance(lock, mode, until, bypasses):
    found = stored(lock)
    try:
        kept = with_retention(found, mode, until, NOW, bypasses=bypasses)
    except AwsError:
        assert is_locked(stored(ObjectLock(lock.mode, lock.until)), NOW)
        return
    assert kept.hold == lock.hold
    if is_locked(found, NOW) and not (bypasses and lock.mode != COMPLIANCE):
        at = max(lock.until - 0.001, NOW) if lock.hold != "ON" else NOW + 1e9
        assert is_locked(stored(kept), at) or not is_locked(found, at)


def test_an_object_without_a_lock_is_free():
    assert not is_locked(SimpleNamespace(lock=None), NOW)
