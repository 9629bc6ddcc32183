"""TLS: a certificate the owner gives, or one of our own making, and what clients need to trust it.

Ours is issued by an authority that lives in the data folder, so that what clients were told to
trust (`state/tls/ca.pem`) stays when the certificate is renewed.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import logging
import os
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.core.settings import Settings
from lakebed.gateway.hosts import domains_of

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

log = logging.getLogger("lakebed")

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 397
"""Browsers take no longer ones."""
RENEWAL_DAYS = 30
CHECK_SECONDS = 86_400.0
_UNSPECIFIED = ("0.0.0.0", "::")


class TlsError(Exception):
    """There is no TLS with these settings; the message says what to do."""


class Files(msgspec.Struct, frozen=True):
    """A certificate with those that issued it, its key, and what a client must trust."""

    certificate: Path
    key: Path
    authority: Path


def is_on(settings: Settings) -> bool:
    """Say whether the server speaks TLS."""
    return settings.tls or bool(settings.tls_certificate)


def files_of(settings: Settings) -> Files:
    """Return where the certificate is, given or our own; ours may not be made yet."""
    if settings.tls_certificate:
        certificate = Path(settings.tls_certificate)
        return Files(certificate, Path(settings.tls_key or certificate), certificate)
    if settings.tls_key:
        raise TlsError("tls_key is given without tls_certificate: give both")
    folder = settings.state_dir / "tls"
    return Files(folder / "certificate.pem", folder / "key.pem", folder / "ca.pem")


def url_of(settings: Settings, port: int) -> str:
    """Return the URL of the server at a port."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if is_on(settings) else 'http'}://{host}:{port}"


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """Return what the server's sockets need, None without TLS; makes a certificate if it must."""
    if not is_on(settings):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2", "http/1.1"])
    _load(settings, context)
    return context


def _load(settings: Settings, context: ssl.SSLContext) -> None:
    files = files_of(settings)
    if not settings.tls_certificate:
        _renew_if_due(settings, files)
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(
            f"the certificate {files.certificate} with the key {files.key} cannot be used: {error}"
        ) from None


async def keep_fresh(settings: Settings, context: ssl.SSLContext) -> None:
    """Take in the certificate anew each day: ours is renewed in time, others' may have been."""
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            await asyncio.to_thread(_load, settings, context)
        except TlsError as error:
            log.warning("%s; the one from before is used still", error)


def client_context(settings: Settings) -> ssl.SSLContext | None:
    """Return what our own commands need to reach the server of this folder, None without TLS."""
    files = files_of(settings)
    if not is_on(settings) and not files.authority.exists():
        return None
    context = ssl.create_default_context(cafile=files.authority)
    # It is told by the certificate itself, whoever issued it and wherever the server listens.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


# -- our own certificate ----------------------------------------------------------------------


def _renew_if_due(settings: Settings, files: Files) -> None:
    """Make the certificate and its authority, where they are missing, end soon or do not fit."""
    from cryptography import x509

    files.certificate.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = _names(settings)
    authority_key = files.authority.with_name("ca-key.pem")
    authority = _read_certificate(files.authority)
    is_renewed = authority is None or not authority_key.exists() or _ends_soon(authority)
    if is_renewed:
        authority = _make_authority(files.authority, authority_key)
    found = _read_certificate(files.certificate)
    if not is_renewed and found is not None and files.key.exists() and not _ends_soon(found):
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        if set(names) <= set(extension.value):
            return
    assert authority is not None
    _make_certificate(files, names, authority, authority_key)


def _names(settings: Settings) -> list[x509.GeneralName]:
    from cryptography import x509

    hosts = ["localhost", "*.localhost", "*.s3.localhost", "127.0.0.1", "::1"]
    hosts.append(socket.gethostname() if settings.host in _UNSPECIFIED else settings.host)
    for domain in domains_of(settings.s3_domain):
        hosts += [domain, f"*.{domain}"]
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _read_certificate(path: Path) -> x509.Certificate | None:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _ends_soon(certificate: x509.Certificate) -> bool:
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left < datetime.timedelta(days=RENEWAL_DAYS)


def _make_authority(path: Path, key_path: Path) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("lakebed of this machine")
    usage = _usage(signs_certificates=True)
    certificate = _sign(
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True),
        key,
        key,
    )
    _write(key_path, _key_bytes(key))
    _write(path, _pem(certificate))
    return certificate


def _make_certificate(
    files: Files, names: list[x509.GeneralName], authority: x509.Certificate, authority_key: Path
) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    issuer = serialization.load_pem_private_key(authority_key.read_bytes(), None)
    assert isinstance(issuer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name("lakebed")
    certificate = _sign(
        _builder(subject, authority.subject, key.public_key(), CERTIFICATE_DAYS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False),
        issuer,
        key,
    )
    _write(files.key, _key_bytes(key))
    _write(files.certificate, _pem(certificate) + _pem(authority))


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, days: int) -> Any:
    from cryptography import x509

    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # A clock that is a little slow must not make it invalid.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    builder: Any, issuer: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Sign a certificate and name both keys in it, as strict clients demand."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    signed: x509.Certificate = (
        builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
        .sign(issuer, hashes.SHA256())
    )
    return signed


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file that nobody else can read, whole or not at all."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)
