"""The chain of classifiers: the user's first, in their order, then AWS's own, in the guide's order.

https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html. A built-in classifier is certain
(1.0) or says no; the first that is certain decides. A file that none takes is `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lakebed.engines.crawl import UNKNOWN, Classifier, Finding, Sample
from lakebed.engines.crawl.local import csv_files, json_files
from lakebed.engines.crawl.local.source import Source, UnreadableError, opened

Rule = Callable[[Source], Finding | None]

BUILT_IN: tuple[tuple[str, Rule], ...] = (
    ("json", json_files.classify),
    ("csv", csv_files.classify),
)
"""In AWS's order."""


def classify(sample: Sample, classifiers: Sequence[Classifier]) -> Finding:
    """Say what a file is."""
    try:
        source = opened(sample)
        return _classified(source, classifiers)
    except UnreadableError as error:
        return Finding(sample.key, UNKNOWN, message=str(error))


def _classified(source: Source, classifiers: Sequence[Classifier]) -> Finding:
    for _, rule in BUILT_IN:
        found = rule(source)
        if found is not None:
            return found
    return Finding(source.sample.key, UNKNOWN, compression=source.compression)
