"""Clients of AWS's services; a job's environment says where they are and who we are."""

from __future__ import annotations

import importlib
from typing import Any

_boto3: Any = importlib.import_module("boto3")


def client(service: str) -> Any:
    """Return a client of a service."""
    return _boto3.client(service)
