"""Terraform: a delivery stream is applied, planned again, changed, and destroyed."""

from __future__ import annotations

import pytest

from tests.clients.terraform_stories import stories

pytestmark = pytest.mark.slow

STORY = """
resource "aws_s3_bucket" "lake" {
  bucket        = "lake"
  force_destroy = true
}
resource "aws_iam_role" "delivery" {
  name = "delivery"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = "sts:AssumeRole"
      Principal = { Service = "firehose.amazonaws.com" }
    }]
  })
}
resource "aws_glue_catalog_database" "lake" {
  name = "lake"
}
resource "aws_glue_catalog_table" "flights" {
  name          = "flights"
  database_name = aws_glue_catalog_database.lake.name
  storage_descriptor {
    location = "s3://lake/flights/"
    columns {
      name = "carrier"
      type = "string"
    }
  }
}
resource "aws_kinesis_firehose_delivery_stream" "plain" {
  name        = "plain"
  destination = "extended_s3"
  extended_s3_configuration {
    role_arn           = aws_iam_role.delivery.arn
    bucket_arn         = aws_s3_bucket.lake.arn
    prefix             = "PREFIX/"
    compression_format = "GZIP"
    buffering_interval = 60
    s3_backup_mode     = "Enabled"
    s3_backup_configuration {
      role_arn   = aws_iam_role.delivery.arn
      bucket_arn = aws_s3_bucket.lake.arn
      prefix     = "source/"
    }
  }
  server_side_encryption {
    enabled  = true
    key_type = "AWS_OWNED_CMK"
  }
  tags = { team = "data" }
}
resource "aws_kinesis_firehose_delivery_stream" "flights" {
  name        = "flights"
  destination = "extended_s3"
  extended_s3_configuration {
    role_arn            = aws_iam_role.delivery.arn
    bucket_arn          = aws_s3_bucket.lake.arn
    buffering_size      = 64
    custom_time_zone    = "Europe/Berlin"
    prefix              = "flights/carrier=!{partitionKeyFromQuery:carrier}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
    dynamic_partitioning_configuration {
      enabled = true
    }
    processing_configuration {
      enabled = true
      processors {
        type = "MetadataExtraction"
        parameters {
          parameter_name  = "JsonParsingEngine"
          parameter_value = "JQ-1.6"
        }
        parameters {
          parameter_name  = "MetadataExtractionQuery"
          parameter_value = "{carrier:.carrier}"
        }
      }
    }
    data_format_conversion_configuration {
      input_format_configuration {
        deserializer {
          open_x_json_ser_de {}
        }
      }
      output_format_configuration {
        serializer {
          parquet_ser_de {}
        }
      }
      schema_configuration {
        database_name = aws_glue_catalog_table.flights.database_name
        table_name    = aws_glue_catalog_table.flights.name
        role_arn      = aws_iam_role.delivery.arn
      }
    }
  }
}
resource "aws_glue_catalog_table" "rows" {
  name          = "rows"
  database_name = aws_glue_catalog_database.lake.name
  table_type    = "EXTERNAL_TABLE"
  open_table_format_input {
    iceberg_input {
      metadata_operation = "CREATE"
      version            = 2
    }
  }
  storage_descriptor {
    location = "s3://lake/rows/"
    columns {
      name = "id"
      type = "int"
    }
  }
  lifecycle {
    ignore_changes = [parameters, storage_descriptor]
  }
}
resource "aws_kinesis_firehose_delivery_stream" "rows" {
  name        = "rows"
  destination = "iceberg"
  iceberg_configuration {
    role_arn           = aws_iam_role.delivery.arn
    catalog_arn        = "arn:aws:glue:us-east-1:000000000000:catalog"
    buffering_interval = 60
    destination_table_configuration {
      database_name = aws_glue_catalog_database.lake.name
      table_name    = aws_glue_catalog_table.rows.name
      unique_keys   = ["id"]
    }
    s3_configuration {
      role_arn   = aws_iam_role.delivery.arn
      bucket_arn = aws_s3_bucket.lake.arn
    }
  }
}
resource "aws_kinesis_firehose_delivery_stream" "warehouse" {
  name        = "warehouse"
  destination = "redshift"
  redshift_configuration {
    role_arn        = aws_iam_role.delivery.arn
    cluster_jdbcurl = "jdbc:redshift://lakebed.redshift.localhost:5439/shop"
    username        = "clerk"
    password        = "Correct-horse1"
    data_table_name = "flights"
    copy_options    = "json 'auto'"
    s3_configuration {
      role_arn   = aws_iam_role.delivery.arn
      bucket_arn = aws_s3_bucket.lake.arn
    }
  }
}
"""


def test_delivery_streams(lakebed, tmp_path):
    apply = stories(lakebed, tmp_path)
    apply(STORY.replace("PREFIX", "first"))
    do = apply(STORY.replace("PREFIX", "second").replace('"data"', '"lake"'))
    firehose = lakebed.client("firehose")
    stream = firehose.describe_delivery_stream(DeliveryStreamName="plain")
    described = stream["DeliveryStreamDescription"]
    (destination,) = described["Destinations"]
    assert destination["ExtendedS3DestinationDescription"]["Prefix"] == "second/"
    assert described["VersionId"] == "2"
    assert described["DeliveryStreamEncryptionConfiguration"]["Status"] == "ENABLED"
    tags = firehose.list_tags_for_delivery_stream(DeliveryStreamName="plain")["Tags"]
    assert tags == [{"Key": "team", "Value": "lake"}]
    do("destroy", "-auto-approve", "-input=false")
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []
