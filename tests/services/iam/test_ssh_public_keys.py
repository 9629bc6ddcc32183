"""SSH public keys of users, by boto3."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole


def line_of(key):
    encoding, shape = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(encoding, shape).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


def test_a_key_is_kept_and_shown_both_ways(iam, key):
    iam.create_user(UserName="ann")
    line = line_of(key) + " ann@home"
    made = iam.upload_ssh_public_key(UserName="ann", SSHPublicKeyBody=line)["SSHPublicKey"]
    id = made["SSHPublicKeyId"]
    shown = {"UserName": "ann", "SSHPublicKeyId": id, "Status": "Active", "UploadDate": "TIME"}
    print_ = made["Fingerprint"]
    assert (id[:4], print_.count(":")) == ("APKA", 15)
    assert whole(made) == {**shown, "SSHPublicKeyBody": line, "Fingerprint": print_}
    assert whole(iam.list_ssh_public_keys(UserName="ann")) == {
        "SSHPublicKeys": [shown], "IsTruncated": False,
    }  # fmt: skip
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    get = {"UserName": "ann", "SSHPublicKeyId": id}
    found = iam.get_ssh_public_key(**get, Encoding="PEM")["SSHPublicKey"]
    assert found["SSHPublicKeyBody"] == pem.decode()
    again = {"UserName": "ann", "SSHPublicKeyBody": pem.decode()}
    assert error_of(lambda: iam.upload_ssh_public_key(**again)) == (
        "DuplicateSSHPublicKey", "The SSH public key is already associated with the user.", 400,
    )  # fmt: skip
    assert error_of(lambda: iam.delete_user(UserName="ann"))[0] == "DeleteConflict"
    iam.update_ssh_public_key(**get, Status="Inactive")
    assert iam.get_ssh_public_key(**get, Encoding="SSH")["SSHPublicKey"]["Status"] == "Inactive"
    iam.delete_ssh_public_key(**get)
    assert error_of(lambda: iam.delete_ssh_public_key(**get)) == (
        "NoSuchEntity", f"The Public Key with id {id} cannot be found.", 404,
    )  # fmt: skip


def test_what_is_no_rsa_key_is_refused(iam):
    iam.create_user(UserName="ann")
    for body in ("ssh-rsa x", "hello", line_of(ed25519.Ed25519PrivateKey.generate())):
        wrong = {"UserName": "ann", "SSHPublicKeyBody": body}
        assert error_of(lambda wrong=wrong: iam.upload_ssh_public_key(**wrong)) == (
            "InvalidPublicKey", "The SSH public key is not valid.", 400,
        )  # fmt: skip
