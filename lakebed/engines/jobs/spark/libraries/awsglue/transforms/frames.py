"""Transforms of whole frames and collections.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-transforms.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .transform import GlueTransform

FRAME = ("DynamicFrame", "The DynamicFrame to transform")
COLLECTION = ("DynamicFrameCollection", "The collection to transform")


class Join(GlueTransform):
    """Join two DynamicFrames on the equality of keys."""

    RETURNS = ("DynamicFrame", "DynamicFrame of the joined records")
    ARGUMENTS = {
        "frame1": ("DynamicFrame", "First DynamicFrame"),
        "frame2": ("DynamicFrame", "Second DynamicFrame"),
        "keys1": ("List", "List of columns of the first to join on"),
        "keys2": ("List", "List of columns of the second to join on"),
    }

    def __call__(
        self, frame1: Any, frame2: Any, keys1: Any, keys2: Any, transformation_ctx: str = ""
    ) -> Any:
        """Return the joined records."""
        return frame1.join(keys1, keys2, frame2, transformation_ctx)


class Union(GlueTransform):
    """Bring the records of two DynamicFrames together."""

    RETURNS = ("DynamicFrame", "DynamicFrame of the records of both")
    ARGUMENTS = {
        "frame1": ("DynamicFrame", "First DynamicFrame"),
        "frame2": ("DynamicFrame", "Second DynamicFrame"),
    }

    def __call__(
        self,
        frame1: Any,
        frame2: Any,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the records of both."""
        return frame1.union(frame2, transformation_ctx, info, stageThreshold, totalThreshold)


class Spigot(GlueTransform):
    """Write sample records to a path while they pass."""

    RETURNS = ("DynamicFrame", "The DynamicFrame that was given")
    ARGUMENTS = {
        "frame": FRAME,
        "path": ("String", "Path to write to"),
        "options": ("Map", "topk: how many records; prob: with which probability each"),
    }

    def __call__(
        self, frame: Any, path: str, options: Any = None, transformation_ctx: str = ""
    ) -> Any:
        """Write, and return the frame."""
        return frame.spigot(path, options, transformation_ctx)


class ErrorsAsDynamicFrame(GlueTransform):
    """Return the error records of the transforms that led to a DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame of error records")
    ARGUMENTS = {"frame": FRAME}

    def __call__(self, frame: Any) -> Any:
        """Return the error records."""
        return frame.errorsAsDynamicFrame()


class SelectFromCollection(GlueTransform):
    """Select one DynamicFrame of a collection."""

    RETURNS = ("DynamicFrame", "The DynamicFrame of that name")
    ARGUMENTS = {"dfc": COLLECTION, "key": ("String", "Name of the DynamicFrame")}

    def __call__(self, dfc: Any, key: str, transformation_ctx: str = "") -> Any:
        """Return the frame of that name; an empty one if there is none."""
        return dfc.select(key, transformation_ctx)


class MapToCollection(GlueTransform):
    """Apply a transform to each DynamicFrame of a collection."""

    RETURNS = ("DynamicFrameCollection", "The transformed DynamicFrames")
    ARGUMENTS = {
        "dfc": COLLECTION,
        "BaseTransform": ("GlueTransform", "Transform to apply to each"),
        "frame_name": ("String", "Name of the argument that takes the DynamicFrame"),
    }

    def __call__(
        self,
        dfc: Any,
        BaseTransform: type[GlueTransform],
        frame_name: str,
        transformation_ctx: str = "",
        **base_kwargs: Any,
    ) -> Any:
        """Return the transformed frames."""
        return dfc.map(_on(BaseTransform, frame_name, base_kwargs), transformation_ctx)


class FlatMap(GlueTransform):
    """Apply a transform to each DynamicFrame of a collection, and flatten what comes out."""

    RETURNS = ("DynamicFrameCollection", "The transformed DynamicFrames")
    ARGUMENTS = MapToCollection.ARGUMENTS

    def __call__(
        self,
        dfc: Any,
        BaseTransform: type[GlueTransform],
        frame_name: str,
        transformation_ctx: str = "",
        **base_kwargs: Any,
    ) -> Any:
        """Return the transformed frames."""
        return dfc.flatmap(_on(BaseTransform, frame_name, base_kwargs), transformation_ctx)


def _on(transform: type[GlueTransform], frame_name: str, given: Mapping[str, Any]) -> Any:
    def apply(frame: Any, transformation_ctx: str) -> Any:
        return transform.apply(
            **given, **{frame_name: frame, "transformation_ctx": transformation_ctx}
        )

    return apply
