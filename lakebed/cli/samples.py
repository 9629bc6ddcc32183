"""`lakebed samples logs`: write sample logs into a bucket, through the S3 API like any client."""

# boto3 has no types of its own:
# pyright: basic

from __future__ import annotations

import argparse
import socket
import sys
from importlib.util import find_spec
from typing import Any

from lakebed.cli.sample_logs import LAYOUTS, files
from lakebed.cli.settings import Resolved
from lakebed.cli.tls import files_of, is_on, url_of


def samples(options: argparse.Namespace, resolved: Resolved) -> int:
    """Write the logs; return the exit status."""
    if find_spec("boto3") is None:
        print("lakebed: samples need boto3: pip install boto3", file=sys.stderr)
        return 2
    kinds: list[str] = options.only or list(LAYOUTS)
    unknown = [kind for kind in kinds if kind not in LAYOUTS]
    if unknown or options.rows < 1:
        known = ", ".join(LAYOUTS)
        print(f"lakebed: --rows is 1 or more, --only is one of {known}", file=sys.stderr)
        return 2
    if not _answers(resolved):
        url = url_of(resolved.settings, resolved.settings.port)
        print(f"lakebed: no server answers at {url}; start one: lakebed serve", file=sys.stderr)
        return 1
    client = _client(resolved)
    try:
        _ensure(client, options.bucket)
        for kind in kinds:
            count = size = 0
            for file in files(kind, options.rows, options.seed):
                client.put_object(Bucket=options.bucket, Key=file.key, Body=file.body)
                count, size = count + 1, size + len(file.body)
            where = f"s3://{options.bucket}/{kind}/"
            print(f"{kind:12} {options.rows:>8} rows {count:>5} files {size:>12,} bytes  {where}")
    except client.exceptions.ClientError as error:
        print(f"lakebed: {error}", file=sys.stderr)
        return 1
    return 0


def _answers(resolved: Resolved) -> bool:
    settings = resolved.settings
    try:
        with socket.create_connection((settings.host, settings.port), timeout=5):
            return True
    except OSError:
        return False


def _client(resolved: Resolved) -> Any:
    import boto3

    settings = resolved.settings
    return boto3.client(
        "s3",
        endpoint_url=url_of(settings, settings.port),
        aws_access_key_id=settings.root_access_key,
        aws_secret_access_key=settings.root_secret_key,
        region_name=settings.region,
        verify=str(files_of(settings).authority.absolute()) if is_on(settings) else None,
    )


def _ensure(client: Any, bucket: str) -> None:
    known = [one["Name"] for one in client.list_buckets()["Buckets"]]
    if bucket not in known:
        client.create_bucket(Bucket=bucket)
