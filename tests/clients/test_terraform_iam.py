"""Terraform: users, groups, roles, policies, keys, providers: applied, planned again, destroyed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.clients.terraform_stories import stories
from tests.services.glue.test_databases import error_of

pytestmark = pytest.mark.slow

STORY = """
data "aws_caller_identity" "me" {}
data "aws_iam_policy_document" "reads" {
  statement {
    sid       = "Reads"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["&{aws:username}/*"]
    }
  }
}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.ci.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "issuer.example.com/ci:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}
data "aws_iam_policy" "athena" {
  arn = "arn:aws:iam::aws:policy/AmazonAthenaFullAccess"
}
resource "aws_iam_policy" "reads" {
  name        = "reads"
  path        = "/lake/"
  description = "reads the lake"
  policy      = data.aws_iam_policy_document.reads.json
  tags        = { team = "data" }
}
resource "aws_iam_user" "ann" {
  name                 = "ann"
  path                 = "/people/"
  permissions_boundary = aws_iam_policy.reads.arn
  force_destroy        = true
  tags                 = { team = "data" }
}
resource "aws_iam_user" "bob" {
  name = "bob"
}
resource "aws_iam_user_policy" "ann" {
  name   = "own"
  user   = aws_iam_user.ann.name
  policy = data.aws_iam_policy_document.reads.json
}
resource "aws_iam_user_policy_attachment" "ann" {
  user       = aws_iam_user.ann.name
  policy_arn = aws_iam_policy.reads.arn
}
resource "aws_iam_access_key" "ann" {
  user = aws_iam_user.ann.name
}
resource "aws_iam_access_key" "old" {
  user   = aws_iam_user.bob.name
  status = "Inactive"
}
resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 14
  require_lowercase_characters   = true
  require_numbers                = true
  require_uppercase_characters   = true
  require_symbols                = true
  allow_users_to_change_password = true
  max_password_age               = 90
  password_reuse_prevention      = 3
}
resource "aws_iam_user_login_profile" "ann" {
  user                    = aws_iam_user.ann.name
  password_length         = 20
  password_reset_required = true
  depends_on              = [aws_iam_account_password_policy.strict]
}
resource "aws_iam_user_ssh_key" "ann" {
  username   = aws_iam_user.ann.name
  encoding   = "SSH"
  public_key = "PUBLIC KEY"
}
resource "aws_iam_group" "analysts" {
  name = "analysts"
  path = "/teams/"
}
resource "aws_iam_group_policy" "analysts" {
  name   = "own"
  group  = aws_iam_group.analysts.name
  policy = data.aws_iam_policy_document.reads.json
}
resource "aws_iam_group_policy_attachment" "analysts" {
  group      = aws_iam_group.analysts.name
  policy_arn = data.aws_iam_policy.athena.arn
}
resource "aws_iam_group_membership" "analysts" {
  name  = "analysts"
  group = aws_iam_group.analysts.name
  users = [aws_iam_user.ann.name, aws_iam_user.bob.name]
}
resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://issuer.example.com/ci"
  client_id_list  = ["sts.amazonaws.com", "other"]
  thumbprint_list = ["cf23df2207d99a74fbe169e3eba035e633b65d94"]
  tags            = { team = "data" }
}
resource "aws_iam_role" "crawls" {
  name                  = "crawls"
  path                  = "/service-role/"
  description           = "crawls the lake"
  max_session_duration  = 7200
  assume_role_policy    = data.aws_iam_policy_document.trust.json
  permissions_boundary  = aws_iam_policy.reads.arn
  force_detach_policies = true
  tags                  = { team = "data" }
}
resource "aws_iam_role_policy" "crawls" {
  name   = "own"
  role   = aws_iam_role.crawls.name
  policy = data.aws_iam_policy_document.reads.json
}
resource "aws_iam_role_policy_attachment" "crawls" {
  role       = aws_iam_role.crawls.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
}
resource "aws_iam_instance_profile" "crawls" {
  name = "crawls"
  role = aws_iam_role.crawls.name
  tags = { team = "data" }
}
resource "aws_iam_policy_attachment" "both" {
  name       = "both"
  users      = [aws_iam_user.bob.name]
  roles      = [aws_iam_role.crawls.name]
  policy_arn = data.aws_iam_policy.athena.arn
  groups     = [aws_iam_group.analysts.name]
  depends_on = [aws_iam_group_policy_attachment.analysts]
}
resource "aws_iam_account_alias" "lake" {
  account_alias = "our-lake"
}
resource "aws_iam_virtual_mfa_device" "ann" {
  virtual_mfa_device_name = "ann"
  path                    = "/people/"
}
"""


def test_identities(lakebed, tmp_path):
    key = rsa.generate_private_key(65537, 2048).public_key()
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    story = STORY.replace("PUBLIC KEY", line.decode())
    apply = stories(lakebed, tmp_path)
    do = apply(story)
    iam = lakebed.client("iam")
    role = iam.get_role(RoleName="crawls")["Role"]
    assert (role["Path"], role["MaxSessionDuration"]) == ("/service-role/", 7200)
    provider = "arn:aws:iam::000000000000:oidc-provider/issuer.example.com/ci"
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert sorted(found["ClientIDList"]) == ["other", "sts.amazonaws.com"]
    changed = story.replace('name = "bob"', 'name = "robert"').replace(
        '["sts.amazonaws.com", "other"]', '["sts.amazonaws.com", "third"]'
    )
    changed = changed.replace('status = "Inactive"', 'status = "Active"')
    apply(changed.replace("cf23df2207d99a74fbe169e3eba035e633b65d94", "a" * 40))
    assert [one["UserName"] for one in iam.list_users()["Users"]] == ["ann", "robert"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert sorted(found["ClientIDList"]) == ["sts.amazonaws.com", "third"]
    # What is made beside Terraform goes with a user whom it may destroy by force.
    iam.create_access_key(UserName="ann")
    do("destroy", "-auto-approve", "-input=false")
    assert iam.list_users()["Users"] == []
    assert iam.list_groups()["Groups"] == []
    assert iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert error_of(iam.get_account_password_policy)[0] == "NoSuchEntity"
