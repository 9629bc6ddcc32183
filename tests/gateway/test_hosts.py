from __future__ import annotations

import socket
import urllib.request

import pytest
from botocore.config import Config

from lakebed import testing
from lakebed.gateway.hosts import bucket_of, domains_of, website_of, with_bucket
from lakebed.gateway.wire.http import HttpRequest
from tests.services.s3.answers import refusal

OWN = ("s3.lake.example", "buckets.example")


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("flights.s3.amazonaws.com", "flights"),
        ("flights.s3.eu-west-1.amazonaws.com", "flights"),
        ("flights.s3-eu-west-1.amazonaws.com", "flights"),
        ("flights.s3.dualstack.us-gov-west-1.amazonaws.com", "flights"),
        ("flights.s3.cn-north-1.amazonaws.com.cn", "flights"),
        ("my.dotted.bucket.s3.amazonaws.com", "my.dotted.bucket"),
        ("FLIGHTS.s3.AmazonAWS.com:443", "flights"),
        ("flights.localhost", "flights"),
        ("flights.localhost:4566", "flights"),
        ("a.b.localhost:4566", "a.b"),
        ("flights.s3.localhost:4566", "flights"),
        ("flights.s3.us-east-1.localhost:4566", "flights"),
        ("flights.s3.lake.example", "flights"),
        ("a.b.buckets.example:9000", "a.b"),
        ("s3.amazonaws.com", ""),
        ("s3.eu-west-1.amazonaws.com", ""),
        ("localhost:4566", ""),
        ("s3.localhost:4566", ""),
        ("s3.us-east-1.localhost:4566", ""),
        ("127.0.0.1:4566", ""),
        ("[::1]:4566", ""),
        ("s3.lake.example", ""),
        ("lake.example", ""),
        ("glue.us-east-1.amazonaws.com", ""),
        ("evil.com/.localhost", ""),
        ("", ""),
    ],
)
def test_the_host_names_the_bucket(host, bucket):
    assert bucket_of(host, OWN) == bucket


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("site.s3-website-us-east-1.amazonaws.com", "site"),
        ("my.site.s3-website.eu-central-1.amazonaws.com", "my.site"),
        ("SITE.s3-website.localhost:4566", "site"),
        ("site.s3-website-eu-west-1.localhost", "site"),
        ("site.s3-website.s3.lake.example", "site"),
        ("s3-website.localhost", ""),
        ("site.s3.localhost", ""),
        ("site.s3-website.example.com", ""),
    ],
)
def test_the_host_names_the_website(host, bucket):
    assert website_of(host, OWN) == bucket


def test_domains_are_listed_with_commas():
    assert domains_of(" S3.lake.example. , ,b.example") == ("s3.lake.example", "b.example")
    assert domains_of("") == ()


def test_the_path_that_was_signed_is_kept():
    request = HttpRequest("GET", "/a%20b", "", {"host": "flights.localhost"})
    with_bucket(request, ())
    assert (request.path, request.signed_path) == ("/flights/a%20b", "/a%20b")


@pytest.fixture
def resolved(monkeypatch):
    """Every host leads to this machine, as it does where a wildcard name is set up."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, *more, **kw: real("127.0.0.1", port, *more, **kw)
    )


@pytest.mark.parametrize("endpoint", ["localhost", "s3.localhost"])
def test_a_client_that_puts_the_bucket_into_the_host_is_served(lakebed, resolved, endpoint):
    url = f"http://{endpoint}:{lakebed.url.rpartition(':')[2]}"
    config = Config(s3={"addressing_style": "virtual"})
    s3 = lakebed.session().client("s3", endpoint_url=url, config=config)
    sent = []
    s3.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.url))
    s3.create_bucket(Bucket="flights")
    s3.put_object(Bucket="flights", Key="a b/ü+%", Body=b"body")
    assert s3.get_object(Bucket="flights", Key="a b/ü+%")["Body"].read() == b"body"
    listed = s3.list_objects_v2(Bucket="flights")["Contents"]
    assert [one["Key"] for one in listed] == ["a b/ü+%"]
    assert all(one.startswith(f"http://flights.{endpoint}:") for one in sent)
    call = {"Bucket": "flights", "Key": "a b/ü+%"}
    link = s3.generate_presigned_url("get_object", call)
    assert link.startswith(f"http://flights.{endpoint}:")
    with urllib.request.urlopen(link, timeout=5) as answer:
        assert answer.read() == b"body"
    deleted = s3.delete_objects(Bucket="flights", Delete={"Objects": [{"Key": "a b/ü+%"}]})
    assert [one["Key"] for one in deleted["Deleted"]] == ["a b/ü+%"]
    assert refusal(s3.get_object, **call)[1]["Code"] == "NoSuchKey"
    # Other services may be called by such names, too: they have no buckets.
    glue = lakebed.session().client("glue", endpoint_url=url.replace("s3.", "glue."))
    assert glue.get_databases()["DatabaseList"] == []


def test_a_domain_of_ones_own_is_a_setting(resolved, monkeypatch):
    monkeypatch.setenv("LAKEBED_S3_DOMAIN", "lake.example")
    with testing.server() as server:
        url = f"http://lake.example:{server.url.rpartition(':')[2]}"
        config = Config(s3={"addressing_style": "virtual"})
        s3 = server.session().client("s3", endpoint_url=url, config=config)
        s3.create_bucket(Bucket="flights")
        s3.put_object(Bucket="flights", Key="k", Body=b"body")
        path_style = server.client("s3", config=Config(s3={"addressing_style": "path"}))
        assert path_style.get_object(Bucket="flights", Key="k")["Body"].read() == b"body"
