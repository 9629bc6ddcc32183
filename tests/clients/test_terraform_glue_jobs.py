"""Terraform: a job, its connection, a workflow and triggers, applied, planned again, destroyed."""

from __future__ import annotations

import pytest

from tests.clients.terraform_stories import stories

pytestmark = pytest.mark.slow

STORY = """
resource "aws_s3_bucket" "code" {
  bucket        = "code"
  force_destroy = true
}
resource "aws_s3_object" "script" {
  bucket  = aws_s3_bucket.code.bucket
  key     = "report.py"
  content = "print('hello')"
}
resource "aws_iam_role" "glue" {
  name = "glue"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = "sts:AssumeRole"
      Principal = { Service = "glue.amazonaws.com" }
    }]
  })
}
resource "aws_glue_catalog_database" "shop" {
  name = "shop"
}
resource "aws_glue_connection" "shop" {
  name = "shop"
  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://localhost:5432/shop"
    USERNAME            = "clerk"
    PASSWORD            = "Correct-horse1"
  }
}
resource "aws_glue_crawler" "orders" {
  name          = "orders"
  role          = aws_iam_role.glue.arn
  database_name = aws_glue_catalog_database.shop.name
  s3_target {
    path = "s3://${aws_s3_bucket.code.bucket}/orders/"
  }
}
resource "aws_glue_job" "report" {
  name              = "report"
  role_arn          = aws_iam_role.glue.arn
  connections       = [aws_glue_connection.shop.name]
  glue_version      = "5.0"
  worker_type       = "G.1X"
  number_of_workers = 2
  timeout           = 60
  max_retries       = 1
  default_arguments = {
    "--job-bookmark-option" = "job-bookmark-enable"
  }
  command {
    script_location = "s3://${aws_s3_bucket.code.bucket}/${aws_s3_object.script.key}"
    python_version  = "3"
  }
  execution_property {
    max_concurrent_runs = 2
  }
  tags = { team = "data" }
}
resource "aws_glue_job" "mail" {
  name         = "mail"
  role_arn     = aws_iam_role.glue.arn
  max_capacity = 0.0625
  command {
    name            = "pythonshell"
    script_location = "s3://${aws_s3_bucket.code.bucket}/${aws_s3_object.script.key}"
    python_version  = "3.9"
  }
}
resource "aws_glue_workflow" "nightly" {
  name                   = "nightly"
  description            = "DESCRIPTION"
  max_concurrent_runs    = 1
  default_run_properties = { day = "today" }
  tags                   = { team = "data" }
}
resource "aws_glue_trigger" "start" {
  name          = "start"
  type          = "SCHEDULED"
  schedule      = "cron(0 HOUR * * ? *)"
  workflow_name = aws_glue_workflow.nightly.name
  actions {
    crawler_name = aws_glue_crawler.orders.name
  }
  tags = { team = "data" }
}
resource "aws_glue_trigger" "then" {
  name          = "then"
  type          = "CONDITIONAL"
  workflow_name = aws_glue_workflow.nightly.name
  predicate {
    logical = "ANY"
    conditions {
      crawler_name = aws_glue_crawler.orders.name
      crawl_state  = "SUCCEEDED"
    }
    conditions {
      crawler_name = aws_glue_crawler.orders.name
      crawl_state  = "FAILED"
    }
  }
  actions {
    job_name  = aws_glue_job.report.name
    timeout   = 30
    arguments = { "--day" = "1" }
  }
}
resource "aws_glue_trigger" "alone" {
  name    = "alone"
  type    = "ON_DEMAND"
  enabled = false
  actions {
    job_name = aws_glue_job.mail.name
  }
}
"""


def test_jobs_triggers_and_workflows(lakebed, tmp_path):
    apply = stories(lakebed, tmp_path)
    apply(STORY.replace("DESCRIPTION", "first").replace("HOUR", "3"))
    do = apply(STORY.replace("DESCRIPTION", "second").replace("HOUR", "4"))
    glue = lakebed.client("glue")
    found = glue.get_workflow(Name="nightly", IncludeGraph=True)["Workflow"]
    assert (found["Description"], found["MaxConcurrentRuns"]) == ("second", 1)
    assert [(one["Type"], one["Name"]) for one in found["Graph"]["Nodes"]] == [
        ("TRIGGER", "start"),
        ("CRAWLER", "orders"),
        ("TRIGGER", "then"),
        ("JOB", "report"),
    ]
    shown = glue.get_triggers()["Triggers"]
    states = {one["Name"]: (one["State"], one.get("Schedule")) for one in shown}
    assert states == {
        "alone": ("CREATED", None),
        "start": ("ACTIVATED", "cron(0 4 * * ? *)"),
        "then": ("ACTIVATED", None),
    }
    assert glue.get_job(JobName="report")["Job"]["Connections"] == {"Connections": ["shop"]}
    do("destroy", "-auto-approve", "-input=false")
    assert glue.list_triggers()["TriggerNames"] == []
    assert glue.list_jobs()["JobNames"] == []
    assert glue.list_workflows()["Workflows"] == []
    assert glue.get_connections()["ConnectionList"] == []
