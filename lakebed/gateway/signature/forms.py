"""Who signed a POST form: its policy is the text that is signed, in either version.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping

from msgspec.structs import replace

from lakebed.core.errors import AwsError
from lakebed.gateway.signature import canonical
from lakebed.gateway.signature.authenticate import UNSIGNED_PAYLOAD, Identity, SecretFor
from lakebed.gateway.signature.refusals import CREDENTIAL_FORM, S3_HEADER

POST = "POST"
_TIME = re.compile(r"\d{8}T(?:[01]\d|2[0-3])[0-5]\d[0-5]\dZ", re.ASCII)
_VERSION_4 = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "Policy")
_VERSION_2 = ("AWSAccessKeyId", "Signature", "Policy")


def missing_field(name: str) -> AwsError:
    """Return S3's answer for a form that lacks a field, or has it behind the file."""
    message = (
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the "
        "order of the fields."
    )
    return _invalid(message, name, "")


def authenticate_form(fields: Mapping[str, str], secret_for: SecretFor) -> Identity | None:
    """Return who signed a form, None if nobody did; AWS's error for a signature that is wrong."""
    if _is_begun(fields, _VERSION_4):
        return replace(_version_4(fields, secret_for), auth_type=POST)
    if _is_begun(fields, _VERSION_2):
        return replace(_version_2(fields, secret_for), auth_type=POST)
    return None


def _is_begun(fields: Mapping[str, str], names: tuple[str, ...]) -> bool:
    """Tell whether a form has one of the fields of a version; its policy alone says nothing."""
    found = [name for name in names if name.lower() in fields]
    if not found or found == ["Policy"]:
        return False
    for name in names:
        if name.lower() not in fields:
            raise missing_field(name)
    return True


def _version_4(fields: Mapping[str, str], secret_for: SecretFor) -> Identity:
    if fields["x-amz-algorithm"] != canonical.ALGORITHM:
        # Remembered: S3's sentence is not known.
        message = 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'
        raise _invalid(message, "X-Amz-Algorithm", fields["x-amz-algorithm"])
    credential = fields["x-amz-credential"]
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or not parts[0] or parts[4] != "aws4_request":
        raise _invalid(CREDENTIAL_FORM, "X-Amz-Credential", credential)
    access_key, date, region, service, _ = parts
    if service != "s3":
        message = f'incorrect service "{service}". This endpoint belongs to "s3".'
        raise _invalid(message, "X-Amz-Credential", credential)
    if fields["x-amz-date"][:8] != date:
        message = (
            f'Invalid credential date "{date}". This date is not the same as X-Amz-Date: '
            f'"{fields["x-amz-date"][:8]}".'
        )
        raise _invalid(message, "X-Amz-Credential", credential)
    if not _TIME.fullmatch(fields["x-amz-date"]):
        message = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        raise _invalid(message, "X-Amz-Date", fields["x-amz-date"])
    key = canonical.signing_key(_secret(secret_for, access_key), date, region, "s3")
    signature = fields["x-amz-signature"]
    _compare(canonical.sign(key, fields["policy"]), signature, access_key, fields["policy"])
    scope = f"{date}/{region}/s3/aws4_request"
    signed_at = fields["x-amz-date"]
    return Identity(access_key, "s3", region, UNSIGNED_PAYLOAD, signature, key, signed_at, scope)


def _version_2(fields: Mapping[str, str], secret_for: SecretFor) -> Identity:
    """Verify a form of version 2, which names no region; URLs of that version are taken, too."""
    access_key, signature = fields["awsaccesskeyid"], fields["signature"]
    secret = _secret(secret_for, access_key)
    digest = hmac.digest(secret.encode(), fields["policy"].encode("latin-1", "replace"), "sha1")
    expected = base64.b64encode(digest).decode("ascii")
    _compare(expected, signature, access_key, fields["policy"])
    return Identity(access_key, "s3", "us-east-1", UNSIGNED_PAYLOAD, signature, b"", "", "")


def _secret(secret_for: SecretFor, access_key: str) -> str:
    secret = secret_for(access_key)
    if secret is None:
        raise S3_HEADER.unknown_key(access_key)
    return secret


def _compare(expected: str, signature: str, access_key: str, policy: str) -> None:
    if signature.isascii() and hmac.compare_digest(expected, signature):
        return
    message = (
        "The request signature we calculated does not match the signature you provided. Check "
        "your key and signing method."
    )
    members = {
        "AWSAccessKeyId": access_key,
        "StringToSign": policy,
        "SignatureProvided": signature,
        "StringToSignBytes": policy.encode("utf-8", "replace").hex(" "),
    }
    raise AwsError("SignatureDoesNotMatch", message, 403, members)


def _invalid(message: str, name: str, value: str) -> AwsError:
    members = {"ArgumentName": name, "ArgumentValue": value}
    return AwsError("InvalidArgument", message, 400, members)
