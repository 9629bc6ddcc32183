from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.raw import Answer
from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import open_to_policies

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "s3-web.md"
PLAIN = {"IndexDocument": {"Suffix": "index.html"}}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="site")
    return client


def put(s3, **configuration):
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={**PLAIN, **configuration})


def publish(s3, *, is_listed=True, **objects):
    """Let everybody read the bucket, and put pages into it."""
    open_to_policies(s3, "site")
    read = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}
    look = {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::site"}
    statements = [{"Effect": "Allow", "Principal": "*", **one} for one in (read, look)]
    document = {"Version": "2012-10-17", "Statement": statements[: 1 + is_listed]}
    s3.put_bucket_policy(Bucket="site", Policy=json.dumps(document))
    for key, text in objects.items():
        s3.put_object(Bucket="site", Key=key, Body=text.encode(), ContentType="text/html")


def visit(lakebed, path, method="GET", host="site.s3-website.localhost", **headers):
    connection = http.client.HTTPConnection(lakebed.url.partition("://")[2], timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers={"Host": host, **named})
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    body = response.read()
    connection.close()
    return Answer(response.status, found, body)


def shown(found):
    return found.status, found.body.decode()


def sent(found):
    assert found.body == b""
    return found.status, found.headers["location"]


def page(title, rows, nested=""):
    items = "".join(f"<li>{row}</li>\n" for row in (*rows, "RequestId: x", "HostId: x"))
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{items}"
        f"</ul>\n{nested}<hr/>\n</body>\n</html>\n"
    )


def normal(found):
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    text = re.sub(r"(RequestId|HostId): \w+", r"\1: x", found.body.decode())
    return found.status, text


def no_key(key):
    return ("Code: NoSuchKey", "Message: The specified key does not exist.", f"Key: {key}")


def test_the_configuration_is_kept(s3):
    rule = {
        "Condition": {"KeyPrefixEquals": "docs/", "HttpErrorCodeReturnedEquals": "404"},
        "Redirect": {"ReplaceKeyPrefixWith": "documents/", "HttpRedirectCode": "302"},
    }
    whole = {**PLAIN, "ErrorDocument": {"Key": "error.html"}, "RoutingRules": [rule]}
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration=whole)
    assert answer(s3.get_bucket_website(Bucket="site")) == whole
    s3.delete_bucket_website(Bucket="site")
    assert refusal(s3.get_bucket_website, Bucket="site") == (
        404,
        {
            "Code": "NoSuchWebsiteConfiguration",
            "Message": "The specified bucket does not have a website configuration",
            "BucketName": "site",
        },
    )


def invalid(code, message, **members):
    return 400, {"Code": code, "Message": message, **members}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"IndexDocument": {"Suffix": "/index.html"}},
            invalid(
                "InvalidArgument",
                "The IndexDocument Suffix is not well formed",
                ArgumentName="IndexDocument",
                ArgumentValue="/index.html",
            ),
        ),
        (
            {"RedirectAllRequestsTo": {"HostName": "one.test"}, **PLAIN},
            invalid(
                "InvalidArgument",
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                ArgumentName="RedirectAllRequestsTo",
                ArgumentValue="not null",
            ),
        ),
        (
            {"ErrorDocument": {"Key": "error.html"}},
            invalid(
                "InvalidArgument",
                "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is "
                "empty",
                ArgumentName="IndexDocument",
                ArgumentValue="null",
            ),
        ),
        (
            {"RedirectAllRequestsTo": {"HostName": "one.test", "Protocol": "ftp"}},
            invalid(
                "InvalidRequest",
                "Invalid protocol, protocol can be http or https. If not defined the protocol will "
                "be selected automatically.",
            ),
        ),
        (
            {
                **PLAIN,
                "RoutingRules": [
                    {"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}
                ],
            },
            invalid(
                "InvalidRequest", "You can only define ReplaceKeyPrefix or ReplaceKey but not both."
            ),
        ),
        (
            {**PLAIN, "RoutingRules": [{"Condition": {}, "Redirect": {"ReplaceKeyWith": "a"}}]},
            invalid(
                "InvalidRequest",
                "Condition cannot be empty. To redirect all requests without a condition, the "
                "condition element shouldn't be present.",
            ),
        ),
        (
            {**PLAIN, "RoutingRules": [{"Redirect": {"HttpRedirectCode": "200"}}]},
            invalid(
                "InvalidRequest",
                "The provided HTTP redirect code (200) is not valid. Valid codes are 3XX except "
                "300.",
            ),
        ),
        (
            {**PLAIN, "RoutingRules": [{"Redirect": {"HostName": "one.test"}}] * 51},
            invalid(
                "InvalidRequest",
                "51 routing rules provided, the number of routing rules in a website configuration "
                "is limited to 50.",
            ),
        ),
    ],
)
def test_a_configuration_that_s3_does_not_take_is_refused(s3, given, expected):
    assert refusal(s3.put_bucket_website, Bucket="site", WebsiteConfiguration=given) == expected


def test_a_website_shows_its_pages_and_the_index_of_each_folder(lakebed, s3):
    put(s3)
    publish(s3, **{"index.html": "home", "docs/index.html": "docs", "docs/a b.html": "page"})
    home = visit(lakebed, "/")
    assert shown(home) == (200, "home")
    assert home.headers["content-type"] == "text/html"
    assert shown(visit(lakebed, "/docs/")) == (200, "docs")
    assert shown(visit(lakebed, "/docs/a%20b.html?x=1")) == (200, "page")
    assert sent(visit(lakebed, "/docs")) == (302, "/docs/")
    for host in ("site.s3-website-us-east-1.amazonaws.com", "site.s3-website.eu-west-1.localhost"):
        assert shown(visit(lakebed, "/", host=host)) == (200, "home")
    head = visit(lakebed, "/", "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, "4")
    part = visit(lakebed, "/", Range="bytes=1-2")
    assert shown(part) == (206, "om")
    same = visit(lakebed, "/", If_None_Match=home.headers["etag"])
    assert (same.status, same.headers["etag"]) == (304, home.headers["etag"])


def test_what_is_not_there_is_an_html_page_or_the_website_s_own(lakebed, s3):
    put(s3)
    publish(s3)
    missing = visit(lakebed, "/nowhere")
    assert normal(missing) == (404, page("404 Not Found", no_key("nowhere")))
    assert missing.headers["x-amz-error-code"] == "NoSuchKey"
    assert missing.headers["x-amz-error-detail-key"] == "nowhere"
    assert normal(visit(lakebed, "/a/")) == (404, page("404 Not Found", no_key("a/index.html")))
    put(s3, ErrorDocument={"Key": "error.html"})
    items = "".join(f"<li>{row}</li>\n" for row in no_key("error.html"))
    head = "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n"
    nested = f"{head}<ul>\n{items}</ul>\n"
    assert normal(visit(lakebed, "/a")) == (404, page("404 Not Found", no_key("a"), nested))
    s3.put_object(Bucket="site", Key="error.html", Body=b"oh", ContentType="text/html")
    own = visit(lakebed, "/a", If_None_Match="*", Range="bytes=0-0")
    assert shown(own) == (404, "oh")
    assert visit(lakebed, "/a", "HEAD").status == 404


def test_a_website_shows_what_everybody_may_read_and_no_more(lakebed, s3):
    put(s3)
    s3.put_object(Bucket="site", Key="index.html", Body=b"home")
    denied = page("403 Forbidden", ("Code: AccessDenied", "Message: Access Denied"))
    assert normal(visit(lakebed, "/")) == (403, denied)
    publish(s3, is_listed=False)
    assert shown(visit(lakebed, "/")) == (200, "home")
    # Who may not list the bucket is not told what is not there.
    assert normal(visit(lakebed, "/nowhere")) == (403, denied)
    s3.put_object(Bucket="site", Key="docs/index.html", Body=b"docs")
    assert sent(visit(lakebed, "/docs")) == (302, "/docs/")


def test_a_bucket_that_is_no_website_says_so(lakebed, s3):
    none = ("Code: NoSuchBucket", "Message: The specified bucket does not exist")
    found = visit(lakebed, "/", host="none.s3-website.localhost")
    assert normal(found) == (404, page("404 Not Found", (*none, "BucketName: none")))
    rows = (
        "Code: NoSuchWebsiteConfiguration",
        "Message: The specified bucket does not have a website configuration",
        "BucketName: site",
    )
    assert normal(visit(lakebed, "/")) == (404, page("404 Not Found", rows))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_website_is_only_read(lakebed, s3, method):
    put(s3)
    rows = (
        "Code: MethodNotAllowed",
        "Message: The specified method is not allowed against this resource.",
        f"Method: {method}",
        "ResourceType: OBJECT",
    )
    assert normal(visit(lakebed, "/", method)) == (405, page("405 Method Not Allowed", rows))


def test_all_requests_are_sent_to_another_host(lakebed, s3):
    everywhere = {"RedirectAllRequestsTo": {"HostName": "one.test", "Protocol": "https"}}
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration=everywhere)
    assert sent(visit(lakebed, "/a%20b/c?x=1")) == (301, "https://one.test/a%20b/c?x=1")


HERE = "http://site.s3-website.localhost/"


@pytest.mark.parametrize(
    ("rule", "path", "expected"),
    [
        (
            {
                "Condition": {"KeyPrefixEquals": "docs/"},
                "Redirect": {"ReplaceKeyPrefixWith": "documents/"},
            },
            "/docs/a",
            (301, f"{HERE}documents/a"),
        ),
        (
            {
                "Condition": {"HttpErrorCodeReturnedEquals": "404"},
                "Redirect": {"HostName": "one.test", "ReplaceKeyPrefixWith": "#!/"},
            },
            "/lost",
            (301, "http://one.test/#!/lost"),
        ),
        (
            {
                "Condition": {"KeyPrefixEquals": "old", "HttpErrorCodeReturnedEquals": "404"},
                "Redirect": {"ReplaceKeyWith": "gone.html", "HttpRedirectCode": "307"},
            },
            "/older",
            (307, f"{HERE}gone.html"),
        ),
        (
            {"Redirect": {"Protocol": "https", "HostName": "one.test"}},
            "/any?x=1",
            (301, "https://one.test/any?x=1"),
        ),
    ],
)
def test_a_rule_leads_to_another_place(lakebed, s3, rule, path, expected):
    put(s3, RoutingRules=[rule])
    publish(s3)
    assert sent(visit(lakebed, path)) == expected


def test_a_rule_of_an_error_does_not_touch_what_is_there(lakebed, s3):
    rule = {
        "Condition": {"HttpErrorCodeReturnedEquals": "404"},
        "Redirect": {"ReplaceKeyWith": "index.html"},
    }
    put(s3, RoutingRules=[rule])
    publish(s3, **{"there.html": "there"})
    assert shown(visit(lakebed, "/there.html")) == (200, "there")
    assert sent(visit(lakebed, "/lost")) == (301, f"{HERE}index.html")


def test_an_object_leads_to_another(lakebed, s3):
    put(s3)
    publish(s3)
    where = {"WebsiteRedirectLocation": "https://one.test/new"}
    s3.put_object(Bucket="site", Key="old", Body=b"", **where)
    assert sent(visit(lakebed, "/old")) == (301, "https://one.test/new")


def test_pages_of_websites_tell_other_hosts_who_may_read_them(lakebed, s3):
    put(s3)
    publish(s3, **{"index.html": "home"})
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    s3.put_bucket_cors(Bucket="site", CORSConfiguration={"CORSRules": [rule]})
    found = visit(lakebed, "/", Origin="https://one.test")
    assert found.headers["access-control-allow-origin"] == "*"


def test_the_example_of_the_page_runs(lakebed):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    environment = {**os.environ, **lakebed.environment}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60
    )
    assert (done.stdout, done.stderr) == ("<h1>Hello</h1>\n", "")
