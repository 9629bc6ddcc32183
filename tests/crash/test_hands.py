"""Another process writes in the lake's folder while it is served under load."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time

from botocore.exceptions import ClientError

from lakebed import testing
from tests.cli.commands import lakebed as command
from tests.cli.fsck_in_process import problems
from tests.crash.load import PLAIN, Writer, check, client, digest, set_up

SECONDS = 6 if os.environ.get("LAKEBED_SLOW") else 0.8

HANDS = """
import os, random, shutil, sys, time
folder, seed = sys.argv[1], int(sys.argv[2])
chance = random.Random(seed)
def size():
    return chance.choice((0, 10, 5000, 200_000))
while True:
    one = f"{folder}/hand{chance.randrange(4)}/{chance.randrange(3)}"
    name = f"{one}/{chance.randrange(5)}"
    kind = chance.choice(("write", "write", "edit", "append", "remove", "move", "tree", "touch"))
    try:
        os.makedirs(one, exist_ok=True)
        if kind == "write":
            with open(f"{folder}/../.new-{seed}", "wb") as file:
                file.write(chance.randbytes(size()))
            os.replace(f"{folder}/../.new-{seed}", name)
        elif kind == "edit":
            with open(name, "r+b") as file:
                file.write(chance.randbytes(10))
        elif kind == "append":
            with open(name, "ab") as file:
                file.write(b"more")
        elif kind == "remove":
            os.unlink(name)
        elif kind == "move":
            os.rename(one, f"{folder}/hand{chance.randrange(4)}/{chance.randrange(3)}-moved")
        elif kind == "tree":
            shutil.rmtree(f"{folder}/hand{chance.randrange(4)}", ignore_errors=True)
        else:
            os.utime(name)
    except OSError:
        pass
    time.sleep(0.001)
"""


class Reader(threading.Thread):
    """Lists and reads what hands write; whatever happens, an answer is whole or NoSuchKey."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.s3 = client(url, "s3")
        self.is_stopped = False
        self.read = 0
        self.wrong = []

    def run(self):
        chance = random.Random(0)
        while not self.is_stopped:
            listed = self.s3.list_objects_v2(Bucket=PLAIN, Prefix="hand").get("Contents", ())
            for item in chance.sample(list(listed), min(len(listed), 5)):
                try:
                    answer = self.s3.get_object(Bucket=PLAIN, Key=item["Key"])
                    if len(answer["Body"].read()) != answer["ContentLength"]:
                        self.wrong.append(item)
                    self.read += 1
                except ClientError as error:
                    if error.response["Error"]["Code"] != "NoSuchKey":
                        self.wrong.append(error)


def files_of_hands(folder):
    return {
        str(path.relative_to(folder)): digest(path.read_bytes())
        for top in folder.glob("hand*")
        for path in top.rglob("*")
        if path.is_file()
    }


def test_hands_in_the_folder_disturb_nobody(tmp_path):
    data = tmp_path / "data"
    server = testing.start(data, log=tmp_path / "log")
    set_up(server.url)
    folder = data / "lake" / PLAIN
    hands = [
        subprocess.Popen([sys.executable, "-c", HANDS, str(folder), str(number)])
        for number in range(2)
    ]
    writers = [Writer(f"w{index}", server.url, 0) for index in range(2)]
    reader = Reader(server.url)
    for thread in (*writers, reader):
        thread.start()
    begun = time.monotonic()
    while time.monotonic() < begun + SECONDS or reader.read <= 10:
        assert time.monotonic() < begun + 60
        time.sleep(0.05)
    for one in hands:
        one.kill()
        one.wait()
    for thread in (*writers, reader):
        thread.is_stopped = True
    for thread in (*writers, reader):
        thread.join()
    assert (reader.wrong, [writer.errors for writer in writers]) == ([], [[], []])
    # All that hands left is listed within a second, as it is.
    there = files_of_hands(folder)
    s3 = client(server.url, "s3")
    deadline, listed = time.monotonic() + 1, {}
    while time.monotonic() < deadline:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=PLAIN, Prefix="hand")
        found = [item for page in pages for item in page.get("Contents", ())]
        listed = {item["Key"]: item["Size"] for item in found}
        if listed == {key: (folder / key).stat().st_size for key in there}:
            break
        time.sleep(0.02)
    assert listed == {key: (folder / key).stat().st_size for key in there}
    for key, expected in there.items():
        assert digest(s3.get_object(Bucket=PLAIN, Key=key)["Body"].read()) == expected
    check(server.url, writers)
    synced = command("sync", data, PLAIN)
    assert synced.stdout.splitlines()[0] == f"{PLAIN}: no changes made by hand taken in"
    server.stop()
    server.process.stdout.close()
    assert problems(data, is_deep=True) == []
    shutil.rmtree(data)
