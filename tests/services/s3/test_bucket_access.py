from __future__ import annotations

import pytest

from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, open_to_policies

WITH_OWNERSHIP = (
    400,
    {
        "Code": "InvalidBucketAclWithObjectOwnership",
        "Message": "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    },
)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="k", Body=b"body")
    return client


def controls(ownership):
    return {"Rules": [{"ObjectOwnership": ownership}]}


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


def test_who_owns_the_objects_of_a_bucket_is_kept(s3):
    def found():
        return answer(s3.get_bucket_ownership_controls(Bucket="lake"))["OwnershipControls"]

    assert found() == controls("BucketOwnerEnforced")
    for ownership in ("ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"):
        call = {"Bucket": "lake", "OwnershipControls": controls(ownership)}
        s3.put_bucket_ownership_controls(**call)
        assert found() == controls(ownership)
    wrong = {"Bucket": "lake", "OwnershipControls": controls("Anybody")}
    assert refusal(s3.put_bucket_ownership_controls, **wrong)[1]["Code"] == "MalformedXML"
    s3.delete_bucket_ownership_controls(Bucket="lake")
    assert refusal(s3.get_bucket_ownership_controls, Bucket="lake") == (
        404,
        {
            "Code": "OwnershipControlsNotFoundError",
            "Message": "The bucket ownership controls were not found",
            "BucketName": "lake",
        },
    )


def test_a_bucket_is_made_with_its_ownership_and_list(s3):
    s3.create_bucket(Bucket="plain", ObjectOwnership="ObjectWriter", ACL="private")
    assert answer(s3.get_bucket_ownership_controls(Bucket="plain")) == {
        "OwnershipControls": controls("ObjectWriter")
    }
    reads = {"GrantRead": f'id="{OTHER}"'}
    s3.create_bucket(Bucket="shared", ObjectOwnership="BucketOwnerPreferred", **reads)
    assert answer(s3.get_bucket_acl(Bucket="shared"))["Grants"] == [
        {"Grantee": {"ID": OTHER, "Type": "CanonicalUser"}, "Permission": "READ"}
    ]
    assert refusal(s3.create_bucket, Bucket="none", **reads) == WITH_OWNERSHIP
    assert refusal(s3.create_bucket, Bucket="none", ACL="public-read") == WITH_OWNERSHIP
    public = {"ObjectOwnership": "ObjectWriter", "ACL": "public-read"}
    assert refusal(s3.create_bucket, Bucket="none", **public) == (
        400,
        {
            "Code": "InvalidBucketAclWithBlockPublicAccessError",
            "Message": "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
        },
    )


def test_an_owner_is_not_enforced_while_a_list_lets_others_in(s3):
    enforced = {"Bucket": "lake", "OwnershipControls": controls("BucketOwnerEnforced")}
    s3.put_bucket_ownership_controls(**{**enforced, "OwnershipControls": controls("ObjectWriter")})
    s3.put_bucket_acl(Bucket="lake", GrantRead=f'id="{OTHER}"')
    assert refusal(s3.put_bucket_ownership_controls, **enforced) == WITH_OWNERSHIP
    s3.put_bucket_acl(Bucket="lake", ACL="private")
    s3.put_bucket_ownership_controls(**enforced)


def test_public_lists_are_blocked_or_ignored(lakebed, s3):
    writers = {"Bucket": "lake", "OwnershipControls": controls("ObjectWriter")}
    s3.put_bucket_ownership_controls(**writers)
    denied = (
        403,
        {
            "Code": "AccessDenied",
            "Message": "User: arn:aws:iam::000000000000:root is not authorized to perform: "
            's3:PutBucketAcl on resource: "arn:aws:s3:::lake" because public access control lists '
            "(ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.",
        },
    )
    assert refusal(s3.put_bucket_acl, Bucket="lake", ACL="public-read") == denied
    object_list = {"Bucket": "lake", "Key": "k", "ACL": "public-read"}
    assert refusal(s3.put_object_acl, **object_list)[0] == 403
    assert refusal(s3.put_object, **object_list, Body=b"")[0] == 403
    open_to_policies(s3, "lake")
    s3.put_bucket_acl(Bucket="lake", ACL="public-read")
    s3.put_object_acl(**object_list)
    assert nobody(lakebed).list_objects(Bucket="lake")["Contents"]
    assert nobody(lakebed).get_object(Bucket="lake", Key="k")
    ignored = {"IgnorePublicAcls": True}
    s3.put_public_access_block(Bucket="lake", PublicAccessBlockConfiguration=ignored)
    assert refusal(nobody(lakebed).list_objects, Bucket="lake")[0] == 403
    assert refusal(nobody(lakebed).get_object, Bucket="lake", Key="k")[0] == 403
