"""That nobody has any signing certificates, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole


def test_a_user_has_none_and_gets_none(iam):
    iam.create_user(UserName="ann")
    listed = whole(iam.list_signing_certificates(UserName="ann"))
    assert listed == {"Certificates": [], "IsTruncated": False}
    refused = error_of(lambda: iam.upload_signing_certificate(UserName="ann", CertificateBody="x"))
    assert refused[0] == "LakebedNotBuilt"
    missing = ("NoSuchEntity", "The user with name bob cannot be found.", 404)
    assert error_of(lambda: iam.list_signing_certificates(UserName="bob")) == missing
