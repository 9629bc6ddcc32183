"""What destinations are shown that lies in Secrets Manager.

https://docs.aws.amazon.com/firehose/latest/dev/secrets-manager-whats-secret.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.firehose import _roles
from lakebed.services.firehose._objects import DeliveryError, Target


async def members(target: Target, names: Sequence[str]) -> list[str] | None:
    """Return members of a stream's secret, read as its role; None without a secret."""
    destination = target.stream.destination
    secrets: Mapping[str, Any] = destination.get("SecretsManagerConfiguration") or {}
    if not secrets.get("Enabled"):
        return None
    role = secrets.get("RoleARN") or destination["RoleARN"]

    def read(ctx: Context) -> list[str]:
        ctx = _roles.role_context(ctx, role)
        found = ctx.aws.secretsmanager.get_secret_value({"SecretId": secrets["SecretARN"]})
        known = json.loads(found.get("SecretString", ""))
        return [str(known[name]) for name in names]

    try:
        return await target.caller.write(read)
    except AwsError as error:
        raise DeliveryError(f"SecretsManager.{error.code}", error.message) from error
    except (ValueError, LookupError, TypeError) as error:
        listed = " and ".join(f'"{name}"' for name in names)
        message = f"The secret is not a JSON object with the member {listed}."
        raise DeliveryError("SecretsManager.InvalidSecretValue", message) from error
