from __future__ import annotations

import base64
import datetime
import hmac
import json
import zlib
from xml.etree import ElementTree

import pytest
import requests
from botocore.config import Config

from tests.gateway.raw import leftovers
from tests.gateway.test_wire_faults import eventually
from tests.services.s3.answers import answer
from tests.services.s3.callers import open_to_policies


@pytest.fixture
def s3(lakebed):
    # Without its version botocore makes forms of version 2.
    client = lakebed.client("s3", config=Config(signature_version="s3v4"))
    client.create_bucket(Bucket="lake")
    return client


TAGGING = "<Tagging><TagSet><Tag><Key>a</Key><Value>1 + 2</Value></Tag></TagSet></Tagging>"


def field_name(name):
    return name if name.startswith("success_") else name.replace("_", "-")


def signed(s3, key="up/file.txt", conditions=(), **fields):
    """Return URL and fields of a form for a key; each field is allowed as it is."""
    named = {field_name(name): value for name, value in fields.items()}
    allowed = [{name: value} for name, value in named.items()]
    made = s3.generate_presigned_post("lake", key, dict(named), [*allowed, *conditions])
    return made["url"], made["fields"]


def send(form, body=b"body", name="file.txt", **changes):
    url, fields = form
    for field, value in changes.items():
        fields.pop(field_name(field), None)
        if value is not None:
            fields[field_name(field)] = value
    files = {"file": (name, body)}
    return requests.post(url, data=fields, files=files, allow_redirects=False, timeout=10)


def error(response):
    """Return status and members of an error, without what differs from call to call."""
    members = {one.tag: one.text or "" for one in ElementTree.fromstring(response.content)}
    hidden = ("RequestId", "HostId", "StringToSign", "StringToSignBytes", "SignatureProvided")
    return response.status_code, {
        name: value for name, value in members.items() if name not in hidden
    }


def test_a_form_puts_a_file_with_what_its_fields_say(lakebed, s3):
    form = signed(
        s3,
        "up/${filename}",
        Content_Type="text/plain",
        x_amz_meta_owner="Zoë",
        x_amz_storage_class="STANDARD_IA",
        tagging=TAGGING,
    )
    response = send(form, b"a,b\n1,2\n", "dir\\Größe.csv")
    assert (response.status_code, response.content) == (204, b"")
    key = "up/Größe.csv"
    assert response.headers["Location"] == f"{lakebed.url}/lake/up%2FGr%C3%B6%C3%9Fe.csv"
    found = answer(s3.get_object(Bucket="lake", Key=key))
    assert response.headers["ETag"] == found["ETag"]
    assert (found["Body"], found["ContentType"], found["StorageClass"]) == (
        b"a,b\n1,2\n",
        "text/plain",
        "STANDARD_IA",
    )
    assert found["Metadata"] == {"owner": "=?UTF-8?B?Wm/Dqw==?="}
    tags = answer(s3.get_object_tagging(Bucket="lake", Key=key))["TagSet"]
    assert tags == [{"Key": "a", "Value": "1 + 2"}]


def test_a_large_file_is_put_whole_and_leaves_nothing_behind(lakebed, s3):
    body = b"".join(b"%d\r\n--" % number for number in range(600_000))
    response = send(signed(s3, conditions=[["content-length-range", 1, len(body)]]), body)
    assert response.status_code == 204
    assert s3.get_object(Bucket="lake", Key="up/file.txt")["Body"].read() == body
    cut = send(signed(s3, "other", [["content-length-range", 1, len(body) - 1]]), body)
    assert error(cut) == (
        400,
        {
            "Code": "EntityTooLarge",
            "Message": "Your proposed upload exceeds the maximum allowed size",
            "ProposedSize": str(len(body)),
            "MaxSizeAllowed": str(len(body) - 1),
        },
    )
    eventually(lambda: not leftovers(lakebed))


def test_an_answer_is_what_the_form_asks_for(lakebed, s3):
    etag = '"841a2d689ad86bd1611447453c22c6fc"'
    made = send(signed(s3, "a/b", success_action_status="201"))
    assert made.status_code == 201
    assert {one.tag: one.text for one in ElementTree.fromstring(made.content)} == {
        "Location": f"{lakebed.url}/lake/a%2Fb",
        "Bucket": "lake",
        "Key": "a/b",
        "ETag": etag,
    }
    plain = send(signed(s3, success_action_status="200"))
    assert (plain.status_code, plain.content) == (200, b"")
    assert send(signed(s3, success_action_status="404")).status_code == 204
    page = send(signed(s3, "a b", success_action_redirect="https://one.test/done?x=1"))
    assert (page.status_code, page.content) == (303, b"")
    where = "https://one.test/done?x=1&bucket=lake&key=a%20b&etag=%22841a2d689ad86bd1611447453c22c6fc%22"
    assert page.headers["Location"] == where
    assert send(signed(s3, success_action_redirect="/relative")).status_code == 204


def denied(what):
    return 403, {"Code": "AccessDenied", "Message": f"Invalid according to Policy: {what}"}


@pytest.mark.parametrize(
    ("conditions", "changes", "expected"),
    [
        (
            [["eq", "$Content-Type", "text/plain"]],
            {"Content-Type": "text/html"},
            denied('Policy Condition failed: ["eq", "$Content-Type", "text/plain"]'),
        ),
        (
            [["starts-with", "$x-amz-meta-a", ""]],
            {},
            denied('Policy Condition failed: ["starts-with", "$x-amz-meta-a", ""]'),
        ),
        (
            [{"acl": "private"}],
            {"acl": "public-read"},
            denied('Policy Condition failed: ["eq", "$acl", "private"]'),
        ),
        ([["eq", "acl", "private"]], {"acl": "private"}, denied(
            'Policy Condition failed: ["eq", "acl", "private"]')),
        ([], {"x-amz-meta-note": "1"}, denied("Extra input fields: x-amz-meta-note")),
        (
            [["content-length-range", 5, 9]],
            {},
            (
                400,
                {
                    "Code": "EntityTooSmall",
                    "Message": "Your proposed upload is smaller than the minimum allowed size",
                    "ProposedSize": "4",
                    "MinSizeAllowed": "5",
                },
            ),
        ),
        ([["content-length-range", "test", 9]], {}, denied(
            'Policy Condition failed: ["content-length-range", "test", 9]')),
    ],
)  # fmt: skip
def test_a_form_that_is_not_what_its_policy_says_is_refused(s3, conditions, changes, expected):
    assert error(send(signed(s3, conditions=conditions), **changes)) == expected
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")


def test_names_are_found_in_any_case_and_some_need_no_condition(s3):
    form = signed(s3, conditions=[["StArTs-WiTh", "$CoNtEnT-TyPe", "text/"]])
    response = send(form, **{"content-TYPE": "text/csv", "x-ignore-me": "1"})
    assert response.status_code == 204
    assert s3.head_object(Bucket="lake", Key="up/file.txt")["ContentType"] == "text/csv"


def missing(name):
    message = (
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the "
        "order of the fields."
    )
    return 400, {
        "Code": "InvalidArgument",
        "Message": message,
        "ArgumentName": name,
        "ArgumentValue": "",
    }


def test_a_form_without_what_it_needs_names_it(lakebed, s3):
    assert error(send(signed(s3), key=None)) == missing("key")
    assert error(send(signed(s3), x_amz_signature=None)) == missing("X-Amz-Signature")
    gone = send(signed(s3), x_amz_algorithm=None, x_amz_credential=None)
    assert error(gone) == missing("X-Amz-Algorithm")
    url, fields = signed(s3)
    no_file = requests.post(url, files={name: (None, text) for name, text in fields.items()})
    assert error(no_file)[1]["ArgumentName"] == "file"
    plain = requests.post(url, data=fields, timeout=10)
    assert error(plain) == (
        412,
        {
            "Code": "PreconditionFailed",
            "Message": "At least one of the pre-conditions you specified did not hold",
            "Condition": "Bucket POST must be of the enclosure-type multipart/form-data",
        },
    )
    torn = requests.post(url, data=b"--x\r\n", headers={"Content-Type": "multipart/form-data"})
    assert error(torn)[1]["Code"] == "MalformedPOSTRequest"
    long = send(signed(s3), x_amz_meta_long="x" * 20_480)
    assert error(long)[1]["Code"] == "MaxPostPreDataLengthExceeded"


def test_a_signature_that_does_not_hold_is_refused(s3):
    url, fields = signed(s3)
    wrong = send((url, {**fields, "x-amz-signature": fields["x-amz-signature"][::-1]}))
    assert error(wrong) == (
        403,
        {
            "Code": "SignatureDoesNotMatch",
            "Message": "The request signature we calculated does not match the signature you "
            "provided. Check your key and signing method.",
            "AWSAccessKeyId": "test",
        },
    )
    cut = send((url, {**fields, "policy": fields["policy"][:-2]}))
    assert error(cut)[1]["Code"] == "SignatureDoesNotMatch"
    other = fields["x-amz-credential"].replace("test/", "AKIANOBODY/")
    unknown = send((url, {**fields, "x-amz-credential": other}))
    assert error(unknown)[1]["Code"] == "InvalidAccessKeyId"


def version_2(document, **fields):
    """Return a form of signature version 2 around a policy that is made by hand."""
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    digest = hmac.digest(b"test", policy.encode(), "sha1")
    signature = base64.b64encode(digest).decode()
    return {"AWSAccessKeyId": "test", "policy": policy, "signature": signature, **fields}


def until(seconds):
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


HELD = [{"bucket": "lake"}, ["starts-with", "$key", "k"]]


def test_a_form_of_signature_version_2_is_taken(lakebed, s3):
    fields = version_2({"expiration": until(60), "conditions": HELD}, key="k")
    assert send((f"{lakebed.url}/lake", fields)).status_code == 204
    wrong = send((f"{lakebed.url}/lake", {**fields, "AWSAccessKeyId": "000000000001"}))
    assert wrong.status_code == 403


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"conditions": HELD}, "Policy missing expiration."),
        ({"expiration": until(60)}, "Policy missing conditions."),
        (
            {"expiration": "2011-09-13T07:52:58+02:00", "conditions": HELD},
            "Invalid 'expiration' value: '2011-09-13T07:52:58+02:00'",
        ),
        (
            {"expiration": until(60), "conditions": [{}]},
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
        ),
        (
            {"expiration": until(60), "conditions": [{"key": 1}]},
            "Invalid Simple-Condition: value must be a string.",
        ),
        (
            {"expiration": until(60), "conditions": [["content-length-range", 0]]},
            "Invalid content-length-range: wrong number of arguments.",
        ),
        (
            {"expiration": until(60), "conditions": [["ends-with", "$key", "k"]]},
            "Invalid Condition: unknown operation 'ends-with'.",
        ),
        ({"expiration": until(60), "conditions": HELD, "Statement": []}, "Unexpected: 'statement'"),
        ([], "Invalid JSON."),
    ],
)
def test_a_policy_that_is_none_is_refused(lakebed, s3, document, sentence):
    response = send((f"{lakebed.url}/lake", version_2(document, key="k")))
    expected = {"Code": "InvalidPolicyDocument", "Message": f"Invalid Policy: {sentence}"}
    assert error(response) == (400, expected)


def test_a_policy_holds_for_its_bucket_and_its_time(lakebed, s3):
    s3.create_bucket(Bucket="other")
    late = version_2({"expiration": until(-1), "conditions": HELD}, key="k")
    assert error(send((f"{lakebed.url}/lake", late))) == denied("Policy expired.")
    fields = version_2({"expiration": until(60), "conditions": HELD}, key="k", bucket="lake")
    assert error(send((f"{lakebed.url}/other", fields))) == denied(
        'Policy Condition failed: ["eq", "$bucket", "lake"]'
    )


def test_nobody_may_send_a_form_where_everybody_may_write(lakebed, s3):
    url = f"{lakebed.url}/lake"
    refused = send((url, {"key": "k"}))
    assert error(refused) == (403, {"Code": "AccessDenied", "Message": "Access Denied"})
    open_to_policies(s3, "lake")
    allowed = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::lake/*",
    }
    document = {"Version": "2012-10-17", "Statement": [allowed]}
    s3.put_bucket_policy(Bucket="lake", Policy=json.dumps(document))
    assert send((url, {"key": "k"})).status_code == 204
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"body"


def test_a_form_may_be_sent_to_the_host_of_a_bucket(lakebed, s3):
    url, fields = signed(s3)
    host = {"Host": f"lake.localhost:{lakebed.url.rpartition(':')[2]}"}
    files = {"file": ("file.txt", b"body")}
    response = requests.post(lakebed.url, data=fields, files=files, headers=host, timeout=10)
    assert response.status_code == 204
    assert response.headers["Location"] == f"http://{host['Host']}/up%2Ffile.txt"


def test_the_checksum_of_a_form_is_verified(s3):
    form = signed(s3, conditions=[["starts-with", "$x-amz-checksum-crc32", ""]])
    response = send(form, x_amz_checksum_crc32="AAAAAA==")
    assert error(response)[1]["Code"] == "BadDigest"
    right = base64.b64encode(zlib.crc32(b"body").to_bytes(4, "big")).decode()
    assert send(form, x_amz_checksum_crc32=right).status_code == 204


def test_a_form_cannot_write_headers_into_answers(lakebed, s3):
    torn = "https://one.test/\r\nSet-Cookie: a=b"
    fields = version_2(
        {
            "expiration": until(60),
            "conditions": [*HELD, ["starts-with", "$success_action_redirect", ""]],
        },
        key="k",
        success_action_redirect=torn,
    )
    response = send((f"{lakebed.url}/lake", fields))
    assert response.status_code == 303
    assert "Set-Cookie" not in response.headers
    assert response.headers["Location"].startswith("https://one.test/%0D%0ASet-Cookie: a=b?bucket=")


def test_an_object_that_a_form_made_cannot_write_headers_into_a_website(lakebed, s3):
    redirect = {"x-amz-website-redirect-location": "/there\r\nSet-Cookie: a=b"}
    conditions = [*HELD, ["starts-with", "$x-amz-website-redirect-location", ""]]
    fields = version_2({"expiration": until(60), "conditions": conditions}, key="k", **redirect)
    assert send((f"{lakebed.url}/lake", fields)).status_code == 204
    open_to_policies(s3, "lake")
    allowed = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::lake/*",
    }
    s3.put_bucket_policy(Bucket="lake", Policy=json.dumps({"Statement": [allowed]}))
    pages = {"IndexDocument": {"Suffix": "index.html"}}
    s3.put_bucket_website(Bucket="lake", WebsiteConfiguration=pages)
    host = {"Host": "lake.s3-website.localhost"}
    for method in ("GET", "HEAD"):
        url = f"{lakebed.url}/k"
        found = requests.request(method, url, headers=host, allow_redirects=False, timeout=10)
        assert found.status_code == 301
        assert found.headers["Location"] == "/there%0D%0ASet-Cookie: a=b"
    plain = requests.head(s3.generate_presigned_url("head_object", {"Bucket": "lake", "Key": "k"}))
    assert "Set-Cookie" not in plain.headers
