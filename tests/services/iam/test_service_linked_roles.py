"""Roles that belong to services, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole

SERVICE = "lakeformation.amazonaws.com"
NAME = "AWSServiceRoleForLakeFormationDataAccess"


def test_a_role_of_a_service_is_made_and_protected(iam):
    made = iam.create_service_linked_role(AWSServiceName=SERVICE, Description="d")
    statement = {
        "Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole",
    }  # fmt: skip
    path = f"/aws-service-role/{SERVICE}/"
    assert whole(made) == {
        "Role": {
            "Path": path, "RoleName": NAME, "RoleId": "AROA", "CreateDate": "TIME",
            "Arn": f"arn:aws:iam::000000000000:role{path}{NAME}", "Description": "d",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        }
    }  # fmt: skip
    again = error_of(lambda: iam.create_service_linked_role(AWSServiceName=SERVICE))
    assert again == (
        "InvalidInput",
        f"Service role name {NAME} has been taken in this account, please try a different suffix.",
        400,
    )
    assert error_of(lambda: iam.delete_role(RoleName=NAME))[0] == "UnmodifiableEntity"
    tag = [{"Key": "a", "Value": "b"}]
    assert error_of(lambda: iam.tag_role(RoleName=NAME, Tags=tag))[0] == "UnmodifiableEntity"


def test_a_role_of_a_service_is_deleted(iam):
    iam.create_service_linked_role(AWSServiceName=SERVICE)
    task = iam.delete_service_linked_role(RoleName=NAME)["DeletionTaskId"]
    assert whole(iam.get_service_linked_role_deletion_status(DeletionTaskId=task)) == {
        "Status": "SUCCEEDED"
    }
    assert error_of(lambda: iam.get_role(RoleName=NAME))[0] == "NoSuchEntity"
    unknown = "task/aws-service-role/x/y"
    assert error_of(
        lambda: iam.get_service_linked_role_deletion_status(DeletionTaskId=unknown)
    )[0] == "NoSuchEntity"  # fmt: skip


def test_an_unknown_service_is_refused_by_name(iam):
    code, sentence, _ = error_of(
        lambda: iam.create_service_linked_role(AWSServiceName="x.amazonaws.com")
    )
    assert (code, "x.amazonaws.com" in sentence) == ("LakebedNotBuilt", True)
