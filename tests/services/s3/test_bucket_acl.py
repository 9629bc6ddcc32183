from __future__ import annotations

import pytest

from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, open_to_policies, other

OWNER = {"ID": "000000000000"}
OWNERS = {"Grantee": {**OWNER, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
OWNERS_LIST = {"Owner": OWNER, "Grants": [OWNERS]}
GROUPS = "http://acs.amazonaws.com/groups/"
NO_LISTS = (
    400,
    {"Code": "AccessControlListNotSupported", "Message": "The bucket does not allow ACLs"},
)
DENIED = 403, {"Code": "AccessDenied", "Message": "Access Denied"}


def group(name, permission):
    return {"Grantee": {"Type": "Group", "URI": GROUPS + name}, "Permission": permission}


def user(account, permission):
    return {"Grantee": {"ID": account, "Type": "CanonicalUser"}, "Permission": permission}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="k", Body=b"body")
    return client


@pytest.fixture
def listed(s3):
    """A bucket that may have public access lists."""
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket="lake", OwnershipControls=controls)
    open_to_policies(s3, "lake")
    return s3


def test_all_is_granted_to_the_owner(s3):
    assert answer(s3.get_bucket_acl(Bucket="lake")) == OWNERS_LIST


def test_where_the_owner_is_enforced_a_list_may_say_what_is_so_and_nothing_else(s3):
    call = {"Bucket": "lake"}
    assert answer(s3.put_bucket_acl(**call, ACL="bucket-owner-full-control")) == {}
    assert answer(s3.put_bucket_acl(**call, AccessControlPolicy=OWNERS_LIST)) == {}
    assert refusal(s3.put_bucket_acl, **call, ACL="private") == NO_LISTS
    assert refusal(s3.put_bucket_acl, **call, ACL="public-read") == NO_LISTS
    assert refusal(s3.put_bucket_acl, **call, GrantRead="id=123456789012") == NO_LISTS
    other_list = {"Owner": OWNER, "Grants": [{**OWNERS, "Permission": "READ"}]}
    assert refusal(s3.put_bucket_acl, **call, AccessControlPolicy=other_list) == NO_LISTS


@pytest.mark.parametrize(
    ("canned", "grants"),
    [
        ("private", []),
        ("public-read", [group("global/AllUsers", "READ")]),
        (
            "public-read-write",
            [group("global/AllUsers", "READ"), group("global/AllUsers", "WRITE")],
        ),
        ("authenticated-read", [group("global/AuthenticatedUsers", "READ")]),
        (
            "log-delivery-write",
            [group("s3/LogDelivery", "WRITE"), group("s3/LogDelivery", "READ_ACP")],
        ),
    ],
)
def test_a_canned_list_is_what_it_stands_for(listed, canned, grants):
    listed.put_bucket_acl(Bucket="lake", ACL=canned)
    expected = {"Owner": OWNER, "Grants": [OWNERS, *grants]}
    assert answer(listed.get_bucket_acl(Bucket="lake")) == expected


def test_grants_are_taken_from_headers_and_documents(listed):
    listed.put_bucket_acl(
        Bucket="lake",
        GrantRead=f'id="{OTHER}", uri="{GROUPS}global/AllUsers"',
        GrantWriteACP="id=000000000000",
    )
    found = answer(listed.get_bucket_acl(Bucket="lake"))
    assert found["Grants"] == [
        user(OTHER, "READ"), group("global/AllUsers", "READ"), user("000000000000", "WRITE_ACP"),
    ]  # fmt: skip
    whole = {"Owner": OWNER, "Grants": [user(OTHER, "WRITE"), OWNERS]}
    listed.put_bucket_acl(Bucket="lake", AccessControlPolicy=whole)
    assert answer(listed.get_bucket_acl(Bucket="lake")) == whole


@pytest.mark.parametrize(
    ("arguments", "status", "code", "message"),
    [
        ({"GrantRead": 'id="someone"'}, 400, "InvalidArgument", "Invalid id"),
        ({"GrantRead": 'uri="someone"'}, 400, "InvalidArgument", "Invalid group uri"),
        ({"GrantRead": "whatever"}, 400, "InvalidArgument", "Argument format not recognized"),
        (
            {"GrantRead": 'emailAddress="me@example.com"'},
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        ),
        (
            {"GrantRead": f"id={OTHER}", "ACL": "private"},
            400,
            "InvalidRequest",
            "Specifying both Canned ACLs and Header Grants is not allowed",
        ),
        (
            {"ACL": "private", "AccessControlPolicy": OWNERS_LIST},
            400,
            "UnexpectedContent",
            "This request does not support content",
        ),
        (
            {"AccessControlPolicy": {"Owner": {"ID": OTHER}, "Grants": [OWNERS]}},
            403,
            "AccessDenied",
            "Access Denied",
        ),
        (
            {"AccessControlPolicy": {"Owner": OWNER, "Grants": [OWNERS] * 101}},
            400,
            "MalformedACLError",
            "The XML you provided was not well-formed or did not validate against our published "
            "schema",
        ),
        ({"ACL": "aws-exec-read"}, 501, "NotImplemented", None),
    ],
)
def test_a_list_that_cannot_be_is_refused(listed, arguments, status, code, message):
    found, error = refusal(listed.put_bucket_acl, Bucket="lake", **arguments)
    assert (found, error["Code"]) == (status, code)
    assert message in (None, error["Message"])
    assert answer(listed.get_bucket_acl(Bucket="lake")) == OWNERS_LIST


def test_a_list_lets_in_whom_it_names(lakebed, listed):
    stranger, anyone = other(lakebed), nobody(lakebed)
    assert refusal(stranger.list_objects_v2, Bucket="lake") == DENIED
    listed.put_bucket_acl(Bucket="lake", GrantRead=f"id={OTHER}", GrantReadACP=f"id={OTHER}")
    assert stranger.list_objects_v2(Bucket="lake")["KeyCount"] == 1
    assert answer(stranger.get_bucket_acl(Bucket="lake"))["Owner"] == OWNER
    assert refusal(stranger.put_bucket_acl, Bucket="lake", ACL="private") == DENIED
    assert refusal(stranger.put_object, Bucket="lake", Key="new", Body=b"") == DENIED
    assert refusal(stranger.get_object, Bucket="lake", Key="k") == DENIED
    assert refusal(anyone.list_objects_v2, Bucket="lake") == DENIED
    listed.put_bucket_acl(Bucket="lake", ACL="authenticated-read")
    assert stranger.list_objects_v2(Bucket="lake")["KeyCount"] == 1
    assert refusal(anyone.list_objects_v2, Bucket="lake") == DENIED
    listed.put_bucket_acl(Bucket="lake", ACL="public-read")
    assert anyone.list_objects_v2(Bucket="lake")["KeyCount"] == 1
    listed.put_bucket_acl(Bucket="lake", GrantWriteACP=f"id={OTHER}")
    stranger.put_bucket_acl(Bucket="lake", ACL="private")
    assert answer(listed.get_bucket_acl(Bucket="lake")) == OWNERS_LIST
    # The owner's account may, whatever its list says.
    listed.put_bucket_acl(Bucket="lake", GrantRead=f"id={OTHER}")
    assert listed.list_objects_v2(Bucket="lake")["KeyCount"] == 1
