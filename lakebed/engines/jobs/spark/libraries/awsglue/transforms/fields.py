"""Transforms of fields: which are there, what they are called, of what type they are.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-transforms.html
"""

from __future__ import annotations

from typing import Any

from .transform import GlueTransform

FRAME = ("DynamicFrame", "The DynamicFrame to transform")


class ApplyMapping(GlueTransform):
    """Apply a declarative mapping to this DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame with the mappings applied")
    ARGUMENTS = {
        "frame": FRAME,
        "mappings": (
            "List",
            "List of mapping tuples (source col, source type, target col, target type)",
        ),
        "case_sensitive": ("Boolean", "Whether names are case sensitive"),
    }

    def __call__(
        self,
        frame: Any,
        mappings: Any,
        case_sensitive: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame with the mappings applied."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.apply_mapping(mappings, case_sensitive, *limits)


class DropFields(GlueTransform):
    """Drop fields within a DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame without the dropped fields")
    ARGUMENTS = {
        "frame": FRAME,
        "paths": ("List", "List of full paths to nodes to drop"),
    }

    def __call__(
        self,
        frame: Any,
        paths: Any,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame without the dropped fields."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.drop_fields(paths, *limits)


class DropNullFields(GlueTransform):
    """Drop every field of a DynamicFrame whose type is NullType."""

    RETURNS = ("DynamicFrame", "DynamicFrame without null fields")
    ARGUMENTS = {
        "frame": FRAME,
    }

    def __call__(
        self,
        frame: Any,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame without null fields."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.drop_null_fields(*limits)


class RenameField(GlueTransform):
    """Rename a field within a DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame with the field renamed")
    ARGUMENTS = {
        "frame": FRAME,
        "old_name": ("String", "Full path to the field to rename"),
        "new_name": ("String", "New name, as a full path"),
    }

    def __call__(
        self,
        frame: Any,
        old_name: str,
        new_name: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame with the field renamed."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.rename_field(old_name, new_name, *limits)


class SelectFields(GlueTransform):
    """Get fields within a DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame of the selected fields")
    ARGUMENTS = {
        "frame": FRAME,
        "paths": ("List", "List of full paths to nodes to get"),
    }

    def __call__(
        self,
        frame: Any,
        paths: Any,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the DynamicFrame of the selected fields."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.select_fields(paths, *limits)


class SplitFields(GlueTransform):
    """Split fields within a DynamicFrame off into a new one."""

    RETURNS = (
        "DynamicFrameCollection",
        "Two DynamicFrames: of the fields split off, and of the others",
    )
    ARGUMENTS = {
        "frame": FRAME,
        "paths": ("List", "List of full paths to nodes to split off"),
        "name1": ("String", "Name of the frame of the fields split off"),
        "name2": ("String", "Name of the frame of the other fields"),
    }

    def __call__(
        self,
        frame: Any,
        paths: Any,
        name1: str | None = None,
        name2: str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the two DynamicFrames: of the fields split off, and of the others."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.split_fields(
            paths, name1 or f"{frame.name}1", name2 or f"{frame.name}2", *limits
        )


class ResolveChoice(GlueTransform):
    """Resolve the choice types within a DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame with the choices resolved")
    ARGUMENTS = {
        "frame": FRAME,
        "specs": ("List", "List of tuples (path, action)"),
        "choice": ("String", "The action for all choices"),
        "database": ("String", "Glue catalog database name, for match_catalog"),
        "table_name": ("String", "Glue catalog table name, for match_catalog"),
        "catalog_id": ("String", "Catalog id of the table"),
    }

    def __call__(
        self,
        frame: Any,
        specs: Any = None,
        choice: str = "",
        database: str | None = None,
        table_name: str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        catalog_id: str | None = None,
    ) -> Any:
        """Return the DynamicFrame with the choices resolved."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.resolveChoice(specs, choice, database, table_name, *limits, catalog_id)


class Unbox(GlueTransform):
    """Unbox the text in a field of a DynamicFrame."""

    RETURNS = ("DynamicFrame", "DynamicFrame with the text parsed")
    ARGUMENTS = {
        "frame": FRAME,
        "path": ("String", "Full path to the field to unbox"),
        "format": ("String", "Format of the text"),
    }

    def __call__(
        self,
        frame: Any,
        path: str,
        format: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        **options: Any,
    ) -> Any:
        """Return the DynamicFrame with the text parsed."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.unbox(path, format, *limits, **options)


class UnnestFrame(GlueTransform):
    """Unnest a DynamicFrame: nested fields become top-level fields."""

    RETURNS = ("DynamicFrame", "Unnested DynamicFrame")
    ARGUMENTS = {
        "frame": FRAME,
    }

    def __call__(
        self,
        frame: Any,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the unnested DynamicFrame."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.unnest(*limits)


class Relationalize(GlueTransform):
    """Flatten nested fields and pivot arrays into frames of their own."""

    RETURNS = ("DynamicFrameCollection", "Flat DynamicFrames: the root, and one for each array")
    ARGUMENTS = {
        "frame": FRAME,
        "staging_path": ("String", "Path at which pivoted tables may be kept meanwhile"),
        "name": ("String", "Name of the root table"),
        "options": ("Map", "Options"),
    }

    def __call__(
        self,
        frame: Any,
        staging_path: str | None = None,
        name: str = "roottable",
        options: Any = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> Any:
        """Return the flat DynamicFrames: the root, and one for each array."""
        limits = transformation_ctx, info, stageThreshold, totalThreshold
        return frame.relationalize(name, staging_path, options, *limits)
