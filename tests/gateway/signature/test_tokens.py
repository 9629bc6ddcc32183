"""Session tokens: none, another's, one past its time; in the words of each family."""

from __future__ import annotations

import pytest

from lakebed.core.errors import AwsError
from lakebed.core.principal import Principal
from lakebed.gateway.credentials import Key
from lakebed.gateway.signature.tokens import check_token
from lakebed.gateway.wire.http import HttpRequest

WHO = Principal("000000000000", "arn:aws:sts::000000000000:assumed-role/r/s", "AROA:s")
KEY = Key("secret", WHO, "token+/=", 100.0)
SIGNED = "AWS4-HMAC-SHA256 Credential=A/20240101/us-east-1/sts/aws4_request"
FORM = {"content-type": "application/x-www-form-urlencoded", "authorization": SIGNED}
REQUESTS = {
    "s3": lambda: HttpRequest("GET", "/b/k", "", {"authorization": "AWS4-HMAC-SHA256 x"}),
    "sts": lambda: HttpRequest(
        "POST", "/", "", dict(FORM), b"Action=GetCallerIdentity&Version=2011-06-15"
    ),
    "glue": lambda: HttpRequest(
        "POST", "/", "", {"x-amz-target": "AWSGlue.GetDatabases", "authorization": "x"}
    ),
}


def refused(service: str, token: str | None, now: float = 99.0) -> tuple[str, str, int]:
    request = REQUESTS[service]()
    if token is not None:
        request.headers["x-amz-security-token"] = token
    with pytest.raises(AwsError) as raised:
        check_token(request, "ASIAX", KEY, now)
    return raised.value.code, raised.value.message, raised.value.status


def test_a_token_past_its_time_is_expired() -> None:
    assert refused("s3", "token+/=", 100.0) == (
        "ExpiredToken", "The provided token has expired.", 400,
    )  # fmt: skip
    sentence = "The security token included in the request is expired"
    assert refused("sts", "token+/=", 100.0) == ("ExpiredToken", sentence, 403)
    assert refused("glue", "token+/=", 100.0) == ("ExpiredTokenException", sentence, 400)


@pytest.mark.parametrize("token", ["other", None])
def test_another_token_or_none_is_no_key(token: str | None) -> None:
    code = "InvalidToken" if token else "InvalidAccessKeyId"
    assert refused("s3", token)[0] == code
    sentence = "The security token included in the request is invalid."
    assert refused("sts", token) == ("InvalidClientTokenId", sentence, 403)
    assert refused("glue", token) == ("UnrecognizedClientException", sentence, 400)


def test_the_token_is_taken_from_a_presigned_url() -> None:
    query = "X-Amz-Algorithm=x&X-Amz-Security-Token=token%2B%2F%3D"
    check_token(HttpRequest("GET", "/b/k", query), "ASIAX", KEY, 99.0)
    lower = "AWSAccessKeyId=x&x-amz-security-token=token%2B%2F%3D"
    check_token(HttpRequest("GET", "/b/k", lower), "ASIAX", KEY, 99.0)
