"""Hosts that S3's clients put together before an address, which no name server knows."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def resolving(monkeypatch):
    """Let every host below an address of this machine be the machine."""
    real = socket.getaddrinfo

    def found(host, *arguments, **options):
        name = "127.0.0.1" if str(host).endswith(".127.0.0.1") else host
        return real(name, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
