"""Whose a connection is, as Linux says."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from lakebed.engines.metastore.peers import CAN_TELL, is_of_run

pytestmark = pytest.mark.skipif(not CAN_TELL, reason="this machine does not say")

_CONNECT = """
import socket, sys
held = socket.socket({family})
{dual}
held.connect(({host!r}, int(sys.argv[1])))
print(held.getsockname()[1], flush=True)
sys.stdin.read()
"""
_IPV4 = _CONNECT.format(family="socket.AF_INET", host="127.0.0.1", dual="")
_AS_JAVA = _CONNECT.format(
    family="socket.AF_INET6",
    host="::ffff:127.0.0.1",
    dual="held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)",
)
_GRANDCHILD = """
import subprocess, sys
subprocess.run([sys.executable, "-c", {text!r}, sys.argv[1]], start_new_session=True)
"""


@pytest.mark.parametrize(
    "text", [_IPV4, _AS_JAVA, _GRANDCHILD.format(text=_IPV4)], ids=["ipv4", "java", "grandchild"]
)
def test_a_run_is_its_processes_and_nobody_else(text):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        line = [sys.executable, "-c", text, str(port)]
        pipe = subprocess.PIPE
        with (
            subprocess.Popen(line, stdin=pipe, stdout=pipe, start_new_session=True) as run,
            subprocess.Popen(["sleep", "60"], start_new_session=True) as other,
        ):
            try:
                peer = int(run.stdout.readline())
                connection, _ = listener.accept()
                told = [is_of_run(one.pid, peer, port) for one in (run, other)]
                unknown = is_of_run(run.pid, 1, port)
                connection.close()
            finally:
                other.kill()
                run.stdin.close()
        assert (told, unknown) == ([True, False], False)
