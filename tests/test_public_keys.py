"""Public keys in others' forms: who signed is told, and who did not."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from lakebed.public_keys import PublicKeyError, is_signed, unpadded

SIGNED = b"header.claims"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def rsa_web_key(key):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}


@pytest.mark.parametrize("bits", [256, 384, 512])
def test_rsa_signatures(rsa_key, bits):
    digest = getattr(hashes, f"SHA{bits}")()
    signature = rsa_key.sign(SIGNED, padding.PKCS1v15(), digest)
    key = rsa_web_key(rsa_key)
    assert is_signed(key, f"RS{bits}", SIGNED, signature)
    assert not is_signed(key, f"RS{bits}", SIGNED + b"x", signature)
    assert not is_signed(key, "RS256" if bits != 256 else "RS384", SIGNED, signature)


@pytest.mark.parametrize(
    ("algorithm", "name", "curve", "bits"),
    [("ES256", "P-256", ec.SECP256R1, 256), ("ES384", "P-384", ec.SECP384R1, 384),
     ("ES512", "P-521", ec.SECP521R1, 512)],
)  # fmt: skip
def test_curve_signatures(algorithm, name, curve, bits):
    private = ec.generate_private_key(curve())
    size = (private.key_size + 7) // 8
    numbers = private.public_key().public_numbers()
    x, y = (b64(one.to_bytes(size, "big")) for one in (numbers.x, numbers.y))
    key = {"kty": "EC", "crv": name, "x": x, "y": y}
    der = private.sign(SIGNED, ec.ECDSA(getattr(hashes, f"SHA{bits}")()))
    r, s = utils.decode_dss_signature(der)
    signature = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    assert is_signed(key, algorithm, SIGNED, signature)
    assert not is_signed(key, algorithm, SIGNED + b"x", signature)
    assert not is_signed(key, algorithm, SIGNED, der)
    with pytest.raises(PublicKeyError):
        is_signed({**key, "x": y}, algorithm, SIGNED, signature)


def test_a_key_signs_only_as_it_may(rsa_key):
    key = rsa_web_key(rsa_key)
    for algorithm in ("none", "HS256", "ES256", "PS256", ""):
        with pytest.raises(PublicKeyError):
            is_signed(key, algorithm, SIGNED, b"x")
    for changed in ({"alg": "RS512"}, {"kty": "EC"}, {"n": "AQAB"}, {"e": None}, {"n": "%"}):
        with pytest.raises(PublicKeyError):
            is_signed({**key, **changed}, "RS256", SIGNED, b"x")
    assert is_signed({**key, "alg": "RS256"}, "RS256", SIGNED, b"x") is False


def test_base64url_has_no_padding():
    assert unpadded("-_8") == b"\xfb\xff"
    for wrong in ("", "a=", "+/", "a", None, "é"):
        with pytest.raises(PublicKeyError):
            unpadded(wrong)
