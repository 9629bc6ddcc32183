"""Encrypted objects: what is asked to be is, on the disk; what was put is what is read."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets

import pytest
from botocore.config import Config

from lakebed.sealing import sealed_file_size
from tests.kept import holding
from tests.services.s3.answers import RECENT, answer, refusal
from tests.services.s3.callers import OTHER, other

PART = 5 << 20
KEY = bytes(range(32))
LARGE = secrets.token_bytes(3 * 65_536 + 17)
BODIES = pytest.mark.parametrize(
    "body", [b"", b"secret", LARGE], ids=["empty", "small", "large"]
)  # fmt: skip
CUSTOMER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": KEY}
SOURCE = {f"CopySource{name}": value for name, value in CUSTOMER.items()}
KEY_MD5 = base64.b64encode(hashlib.md5(KEY).digest()).decode()
# What boto3 makes of a key, for operations whose keys it leaves as they are.
RAW = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": base64.b64encode(KEY).decode(),
    "SSECustomerKeyMD5": KEY_MD5,
}
OTHER_KEY = {**CUSTOMER, "SSECustomerKey": bytes(32)}
NEEDED = (
    400,
    {
        "Code": "InvalidRequest",
        "Message": "The object was stored using a form of Server Side Encryption. The correct "
        "parameters must be provided to retrieve the object.",
    },
)
WRONG = (
    403,
    {
        "Code": "AccessDenied",
        "Message": "Requests specifying Server Side Encryption with Customer provided keys must "
        "provide the correct secret key.",
    },
)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    configuration = {"Rules": [rule]}
    client.put_bucket_encryption(Bucket="lake", ServerSideEncryptionConfiguration=configuration)
    return client


@pytest.fixture
def kms_key(lakebed):
    return lakebed.client("kms").create_key()["KeyMetadata"]["Arn"]


def file_of(lakebed, key="k"):
    return (lakebed.data_dir / "lake" / "lake" / key).read_bytes()


def asked(kind, kms_key):
    """Return what asks for a kind of encryption, and what a reader of it has to bring."""
    if kind == "SSE-C":
        return CUSTOMER, CUSTOMER
    if kind == "aws:kms":
        return {"ServerSideEncryption": kind, "SSEKMSKeyId": kms_key}, {}
    return ({"ServerSideEncryption": kind}, {}) if kind else ({}, {})


def told(kind, kms_key):
    if kind == "SSE-C":
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKeyMD5": KEY_MD5}
    if kind == "aws:kms":
        return {"ServerSideEncryption": kind, "SSEKMSKeyId": kms_key}
    return {"ServerSideEncryption": kind} if kind else {}


KINDS = pytest.mark.parametrize("kind", ["AES256", "aws:kms", "SSE-C"])


@BODIES
@KINDS
def test_what_is_put_is_read_and_is_not_on_the_disk(lakebed, s3, kms_key, kind, body):
    asks, brings = asked(kind, kms_key)
    put = answer(s3.put_object(Bucket="lake", Key="k", Body=body, **asks))
    md5 = f'"{hashlib.md5(body).hexdigest()}"'
    assert (put["ETag"] == md5) == (kind == "AES256")
    assert put.items() >= told(kind, kms_key).items()
    file = file_of(lakebed)
    assert len(file) == sealed_file_size([(len(body), 1)])
    assert not body or body[:6] not in file
    got = answer(s3.get_object(Bucket="lake", Key="k", **brings))
    described = {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": len(body),
        "ETag": put["ETag"],
        "ChecksumCRC32": put["ChecksumCRC32"],
        "ChecksumType": "FULL_OBJECT",
        "ContentType": "binary/octet-stream",
        "Metadata": {},
        **told(kind, kms_key),
    }
    assert got == {**described, "Body": body}
    head = s3.head_object(Bucket="lake", Key="k", ChecksumMode="ENABLED", **brings)
    assert answer(head) == described
    (listed,) = s3.list_objects_v2(Bucket="lake")["Contents"]
    assert (listed["Size"], listed["ETag"]) == (len(body), put["ETag"])


@KINDS
def test_any_range_is_read(s3, kms_key, kind):
    asks, brings = asked(kind, kms_key)
    s3.put_object(Bucket="lake", Key="k", Body=LARGE, **asks)
    for first, last in ((0, 0), (65_535, 65_536), (100, 200_000), (len(LARGE) - 1, len(LARGE) - 1)):
        got = s3.get_object(Bucket="lake", Key="k", Range=f"bytes={first}-{last}", **brings)
        assert got["Body"].read() == LARGE[first : last + 1][: len(LARGE)]


@KINDS
def test_parts_are_encrypted_as_they_come(lakebed, s3, kms_key, kind):
    asks, brings = asked(kind, kms_key)
    upload = {"Bucket": "lake", "Key": "k"}
    begun = s3.create_multipart_upload(**upload, **asks)
    assert begun.items() >= told(kind, kms_key).items()
    upload["UploadId"] = begun["UploadId"]
    bodies, parts = [os.urandom(PART), os.urandom(PART), b"the end"], []
    for number, body in enumerate(bodies, 1):
        for sent in (b"replaced", body):
            part = s3.upload_part(**upload, PartNumber=number, Body=sent, **brings)
        assert part.items() >= told(kind, kms_key).items()
        assert (
            s3.upload_part(**upload, PartNumber=number, Body=body, **brings)["ETag"]
            == (part["ETag"])
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **brings)
    assert len(file_of(lakebed)) == sealed_file_size([(PART, 2), (7, 1)])
    whole = b"".join(bodies)
    got = s3.get_object(Bucket="lake", Key="k", **brings)
    assert (got["Body"].read(), got["ContentLength"]) == (whole, len(whole))
    got = s3.get_object(Bucket="lake", Key="k", PartNumber=3, **brings)
    assert got["Body"].read() == b"the end"
    middle = f"bytes={PART - 1}-{2 * PART}"
    got = s3.get_object(Bucket="lake", Key="k", Range=middle, **brings)
    assert got["Body"].read() == whole[PART - 1 : 2 * PART + 1]


@pytest.mark.parametrize("target", ["", "AES256", "aws:kms", "SSE-C"])
@pytest.mark.parametrize("source", ["", "AES256", "aws:kms", "SSE-C"])
def test_copies_are_made_between_all_kinds(lakebed, s3, kms_key, source, target):
    asks, _ = asked(source, kms_key)
    s3.put_object(Bucket="lake", Key="k", Body=LARGE, **asks)
    wants, brings = asked(target, kms_key)
    opens = SOURCE if source == "SSE-C" else {}
    copied = s3.copy_object(Bucket="lake", Key="c", CopySource="lake/k", **wants, **opens)
    assert copied.items() >= told(target, kms_key).items()
    md5 = f'"{hashlib.md5(LARGE).hexdigest()}"'
    assert (copied["CopyObjectResult"]["ETag"] == md5) == (target in ("", "AES256"))
    assert (file_of(lakebed, "c") == LARGE) == (not target)
    got = s3.get_object(Bucket="lake", Key="c", **brings)
    assert got["Body"].read() == LARGE
    upload = {"Bucket": "lake", "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **wants)["UploadId"]
    span = {"CopySource": "lake/k", "CopySourceRange": "bytes=7-70000"}
    part = s3.upload_part_copy(**upload, PartNumber=1, **span, **brings, **opens)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=parts, **brings)
    got = s3.get_object(Bucket="lake", Key="parts", **brings)
    assert got["Body"].read() == LARGE[7:70_001]


# -- KMS -------------------------------------------------------------------------------------------


def test_without_a_name_it_is_aws_s3_key(lakebed, s3):
    put = s3.put_object(Bucket="lake", Key="k", Body=b"1", ServerSideEncryption="aws:kms")
    found = lakebed.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert put["SSEKMSKeyId"] == found["Arn"]
    assert found["KeyManager"] == "AWS"
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"1"


def test_a_key_that_cannot_be_used_is_said_as_kms_says_it(lakebed, s3, kms_key):
    kms = lakebed.client("kms")
    put = {"Bucket": "lake", "Key": "k", "Body": b"1", "ServerSideEncryption": "aws:kms"}
    assert refusal(s3.put_object, **put, SSEKMSKeyId="fake-key-id") == (
        400,
        {"Code": "KMS.NotFoundException", "Message": "Invalid keyId 'fake-key-id'"},
    )
    s3.put_object(**put, SSEKMSKeyId=kms_key)
    kms.disable_key(KeyId=kms_key)
    disabled = (400, {"Code": "KMS.DisabledException", "Message": f"{kms_key} is disabled."})
    assert refusal(s3.get_object, Bucket="lake", Key="k") == disabled
    assert refusal(s3.put_object, **put, SSEKMSKeyId=kms_key) == disabled
    assert s3.head_object(Bucket="lake", Key="k")["SSEKMSKeyId"] == kms_key
    kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
    error = refusal(s3.get_object, Bucket="lake", Key="k")[1]
    assert error["Code"] == "KMS.KMSInvalidStateException"


def test_a_context_of_the_clients_binds_too(s3, kms_key):
    context = base64.b64encode(b'{"team": "fog"}').decode()
    put = {"Bucket": "lake", "Key": "k", "Body": b"1", "ServerSideEncryption": "aws:kms"}
    made = s3.put_object(**put, SSEKMSKeyId=kms_key, SSEKMSEncryptionContext=context)
    assert made["SSEKMSEncryptionContext"] == context
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"1"
    assert refusal(s3.put_object, **put, SSEKMSEncryptionContext="e30") == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded "
            "UTF-8 string holding JSON which represents a string-string map",
            "ArgumentName": "x-amz-server-side-encryption-context",
            "ArgumentValue": "e30",
        },
    )


def test_who_may_not_use_the_key_does_not_read_the_object(lakebed, s3, kms_key):
    everybody = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": '
        f'"{OTHER}"}}, "Action": "s3:*", "Resource": "arn:aws:s3:::lake/*"}}]}}'
    )
    s3.put_bucket_policy(Bucket="lake", Policy=everybody)
    asks, _ = asked("aws:kms", kms_key)
    s3.put_object(Bucket="lake", Key="k", Body=b"1", **asks)
    s3.put_object(Bucket="lake", Key="plain", Body=b"1")
    guest = other(lakebed)
    assert guest.get_object(Bucket="lake", Key="plain")["Body"].read() == b"1"
    status, error = refusal(guest.get_object, Bucket="lake", Key="k")
    assert (status, error["Code"]) == (403, "AccessDenied")
    assert "kms:Decrypt" in error["Message"]
    assert refusal(guest.put_object, Bucket="lake", Key="g", Body=b"1", **asks)[0] == 403
    allows = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    principal = {"AWS": ["arn:aws:iam::000000000000:root", f"arn:aws:iam::{OTHER}:root"]}
    policy = {"Version": "2012-10-17", "Statement": [{**allows, "Principal": principal}]}
    lakebed.client("kms").put_key_policy(KeyId=kms_key, Policy=json.dumps(policy))
    assert guest.get_object(Bucket="lake", Key="k")["Body"].read() == b"1"


# -- customers' keys -------------------------------------------------------------------------------


def test_a_customers_key_is_needed_for_every_look(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"body", **CUSTOMER)
    named = {"Bucket": "lake", "Key": "k"}
    assert refusal(s3.get_object, **named) == NEEDED
    assert refusal(s3.get_object, **named, **OTHER_KEY) == WRONG
    attributes = {**named, "ObjectAttributes": ["ObjectSize"]}
    assert refusal(s3.get_object_attributes, **attributes) == NEEDED
    assert s3.get_object_attributes(**attributes, **RAW)["ObjectSize"] == 4
    assert refusal(s3.head_object, **named)[0] == 400
    assert refusal(s3.head_object, **named, **OTHER_KEY)[0] == 403
    copy = {"Bucket": "lake", "Key": "c", "CopySource": "lake/k"}
    assert refusal(s3.copy_object, **copy) == NEEDED
    s3.put_object(Bucket="lake", Key="plain", Body=b"body")
    assert refusal(s3.get_object, Bucket="lake", Key="plain", **CUSTOMER) == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "The encryption parameters are not applicable to this object.",
        },
    )
    s3.delete_object(**named)


def test_the_key_of_an_upload_is_needed_for_its_parts(s3):
    for asks, brings in (({}, CUSTOMER), (CUSTOMER, {})):
        upload = {"Bucket": "lake", "Key": "k"}
        upload["UploadId"] = s3.create_multipart_upload(**upload, **asks)["UploadId"]
        assert refusal(s3.upload_part, **upload, PartNumber=1, Body=b"1", **brings) == (
            400,
            {
                "Code": "InvalidRequest",
                "Message": "The multipart upload initiate requested encryption. Subsequent part "
                "requests must include the appropriate encryption parameters.",
            },
        )
    assert refusal(s3.upload_part, **upload, PartNumber=1, Body=b"1", **OTHER_KEY) == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "The provided encryption parameters did not match the ones used originally.",
        },
    )


def test_what_is_no_encryption_is_refused(s3):
    header = "x-amz-server-side-encryption"
    start = (
        "Requests specifying Server Side Encryption with Customer provided keys must provide "
    )  # fmt: skip
    kms = (
        "Server Side Encryption with AWS KMS managed key requires HTTP header "
        "x-amz-server-side-encryption : aws:kms"
    )
    for given, code, message, value in (
        (
            {**CUSTOMER, "ServerSideEncryption": "AES256"},
            "InvalidArgument",
            "Server Side Encryption with Customer provided key is incompatible with the encryption "
            "method specified",
            "AES256",
        ),
        (
            {**CUSTOMER, "SSECustomerAlgorithm": "KMS"},
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
            "KMS",
        ),
        (
            {"SSECustomerKey": KEY},
            "InvalidArgument",
            start + "a valid encryption algorithm.",
            None,
        ),
        (
            {"SSECustomerAlgorithm": "AES256"},
            "InvalidArgument",
            start + "an appropriate secret key.",
            None,
        ),
        (
            {**CUSTOMER, "SSECustomerKey": b"short"},
            "InvalidArgument",
            "The secret key was invalid for the specified algorithm.",
            None,
        ),
        (
            {**RAW, "SSECustomerKeyMD5": "AAAAAAAAAAAAAAAAAAAAAA=="},
            "InvalidArgument",
            "The calculated MD5 hash of the key did not match the hash that was provided.",
            None,
        ),
        (
            {"ServerSideEncryption": "rot13"},
            "InvalidArgument",
            "The encryption method specified is not supported",
            "rot13",
        ),
        ({"SSEKMSKeyId": "k"}, "InvalidArgument", kms, ""),
        ({"SSEKMSKeyId": "k", "ServerSideEncryption": "AES256"}, "InvalidArgument", kms, "AES256"),
    ):
        members = {"Code": code, "Message": message, "ArgumentName": header}
        wanted = (400, members if value is None else {**members, "ArgumentValue": value})
        for call in (s3.put_object, s3.create_multipart_upload):
            status, error = refusal(call, Bucket="lake", Key="k", **given)
            if value == "":
                error["ArgumentValue"] = error["ArgumentValue"] or ""
            assert (status, error) == wanted


def test_a_file_that_a_hand_has_changed_is_an_error_and_no_plain_object(lakebed, s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"secret", ServerSideEncryption="AES256")
    (lakebed.data_dir / "lake" / "lake" / "k").write_bytes(b"by hand")
    client = lakebed.client("s3")
    status, error = refusal(client.get_object, Bucket="lake", Key="k")
    assert (status, error["Code"]) == (500, "InternalError")
    assert "lakebed fsck" in error["Message"]
    s3.put_object(Bucket="lake", Key="k", Body=b"anew")
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"anew"


def test_versions_keep_their_own_encryption(s3, kms_key):
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    versions = {}
    for kind in ("AES256", "", "aws:kms", "SSE-C"):
        asks, brings = asked(kind, kms_key)
        body = kind.encode()
        versions[kind] = s3.put_object(Bucket="lake", Key="k", Body=body, **asks)["VersionId"]
    for kind, version in versions.items():
        brings = asked(kind, kms_key)[1]
        got = s3.get_object(Bucket="lake", Key="k", VersionId=version, **brings)
        assert got["Body"].read() == kind.encode()
    for kind in ("SSE-C", "aws:kms", ""):
        s3.delete_object(Bucket="lake", Key="k", VersionId=versions[kind])
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"AES256"


def test_encrypted_objects_outlive_a_restart_and_their_tags_change(lakebed, s3):
    s3.put_object(Bucket="lake", Key="k", Body=LARGE, ServerSideEncryption="AES256")
    s3.put_object_tagging(
        Bucket="lake", Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )  # fmt: skip
    got = s3.get_object(Bucket="lake", Key="k")
    assert (got["Body"].read(), got["TagCount"]) == (LARGE, 1)


def test_a_part_has_its_uploads_checksum_though_it_came_with_another_or_none(lakebed, s3):
    plain = lakebed.client("s3", config=Config(request_checksum_calculation="when_required"))
    upload = {"Bucket": "lake", "Key": "k"}
    asks = {"ServerSideEncryption": "AES256", "ChecksumAlgorithm": "CRC32C"}
    begun = s3.create_multipart_upload(**upload, **asks, ChecksumType="FULL_OBJECT")
    upload["UploadId"] = begun["UploadId"]
    part = plain.upload_part(**upload, PartNumber=1, Body=b"hello")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    done = s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert done["ChecksumCRC32C"] == "mnG7TA=="
    got = s3.get_object(Bucket="lake", Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello"


def test_no_log_has_a_customers_key(lakebed, s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"1", **CUSTOMER)
    s3.get_object(Bucket="lake", Key="k", **CUSTOMER)
    key = base64.b64encode(KEY)
    assert holding(lakebed.data_dir, key, KEY) == []


def test_the_key_of_an_upload_with_a_checksum_is_needed_for_its_completion(s3):
    upload = {"Bucket": "lake", "Key": "k"}
    begun = s3.create_multipart_upload(**upload, **CUSTOMER, ChecksumAlgorithm="CRC32")
    upload["UploadId"] = begun["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"1", **CUSTOMER)
    sent = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}
    done = {**upload, "MultipartUpload": {"Parts": [sent]}}
    status, error = refusal(s3.complete_multipart_upload, **done)
    assert (status, error["Code"]) == (400, "InvalidRequest")
    assert refusal(s3.complete_multipart_upload, **done, **OTHER_KEY)[0] == 400
    s3.complete_multipart_upload(**done, **CUSTOMER)
    assert s3.get_object(Bucket="lake", Key="k", **CUSTOMER)["Body"].read() == b"1"


def test_readers_do_not_ask_for_encryption(lakebed, s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"1")
    reader = lakebed.client("s3", config=Config(retries={"max_attempts": 1}))
    header = "x-amz-server-side-encryption"
    reader.meta.events.register(
        "before-call.s3", lambda params, **_: params["headers"].update({header: "AES256"})
    )
    assert refusal(reader.get_object, Bucket="lake", Key="k") == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": f"{header} header is not supported for this operation.",
            "ArgumentName": header,
            "ArgumentValue": "AES256",
        },
    )
    assert refusal(reader.head_object, Bucket="lake", Key="k")[0] == 400
    assert refusal(reader.list_objects_v2, Bucket="lake")[0] == 400
