"""Enhanced monitoring: which metrics of its shards a stream asks for.

The choice is kept and shown; metrics themselves are CloudWatch's, which is not built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from lakebed.context import Context
from lakebed.services.kinesis._streams import active
from lakebed.services.kinesis.model import STREAMS, Metric, Stream, replace

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes

_ALL: tuple[Metric, ...] = get_args(Metric)[:-1]


def enable_enhanced_monitoring(
    ctx: Context, request: shapes.EnableEnhancedMonitoringInput
) -> shapes.EnhancedMonitoringOutput:
    """Ask for metrics of a stream's shards; ALL stands for each of them.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html
    """
    stream = active(ctx, request)
    asked = _meant(request["ShardLevelMetrics"])
    return _changed(ctx, stream, [one for one in _ALL if one in asked or one in stream.metrics])


def disable_enhanced_monitoring(
    ctx: Context, request: shapes.DisableEnhancedMonitoringInput
) -> shapes.EnhancedMonitoringOutput:
    """Ask no more for metrics of a stream's shards; ALL stands for each of them.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DisableEnhancedMonitoring.html
    """
    stream = active(ctx, request)
    asked = _meant(request["ShardLevelMetrics"])
    return _changed(ctx, stream, [one for one in stream.metrics if one not in asked])


def _meant(given: list[Metric]) -> tuple[Metric, ...]:
    return _ALL if "ALL" in given else tuple(given)


def _changed(
    ctx: Context, stream: Stream, metrics: list[Metric]
) -> shapes.EnhancedMonitoringOutput:
    STREAMS.put(ctx, replace(stream, metrics=tuple(metrics)))
    return {
        "StreamName": stream.name,
        "CurrentShardLevelMetrics": list(stream.metrics),
        "DesiredShardLevelMetrics": metrics,
        "StreamARN": stream.arn,
    }
