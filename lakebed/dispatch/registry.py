"""Finds handlers by name: folder = service, public function = operation; no list anywhere."""

from __future__ import annotations

import gc
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

import lakebed.services

Handler = Callable[[Any, Any], Any]
Access = Callable[..., Any]


class Registered(msgspec.Struct, frozen=True):
    """A handler and what its noun's file says of it.

    `begin` runs before a streamed body is read (a private function `_begin_<operation>` beside the
    handler); `sealing` (`_sealing_<operation>`) says by the request alone how to encrypt its body;
    `is_long` handlers run in a thread; `is_sliced` ones are generators that yield where
    what they did so far may be committed; `is_data_event` ones are audited only by setting;
    `is_prompt` ones run on the loop even if a thread reads their request;
    `hidden_members` are those of requests, at any depth, whose values the audit log must not hold.
    """

    handler: Handler
    begin: Handler | None
    is_long: bool
    is_sliced: bool
    is_data_event: bool
    hidden_members: frozenset[str] = frozenset()
    is_prompt: bool = False
    sealing: Callable[[Any], Any] | None = None


class Registry:
    """The services of a folder of packages, imported at the first call of each."""

    def __init__(self, package: Any = lakebed.services) -> None:
        self._package = package
        self._services: dict[str, dict[str, Registered]] = {}
        self._hooks: dict[tuple[str, str], Any] = {}
        root = Path(package.__path__[0])
        self.names = tuple(
            sorted(folder.name for folder in root.iterdir() if (folder / "__init__.py").exists())
        )

    def find(self, service: str, operation: str) -> Registered | None:
        """Return what handles an operation (both by Python name), or None if nothing does."""
        handlers = self._services.get(service)
        if handlers is None:
            if service not in self.names:
                return None
            handlers = self._services[service] = self._load(service)
        return handlers.get(operation)

    def access(self, service: str, function: str) -> Access | None:
        """Return what a service says of the permissions its operations need, if it says anything.

        Its module `_access` may have `needs(ctx, operation, request)`, the permissions,
        `conditions(ctx, operation, request)`, more condition keys, and `refusal(ctx, decision)`,
        the error of a call that is not allowed.
        """
        return self._beside(service, "_access", function)

    def web(self, service: str, function: str) -> Access | None:
        """Return what answers browsers where they ask for no operation of a service.

        Its module `_web` may have `cross_origin(ctx, visit)`, the headers that an answer to a page
        of another host has besides, `preflight(ctx, visit)`, those of an OPTIONS,
        `page(ctx, visit)`, a page of a website, and `access_point(ctx, visit)`, the bucket and the
        ARN of what is named in a bucket's place.
        """
        return self._beside(service, "_web", function)

    def _beside(self, service: str, module: str, function: str) -> Access | None:
        """Return a function of a service's private module, None if either is not there."""
        place = service, module
        if place not in self._hooks:
            name = f"{self._package.__name__}.{service}.{module}"
            is_there = (Path(self._package.__path__[0]) / service / f"{module}.py").exists()
            self._hooks[place] = importlib.import_module(name) if is_there else None
        return getattr(self._hooks[place], function, None)

    def _load(self, service: str) -> dict[str, Registered]:
        found: dict[str, Registered] = {}
        name = f"{self._package.__name__}.{service}"
        for path in sorted((Path(self._package.__path__[0]) / service).glob("*.py")):
            if path.stem == "model" or path.stem.startswith("_"):
                continue
            module = importlib.import_module(f"{name}.{path.stem}")
            is_data_event = bool(getattr(module, "DATA_EVENTS", False))
            hidden: frozenset[str] = getattr(module, "HIDDEN_MEMBERS", frozenset[str]())
            for operation, function in inspect.getmembers(module, inspect.isfunction):
                if operation.startswith("_") or function.__module__ != module.__name__:
                    continue
                begin = getattr(module, f"_begin_{operation}", None)
                is_long = getattr(function, "runs_long", False)
                is_sliced = inspect.isgeneratorfunction(function)
                is_prompt = getattr(function, "is_prompt", False)
                sealing = getattr(module, f"_sealing_{operation}", None)
                found[operation] = Registered(
                    function, begin, is_long, is_sliced, is_data_event, hidden, is_prompt, sealing
                )
        # What was imported stays: the collector need not walk it again, which blocks the loop.
        gc.freeze()
        return found
