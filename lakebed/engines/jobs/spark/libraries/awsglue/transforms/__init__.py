"""Glue's transforms, as classes: `DropFields.apply(frame=…, paths=…)`.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-transforms.html
"""

from .fields import (
    ApplyMapping,
    DropFields,
    DropNullFields,
    Relationalize,
    RenameField,
    ResolveChoice,
    SelectFields,
    SplitFields,
    Unbox,
    UnnestFrame,
)
from .frames import (
    ErrorsAsDynamicFrame,
    FlatMap,
    Join,
    MapToCollection,
    SelectFromCollection,
    Spigot,
    Union,
)
from .rows import Coalesce, Filter, Map, Repartition, SplitRows
from .transform import GlueTransform

__all__ = [
    "ApplyMapping",
    "Coalesce",
    "DropFields",
    "DropNullFields",
    "ErrorsAsDynamicFrame",
    "Filter",
    "FlatMap",
    "GlueTransform",
    "Join",
    "Map",
    "MapToCollection",
    "Relationalize",
    "RenameField",
    "Repartition",
    "ResolveChoice",
    "SelectFields",
    "SelectFromCollection",
    "Spigot",
    "SplitFields",
    "SplitRows",
    "Unbox",
    "Union",
    "UnnestFrame",
]
