"""Sample logs of AWS's services: made up, the same for the same seed, in each service's own form.

A kind of log is a function that makes its records, one field after the other as the service's
documentation lists them, and a `Layout` that says how records become files. What the fields mean:
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html,
…/network/load-balancer-access-logs.html, …/classic/access-log-collection.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html,
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
FIRST = datetime(2024, 5, 1)
DAYS = 3
ROWS_PER_FILE = 1000
Record = dict[str, Any]

_AGENTS = ("curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "aws-cli/2.15.30")
_PATHS = ("/", "/index.html", "/api/orders", "/api/orders/17?full=1", "/static/app.js", "/login")
_CIPHERS = ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256")
_BUCKETS = ("sales", "raw-events", "backups")


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A log file: its key, its bytes."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of log: `make` makes the record of a moment, `write` a file of records.

    `folder` is a strftime pattern of the files' folder, `name` of a file's name (`{n}` counts).
    """

    make: Callable[[Random, datetime], Record]
    folder: str
    name: str
    write: Callable[[Sequence[Record]], bytes]


def records(kind: str, rows: int, seed: int) -> list[tuple[datetime, Record]]:
    """Return the records of a kind of log with their moments, in order of time."""
    random = Random(f"{kind} {seed}")
    span = DAYS * 86_400_000
    offsets = sorted(random.randrange(span) for _ in range(rows))
    moments = (FIRST + timedelta(milliseconds=offset) for offset in offsets)
    make = LAYOUTS[kind].make
    return [(moment, make(random, moment)) for moment in moments]


def files(kind: str, rows: int, seed: int) -> Iterator[SampleFile]:
    """Yield the files of a kind of log, a folder's records in files of `ROWS_PER_FILE`."""
    layout = LAYOUTS[kind]
    folders: dict[str, list[tuple[datetime, Record]]] = {}
    for moment, record in records(kind, rows, seed):
        folders.setdefault(moment.strftime(layout.folder), []).append((moment, record))
    for folder, found in folders.items():
        for at in range(0, len(found), ROWS_PER_FILE):
            part = found[at : at + ROWS_PER_FILE]
            name = part[0][0].strftime(layout.name).replace("{n}", f"{at // ROWS_PER_FILE:05}")
            yield SampleFile(folder + name, layout.write([record for _, record in part]))


def _address(random: Random, inside: bool = True) -> str:
    if inside:
        return f"10.0.{random.randrange(4)}.{random.randrange(4, 250)}"
    return f"203.0.113.{random.randrange(1, 250)}"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"


def _status(random: Random) -> int:
    return random.choices((200, 204, 301, 404, 500, 503), (70, 5, 5, 12, 5, 3))[0]


def vpc_flow(random: Random, moment: datetime) -> Record:
    """Make a flow log record of all 29 fields of version 5."""
    packets = random.randrange(1, 500)
    start = int((moment - datetime(1970, 1, 1)).total_seconds())
    source, target = _address(random), _address(random, inside=False)
    interface = f"eni-0{random.choice('abcdef')}{'1' * 15}"
    return {
        "version": 5, "account_id": ACCOUNT, "interface_id": interface,
        "srcaddr": source, "dstaddr": target, "srcport": random.randrange(1024, 65536),
        "dstport": random.choice((22, 53, 80, 443, 443, 443, 3306)),
        "protocol": random.choice((6, 6, 6, 17, 1)), "packets": packets,
        "bytes": packets * random.randrange(40, 1500), "start": start, "end": start + 60,
        "action": random.choices(("ACCEPT", "REJECT"), (9, 1))[0], "log_status": "OK",
        "vpc_id": "vpc-0123456789abcdef0", "subnet_id": "subnet-0123456789abcdef0",
        "instance_id": "i-0123456789abcdef0", "tcp_flags": random.choice((2, 3, 18, 19)),
        "type": "IPv4", "pkt_srcaddr": source, "pkt_dstaddr": target, "region": REGION,
        "az_id": "use1-az1", "sublocation_type": None, "sublocation_id": None,
        "pkt_src_aws_service": None, "pkt_dst_aws_service": random.choice((None, "S3", "AMAZON")),
        "flow_direction": random.choice(("ingress", "egress")), "traffic_path": 8,
    }  # fmt: skip


def alb(random: Random, moment: datetime) -> Record:
    """Make an access log entry of an Application Load Balancer."""
    status, client = _status(random), _address(random, inside=False)
    target = f"{_address(random)}:80"
    url = f"https://shop.example.com:443{random.choice(_PATHS)}"
    return {
        "type": random.choice(("h2", "https", "https")), "time": _stamp(moment),
        "elb": "app/shop/50dc6c495c0c9188", "client": f"{client}:{random.randrange(1024, 65536)}",
        "target": target, "request_processing_time": f"{random.random() / 100:.3f}",
        "target_processing_time": f"{random.random():.3f}", "response_processing_time": "0.000",
        "elb_status_code": status, "target_status_code": status,
        "received_bytes": random.randrange(50, 5000), "sent_bytes": random.randrange(200, 90_000),
        "request": f'"{random.choice(("GET", "GET", "POST"))} {url} HTTP/2.0"',
        "user_agent": f'"{random.choice(_AGENTS)}"', "ssl_cipher": random.choice(_CIPHERS),
        "ssl_protocol": "TLSv1.3",
        "target_group_arn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/shop/7",
        "trace_id": f'"Root=1-{_hex(random, 8)}-{_hex(random, 24)}"',
        "domain_name": '"shop.example.com"', "chosen_cert_arn": '"session-reused"',
        "matched_rule_priority": 1, "request_creation_time": _stamp(moment),
        "actions_executed": '"forward"', "redirect_url": '"-"', "error_reason": '"-"',
        "target_port_list": f'"{target}"', "target_status_code_list": f'"{status}"',
        "classification": '"-"', "classification_reason": '"-"',
    }  # fmt: skip


def nlb(random: Random, moment: datetime) -> Record:
    """Make a TLS access log entry of a Network Load Balancer."""
    client = f"{_address(random, inside=False)}:{random.randrange(1024, 65536)}"
    return {
        "type": "tls", "version": "2.0", "time": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "elb": "net/shop/c6e77e28c25b2234", "listener": "g3d4b5e8bb8464cd", "client": client,
        "destination": f"{_address(random)}:443", "connection_time": random.randrange(1, 900),
        "tls_handshake_time": random.randrange(1, 40),
        "received_bytes": random.randrange(50, 5000), "sent_bytes": random.randrange(200, 90_000),
        "incoming_tls_alert": "-",
        "chosen_cert_arn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/2a108f19",
        "chosen_cert_serial": "-", "tls_cipher": random.choice(_CIPHERS),
        "tls_protocol_version": random.choice(("tlsv12", "tlsv13")), "tls_named_group": "-",
        "domain_name": "shop.example.com", "alpn_fe_protocol": "h2", "alpn_be_protocol": "h2",
        "alpn_client_preference_list": '"h2","http/1.1"',
    }  # fmt: skip


def elb(random: Random, moment: datetime) -> Record:
    """Make an access log entry of a Classic Load Balancer."""
    status = _status(random)
    return {
        "timestamp": _stamp(moment), "elb": "classic-shop",
        "client": f"{_address(random, inside=False)}:{random.randrange(1024, 65536)}",
        "backend": f"{_address(random)}:80" if status != 503 else "-",
        "request_processing_time": f"{random.random() / 1000:.6f}",
        "backend_processing_time": f"{random.random():.6f}" if status != 503 else "-1",
        "response_processing_time": "0.000022", "elb_status_code": status,
        "backend_status_code": status if status != 503 else 0,
        "received_bytes": random.randrange(0, 5000), "sent_bytes": random.randrange(29, 90_000),
        "request": f'"GET http://shop.example.com:80{random.choice(_PATHS)} HTTP/1.1"',
        "user_agent": f'"{random.choice(_AGENTS)}"', "ssl_cipher": "-", "ssl_protocol": "-",
    }  # fmt: skip


def s3_access(random: Random, moment: datetime) -> Record:
    """Make an S3 server access log record."""
    bucket, status = random.choice(_BUCKETS), random.choice((200, 200, 200, 206, 404))
    verb = random.choice(("GET", "GET", "PUT", "HEAD"))
    key = f"year=2024/part-{random.randrange(100):05}.parquet"
    size = random.randrange(100, 10_000_000) if status < 400 else "-"
    return {
        "bucket_owner": "79a5" * 16, "bucket": bucket,
        "time": moment.strftime("[%d/%b/%Y:%H:%M:%S +0000]"),
        "remote_ip": _address(random, inside=False),
        "requester": f"arn:aws:iam::{ACCOUNT}:user/ann", "request_id": _hex(random, 16).upper(),
        "operation": f"REST.{verb}.OBJECT", "key": key,
        "request_uri": f'"{verb} /{bucket}/{key} HTTP/1.1"', "http_status": status,
        "error_code": "-" if status < 400 else "NoSuchKey", "bytes_sent": size,
        "object_size": size, "total_time": random.randrange(1, 900),
        "turn_around_time": random.randrange(1, 90), "referer": '"-"',
        "user_agent": f'"{random.choice(_AGENTS)}"', "version_id": "-",
        "host_id": f"{_hex(random, 40)}=", "signature_version": "SigV4",
        "cipher_suite": random.choice(_CIPHERS), "authentication_type": "AuthHeader",
        "host_header": f"{bucket}.s3.{REGION}.amazonaws.com", "tls_version": "TLSv1.2",
        "access_point_arn": "-", "acl_required": "-",
    }  # fmt: skip


def cloudtrail(random: Random, moment: datetime) -> Record:
    """Make a CloudTrail event."""
    source, name = random.choice((
        ("s3.amazonaws.com", "PutObject"), ("s3.amazonaws.com", "GetObject"),
        ("ec2.amazonaws.com", "RunInstances"), ("signin.amazonaws.com", "ConsoleLogin"),
        ("iam.amazonaws.com", "CreateUser"),
    ))  # fmt: skip
    user = random.choice(("ann", "bob", "carol"))
    denied = random.random() < 0.1
    event: Record = {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "IAMUser", "principalId": f"AIDA{_hex(random, 16).upper()}",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}", "accountId": ACCOUNT, "userName": user,
            "sessionContext": {"attributes": {
                "mfaAuthenticated": random.choice(("true", "false")),
                "creationDate": moment.strftime("%Y-%m-%dT%H:00:00Z")}},
        },
        "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventSource": source,
        "eventName": name, "awsRegion": REGION, "sourceIPAddress": _address(random, inside=False),
        "userAgent": random.choice(_AGENTS),
        "requestParameters": {"bucketName": random.choice(_BUCKETS)} if "s3" in source else None,
        "responseElements": None, "requestID": _hex(random, 16).upper(),
        "eventID": f"{_hex(random, 8)}-{_hex(random, 4)}-4000-8000-{_hex(random, 12)}",
        "readOnly": name.startswith("Get"), "eventType": "AwsApiCall", "managementEvent": True,
        "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": _CIPHERS[1],
                       "clientProvidedHostHeader": source},
    }  # fmt: skip
    if denied:
        event |= {"errorCode": "AccessDenied", "errorMessage": f"User {user} is not authorized"}
    return event


def waf(random: Random, moment: datetime) -> Record:
    """Make a log record of AWS WAF."""
    action = random.choices(("ALLOW", "BLOCK", "COUNT"), (8, 1, 1))[0]
    return {
        "timestamp": int((moment - datetime(1970, 1, 1)).total_seconds() * 1000),
        "formatVersion": 1,
        "webaclId": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/shop/{'1' * 8}",
        "terminatingRuleId": "Default_Action" if action == "ALLOW" else "BlockBadBots",
        "terminatingRuleType": "REGULAR", "action": action, "terminatingRuleMatchDetails": [],
        "httpSourceName": "ALB", "httpSourceId": "123456789012-app/shop/50dc6c495c0c9188",
        "ruleGroupList": [], "rateBasedRuleList": [], "nonTerminatingMatchingRules": [],
        "requestHeadersInserted": None, "responseCodeSent": None,
        "httpRequest": {
            "clientIp": _address(random, inside=False),
            "country": random.choice(("DE", "US", "FR")),
            "headers": [{"name": "Host", "value": "shop.example.com"},
                        {"name": "User-Agent", "value": random.choice(_AGENTS)}],
            "uri": random.choice(_PATHS).split("?")[0], "args": "", "httpVersion": "HTTP/1.1",
            "httpMethod": random.choice(("GET", "POST")), "requestId": _hex(random, 16),
        },
        "labels": [{"name": "awswaf:managed:aws:bot-control:bot:verified"}],
    }  # fmt: skip


def cloudfront(random: Random, moment: datetime) -> Record:
    """Make a standard access log record of CloudFront."""
    status, host = _status(random), "d111111abcdef8.cloudfront.net"
    path, _, query = random.choice(_PATHS).partition("?")
    result = "Error" if status >= 400 else random.choice(("Hit", "Hit", "Miss"))
    return {
        "date": moment.strftime("%Y-%m-%d"), "time": moment.strftime("%H:%M:%S"),
        "x-edge-location": random.choice(("FRA56-C1", "IAD79-P3")),
        "sc-bytes": random.randrange(200, 90_000), "c-ip": _address(random, inside=False),
        "cs-method": random.choice(("GET", "GET", "POST")), "cs(Host)": host, "cs-uri-stem": path,
        "sc-status": status, "cs(Referer)": "-",
        "cs(User-Agent)": random.choice(_AGENTS).replace(" ", "%20"),
        "cs-uri-query": query or "-", "cs(Cookie)": "-", "x-edge-result-type": result,
        "x-edge-request-id": f"{_hex(random, 54)}==", "x-host-header": "shop.example.com",
        "cs-protocol": "https", "cs-bytes": random.randrange(20, 900),
        "time-taken": f"{random.random():.3f}", "x-forwarded-for": "-", "ssl-protocol": "TLSv1.3",
        "ssl-cipher": _CIPHERS[1], "x-edge-response-result-type": result,
        "cs-protocol-version": "HTTP/2.0", "fle-status": "-", "fle-encrypted-fields": "-",
        "c-port": random.randrange(1024, 65536), "time-to-first-byte": f"{random.random():.3f}",
        "x-edge-detailed-result-type": result, "sc-content-type": "text/html",
        "sc-content-len": random.randrange(200, 90_000), "sc-range-start": "-",
        "sc-range-end": "-",
    }  # fmt: skip


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def _line(record: Record, separator: str = " ") -> str:
    return separator.join("-" if one is None else str(one) for one in record.values())


def _lines(found: Sequence[Record]) -> str:
    return "".join(_line(one) + "\n" for one in found)


def _flow_lines(found: Sequence[Record]) -> bytes:
    head = " ".join(name.replace("_", "-") for name in found[0])
    return _packed(f"{head}\n{_lines(found)}")


def _flow_parquet(found: Sequence[Record]) -> bytes:
    from importlib import import_module

    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    whole = {"version", "srcport", "dstport", "tcp_flags", "traffic_path"}
    long = {"protocol", "packets", "bytes", "start", "end"}
    kinds = [
        (
            name,
            arrow.int32() if name in whole else arrow.int64() if name in long else arrow.string(),
        )
        for name in found[0]
    ]
    sink = io.BytesIO()
    table = arrow.Table.from_pylist(list(found), schema=arrow.schema(kinds))
    parquet.write_table(table, sink, compression="gzip")
    return sink.getvalue()


def _cloudfront_lines(found: Sequence[Record]) -> bytes:
    head = f"#Version: 1.0\n#Fields: {' '.join(found[0])}\n"
    return _packed(head + "".join(_line(one, "\t") + "\n" for one in found))


def _events(found: Sequence[Record]) -> bytes:
    return _packed(json.dumps({"Records": list(found)}))


def _json_lines(found: Sequence[Record]) -> bytes:
    return _packed("".join(json.dumps(one) + "\n" for one in found))


def _packed_lines(found: Sequence[Record]) -> bytes:
    return _packed(_lines(found))


def _plain_lines(found: Sequence[Record]) -> bytes:
    return _lines(found).encode()


def _balancer(folder: str, name: str) -> tuple[str, str]:
    day = f"{folder}/AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/%Y/%m/%d/"
    return day, f"{ACCOUNT}_elasticloadbalancing_{REGION}_{name}_%Y%m%dT%H%MZ_{{n}}.log"


def _gzipped(names: tuple[str, str]) -> tuple[str, str]:
    return names[0], f"{names[1]}.gz"


_HOUR = "year=%Y/month=%m/day=%d/hour=%H/"
LAYOUTS: dict[str, Layout] = {
    "vpc": Layout(
        vpc_flow, f"vpc/AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/%Y/%m/%d/",
        f"{ACCOUNT}_vpcflowlogs_{REGION}_fl-1_%Y%m%dT%H%MZ_{{n}}.log.gz", _flow_lines),
    "vpc-parquet": Layout(
        vpc_flow, f"vpc-parquet/AWSLogs/aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/"
        f"aws-region={REGION}/{_HOUR}",
        f"{ACCOUNT}_vpcflowlogs_{REGION}_fl-2_%Y%m%dT%H%MZ_{{n}}.log.parquet", _flow_parquet),
    "alb": Layout(alb, *_gzipped(_balancer("alb", "app.shop.50dc")), _packed_lines),
    "nlb": Layout(nlb, *_gzipped(_balancer("nlb", "net.shop.c6e7")), _packed_lines),
    "elb": Layout(elb, *_balancer("elb", "classic-shop"), _plain_lines),
    "s3-access": Layout(
        s3_access, f"s3-access/{ACCOUNT}/{REGION}/%Y/%m/%d/", "%Y-%m-%d-%H-%M-%S-{n}",
        _plain_lines),
    "cloudtrail": Layout(
        cloudtrail, f"cloudtrail/AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/%Y/%m/%d/",
        f"{ACCOUNT}_CloudTrail_{REGION}_%Y%m%dT%H%MZ_{{n}}.json.gz", _events),
    "waf": Layout(
        waf, f"waf/AWSLogs/{ACCOUNT}/WAFLogs/{REGION}/shop/%Y/%m/%d/",
        f"{ACCOUNT}_waflogs_{REGION}_shop_%Y%m%dT%H%MZ_{{n}}.log.gz", _json_lines),
    "cloudfront": Layout(
        cloudfront, "cloudfront/", "E1ABCDEF.%Y-%m-%d-%H.{n}.gz", _cloudfront_lines),
}  # fmt: skip
