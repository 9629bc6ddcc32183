"""Asks a server for what only its owner may."""

from __future__ import annotations

import json
import urllib.request


def owner(server, page, **request):
    """Ask a server for one of its owner's pages."""
    said = json.loads((server.data_dir / "state" / "server.json").read_text())
    asked = urllib.request.Request(
        f"{said['url']}/_lakebed/{page}",
        json.dumps(request).encode(),
        {"Authorization": f"Bearer {said['token']}"},
        method="POST",
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)
