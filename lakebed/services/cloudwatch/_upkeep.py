"""What the clock does to metrics: what is too old goes, and a bound is kept."""

from __future__ import annotations

from lakebed.core.metric_limits import METRIC_BLOCKS_MAX, METRIC_BLOCKS_SLICE, METRICS_MAX
from lakebed.services.cloudwatch.model import BLOCK_SECONDS, BLOCKS, KEPT_SECONDS, METRICS
from lakebed.store import Range, Scope


def expire(scope: Scope, now: float) -> int:
    """Delete a few blocks and metrics that nobody can ask for any more; 0 if there are none."""
    for span, seconds in KEPT_SECONDS.items():
        oldest = int(now) - seconds - BLOCK_SECONDS[span]
        count = _delete(scope, Range((span,), end=(oldest,), index="by_begin"))
        if count:
            return count
    longest = max(KEPT_SECONDS.values())
    return _forget(scope, Range(end=(int(now) - longest,), index="by_last"))


def is_too_much(
    scope: Scope, metrics_max: int = METRICS_MAX, blocks_max: int = METRIC_BLOCKS_MAX
) -> tuple[bool, bool]:
    """Tell whether there are more metrics, and more blocks, than may be kept. For a thread."""
    metrics = scope.store.count(METRICS.layout, ())
    return metrics > metrics_max, scope.store.count(BLOCKS.layout, ()) > blocks_max


def trim(scope: Scope, *, metrics: bool, blocks: bool) -> int:
    """Delete a few of the metrics written to least recently, or of the oldest finest blocks."""
    if metrics:
        return _forget(scope, Range(index="by_last"))
    if blocks:
        for span in KEPT_SECONDS:
            count = _delete(scope, Range((span,), index="by_begin"))
            if count:
                return count
    return 0


def _delete(scope: Scope, span: Range) -> int:
    some = Range(span.prefix, end=span.end, limit=METRIC_BLOCKS_SLICE, index=span.index)
    blocks = list(BLOCKS.scan(scope, some))
    for block in blocks:
        BLOCKS.delete(scope, block.metric, block.span, block.begin)
    return len(blocks)


def _forget(scope: Scope, span: Range) -> int:
    """Delete one metric, with whatever blocks it has."""
    metrics = list(METRICS.scan(scope, Range(end=span.end, limit=1, index=span.index)))
    for metric in metrics:
        BLOCKS.delete_range(scope, Range((metric.id,)))
        METRICS.delete(
            scope, metric.account, metric.region, metric.namespace, metric.name, metric.dimensions
        )
    return len(metrics)
