"""The secure way: a server's certificate is checked against the connection's own authority."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import pwd

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lakebed.engines import jdbc
from lakebed.engines.jdbc import Endpoint, JdbcError, Login
from tests import databases

LATER = datetime.timedelta(days=1)


def certificate(host: str) -> tuple[bytes, bytes]:
    """Return a certificate that signs itself, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - LATER)
        .not_valid_after(now + LATER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return made.public_bytes(pem), key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority, key = certificate("127.0.0.1")
    for parent in (folder, *folder.parents):
        with contextlib.suppress(PermissionError):
            parent.chmod(parent.stat().st_mode | 0o011)
    for name, text in (("certificate", authority), ("key", key)):
        (folder / name).write_bytes(text)
        (folder / name).chmod(0o600)
        if os.geteuid() == 0:
            os.chown(folder / name, pwd.getpwnam("postgres").pw_uid, -1)
    return folder, authority.decode()


@pytest.mark.slow
@pytest.mark.parametrize("product", ["postgresql", "mysql"])
def test_a_certificate_of_the_authority_and_of_the_host_is_asked_for(files, product):
    folder, authority = files
    paths = folder / "certificate", folder / "key"
    if product == "postgresql":
        started = databases.postgres(
            "ssl=on", *map("ssl_{}_file={}".format, ("cert", "key"), paths)
        )
    else:
        started = databases.maria(*map("--ssl-{}={}".format, ("cert", "key"), paths))
    with started as server:
        user, password = ("postgres", "postgres") if product == "postgresql" else ("root", "")
        where = Endpoint(product, "127.0.0.1", server.port, "mysql" if user == "root" else user)
        trusting = Login(user, password, enforces_tls=True, authority=authority)
        jdbc.connect(where, trusting).close()
        other, _ = certificate("127.0.0.1")
        for login, host in (
            (Login(user, password, enforces_tls=True, authority=other.decode()), where.host),
            (Login(user, password, enforces_tls=True), where.host),
            (trusting, "localhost"),
        ):
            with pytest.raises(JdbcError):
                jdbc.connect(Endpoint(product, host, where.port, where.database), login)
        with pytest.raises(JdbcError, match="certificate of the connection cannot be read"):
            jdbc.connect(where, Login(user, password, enforces_tls=True, authority="rubbish"))
