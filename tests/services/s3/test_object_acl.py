from __future__ import annotations

import pytest

from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, open_to_policies, other

OWNER = {"ID": "000000000000"}
DENIED = 403, {"Code": "AccessDenied", "Message": "Access Denied"}
NO_LISTS = (
    400,
    {"Code": "AccessControlListNotSupported", "Message": "The bucket does not allow ACLs"},
)
ALL = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
KEY = {"Bucket": "lake", "Key": "k"}


def grants(*pairs, owner="000000000000"):
    found = [
        {"Grantee": {"ID": who, "Type": "CanonicalUser"} if isinstance(who, str) else who,
         "Permission": what}
        for who, what in pairs
    ]  # fmt: skip
    return {"Owner": {"ID": owner}, "Grants": found}


OWNERS_LIST = grants(("000000000000", "FULL_CONTROL"))


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(**KEY, Body=b"body")
    return client


def owned_by(s3, ownership):
    controls = {"Rules": [{"ObjectOwnership": ownership}]}
    s3.put_bucket_ownership_controls(Bucket="lake", OwnershipControls=controls)
    open_to_policies(s3, "lake")


def test_where_the_owner_is_enforced_all_is_granted_to_it(s3):
    assert answer(s3.get_object_acl(**KEY)) == OWNERS_LIST
    assert refusal(s3.get_object_acl, Bucket="lake", Key="none")[1]["Code"] == "NoSuchKey"
    assert answer(s3.put_object_acl(**KEY, ACL="bucket-owner-full-control")) == {}
    s3.put_object(**KEY, Body=b"body", ACL="bucket-owner-full-control")
    s3.put_object_acl(**KEY, AccessControlPolicy=OWNERS_LIST)
    assert refusal(s3.put_object_acl, **KEY, ACL="private") == NO_LISTS
    assert refusal(s3.put_object, **KEY, ACL="private", Body=b"") == NO_LISTS
    assert refusal(s3.create_multipart_upload, **KEY, ACL="private") == NO_LISTS
    assert refusal(s3.put_object_acl, **KEY, ACL="public-read") == NO_LISTS
    assert refusal(s3.put_object, **KEY, ACL="public-read", Body=b"") == NO_LISTS
    assert refusal(s3.create_multipart_upload, **KEY, GrantRead=f"id={OTHER}") == NO_LISTS
    copy = {"Bucket": "lake", "Key": "copy", "CopySource": "lake/k"}
    assert refusal(s3.copy_object, **copy, ACL="public-read") == NO_LISTS


def test_a_list_lets_in_whom_it_names(lakebed, s3):
    stranger, anyone = other(lakebed), nobody(lakebed)
    owned_by(s3, "ObjectWriter")
    assert refusal(anyone.get_object, **KEY) == DENIED
    s3.put_object_acl(**KEY, ACL="public-read")
    assert answer(s3.get_object_acl(**KEY)) == grants(
        ("000000000000", "FULL_CONTROL"), (ALL, "READ")
    )
    assert anyone.get_object(**KEY)["Body"].read() == b"body"
    assert refusal(anyone.get_object_acl, **KEY) == DENIED
    s3.put_object_acl(**KEY, ACL="authenticated-read")
    assert refusal(anyone.get_object, **KEY) == DENIED
    assert stranger.get_object(**KEY)["Body"].read() == b"body"
    s3.put_object_acl(**KEY, GrantWriteACP=f"id={OTHER}")
    assert refusal(stranger.get_object, **KEY) == DENIED
    stranger.put_object_acl(**KEY, ACL="public-read")
    assert anyone.head_object(**KEY)["ContentLength"] == 4
    # A new object has a new list.
    s3.put_object(**KEY, Body=b"new")
    assert answer(s3.get_object_acl(**KEY)) == OWNERS_LIST
    assert refusal(anyone.get_object, **KEY) == DENIED


@pytest.mark.parametrize("kind", ["put", "copy", "upload"])
def test_objects_are_written_with_their_lists(lakebed, s3, kind):
    owned_by(s3, "ObjectWriter")
    new = {"Bucket": "lake", "Key": "new"}
    if kind == "put":
        s3.put_object(**new, Body=b"body", ACL="public-read")
    elif kind == "copy":
        s3.copy_object(**new, CopySource="lake/k", ACL="public-read")
    else:
        upload = {
            **new,
            "UploadId": s3.create_multipart_upload(**new, ACL="public-read")["UploadId"],
        }
        part = s3.upload_part(**upload, PartNumber=1, Body=b"body")["ETag"]
        parts = [{"PartNumber": 1, "ETag": part}]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert nobody(lakebed).get_object(**new)["Body"].read() == b"body"
    s3.copy_object(Bucket="lake", Key="copy", CopySource="lake/new")
    assert answer(s3.get_object_acl(Bucket="lake", Key="copy")) == OWNERS_LIST


def test_every_version_has_its_list(lakebed, s3):
    owned_by(s3, "ObjectWriter")
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    first = {**KEY, "VersionId": s3.put_object(**KEY, Body=b"first")["VersionId"]}
    s3.put_object(**KEY, Body=b"second")
    s3.put_object_acl(**first, ACL="public-read")
    assert nobody(lakebed).get_object(**first)["Body"].read() == b"first"
    assert refusal(nobody(lakebed).get_object, **KEY) == DENIED


def test_who_writes_an_object_owns_it(lakebed, s3):
    stranger = other(lakebed)
    owned_by(s3, "ObjectWriter")
    s3.put_bucket_acl(Bucket="lake", ACL="public-read-write")
    theirs = {"Bucket": "lake", "Key": "theirs"}
    stranger.put_object(**theirs, Body=b"theirs")
    assert answer(stranger.get_object_acl(**theirs)) == grants((OTHER, "FULL_CONTROL"), owner=OTHER)
    assert refusal(s3.get_object, **theirs) == DENIED
    stranger.put_object_acl(**theirs, ACL="bucket-owner-read")
    assert s3.get_object(**theirs)["Body"].read() == b"theirs"
    assert refusal(s3.get_object_acl, **theirs) == DENIED
    stranger.put_object(**theirs, Body=b"theirs", ACL="bucket-owner-full-control")
    expected = grants((OTHER, "FULL_CONTROL"), ("000000000000", "FULL_CONTROL"), owner=OTHER)
    assert answer(s3.get_object_acl(**theirs)) == expected
    # Whose it is, its bucket's owner may delete it.
    s3.delete_object(**theirs)


def test_a_preferred_owner_owns_what_is_handed_to_it(lakebed, s3):
    stranger = other(lakebed)
    owned_by(s3, "BucketOwnerPreferred")
    s3.put_bucket_acl(Bucket="lake", ACL="public-read-write")
    theirs = {"Bucket": "lake", "Key": "theirs"}
    stranger.put_object(**theirs, Body=b"", ACL="bucket-owner-full-control")
    assert answer(s3.get_object_acl(**theirs)) == OWNERS_LIST
    assert refusal(stranger.get_object, **theirs) == DENIED
    stranger.put_object(**theirs, Body=b"")
    assert refusal(s3.get_object, **theirs) == DENIED


@pytest.mark.parametrize(
    ("canned", "owner"), [({"ACL": "bucket-owner-full-control"}, "000000000000"), ({}, OTHER)]
)
def test_an_upload_is_whose_its_object_will_be(lakebed, s3, canned, owner):
    stranger, call = other(lakebed), {"Bucket": "lake", "Key": "big"}
    owned_by(s3, "BucketOwnerPreferred")
    s3.put_bucket_acl(Bucket="lake", ACL="public-read-write")
    upload = {**call, "UploadId": stranger.create_multipart_upload(**call, **canned)["UploadId"]}
    expected = {"Owner": {"ID": owner}, "Initiator": {"ID": OTHER}}
    (listed,) = s3.list_multipart_uploads(Bucket="lake")["Uploads"]
    assert {name: listed[name] for name in expected} == expected
    parts = stranger.list_parts(**upload)
    assert {name: parts[name] for name in expected} == expected
    part = stranger.upload_part(**upload, PartNumber=1, Body=b"")
    whole = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    stranger.complete_multipart_upload(**upload, MultipartUpload=whole)
    client = s3 if owner == "000000000000" else stranger
    assert client.get_object_acl(**call)["Owner"] == {"ID": owner}


def test_who_began_an_upload_lists_its_parts_and_gives_it_up(lakebed, s3):
    stranger, call = other(lakebed), {"Bucket": "lake", "Key": "big"}
    owned_by(s3, "ObjectWriter")
    s3.put_bucket_acl(Bucket="lake", ACL="public-read-write")
    ours = {**call, "UploadId": s3.create_multipart_upload(**call)["UploadId"]}
    theirs = {**call, "UploadId": stranger.create_multipart_upload(**call)["UploadId"]}
    unsigned = {**call, "UploadId": nobody(lakebed).create_multipart_upload(**call)["UploadId"]}
    for client, upload in ((stranger, ours), (nobody(lakebed), unsigned)):
        assert refusal(client.list_parts, **upload) == DENIED
        assert refusal(client.abort_multipart_upload, **upload) == DENIED
    assert stranger.list_parts(**theirs)["UploadId"] == theirs["UploadId"]
    stranger.abort_multipart_upload(**theirs)
    assert refusal(s3.list_parts, **theirs)[1]["Code"] == "NoSuchUpload"


def test_an_enforced_owner_owns_what_others_wrote(lakebed, s3):
    owned_by(s3, "ObjectWriter")
    s3.put_bucket_acl(Bucket="lake", ACL="public-read-write")
    theirs = {"Bucket": "lake", "Key": "theirs"}
    other(lakebed).put_object(**theirs, Body=b"theirs")
    s3.put_bucket_acl(Bucket="lake", ACL="private")
    owned_by(s3, "BucketOwnerEnforced")
    assert s3.get_object(**theirs)["Body"].read() == b"theirs"
    assert answer(s3.get_object_acl(**theirs)) == OWNERS_LIST
    assert refusal(other(lakebed).get_object, **theirs) == DENIED


def test_an_object_that_is_gone_is_missed_by_who_may_list(lakebed, s3):
    owned_by(s3, "ObjectWriter")
    s3.put_object_acl(**KEY, ACL="public-read")
    s3.delete_object(**KEY)
    assert refusal(nobody(lakebed).get_object, **KEY) == DENIED
    s3.put_bucket_acl(Bucket="lake", ACL="public-read")
    assert refusal(nobody(lakebed).get_object, **KEY)[1]["Code"] == "NoSuchKey"
