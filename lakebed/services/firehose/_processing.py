"""Processors, dynamic partitioning and format conversion: what is refused, what an order is told.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.errors import NotBuiltError
from lakebed.engines.delivery import Column, Conversion, FileForm, JsonForm, Processing
from lakebed.services.firehose._prefixes import query_keys
from lakebed.services.firehose.model import invalid

PARTITIONED_MB_MIN = 64
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}


def processing_of(destination: Mapping[str, Any]) -> Processing:
    """Return what is done with each record; InvalidArgumentException for what AWS refuses."""
    configuration: Mapping[str, Any] = destination.get("ProcessingConfiguration") or {}
    found: dict[str, Any] = {"keys": tuple(sorted(query_keys(destination.get("Prefix", ""))))}
    processors: list[Mapping[str, Any]] = configuration.get("Processors") or []
    seen: set[str] = set()
    for one in processors if configuration.get("Enabled") else ():
        kind = one["Type"]
        if kind == "Lambda":
            raise NotBuiltError("firehose", "CreateDeliveryStream", "processors of type Lambda")
        if kind in seen:
            raise invalid(f"Only one processor of the type {kind} is supported")
        seen.add(kind)
        found |= _READERS[kind](_parameters(one))
    if found.get("is_message_extracted") and not found.get("decompression"):
        raise invalid("CloudWatchLogProcessing requires the Decompression processor.")
    return Processing(**found)


def _parameters(processor: Mapping[str, Any]) -> dict[str, str]:
    given: Sequence[Mapping[str, str]] = processor.get("Parameters") or []
    found = {one["ParameterName"]: one["ParameterValue"] for one in given}
    if len(found) < len(given):
        raise invalid(f"Duplicate parameters in the processor {processor['Type']}")
    for name in sorted(found.keys() - _PARAMETERS[processor["Type"]]):
        raise invalid(f"The processor {processor['Type']} has no parameter {name}")
    return found


def _required(kind: str, parameters: Mapping[str, str], name: str) -> str:
    if name not in parameters:
        raise invalid(f"Processor {kind} requires the parameter {name}")
    return parameters[name]


def _decompression(parameters: Mapping[str, str]) -> dict[str, Any]:
    kind = _required("Decompression", parameters, "CompressionFormat")
    if kind != "GZIP":
        raise invalid(f"CompressionFormat {kind} of the Decompression processor is not supported")
    return {"decompression": kind}


def _log_processing(parameters: Mapping[str, str]) -> dict[str, Any]:
    asked = _required("CloudWatchLogProcessing", parameters, "DataMessageExtraction")
    return {"is_message_extracted": asked.lower() == "true"}


def _deaggregation(parameters: Mapping[str, str]) -> dict[str, Any]:
    kind = _required("RecordDeAggregation", parameters, "SubRecordType")
    if kind == "JSON":
        return {"sub_records": kind}
    if kind != "DELIMITED":
        raise invalid(f"SubRecordType {kind} is not supported")
    text = _required("RecordDeAggregation", parameters, "Delimiter")
    try:
        delimiter = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("The Delimiter of RecordDeAggregation must be base64-encoded") from error
    if not delimiter:
        raise invalid("The Delimiter of RecordDeAggregation must not be empty")
    return {"sub_records": kind, "sub_delimiter": delimiter}


def _extraction(parameters: Mapping[str, str]) -> dict[str, Any]:
    query = _required("MetadataExtraction", parameters, "MetadataExtractionQuery")
    engine = _required("MetadataExtraction", parameters, "JsonParsingEngine")
    if engine != "JQ-1.6":
        raise invalid(f"JsonParsingEngine {engine} is not supported")
    return {"query": query}


def _delimiter(parameters: Mapping[str, str]) -> dict[str, Any]:
    text = parameters.get("Delimiter", "\\n")
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return {"delimiter": text.encode()}


_READERS = {
    "Decompression": _decompression,
    "CloudWatchLogProcessing": _log_processing,
    "RecordDeAggregation": _deaggregation,
    "MetadataExtraction": _extraction,
    "AppendDelimiterToRecord": _delimiter,
}


_PARAMETERS = {
    "Decompression": {"CompressionFormat"},
    "CloudWatchLogProcessing": {"DataMessageExtraction"},
    "RecordDeAggregation": {"SubRecordType", "Delimiter"},
    "MetadataExtraction": {"MetadataExtractionQuery", "JsonParsingEngine"},
    "AppendDelimiterToRecord": {"Delimiter"},
}


def is_partitioned(destination: Mapping[str, Any]) -> bool:
    """Tell whether objects are by partition keys."""
    asked: Mapping[str, Any] = destination.get("DynamicPartitioningConfiguration") or {}
    return bool(asked.get("Enabled"))


def is_converted(destination: Mapping[str, Any]) -> bool:
    """Tell whether records are converted to columns."""
    asked: Mapping[str, Any] = destination.get("DataFormatConversionConfiguration") or {}
    return bool(asked) and asked.get("Enabled", True) is not False


def check_conversion(destination: Mapping[str, Any]) -> None:
    """Refuse what AWS refuses of a conversion.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_DataFormatConversionConfiguration.html
    """
    if not is_converted(destination):
        return
    asked = destination["DataFormatConversionConfiguration"]
    members = ("SchemaConfiguration", "InputFormatConfiguration", "OutputFormatConfiguration")
    for member in members:
        if not asked.get(member):
            raise invalid(f"{member} is required when data format conversion is enabled")
    for name in ("RoleARN", "DatabaseName", "TableName"):
        if not asked["SchemaConfiguration"].get(name):
            raise invalid(f"SchemaConfiguration.{name} is required")
    deserializer: Mapping[str, Any] = asked["InputFormatConfiguration"].get("Deserializer") or {}
    serializer: Mapping[str, Any] = asked["OutputFormatConfiguration"].get("Serializer") or {}
    if len(deserializer) != 1:
        raise invalid("Exactly one deserializer must be specified")
    if len(serializer) != 1:
        raise invalid("Exactly one serializer must be specified")
    if destination.get("CompressionFormat", "UNCOMPRESSED") != "UNCOMPRESSED":
        message = "CompressionFormat must be UNCOMPRESSED when data format conversion is enabled"
        raise invalid(message)
    if destination["BufferingHints"]["SizeInMBs"] < PARTITIONED_MB_MIN:
        message = (
            "BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled"
        )
        raise invalid(message)


def conversion_of(
    destination: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]
) -> Conversion:
    """Return how records become columns of a table of the catalog."""
    asked = destination["DataFormatConversionConfiguration"]
    return Conversion(
        tuple(Column(one["Name"].lower(), one.get("Type") or "string") for one in columns),
        _json_form(asked["InputFormatConfiguration"]["Deserializer"]),
        _file_form(asked["OutputFormatConfiguration"]["Serializer"]),
    )


def _json_form(deserializer: Mapping[str, Any]) -> JsonForm:
    if "HiveJsonSerDe" in deserializer:
        formats: list[str] = deserializer["HiveJsonSerDe"].get("TimestampFormats") or []
        return JsonForm(is_hive=True, timestamp_formats=tuple(formats))
    openx = deserializer["OpenXJsonSerDe"]
    return JsonForm(
        is_case_insensitive=openx.get("CaseInsensitive", True),
        has_dots_as_underscores=openx.get("ConvertDotsInJsonKeysToUnderscores", False),
        keys=openx.get("ColumnToJsonKeyMappings") or {},
    )


def _file_form(serializer: Mapping[str, Any]) -> FileForm:
    if "OrcSerDe" in serializer:
        orc = serializer["OrcSerDe"]
        return FileForm(
            "orc",
            orc.get("Compression", "SNAPPY"),
            version=orc.get("FormatVersion", ""),
            stripe_bytes=orc.get("StripeSizeBytes", 0),
            row_index_stride=orc.get("RowIndexStride", 0),
            padding_tolerance=orc.get("PaddingTolerance", 0.05),
            dictionary_threshold=orc.get("DictionaryKeyThreshold", 0.0),
            bloom_columns=tuple(orc.get("BloomFilterColumns") or ()),
            bloom_probability=orc.get("BloomFilterFalsePositiveProbability", 0.05),
        )
    parquet = serializer["ParquetSerDe"]
    return FileForm(
        "parquet",
        parquet.get("Compression", "SNAPPY"),
        block_bytes=parquet.get("BlockSizeBytes", 0),
        page_bytes=parquet.get("PageSizeBytes", 0),
        has_dictionary=parquet.get("EnableDictionaryCompression", False),
        version=parquet.get("WriterVersion", ""),
    )
