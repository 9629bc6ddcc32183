"""Layers: packages that a job asks for beside its environment's, installed once and kept.

A layer is a folder of packages (`pip install --target`) below the environment, named by a digest of
what it was asked for; jobs put it before the environment's own packages.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lakebed.engines.jobs import EngineMissingError
from lakebed.engines.jobs.environments import Environment

_SECONDS_MAX = 900.0


async def add_modules(environment: Environment, modules: Sequence[str], options: str) -> Path:
    """Return the layer of some modules (requirements or files); it is made where it is not there.

    `options` are pip's. Raises EngineMissingError with pip's last words.
    """
    digest = hashlib.sha256("\n".join([*(_named(one) for one in modules), options]).encode())
    layer = environment.folder / "layers" / digest.hexdigest()[:32]
    if layer.is_dir():
        return layer
    layer.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layer.parent) as scratch:
        target = Path(scratch) / "layer"
        process = await asyncio.create_subprocess_exec(
            str(environment.python), "-m", "pip", "install", "--disable-pip-version-check",
            "--no-input", "--target", str(target), *shlex.split(options), *modules,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON"))},
        )  # fmt: skip
        try:
            said, _ = await asyncio.wait_for(process.communicate(), _SECONDS_MAX)
        except TimeoutError as error:
            message = f"Additional Python modules took longer than {_SECONDS_MAX:g} seconds."
            raise EngineMissingError(message) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
            raise EngineMissingError(
                f"Additional Python modules could not be installed: {lines[-1] if lines else ''}"
            )
        target.rename(layer)
    return layer


def _named(module: str) -> str:
    """Return what says which module it is: a file's name and bytes, or the requirement."""
    path = Path(module)
    if not path.is_file():
        return module
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
