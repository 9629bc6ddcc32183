"""Crawlers and classifiers in Terraform: applied, planned again without a change, destroyed."""

from __future__ import annotations

import pytest

from tests.clients.terraform_stories import stories
from tests.services.glue.crawler_runs import wait_ready

pytestmark = pytest.mark.slow

CRAWLERS = """
resource "aws_s3_bucket" "lake" {
  bucket        = "terraform-crawled"
  force_destroy = true
}
resource "aws_s3_object" "orders" {
  bucket  = aws_s3_bucket.lake.bucket
  key     = "orders/orders.csv"
  content = "id;name\\n1;apple\\n2;pear\\n"
}
resource "aws_glue_catalog_database" "shop" {
  name = "shop"
}
resource "aws_glue_classifier" "sheet" {
  name = "sheet"
  csv_classifier {
    allow_single_column        = false
    contains_header            = "PRESENT"
    delimiter                  = ";"
    quote_symbol               = "'"
    header                     = ["id", "name"]
    disable_value_trimming     = false
    custom_datatype_configured = true
    custom_datatypes           = ["LONG", "STRING"]
  }
}
resource "aws_glue_classifier" "logs" {
  name = "logs"
  grok_classifier {
    classification  = "app-log"
    grok_pattern    = "%%{STAMP:at} %%{GREEDYDATA:rest}"
    custom_patterns = "STAMP %%{YEAR}-%%{MONTHNUM}"
  }
}
resource "aws_glue_classifier" "rows" {
  name = "rows"
  json_classifier { json_path = "$.rows[*]" }
}
resource "aws_glue_classifier" "order" {
  name = "order"
  xml_classifier {
    classification = "order"
    row_tag        = "order"
  }
}
resource "aws_glue_crawler" "plain" {
  name          = "plain"
  role          = "arn:aws:iam::000000000000:role/service-role/crawls"
  database_name = aws_glue_catalog_database.shop.name
  s3_target { path = "s3://${aws_s3_bucket.lake.bucket}/orders/" }
}
resource "aws_glue_crawler" "all" {
  name          = "all"
  role          = "crawls"
  description   = "every night"
  database_name = aws_glue_catalog_database.shop.name
  table_prefix  = "raw_"
  schedule      = "cron(15 3 * * ? *)"
  classifiers   = [aws_glue_classifier.sheet.name, aws_glue_classifier.logs.name]
  configuration = jsonencode({
    Version       = 1.0
    Grouping      = { TableGroupingPolicy = "CombineCompatibleSchemas" }
    CrawlerOutput = { Partitions = { AddOrUpdateBehavior = "InheritFromTable" } }
  })
  s3_target {
    path        = "s3://${aws_s3_bucket.lake.bucket}/orders/"
    exclusions  = ["**.tmp", "old/**"]
    sample_size = 3
  }
  schema_change_policy {
    delete_behavior = "LOG"
    update_behavior = "LOG"
  }
  recrawl_policy { recrawl_behavior = "CRAWL_NEW_FOLDERS_ONLY" }
  lineage_configuration { crawler_lineage_settings = "DISABLE" }
  tags = { team = "data" }
}
resource "aws_glue_crawler" "tables" {
  name          = "tables"
  role          = "crawls"
  database_name = aws_glue_catalog_database.shop.name
  delta_target {
    delta_tables              = ["s3://${aws_s3_bucket.lake.bucket}/delta/"]
    write_manifest            = false
    create_native_delta_table = true
  }
  iceberg_target {
    paths                   = ["s3://${aws_s3_bucket.lake.bucket}/iceberg/"]
    maximum_traversal_depth = 3
  }
}
"""


def test_crawlers_and_classifiers(lakebed, tmp_path):
    apply = stories(lakebed, tmp_path)
    terraform = apply(CRAWLERS)
    glue = lakebed.client("glue")
    glue.start_crawler(Name="plain")
    assert wait_ready(glue, "plain")["LastCrawl"]["Status"] == "SUCCEEDED"
    assert [one["Name"] for one in glue.get_tables(DatabaseName="shop")["TableList"]] == ["orders"]
    # A change of what is there is an update, and is stable again; a crawl changed nothing of it.
    changed = CRAWLERS.replace("every night", "at times").replace(
        'delimiter                  = ";"', 'delimiter = "|"'
    )
    apply(changed.replace('  schedule      = "cron(15 3 * * ? *)"\n', ""))
    crawler = glue.get_crawler(Name="all")["Crawler"]
    assert (crawler["Description"], "Schedule" in crawler) == ("at times", False)
    sheet = glue.get_classifier(Name="sheet")["Classifier"]["CsvClassifier"]
    assert (sheet["Delimiter"], sheet["Version"]) == ("|", 2)
    terraform("destroy", "-auto-approve", "-input=false")
    assert glue.list_crawlers()["CrawlerNames"] == []
    assert glue.get_classifiers()["Classifiers"] == []
