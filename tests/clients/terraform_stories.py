"""What the stories told in Terraform share.

The AWS provider comes from Terraform's registry, or from the folder that `LAKEBED_TF_PLUGINS` names
(a file-system mirror) where there is no way to it.
"""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.clients.clients import client, environment

PROVIDER = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  s3_use_path_style = true
}
"""


def stories(lakebed, folder):
    """Return what applies a story and plans it again; it returns what runs further commands."""
    program = client("terraform", "see terraform.io")
    (folder / "main.tf").write_text(PROVIDER)

    def do(*command, codes=(0,)):
        done = subprocess.run(
            [program, *command, "-no-color"], cwd=folder, capture_output=True, text=True,
            timeout=300, check=False,
            env=environment(lakebed, folder, CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=""),
        )  # fmt: skip
        assert done.returncode in codes, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    plugins = os.environ.get("LAKEBED_TF_PLUGINS")
    mirror = (f"-plugin-dir={plugins}",) if plugins else ()
    if do("init", "-input=false", *mirror, codes=(0, 1)).returncode:
        pytest.skip("the AWS provider is not to be had: set LAKEBED_TF_PLUGINS to a mirror of it")

    def apply(story):
        (folder / "story.tf").write_text(story)
        do("apply", "-auto-approve", "-input=false")
        assert "No changes." in do("plan", "-detailed-exitcode", "-input=false").stdout
        return do

    return apply
