"""Terraform: a bucket with what a plain one has, applied, planned again without a change, gone.

The AWS provider comes from Terraform's registry, or from the folder that `LAKEBED_TF_PLUGINS` names
(a file-system mirror) where there is no way to it.
"""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.clients.clients import client, environment

pytestmark = pytest.mark.slow

PLAIN = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  s3_use_path_style = true
}
resource "aws_s3_bucket" "lake" {
  bucket        = "terraform-lake"
  force_destroy = true
  tags          = { team = "data", env = "test" }
}
resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_versioning.lake]
  rule {
    id     = "old"
    status = "Enabled"
    filter { prefix = "logs/" }
    expiration { days = 30 }
    noncurrent_version_expiration { noncurrent_days = 7 }
  }
  rule {
    id     = "parts"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = 3 }
  }
}
resource "aws_s3_object" "one" {
  bucket  = aws_s3_bucket.lake.id
  key     = "config/one.json"
  content = jsonencode({ answer = 42 })
  tags    = { kind = "config" }
}
data "aws_s3_object" "one" {
  bucket = aws_s3_bucket.lake.id
  key    = aws_s3_object.one.key
}
output "etag" {
  value = data.aws_s3_object.one.etag
}
"""


@pytest.fixture
def terraform(lakebed, tmp_path):
    program = client("terraform", "see terraform.io")
    (tmp_path / "main.tf").write_text(PLAIN)

    def do(*command, codes=(0,)):
        done = subprocess.run(
            [program, *command, "-no-color"], cwd=tmp_path, capture_output=True, text=True,
            timeout=300, check=False,
            env=environment(lakebed, tmp_path, CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=""),
        )  # fmt: skip
        assert done.returncode in codes, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    plugins = os.environ.get("LAKEBED_TF_PLUGINS")
    mirror = (f"-plugin-dir={plugins}",) if plugins else ()
    if do("init", "-input=false", *mirror, codes=(0, 1)).returncode:
        pytest.skip("the AWS provider is not to be had: set LAKEBED_TF_PLUGINS to a mirror of it")
    return do


def test_a_plan_after_an_apply_changes_nothing(terraform, lakebed):
    terraform("apply", "-auto-approve", "-input=false")
    assert "No changes." in terraform("plan", "-detailed-exitcode", "-input=false").stdout
    s3 = lakebed.client("s3")
    body = s3.get_object(Bucket="terraform-lake", Key="config/one.json")["Body"].read()
    assert body == b'{"answer":42}'
    etag = terraform("output", "-raw", "etag").stdout
    assert f'"{etag}"' == s3.head_object(Bucket="terraform-lake", Key="config/one.json")["ETag"]
    s3.put_object(Bucket="terraform-lake", Key="config/one.json", Body=b"by somebody else")
    terraform("destroy", "-auto-approve", "-input=false")
    assert s3.list_buckets()["Buckets"] == []
