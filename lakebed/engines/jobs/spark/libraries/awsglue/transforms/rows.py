"""Transforms of records: which are there, and what becomes of each.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-transforms.html
"""

from __future__ import annotations

from typing import Any

from .transform import GlueTransform

FRAME = ("DynamicFrame", "The DynamicFrame to transform")


class Filter(GlueTransform):
    """Build a new DynamicFrame of the records that a predicate is true of."""

    RETURNS = ("DynamicFrame", "DynamicFrame of the records that passed")
    ARGUMENTS = {
        "frame": FRAME,
        "f": ("Function", "Predicate function to apply to each DynamicRecord"),
    }

    def __call__(
        self,
        frame: Any,
        f: Any,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame of the records that passed."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.filter(f, *limits)


class Map(GlueTransform):
    """Apply a function to each DynamicRecord of a DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame of what the function returned")
    ARGUMENTS = {
        "frame": FRAME,
        "f": ("Function", "Function to apply to each DynamicRecord"),
        "preservesPartitioning": ("Boolean", "Whether the function keeps the partitioning"),
    }

    def __call__(
        self,
        frame: Any,
        f: Any,
        preservesPartitioning: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame of what the function returned."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.map(f, preservesPartitioning, *limits)


class SplitRows(GlueTransform):
    """Split rows of a DynamicFrame off by comparing columns with values."""

    RETURNS = (
        "DynamicFrameCollection",
        "Two DynamicFrames: of the rows split off, and of the others",
    )
    ARGUMENTS = {
        "frame": FRAME,
        "comparison_dict": ("Map", "By path, the values to compare with, by comparator"),
        "name1": ("String", "Name of the frame of the rows split off"),
        "name2": ("String", "Name of the frame of the other rows"),
    }

    def __call__(
        self,
        frame: Any,
        comparison_dict: Any,
        name1: str = "frame1",
        name2: str = "frame2",
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the two DynamicFrames: of the rows split off, and of the others."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.split_rows(comparison_dict, name1, name2, *limits)


class Repartition(GlueTransform):
    """Spread the records of a DynamicFrame over partitions."""

    RETURNS = ("DynamicFrame", "DynamicFrame with that many partitions")
    ARGUMENTS = {
        "frame": FRAME,
        "num_partitions": ("Integer", "Number of partitions"),
    }

    def __call__(
        self,
        frame: Any,
        num_partitions: int,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame with that many partitions."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.repartition(num_partitions, *limits)


class Coalesce(GlueTransform):
    """Bring the records of a DynamicFrame together in fewer partitions."""

    RETURNS = ("DynamicFrame", "DynamicFrame with at most that many partitions")
    ARGUMENTS = {
        "frame": FRAME,
        "num_partitions": ("Integer", "Number of partitions"),
        "shuffle": ("Boolean", "Whether records are spread anew"),
    }

    def __call__(
        self,
        frame: Any,
        num_partitions: int,
        shuffle: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame with at most that many partitions."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.coalesce(num_partitions, shuffle, *limits)
