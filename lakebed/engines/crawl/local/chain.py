"""The chain of classifiers: the user's first, in their order, then AWS's own, in the guide's order.

https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html. A built-in classifier is certain
(1.0) or says no; the first that is certain decides. A file that none takes is `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lakebed.engines.crawl import UNKNOWN, Classifier, Finding, Sample
from lakebed.engines.crawl.local import (
    avro_files,
    bson_files,
    columnar_files,
    csv_files,
    custom,
    ion_files,
    json_files,
    log_files,
    xml_files,
)
from lakebed.engines.crawl.local.source import Source, UnreadableError, opened

Rule = Callable[[Source], Finding | None]

BUILT_IN: tuple[tuple[str, Rule], ...] = (
    ("avro", avro_files.classify),
    ("orc", columnar_files.orc),
    ("parquet", columnar_files.parquet),
    ("json", json_files.classify),
    ("bson", bson_files.classify),
    ("xml", xml_files.classify),
    ("ion", ion_files.classify),
    ("combined_apache … redislog", log_files.classify),
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
    unsure: Finding | None = None
    for classifier in classifiers:
        found = custom.classify(source, classifier)
        if found is not None and found.certainty == 1.0:
            return found
        if found is not None and (unsure is None or found.certainty > unsure.certainty):
            unsure = found
    for _, rule in BUILT_IN:
        found = rule(source)
        if found is not None:
            return found
    if unsure is None and _is_endless(source):
        raise UnreadableError("No record ends within the beginning of it that a crawler reads.")
    return unsure or Finding(source.sample.key, UNKNOWN, compression=source.compression)


def _is_endless(source: Source) -> bool:
    """Tell whether a file is one line of text that goes on after what was read."""
    return not (source.is_whole or b"\n" in source.text or b"\x00" in source.text)
