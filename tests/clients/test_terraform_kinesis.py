"""Streams and consumers in Terraform: applied, planned again without a change, destroyed."""

from __future__ import annotations

import pytest

from tests.clients.terraform_stories import stories

pytestmark = pytest.mark.slow

STREAMS = """
resource "aws_kms_key" "streams" {
  deletion_window_in_days = 7
}
resource "aws_kinesis_stream" "clicks" {
  name             = "clicks"
  shard_count      = 2
  retention_period = 48
  shard_level_metrics = [
    "IncomingBytes",
    "OutgoingBytes",
  ]
  encryption_type           = "KMS"
  kms_key_id                = aws_kms_key.streams.arn
  enforce_consumer_deletion = true
  tags                      = { team = "data" }
  stream_mode_details {
    stream_mode = "PROVISIONED"
  }
}
resource "aws_kinesis_stream" "orders" {
  name = "orders"
  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}
resource "aws_kinesis_stream_consumer" "app" {
  name       = "app"
  stream_arn = aws_kinesis_stream.clicks.arn
}
resource "aws_kinesis_resource_policy" "clicks" {
  resource_arn = aws_kinesis_stream.clicks.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "others"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Action    = ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord"]
      Resource  = aws_kinesis_stream.clicks.arn
    }]
  })
}
data "aws_kinesis_stream" "clicks" {
  name = aws_kinesis_stream.clicks.name
}
output "open_shards" {
  value = length(data.aws_kinesis_stream.clicks.open_shards)
}
"""


def summary_of(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def test_streams_and_consumers(lakebed, tmp_path):
    apply = stories(lakebed, tmp_path)
    terraform = apply(STREAMS)
    kinesis = lakebed.client("kinesis")
    clicks = summary_of(kinesis, "clicks")
    assert (clicks["OpenShardCount"], clicks["RetentionPeriodHours"]) == (2, 48)
    assert (clicks["EncryptionType"], clicks["ConsumerCount"]) == ("KMS", 1)
    assert clicks["EnhancedMonitoring"] == [
        {"ShardLevelMetrics": ["IncomingBytes", "OutgoingBytes"]}
    ]
    assert summary_of(kinesis, "orders")["OpenShardCount"] == 4
    assert terraform("output", "open_shards").stdout.strip() == "2"
    # A change of what is there is an update, and is stable again.
    changed = STREAMS.replace("shard_count      = 2", "shard_count      = 4")
    changed = changed.replace("retention_period = 48", "retention_period = 24")
    changed = changed.replace('    "OutgoingBytes",\n', "").replace('team = "data"', 'team = "web"')
    changed = changed.replace('encryption_type           = "KMS"', 'encryption_type = "NONE"')
    changed = changed.replace("kms_key_id                = aws_kms_key.streams.arn\n", "\n")
    apply(changed)
    again = summary_of(kinesis, "clicks")
    assert again["StreamId"] == clicks["StreamId"]
    assert (again["OpenShardCount"], again["RetentionPeriodHours"]) == (4, 24)
    assert (again["EncryptionType"], again["ConsumerCount"]) == ("NONE", 1)
    assert again["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes"]}]
    terraform("destroy", "-auto-approve", "-input=false")
    assert kinesis.list_streams()["StreamNames"] == []
