"""Statements that write files: CREATE TABLE AS, INSERT INTO, UNLOAD."""

from __future__ import annotations
