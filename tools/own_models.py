"""What AWS serves and botocore's model of a service lacks, in botocore's form.

`models/SERVICE.additions.json` has operations and shapes; glue's NotifyEvent, which EventBridge
calls, is known by its permission, and by CloudTrail's records of it.
"""

from __future__ import annotations

import json
from pathlib import Path

from tools.operations import Json, load_model

_MODELS = Path(__file__).parent / "models"


def load_whole_model(service: str) -> Json:
    """Return the model of a service with our additions."""
    model = load_model(service)
    path = _MODELS / f"{service}.additions.json"
    if not path.exists():
        return model
    added: Json = json.loads(path.read_text("utf-8"))
    return {**model, **{part: {**model[part], **more} for part, more in added.items()}}
