"""Terraform: keys, secrets and parameters are applied, planned again, and destroyed."""

from __future__ import annotations

import pytest

from tests.clients.terraform_stories import stories

pytestmark = pytest.mark.slow

STORY = """
resource "aws_kms_key" "lake" {
  description             = "of the lake"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  tags                    = { team = "data" }
}
resource "aws_kms_alias" "lake" {
  name          = "alias/lake"
  target_key_id = aws_kms_key.lake.key_id
}
resource "aws_kms_grant" "reading" {
  name              = "reading"
  key_id            = aws_kms_key.lake.key_id
  grantee_principal = "arn:aws:iam::000000000000:root"
  operations        = ["Decrypt", "GenerateDataKey"]
  constraints {
    encryption_context_equals = { team = "data" }
  }
}
resource "aws_secretsmanager_secret" "db" {
  name                    = "lake/db"
  description             = "who logs in"
  kms_key_id              = aws_kms_key.lake.arn
  recovery_window_in_days = 0
  tags                    = { team = "data" }
}
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({ username = "reader", password = "p" })
}
resource "aws_ssm_parameter" "host" {
  name        = "/lake/host"
  type        = "String"
  value       = "localhost"
  description = "where"
  tags        = { team = "data" }
}
resource "aws_ssm_parameter" "pass" {
  name   = "/lake/pass"
  type   = "SecureString"
  value  = "p"
  key_id = aws_kms_key.lake.arn
}
"""


def test_keys_secrets_and_parameters(lakebed, tmp_path):
    do = stories(lakebed, tmp_path)(STORY)
    secrets, ssm = lakebed.client("secretsmanager"), lakebed.client("ssm")
    value = secrets.get_secret_value(SecretId="lake/db")["SecretString"]
    assert value == '{"password":"p","username":"reader"}'
    found = ssm.get_parameter(Name="/lake/pass", WithDecryption=True)["Parameter"]
    assert found["Value"] == "p"
    do("destroy", "-auto-approve", "-input=false")
    assert secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    assert ssm.describe_parameters()["Parameters"] == []
    assert lakebed.client("kms").list_aliases()["Aliases"] == []
