"""`lakebed init`: random root keys, and with `--server` all that a server for strangers needs."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
from pathlib import Path

from lakebed.cli.settings import KEYS_FILE, Resolved

SETTINGS_FILE = "lakebed.toml"
UNIT_FILE = "lakebed.service"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def init(options: argparse.Namespace, resolved: Resolved) -> int:
    """Make random root keys and turn the well-known ones off; 2 if there are some already.

    With `--server` also write the settings of a server for strangers (every address, TLS, `strict`)
    and a systemd unit; nothing that is there already is overwritten.
    """
    settings = resolved.settings
    state = settings.state_dir
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    if options.server and bool(options.tls_certificate) != bool(options.tls_key):
        print("lakebed: give --tls-certificate and --tls-key, or neither", file=sys.stderr)
        return 2
    keys = state / KEYS_FILE
    access_key = "AKIA" + "".join(secrets.choice(_LETTERS) for _ in range(16))
    if not _write(keys, f"{access_key}\n{secrets.token_urlsafe(30)}\n", 0o600):
        print(f"lakebed: {keys} is there already; remove it to make new keys", file=sys.stderr)
        return 2
    print(f'root keys are in {keys} (mode 0600); `eval "$(lakebed env)"` uses them')
    if options.server:
        _init_server(options, settings.data_dir)
    return 0


def _init_server(options: argparse.Namespace, folder: Path) -> None:
    lines = [
        f'host = "{options.host or "0.0.0.0"}"',
        f"port = {options.port or 4566}",
        'mode = "strict"',
    ]
    if options.tls_certificate:
        lines += [
            f'tls_certificate = "{Path(options.tls_certificate).absolute()}"',
            f'tls_key = "{Path(options.tls_key).absolute()}"',
        ]
    else:
        lines.append("tls = true")
    _keep(folder / SETTINGS_FILE, "\n".join(lines) + "\n", "settings")
    _keep(folder / UNIT_FILE, unit(folder), "systemd unit")
    print(
        f"""
Next, as root:
  cp {folder / UNIT_FILE} /etc/systemd/system/ && systemctl enable --now lakebed
Then, as {_user()}:
  lakebed user add ANN --policy AmazonAthenaFullAccess --data-dir {folder}
Whoever connects needs the address, the keys that command prints, and (if the certificate is ours)
  {folder / "state" / "tls" / "ca.pem"}"""
    )


def unit(folder: Path) -> str:
    """Return a systemd unit that serves a folder as whoever runs this command."""
    command = shutil.which("lakebed") or str(Path(sys.argv[0]).absolute())
    return f"""[Unit]
Description=lakebed, a data lake that speaks AWS's wire protocols
After=network-online.target
Wants=network-online.target

[Service]
User={_user()}
ExecStart={command} serve --data-dir {folder}
Restart=on-failure
TimeoutStopSec=20
LimitNOFILE=65536
NoNewPrivileges=true
ProtectSystem=strict
ReadWritePaths={folder}
PrivateTmp=true

[Install]
WantedBy=multi-user.target
"""


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _keep(path: Path, text: str, what: str) -> None:
    if _write(path, text, 0o644):
        print(f"{what}: {path}")
    else:
        print(f"{what}: {path} is there already and stays as it is")


def _write(path: Path, text: str, mode: int) -> bool:
    """Write a new file; False if it is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True
