"""`lakebed samples logs`: AWS's published tables over the logs answer as the logs were made."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lakebed.cli import sample_logs
from lakebed.cli.main import main
from tests.services.athena.athena_client import finish, rows

ROWS, SEED = 400, 7
TABLES = Path(__file__).parents[2] / "docs/examples/logs"
LOGS = f"AWSLogs/{sample_logs.ACCOUNT}"
# What a user puts into the published statements: where the logs lie.
PLACES = {
    "vpc": {"s3://DOC-EXAMPLE-BUCKET/prefix/AWSLogs/{account_id}/vpcflowlogs/{region_code}/":
            f"s3://logs/vpc/{LOGS}/vpcflowlogs/us-east-1/"},
    "vpc-parquet": {"s3://DOC-EXAMPLE-BUCKET/prefix/": "s3://logs/vpc-parquet/"},
    "alb": {"s3://your-alb-logs-directory/AWSLogs/<ACCOUNT-ID>/elasticloadbalancing/<REGION>/":
            f"s3://logs/alb/{LOGS}/elasticloadbalancing/us-east-1/", "2022/01/01,NOW":
            "2024/04/29,2024/05/05"},
    "nlb": {"s3://your_log_bucket/prefix/AWSLogs/AWS_account_ID/elasticloadbalancing/region":
            f"s3://logs/nlb/{LOGS}/elasticloadbalancing/us-east-1"},
    "elb": {"s3://your_log_bucket/prefix/AWSLogs/AWS_account_ID/elasticloadbalancing/":
            f"s3://logs/elb/{LOGS}/elasticloadbalancing/"},
    "s3-access": {"s3://DOC-EXAMPLE-BUCKET/prefix/": "s3://logs/s3-access/"},
    "s3-access-grok": {"s3://bucket-for-service-logs/s3_access/": "s3://logs/s3-access/"},
    "cloudtrail": {"s3://CloudTrail_bucket_name/AWSLogs/Account_ID/CloudTrail/":
                   f"s3://logs/cloudtrail/{LOGS}/CloudTrail/"},
    "waf": {"s3://bucket/AWSLogs/accountID/WAFLogs/region/webACL/": "s3://logs/waf/",
            "s3://DOC-EXAMPLE-BUCKET/AWSLogs/accountID/WAFLogs/${region}/webACL/${date}/":
            f"s3://logs/waf/{LOGS}/WAFLogs/${{region}}/shop/${{date}}/",
            "2021/01/01,NOW": "2024/04/29,2024/05/05"},
    "cloudfront": {"s3://CloudFront_bucket_name/": "s3://logs/cloudfront/"},
}  # fmt: skip


@pytest.fixture(scope="module")
def logs(lakebed_session):
    lakebed_session.reset()
    s3 = lakebed_session.client("s3")
    s3.create_bucket(Bucket="results")
    place = urlsplit(lakebed_session.url)
    arguments = ["--host", place.hostname, "--port", str(place.port), "--bucket", "logs"]
    assert main(["samples", "logs", *arguments, "--rows", str(ROWS), "--seed", str(SEED)]) == 0
    athena = lakebed_session.client("athena")
    for name, places in PLACES.items():
        text = (TABLES / f"{name}.sql").read_text("utf-8")
        for given, ours in places.items():
            assert given in text
            text = text.replace(given, ours)
        ask(athena, text)
    return athena


def ask(athena, text: str) -> list[list[str | None]]:
    query = finish(athena, text)
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    return rows(athena, query)[1:]


def made(kind: str) -> list[dict]:
    return [record for _, record in sample_logs.records(kind, ROWS, SEED)]


def counted(values) -> list[list[str]]:
    return [[str(name), str(count)] for name, count in sorted(Counter(values).items())]


def test_the_same_seed_writes_the_same_bytes():
    def digest(seed: int) -> str:
        found = hashlib.sha256()
        for kind in sample_logs.LAYOUTS:
            for file in sample_logs.files(kind, 50, seed):
                found.update(file.key.encode() + file.body)
        return found.hexdigest()

    assert digest(1) == digest(1) != digest(2)


def test_a_kind_that_is_none_is_refused(capsys):
    assert main(["samples", "logs", "--only", "nope"]) == 2
    assert "--only is one of vpc, vpc-parquet, alb, nlb," in capsys.readouterr().err


def test_without_a_server_it_says_so(capsys, monkeypatch, lakebed_session):
    monkeypatch.setenv("AWS_ENDPOINT_URL", lakebed_session.url)  # what a flag says goes before it
    assert main(["samples", "logs", "--host", "127.0.0.1", "--port", "1"]) == 1
    assert "nobody answers at http://127.0.0.1:1" in capsys.readouterr().err


def test_vpc_flow_logs_of_text(logs):
    for day in ("2024-05-01", "2024-05-02", "2024-05-03"):
        folder = f"s3://logs/vpc/{LOGS}/vpcflowlogs/us-east-1/{day.replace('-', '/')}/"
        ask(logs, f"ALTER TABLE vpc_flow_logs ADD PARTITION (`date`='{day}') LOCATION '{folder}'")
    found = made("vpc")
    assert ask(logs, "SELECT action, count(*) FROM vpc_flow_logs GROUP BY 1 ORDER BY 1") == (
        counted(one["action"] for one in found)
    )
    total = sum(one["packets"] for one in found if one["dstport"] == 443)
    assert ask(logs, "SELECT sum(packets) FROM vpc_flow_logs WHERE dstport = 443 AND date > "
                     "DATE '2024-04-30'") == [[str(total)]]  # fmt: skip
    first = sum(moment.day == 1 for moment, _ in sample_logs.records("vpc", ROWS, SEED))
    assert ask(logs, "SELECT count(*) FROM vpc_flow_logs WHERE date = DATE '2024-05-01'") == [
        [str(first)]
    ]


def test_vpc_flow_logs_of_parquet(logs):
    ask(logs, "MSCK REPAIR TABLE vpc_flow_logs_parquet")
    found = made("vpc-parquet")
    assert ask(logs, "SELECT flow_direction, count(*) FROM vpc_flow_logs_parquet "
                     "WHERE action = 'REJECT' AND protocol = 6 GROUP BY 1 ORDER BY 1") == counted(
        one["flow_direction"] for one in found
        if one["action"] == "REJECT" and one["protocol"] == 6
    )  # fmt: skip
    second = sum(moment.day == 2 for moment, _ in sample_logs.records("vpc-parquet", ROWS, SEED))
    assert ask(logs, 'SELECT count(*), min("aws-account-id") FROM vpc_flow_logs_parquet '
                     "WHERE day = '02'") == [[str(second), sample_logs.ACCOUNT]]  # fmt: skip


def test_application_load_balancer_logs(logs):
    found = made("alb")
    assert ask(logs, "SELECT elb_status_code, count(*) FROM alb_logs GROUP BY 1 ORDER BY 1") == (
        counted(one["elb_status_code"] for one in found)
    )
    posts = [one for one in found if '"POST' in one["request"]]
    sent = sum(one["sent_bytes"] for one in posts)
    assert ask(logs, "SELECT count(*), sum(sent_bytes), min(request_proto), min(client_port) > 0 "
                     "FROM alb_logs WHERE request_verb = 'POST' AND day >= '2024/05/01'") == [
        [str(len(posts)), str(sent), "HTTP/2.0", "true"]
    ]  # fmt: skip


def test_network_load_balancer_logs(logs):
    found = made("nlb")
    assert ask(logs, "SELECT tls_protocol_version, count(*) FROM nlb_tls_logs GROUP BY 1 "
                     "ORDER BY 1") == counted(
        one["tls_protocol_version"] for one in found
    )  # fmt: skip
    slowest = max(one["tls_handshake_time"] for one in found)
    assert ask(logs, "SELECT max(tls_handshake_time_ms), count(incoming_tls_alert) "
                     "FROM nlb_tls_logs") == [[f"{slowest}.0", "0"]]  # fmt: skip


def test_classic_load_balancer_logs(logs):
    found = made("elb")
    assert ask(logs, "SELECT elb_response_code, count(*) FROM elb_logs WHERE elb_response_code "
                     "LIKE '4%' OR elb_response_code LIKE '5%' GROUP BY 1 ORDER BY 1") == counted(
        one["elb_status_code"] for one in found if one["elb_status_code"] >= 400
    )  # fmt: skip
    lost = sum(one["backend"] == "-" for one in found)
    assert ask(logs, "SELECT count(*), count(timestamp) FROM elb_logs WHERE backend_ip = ''") == [
        [str(lost), str(lost)]
    ]


@pytest.mark.parametrize(
    ("table", "bucket", "status", "sent"),
    [
        ("s3_access_logs", "bucket_name", "httpstatus", "bytessent"),
        ("s3_access_auto_raw_02", "bucket", "http_status", "TRY_CAST(bytes_sent AS bigint)"),
    ],
)
def test_s3_access_logs_by_regex_and_by_grok(logs, table, bucket, status, sent):
    found = made("s3-access")
    assert ask(logs, f"SELECT {bucket}, count(*) FROM {table} WHERE operation = "
                     "'REST.GET.OBJECT' GROUP BY 1 ORDER BY 1") == counted(
        one["bucket"] for one in found if one["operation"] == "REST.GET.OBJECT"
    )  # fmt: skip
    total = sum(one["bytes_sent"] for one in found if one["bytes_sent"] != "-")
    missing = sum(one["http_status"] == 404 for one in found)
    assert ask(logs, f"SELECT sum({sent}), count_if({status} = '404') FROM {table}") == [
        [str(total), str(missing)]
    ]


def test_cloudtrail_logs(logs):
    for day in ("01", "02", "03"):
        folder = f"s3://logs/cloudtrail/{LOGS}/CloudTrail/us-east-1/2024/05/{day}/"
        ask(logs, "ALTER TABLE cloudtrail_logs ADD PARTITION (region='us-east-1', year='2024', "
                  f"month='05', day='{day}') LOCATION '{folder}'")  # fmt: skip
    found = made("cloudtrail")
    assert ask(logs, "SELECT useridentity.username, count(*) FROM cloudtrail_logs WHERE "
                     "errorcode = 'AccessDenied' GROUP BY 1 ORDER BY 1") == counted(
        one["userIdentity"]["userName"] for one in found if "errorCode" in one
    )  # fmt: skip
    mfa = [one["userIdentity"]["sessionContext"]["attributes"] for one in found
           if one["eventName"] == "ConsoleLogin"]  # fmt: skip
    console = [one for one in mfa if one["mfaAuthenticated"] == "true"]
    assert ask(logs, "SELECT count(*) FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin' AND "
                     "useridentity.sessioncontext.attributes.mfaauthenticated = 'true'") == [
        [str(len(console))]
    ]  # fmt: skip
    buckets = [one["requestParameters"]["bucketName"] for one in found if one["requestParameters"]]
    assert ask(logs, "SELECT split_part(requestparameters, '\"', 4) b, count(*) "
                     "FROM cloudtrail_logs WHERE requestparameters IS NOT NULL GROUP BY 1 "
                     "ORDER BY 1") == counted(buckets)  # fmt: skip


def test_waf_logs(logs):
    found = made("waf")
    assert ask(logs, "SELECT action, count(*) FROM waf_logs WHERE region = 'us-east-1' "
                     "GROUP BY 1 ORDER BY 1") == counted(
        one["action"] for one in found
    )  # fmt: skip
    blocked = [one["httpRequest"]["country"] for one in found if one["action"] == "BLOCK"]
    assert ask(logs, "SELECT httprequest.country, count(*) FROM waf_logs WHERE action = 'BLOCK' "
                     "AND httprequest.headers[1].name = 'Host' GROUP BY 1 ORDER BY 1") == (
        counted(blocked)
    )  # fmt: skip


def test_cloudfront_logs(logs):
    found = made("cloudfront")
    total = sum(one["sc-bytes"] for one in found if one["date"] in ("2024-05-01", "2024-05-02"))
    assert ask(logs, 'SELECT sum(bytes) FROM cloudfront_logs WHERE "date" BETWEEN '
                     "DATE '2024-05-01' AND DATE '2024-05-02'") == [[str(total)]]  # fmt: skip
    assert ask(logs, "SELECT result_type, count(*) FROM cloudfront_logs GROUP BY 1 ORDER BY 1") == (
        counted(one["x-edge-result-type"] for one in found)
    )
