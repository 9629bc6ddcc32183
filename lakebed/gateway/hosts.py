"""Virtual-host style: the bucket that the Host header of a request names, if it names one.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import functools
import re

from lakebed.gateway.wire.http import HttpRequest

_HOSTS_MAX = 4096
_BUCKET = r"([a-z0-9_][a-z0-9._-]*)"
_ENDPOINT = r"s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d+)?"
_AWS = re.compile(rf"{_BUCKET}\.{_ENDPOINT}\.amazonaws\.com(?:\.cn)?")
_LOCAL = re.compile(rf"{_BUCKET}\.{_ENDPOINT}\.localhost")
_LOCAL_ENDPOINT = re.compile(rf"{_ENDPOINT}\.localhost")
_LOCAL_BUCKET = re.compile(rf"{_BUCKET}\.localhost")


@functools.lru_cache(maxsize=_HOSTS_MAX)
def bucket_of(host: str, domains: tuple[str, ...]) -> str:
    """Return the bucket in a Host header, or an empty text for path style.

    `domains` are the server's own (`s3.example.com`), besides AWS's and `localhost`. A host that is
    another service's endpoint (`s3.localhost`) names no bucket.
    """
    name = host.lower().partition(":")[0].rstrip(".")
    for domain in domains:
        if name.endswith(f".{domain}"):
            return name.removesuffix(f".{domain}")
    match = _AWS.fullmatch(name) or _LOCAL.fullmatch(name)
    if match is None and not _LOCAL_ENDPOINT.fullmatch(name):
        match = _LOCAL_BUCKET.fullmatch(name)
    return "" if match is None else match[1]


WEBSITE = "s3-website"
_SITE = rf"{WEBSITE}(?:[.-][a-z]{{2}}(?:-[a-z]+)+-\d+)?"
_AWS_SITE = re.compile(rf"{_BUCKET}\.{_SITE}\.amazonaws\.com(?:\.cn)?")
_LOCAL_SITE = re.compile(rf"{_BUCKET}\.{_SITE}\.localhost")


@functools.lru_cache(maxsize=_HOSTS_MAX)
def website_of(host: str, domains: tuple[str, ...]) -> str:
    """Return the bucket whose website a Host header names, or an empty text for none.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
    Under domains of our own it is the host BUCKET.s3-website.DOMAIN.
    """
    name = host.lower().partition(":")[0].rstrip(".")
    for domain in domains:
        if name.endswith(f".{WEBSITE}.{domain}"):
            return name.removesuffix(f".{WEBSITE}.{domain}")
    match = _AWS_SITE.fullmatch(name) or _LOCAL_SITE.fullmatch(name)
    return "" if match is None else match[1]


_POINT = r"([a-z0-9][a-z0-9-]{1,48}[a-z0-9]-\d{12})"
_POINTS = re.compile(
    rf"{_POINT}\.(?:s3-accesspoint\.(?:dualstack\.)?[a-z0-9-]+\.amazonaws\.com(?:\.cn)?"
    r"|localhost|\d+\.\d+\.\d+\.\d+)"
)
_ALIAS_END = "-s3alias"


@functools.lru_cache(maxsize=_HOSTS_MAX)
def access_point_of(host: str) -> str:
    """Return the access point that a Host header names, with its account, or an empty text.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html
    Clients that are given an address as their endpoint put the access point before it.
    """
    match = _POINTS.fullmatch(host.lower().partition(":")[0].rstrip("."))
    return "" if match is None else match[1]


def access_point_in(request: HttpRequest) -> str:
    """Return the access point that a request names by its host or, by its alias, in its path."""
    host = request.headers.get("host")
    named = access_point_of(host) if host else ""
    if not named and _ALIAS_END in request.path:
        bucket = request.path[1:].partition("/")[0]
        named = bucket if bucket.endswith(_ALIAS_END) else ""
    return named


def with_access_point(request: HttpRequest, named: str, bucket: str, arn: str) -> None:
    """Put the bucket of an access point into a request's path, in the place of its name."""
    path = request.path
    request.signed_path = request.signed_path or path
    has_name = path[1:].partition("/")[0] == named
    request.path = f"/{bucket}{path[1 + len(named) :] if has_name else path}"
    request.access_point = arn


def domains_of(setting: str) -> tuple[str, ...]:
    """Return the domains that a setting lists, separated by commas."""
    found = (name.strip().strip(".").lower() for name in setting.split(","))
    return tuple(name for name in found if name)


def with_bucket(request: HttpRequest, domains: tuple[str, ...]) -> HttpRequest:
    """Return a request with the bucket of its host at the head of its path.

    What was signed is the path as it came, which stays in `signed_path`.
    """
    host = request.headers.get("host")
    bucket = bucket_of(host, domains) if host else ""
    if bucket:
        request.signed_path = request.path
        request.path = f"/{bucket}{request.path}"
    return request
