from __future__ import annotations

import pytest

from tests.services.s3.answers import answer, refusal

OWNER = {"ID": "000000000000"}
OWNERS_LIST = {
    "Owner": OWNER,
    "Grants": [{"Grantee": {**OWNER, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}],
}
NO_LISTS = (
    400,
    {"Code": "AccessControlListNotSupported", "Message": "The bucket does not allow ACLs"},
)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="k", Body=b"body")
    return client


def test_all_is_granted_to_the_owner(s3):
    assert answer(s3.get_bucket_acl(Bucket="lake")) == OWNERS_LIST
    assert answer(s3.get_object_acl(Bucket="lake", Key="k")) == OWNERS_LIST
    assert refusal(s3.get_object_acl, Bucket="lake", Key="none")[1]["Code"] == "NoSuchKey"


def test_an_access_list_may_say_what_is_so_and_nothing_else(s3):
    call, key = {"Bucket": "lake"}, {"Bucket": "lake", "Key": "k"}
    assert answer(s3.put_bucket_acl(**call, ACL="private")) == {}
    assert answer(s3.put_bucket_acl(**call, AccessControlPolicy=OWNERS_LIST)) == {}
    assert answer(s3.put_object_acl(**key, ACL="bucket-owner-full-control")) == {}
    assert refusal(s3.put_bucket_acl, **call, ACL="public-read") == NO_LISTS
    assert refusal(s3.put_object_acl, **key, ACL="public-read") == NO_LISTS
    assert refusal(s3.put_bucket_acl, **call, GrantRead="id=123456789012") == NO_LISTS
    for grants in ([], [{**OWNERS_LIST["Grants"][0], "Permission": "READ"}]):
        policy = {"Owner": OWNER, "Grants": grants}
        assert refusal(s3.put_bucket_acl, **call, AccessControlPolicy=policy) in (
            NO_LISTS,
            (400, {"Code": "MalformedXML", "Message": "The XML you provided was not well-formed "
                   "or did not validate against our published schema"}),
        )  # fmt: skip


def test_the_public_access_block_is_kept(s3):
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    whole = dict.fromkeys(names, True)

    def found():
        return answer(s3.get_public_access_block(Bucket="lake"))["PublicAccessBlockConfiguration"]

    assert found() == whole
    part = {"BlockPublicAcls": True}
    s3.put_public_access_block(Bucket="lake", PublicAccessBlockConfiguration=part)
    assert found() == {**dict.fromkeys(names, False), **part}
    s3.delete_public_access_block(Bucket="lake")
    assert refusal(s3.get_public_access_block, Bucket="lake") == (
        404,
        {
            "Code": "NoSuchPublicAccessBlockConfiguration",
            "Message": "The public access block configuration was not found",
            "BucketName": "lake",
        },
    )
    s3.delete_object(Bucket="lake", Key="k")
    s3.delete_bucket(Bucket="lake")
    s3.create_bucket(Bucket="lake")
    assert found() == whole


def test_the_owner_of_a_bucket_owns_its_objects(s3):
    def controls(ownership):
        return {"Rules": [{"ObjectOwnership": ownership}]}

    enforced = {"OwnershipControls": controls("BucketOwnerEnforced")}
    assert answer(s3.get_bucket_ownership_controls(Bucket="lake")) == enforced
    s3.put_bucket_ownership_controls(Bucket="lake", **enforced)
    other = {"Bucket": "lake", "OwnershipControls": controls("ObjectWriter")}
    assert refusal(s3.put_bucket_ownership_controls, **other)[0] == 501
    s3.delete_bucket_ownership_controls(Bucket="lake")
    assert refusal(s3.get_bucket_ownership_controls, Bucket="lake") == (
        404,
        {
            "Code": "OwnershipControlsNotFoundError",
            "Message": "The bucket ownership controls were not found",
            "BucketName": "lake",
        },
    )
    # Now there could be access lists, and they are not built.
    assert refusal(s3.put_bucket_acl, Bucket="lake", ACL="public-read")[0] == 501
    s3.put_bucket_ownership_controls(Bucket="lake", **enforced)
    assert answer(s3.get_bucket_ownership_controls(Bucket="lake")) == enforced
