"""DynamicFrames by name, and how a data frame is made of one with choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import _paths, _types
from . import gluetypes as g

if TYPE_CHECKING:
    from .dynamicframe import DynamicFrame


class ResolveOption:
    """How `toDF` resolves the choice at a path: KeepAsStruct, Project or Cast."""

    def __init__(self, path: str, action: str, target: g.DataType | None = None) -> None:
        if action.lower() not in ("keepasstruct", "project", "cast"):
            raise ValueError(f"Invalid action {action}")
        if action.lower() != "keepasstruct" and target is None:
            raise ValueError(f"{action} needs a target type")
        self.path, self.action, self.target = path, action, target

    def spec(self) -> tuple[_paths.Path, str]:
        """Return the specification that resolveChoice would take."""
        if self.target is None:
            return _paths.parse(self.path), "make_struct"
        return _paths.parse(self.path), f"{self.action.lower()}:{_types.in_catalog(self.target)}"


class DynamicFrameCollection:
    """DynamicFrames by name.

    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-dynamic-frame-collection.html
    """

    def __init__(self, dynamic_frames: Mapping[str, DynamicFrame], glue_ctx: Any) -> None:
        self._frames, self._glue_ctx = dict(dynamic_frames), glue_ctx

    def __getitem__(self, key: str) -> DynamicFrame:
        return self._frames[key]

    def __len__(self) -> int:
        return len(self._frames)

    def keys(self) -> Any:
        """Return the names."""
        return self._frames.keys()

    def values(self) -> Any:
        """Return the frames."""
        return self._frames.values()

    def select(self, key: str, transformation_ctx: str = "") -> DynamicFrame:
        """Return the frame of that name; an empty one if there is none."""
        if key in self._frames:
            return self._frames[key]
        empty = self._glue_ctx.empty_frame()
        from .dynamicframe import DynamicFrame

        return DynamicFrame(empty, self._glue_ctx, transformation_ctx or key)

    def map(
        self, callable: Callable[[DynamicFrame, str], DynamicFrame], transformation_ctx: str = ""
    ) -> DynamicFrameCollection:
        """Return what a function of a frame and a context makes of each frame."""
        made = {
            name: callable(frame, transformation_ctx + name) for name, frame in self._frames.items()
        }
        return DynamicFrameCollection(made, self._glue_ctx)

    def flatmap(
        self,
        f: Callable[[DynamicFrame, str], DynamicFrame | DynamicFrameCollection],
        transformation_ctx: str = "",
    ) -> DynamicFrameCollection:
        """Return what a function makes of each frame; of a collection, its frames."""
        made: dict[str, DynamicFrame] = {}
        for name, frame in self._frames.items():
            one = f(frame, transformation_ctx + name)
            if not isinstance(one, DynamicFrameCollection):
                made[one.name or name] = one
            else:
                made |= {f"{name}_{inner}": one[inner] for inner in one.keys()}  # noqa: SIM118
        return DynamicFrameCollection(made, self._glue_ctx)
