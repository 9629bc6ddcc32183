"""A small OpenID Connect provider on loopback: its documents, and tokens that it signs."""

from __future__ import annotations

import base64
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size):
    return b64(value.to_bytes(size, "big"))


class Issuer:
    """Keys by name, the documents by path (change them to be a bad one), how often it was asked."""

    def __init__(self, url):
        self.url = url
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.curve = ec.generate_private_key(ec.SECP256R1())
        self.asked = []
        numbers, point = (one.public_key().public_numbers() for one in (self.rsa, self.curve))
        rsa_key = {"kid": "r", "kty": "RSA", "alg": "RS256", "use": "sig"}
        rsa_key |= {"n": number(numbers.n, 256), "e": "AQAB"}
        curve_key = {"kid": "e", "kty": "EC", "crv": "P-256"}
        curve_key |= {"x": number(point.x, 32), "y": number(point.y, 32)}
        self.documents = {
            "/.well-known/openid-configuration": {"issuer": url, "jwks_uri": f"{url}/keys"},
            "/keys": {"keys": [{"kty": "oct"}, "none", rsa_key, curve_key]},
        }

    def token(self, algorithm="RS256", header=None, **claims):
        """Return a signed token of Ann's; a claim of None is left out."""
        now = int(time.time())
        whole = {"iss": self.url, "sub": "ann", "aud": "lake", "iat": now, "exp": now + 60}
        whole = {key: one for key, one in (whole | claims).items() if one is not None}
        head = {"alg": algorithm, "kid": "r" if algorithm == "RS256" else "e"} | (header or {})
        signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(whole).encode())}"
        return f"{signed}.{b64(self._signature(algorithm, signed.encode()))}"

    def _signature(self, algorithm, signed):
        if algorithm == "RS256":
            return self.rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        parts = utils.decode_dss_signature(self.curve.sign(signed, ec.ECDSA(hashes.SHA256())))
        return b"".join(one.to_bytes(32, "big") for one in parts)


@contextmanager
def serving():
    """Serve a provider's documents until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            issuer.asked.append(self.path)
            found = issuer.documents.get(self.path)
            if isinstance(found, str):
                self.send_response(302)
                self.send_header("Location", found)
                data = b""
            else:
                self.send_response(404 if found is None else 200)
                data = json.dumps(found).encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
