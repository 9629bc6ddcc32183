"""When an object expires, as those who write and read it are told."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from lakebed.context import Context
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._lifecycle_run import Judge, due_at
from lakebed.services.s3._settings import LIFECYCLE, setting_of
from lakebed.services.s3.model import Bucket


def shown_expiration(ctx: Context, bucket: Bucket, found: StoredObject) -> dict[str, str]:
    """Return when the current object of a key expires and by which rule; nothing if it does not.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html#API_HeadObject_ResponseSyntax
    """
    if setting_of(ctx, bucket.name, LIFECYCLE) is None:
        return {}
    judge = Judge.of(ctx, bucket.name, ctx.clock.now())
    ends: list[tuple[float, str]] = []
    for rule in judge.rules:
        if not judge.matches(rule, found):
            continue
        if rule.expiration_days is not None:
            ends.append((due_at(found.last_modified, rule.expiration_days), rule.id))
        if rule.expiration_date is not None:
            ends.append((rule.expiration_date, rule.id))
    if not ends:
        return {}
    moment, rule_id = min(ends)
    date = format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)
    return {"Expiration": f'expiry-date="{date}", rule-id="{quote(rule_id, safe="")}"'}
