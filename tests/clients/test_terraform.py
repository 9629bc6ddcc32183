"""Terraform: each story is applied, planned again without a change, and destroyed."""

from __future__ import annotations

import pytest

from tests.clients.terraform_stories import stories

pytestmark = pytest.mark.slow

BUCKET = """
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


CATALOG = """
resource "aws_glue_catalog_database" "shop" {
  name         = "shop"
  description  = "what is sold"
  location_uri = "s3://terraform-lake/shop/"
  parameters   = { owner = "data" }
  tags         = { team = "data", env = "test" }
}
resource "aws_glue_catalog_database" "link" {
  name = "shop_link"
  target_database {
    catalog_id    = aws_glue_catalog_database.plain.catalog_id
    database_name = aws_glue_catalog_database.plain.name
  }
}
resource "aws_glue_catalog_database" "plain" {
  name = "plain"
}
resource "aws_glue_catalog_table" "orders" {
  name          = "orders"
  database_name = aws_glue_catalog_database.shop.name
  description   = "one row an order"
  owner         = "me"
  table_type    = "EXTERNAL_TABLE"
  parameters    = { classification = "parquet", "skip.header.line.count" = "1" }
  partition_keys {
    name    = "day"
    type    = "date"
    comment = "of the order"
  }
  partition_keys {
    name = "city"
    type = "string"
  }
  partition_index {
    index_name = "by_day"
    keys       = ["day"]
  }
  partition_index {
    index_name = "all"
    keys       = ["city", "day"]
  }
  storage_descriptor {
    location      = "s3://terraform-lake/shop/orders/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
    compressed    = true
    ser_de_info {
      name                  = "parquet"
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }
    columns {
      name    = "id"
      type    = "bigint"
      comment = "unique"
    }
    columns {
      name       = "lines"
      type       = "array<struct<sku:string,price:decimal(10,2)>>"
      parameters = { a = "b" }
    }
    bucket_columns    = ["id"]
    number_of_buckets = 4
    sort_columns {
      column     = "id"
      sort_order = 1
    }
  }
}
resource "aws_glue_catalog_table" "days" {
  name          = "days"
  database_name = aws_glue_catalog_database.shop.name
  partition_keys {
    name = "day"
    type = "string"
  }
}
resource "aws_glue_partition_index" "day" {
  database_name = aws_glue_catalog_database.shop.name
  table_name    = aws_glue_catalog_table.days.name
  partition_index {
    index_name = "by_day"
    keys       = ["day"]
  }
}
resource "aws_glue_partition" "bern" {
  database_name    = aws_glue_catalog_database.shop.name
  table_name       = aws_glue_catalog_table.orders.name
  partition_values = ["2024-01-01", "Bern"]
  parameters       = { rows = "3" }
  storage_descriptor {
    location = "s3://terraform-lake/shop/orders/day=2024-01-01/city=Bern/"
    columns {
      name = "id"
      type = "bigint"
    }
    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
  }
}
resource "aws_glue_catalog_table" "view" {
  name               = "big_orders"
  database_name      = aws_glue_catalog_database.shop.name
  table_type         = "VIRTUAL_VIEW"
  view_original_text = "/* Presto View: e30= */"
  view_expanded_text = "/* Presto View */"
  parameters         = { presto_view = "true" }
}
resource "aws_glue_user_defined_function" "twice" {
  name          = "twice"
  # Without it, this provider plans a replacement every time, whatever the server says.
  catalog_id    = aws_glue_catalog_database.shop.catalog_id
  database_name = aws_glue_catalog_database.shop.name
  class_name    = "org.example.Twice"
  owner_name    = "me"
  owner_type    = "USER"
  resource_uris {
    resource_type = "JAR"
    uri           = "s3://terraform-lake/twice.jar"
  }
}
resource "aws_glue_connection" "warehouse" {
  name            = "warehouse"
  description     = "where it goes"
  connection_type = "JDBC"
  match_criteria  = ["a"]
  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://example.com/db"
    PASSWORD            = "secret"
    USERNAME            = "user"
  }
  tags = { team = "data" }
}
resource "aws_glue_resource_policy" "all" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["glue:GetTable"]
      Principal = { AWS = "*" }
      Resource  = "arn:aws:glue:us-east-1:000000000000:*"
    }]
  })
}
resource "aws_glue_data_catalog_encryption_settings" "off" {
  data_catalog_encryption_settings {
    connection_password_encryption { return_connection_password_encrypted = false }
    encryption_at_rest { catalog_encryption_mode = "DISABLED" }
  }
}
resource "aws_glue_security_configuration" "plain" {
  name = "plain"
  encryption_configuration {
    cloudwatch_encryption { cloudwatch_encryption_mode = "DISABLED" }
    job_bookmarks_encryption { job_bookmarks_encryption_mode = "DISABLED" }
    s3_encryption { s3_encryption_mode = "SSE-S3" }
  }
}
data "aws_glue_connection" "warehouse" {
  id = aws_glue_connection.warehouse.id
}
data "aws_glue_catalog_table" "orders" {
  database_name = aws_glue_catalog_database.shop.name
  name          = aws_glue_catalog_table.orders.name
}
output "column" {
  value = data.aws_glue_catalog_table.orders.storage_descriptor[0].columns[1].type
}
output "password" {
  value     = data.aws_glue_connection.warehouse.connection_properties["PASSWORD"]
  sensitive = true
}
"""


ATHENA = """
resource "aws_s3_bucket" "results" {
  bucket        = "terraform-results"
  force_destroy = true
}
resource "aws_athena_database" "web" {
  name          = "web"
  bucket        = aws_s3_bucket.results.bucket
  comment       = "what was read"
  force_destroy = true
}
resource "aws_athena_workgroup" "team" {
  name          = "team"
  description   = "queries of the team"
  force_destroy = true
  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = false
    bytes_scanned_cutoff_per_query     = 100000000
    engine_version { selected_engine_version = "Athena engine version 3" }
    result_configuration {
      output_location = "s3://${aws_s3_bucket.results.bucket}/team/"
      encryption_configuration { encryption_option = "SSE_S3" }
    }
  }
  tags = { team = "data" }
}
resource "aws_athena_named_query" "all" {
  name        = "all"
  description = "every row"
  workgroup   = aws_athena_workgroup.team.id
  database    = aws_athena_database.web.name
  query       = "SELECT * FROM reads LIMIT 10"
}
resource "aws_athena_prepared_statement" "one" {
  name            = "one"
  description     = "one number"
  workgroup       = aws_athena_workgroup.team.name
  query_statement = "SELECT ? AS one"
}
resource "aws_athena_data_catalog" "glue" {
  name        = "shared"
  description = "the same catalog by another name"
  type        = "GLUE"
  parameters  = { "catalog-id" = "000000000000" }
  tags        = { team = "data" }
}
"""


LOGS = """
resource "aws_cloudwatch_log_group" "app" {
  name              = "/app/api"
  retention_in_days = 14
  tags              = { team = "data", env = "test" }
}
resource "aws_cloudwatch_log_group" "plain" {
  name = "plain"
}
resource "aws_cloudwatch_log_stream" "one" {
  name           = "one"
  log_group_name = aws_cloudwatch_log_group.app.name
}
resource "aws_cloudwatch_query_definition" "errors" {
  name            = "team/errors"
  log_group_names = [aws_cloudwatch_log_group.app.name]
  query_string    = "filter @message like /ERROR/ | stats count(*) by bin(5m)"
}
data "aws_cloudwatch_log_group" "app" {
  name = aws_cloudwatch_log_group.app.name
}
output "arn" {
  value = data.aws_cloudwatch_log_group.app.arn
}
"""


@pytest.fixture
def terraform(lakebed, tmp_path):
    return stories(lakebed, tmp_path)


def test_a_bucket_with_what_a_plain_one_has(terraform, lakebed):
    terraform = terraform(BUCKET)
    s3 = lakebed.client("s3")
    body = s3.get_object(Bucket="terraform-lake", Key="config/one.json")["Body"].read()
    assert body == b'{"answer":42}'
    etag = terraform("output", "-raw", "etag").stdout
    assert f'"{etag}"' == s3.head_object(Bucket="terraform-lake", Key="config/one.json")["ETag"]
    s3.put_object(Bucket="terraform-lake", Key="config/one.json", Body=b"by somebody else")
    terraform("destroy", "-auto-approve", "-input=false")
    assert s3.list_buckets()["Buckets"] == []


def test_a_catalog_with_all_that_it_may_hold(terraform, lakebed):
    apply = terraform
    terraform = apply(CATALOG)
    glue = lakebed.client("glue")
    assert terraform("output", "-raw", "column").stdout == (
        "array<struct<sku:string,price:decimal(10,2)>>"
    )
    assert terraform("output", "-raw", "password").stdout == "secret"
    indexes = glue.get_partition_indexes(DatabaseName="shop", TableName="orders")
    assert [one["IndexName"] for one in indexes["PartitionIndexDescriptorList"]] == [
        "by_day", "all",
    ]  # fmt: skip
    found = glue.get_partitions(
        DatabaseName="shop", TableName="orders", Expression="day = '2024-01-01'"
    )
    assert [one["Values"] for one in found["Partitions"]] == [["2024-01-01", "Bern"]]
    # A change of what is there is an update, and is stable again.
    changed = CATALOG.replace("one row an order", "each order").replace(
        '"data", env', '"sales", env'
    )
    apply(changed)
    assert (
        glue.get_table(DatabaseName="shop", Name="orders")["Table"]["Description"] == "each order"
    )
    arn = "arn:aws:glue:us-east-1:000000000000:database/shop"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "sales", "env": "test"}
    terraform("destroy", "-auto-approve", "-input=false")
    assert glue.get_databases()["DatabaseList"] == []
    assert glue.get_connections()["ConnectionList"] == []
    assert glue.get_security_configurations()["SecurityConfigurations"] == []
    assert glue.get_resource_policies()["GetResourcePoliciesResponseList"] == []


def test_what_athena_keeps(terraform, lakebed):
    terraform = terraform(ATHENA)
    athena = lakebed.client("athena")
    assert lakebed.client("glue").get_database(Name="web")["Database"]["Description"] == (
        "what was read"
    )
    group = athena.get_work_group(WorkGroup="team")["WorkGroup"]["Configuration"]
    assert group["BytesScannedCutoffPerQuery"] == 100_000_000
    terraform("destroy", "-auto-approve", "-input=false")
    assert [one["Name"] for one in athena.list_work_groups()["WorkGroups"]] == ["primary"]
    assert [one["CatalogName"] for one in athena.list_data_catalogs()["DataCatalogsSummary"]] == [
        "AwsDataCatalog"
    ]
    assert "web" not in [
        one["Name"] for one in lakebed.client("glue").get_databases()["DatabaseList"]
    ]


def test_log_groups_with_what_is_in_them(terraform, lakebed):
    apply = terraform
    terraform = apply(LOGS)
    logs = lakebed.client("logs")
    arn = terraform("output", "-raw", "arn").stdout
    assert arn == "arn:aws:logs:us-east-1:000000000000:log-group:/app/api"
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "data", "env": "test"}
    apply(LOGS.replace("= 14", "= 30").replace('env = "test"', 'env = "prod"'))
    groups = logs.describe_log_groups()["logGroups"]
    assert [group.get("retentionInDays") for group in groups] == [30, None]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"]["env"] == "prod"
    terraform("destroy", "-auto-approve", "-input=false")
    assert logs.describe_log_groups()["logGroups"] == []
    assert logs.describe_query_definitions()["queryDefinitions"] == []
