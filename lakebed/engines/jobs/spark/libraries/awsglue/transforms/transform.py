"""What every transform inherits.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-transforms-GlueTransform.html
"""

from __future__ import annotations

import inspect
from typing import Any

_LIMITS = {
    "transformation_ctx": ("String", "A unique string that is used to identify stats / state"),
    "info": ("String", "Any string to be associated with errors in this transformation"),
    "stageThreshold": ("Integer", "Max number of errors in the transformation until failing"),
    "totalThreshold": ("Integer", "Max number of errors total until failing"),
}


class GlueTransform:
    """A transform: call an instance, or `apply` the class."""

    RETURNS = ("DynamicFrame", "")
    ARGUMENTS: dict[str, tuple[str, str]] = {}
    """What each argument is: its type, and what it says."""

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Make the transform and call it."""
        return cls()(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Transform; a transform of its own overrides this."""
        raise NotImplementedError(f"{self.name()} transforms nothing")

    @classmethod
    def name(cls) -> str:
        """Return the name of the class."""
        return cls.__name__

    @classmethod
    def describeArgs(cls) -> list[dict[str, Any]]:
        """Return what each argument is."""
        if not cls.ARGUMENTS:
            raise NotImplementedError(f"describeArgs method not implemented for {cls.name()}")
        known = cls.ARGUMENTS | _LIMITS
        found: list[dict[str, Any]] = []
        for parameter in inspect.signature(cls.__call__).parameters.values():
            if parameter.name not in known:
                continue
            kind, description = known[parameter.name]
            optional = parameter.default is not inspect.Parameter.empty
            default = parameter.default if optional else None
            found.append(
                {
                    "name": parameter.name,
                    "type": kind,
                    "description": description,
                    "optional": optional,
                    "defaultValue": None if default is None else str(default),
                }
            )
        return found

    @classmethod
    def describeReturn(cls) -> dict[str, str]:
        """Return what the transform returns."""
        if not cls.RETURNS[1]:
            raise NotImplementedError(f"describeReturn method not implemented for {cls.name()}")
        return {"type": cls.RETURNS[0], "description": cls.RETURNS[1]}

    @classmethod
    def describeTransform(cls) -> str:
        """Return what the transform does."""
        if cls is GlueTransform or not cls.__doc__:
            raise NotImplementedError(f"describeTransform method not implemented for {cls.name()}")
        return inspect.cleandoc(cls.__doc__)

    @classmethod
    def describeErrors(cls) -> list[dict[str, str]]:
        """Return what the transform may raise."""
        return []

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """Return all of this."""
        return {
            "transform": {
                "name": cls.name(),
                "args": cls.describeArgs(),
                "returns": cls.describeReturn(),
                "raises": cls.describeErrors(),
                "location": "internal",
            }
        }
