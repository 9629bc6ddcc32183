"""`lakebed samples logs`: write sample logs into a bucket, through the S3 API like any client."""

from __future__ import annotations

import argparse
import sys

from lakebed.cli.aws import ApiError, AwsClient, UnreachableError
from lakebed.cli.sample_logs import LAYOUTS, files
from lakebed.cli.settings import Resolved


def samples(options: argparse.Namespace, resolved: Resolved) -> int:
    """Write the logs; return the exit status."""
    kinds: list[str] = options.only or list(LAYOUTS)
    unknown = [kind for kind in kinds if kind not in LAYOUTS]
    if unknown or options.rows < 1:
        known = ", ".join(LAYOUTS)
        print(f"lakebed: --rows is 1 or more, --only is one of {known}", file=sys.stderr)
        return 2
    client = AwsClient(resolved)
    try:
        client.make_bucket(options.bucket)
        for kind in kinds:
            count = size = 0
            for file in files(kind, options.rows, options.seed):
                client.put_object(options.bucket, file.key, file.body)
                count, size = count + 1, size + len(file.body)
            where = f"s3://{options.bucket}/{kind}/"
            print(f"{kind:12} {options.rows:>8} rows {count:>5} files {size:>12,} bytes  {where}")
    except (ApiError, UnreachableError) as error:
        print(f"lakebed samples: {error}", file=sys.stderr)
        return 1
    return 0
