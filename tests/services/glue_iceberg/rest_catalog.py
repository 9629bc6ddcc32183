"""PyIceberg's REST catalog on a live server, signed as AWS's guide says."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from pyiceberg.catalog.rest import RestCatalog

ACCOUNT = "000000000000"


def catalog(lakebed, **more: str) -> RestCatalog:
    """Return the catalog of https://docs.aws.amazon.com/glue/latest/dg/connect-glu-iceberg-rest."""
    given = {
        "uri": f"{lakebed.url}/iceberg", "warehouse": ACCOUNT, "rest.sigv4-enabled": "true",
        "rest.signing-name": "glue", "rest.signing-region": "us-east-1",
        "s3.endpoint": lakebed.url, "s3.access-key-id": "test", "s3.secret-access-key": "test",
        "s3.region": "us-east-1",
        "client.access-key-id": "test", "client.secret-access-key": "test",
    }  # fmt: skip
    return RestCatalog("rest", **{**given, **more})


def call(lakebed, method: str, path: str, body: object = None, secret: str = "test"):
    """Send a signed request; return the status and the JSON of the answer."""
    data = json.dumps(body).encode() if body is not None else None
    url = f"{lakebed.url}/iceberg/v1/{path}"
    request = AWSRequest(method=method, url=url, data=data)
    credentials = boto3.Session("test", secret).get_credentials()
    SigV4Auth(credentials, "glue", "us-east-1").add_auth(request)
    sent = urllib.request.Request(url, data, dict(request.headers.items()), method=method)
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
