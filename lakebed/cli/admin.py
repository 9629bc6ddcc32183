"""What a server offers under `/_lakebed/`: health and metrics to all, the rest to its owner.

A server writes its URL and a token of its own to `state/server.json`, which nobody but its owner
can read: `lakebed sync` and others find it there and show the token.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import secrets
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import lakebed
from lakebed.cli.care import Care
from lakebed.core.settings import Settings
from lakebed.dispatch.dispatcher import Dispatcher, House
from lakebed.engines.objects.upkeep import Finding
from lakebed.gateway.server import Slot
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.store import StoreError
from lakebed.store.sqlite import SqliteStore

log = logging.getLogger("lakebed")

READY = "ready"
SERVER_FILE = "server.json"
"""Below the state folder: where the server is, and the token its owner shows it."""
HELP = b"lakebed serves health and metrics here\n"

Answer = tuple[int, Any]
Page = Callable[[dict[str, Any]], Awaitable[Answer]]


class Admin:
    """The pages under `/_lakebed/`."""

    def __init__(
        self,
        settings: Settings,
        house: House,
        dispatcher: Dispatcher,
        store: SqliteStore,
        care: Care,
    ) -> None:
        self._settings = settings
        self._house = house
        self._dispatcher = dispatcher
        self._store = store
        self._care = care
        self._token = secrets.token_urlsafe(32)
        self._tasks: set[asyncio.Task[None]] = set()
        house.metrics.add(care.scrub.samples)
        self._pages: dict[str, Page] = {
            "sync": self._sync,
            "mend": self._mend,
            "backup": self._backup,
            "status": self._status,
            "scrub": self._scrub,
            "lifecycle": self._lifecycle,
            "log-retention": self._log_retention,
            "metric-retention": self._metric_retention,
            "stream-retention": self._stream_retention,
            "trails": self._trails,
            "access-logs": self._access_logs,
            "crawler-schedules": self._crawler_schedules,
            "trigger-schedules": self._trigger_schedules,
            "job-delays": self._job_delays,
            "deliveries": self._deliveries,
            "event-deliveries": self._event_deliveries,
        }

    def announce(self, url: str) -> None:
        """Write down where the server is, for its owner's commands."""
        path = self._settings.state_dir / SERVER_FILE
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"url": url, "token": self._token, "pid": os.getpid()}, file)
        temporary.replace(path)

    def withdraw(self) -> None:
        """Say that the server is no more."""
        (self._settings.state_dir / SERVER_FILE).unlink(missing_ok=True)

    def __call__(self, request: HttpRequest, slot: Slot) -> None:
        """Answer one request."""
        page = request.path.removeprefix("/_lakebed/")
        if page == "health":
            services = {name: "available" for name in self._house.registry.names}
            body = {"status": READY, "version": lakebed.__version__, "services": services}
            slot.answer(_json(200, body))
        elif page == "metrics":
            text = self._house.metrics.text().encode()
            slot.answer(_response(200, "text/plain; version=0.0.4", text))
        elif page == "reset" and request.method == "POST" and self._settings.testing:
            self._run(self._answer_reset(slot))
        elif page in self._pages and request.method == "POST":
            self._run(self._answer_page(self._pages[page], request, slot))
        else:
            slot.answer(_response(404, "text/plain", HELP))

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- pages of the owner ---------------------------------------------------------------------

    async def _answer_page(self, page: Page, request: HttpRequest, slot: Slot) -> None:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), self._token.encode()):
            said = f"this needs the token in state/{SERVER_FILE} of the data folder\n"
            slot.answer(_response(403, "text/plain", said.encode()))
            return
        try:
            status, body = await page(json.loads(request.body or b"{}"))
        except (LookupError, ValueError) as error:
            status, body = 400, {"error": str(error.args[0] if error.args else error)}
        except (OSError, StoreError) as error:
            log.warning("%s failed: %s", request.path, error)
            status, body = 500, {"error": str(error)}
        except Exception as error:
            log.exception("%s ended by a bug", request.path)
            status, body = 500, {"error": repr(error)}
        slot.answer(_json(status, body))

    async def _sync(self, request: dict[str, Any]) -> Answer:
        return 200, {"changed": await self._care.sync(request.get("bucket"))}

    async def _mend(self, request: dict[str, Any]) -> Answer:
        findings = [Finding(**finding) for finding in request["findings"]]
        return 200, {"done": [await self._care.mend(finding) for finding in findings]}

    async def _backup(self, request: dict[str, Any]) -> Answer:
        if request.get("do") == "begin":
            return 200, {"id": self._care.begin_backup()}
        lease = str(request.get("id"))
        if request.get("do") == "end":
            await self._care.end_backup(lease)
        else:
            self._care.renew_backup(lease)
        return 200, {"id": lease}

    async def _status(self, request: dict[str, Any]) -> Answer:
        hands = self._house.engines.objects.upkeep.hands
        return 200, {"uncovered": hands.uncovered, "is_surveying": hands.has_work}

    async def _scrub(self, request: dict[str, Any]) -> Answer:
        self._care.scrub.hurry()
        return 200, {}

    async def _lifecycle(self, request: dict[str, Any]) -> Answer:
        """Carry out the rules now; at another time than ours only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.lifecycle.carry_out(now, is_daily=False)}

    async def _trails(self, request: dict[str, Any]) -> Answer:
        """Deliver the events of trails now."""
        del request
        await self._care.trails.heed()
        return 200, {"done": await self._care.trails.carry_out()}

    async def _access_logs(self, request: dict[str, Any]) -> Answer:
        """Deliver the access logs of buckets now."""
        del request
        await self._care.access_logs.heed()
        return 200, {"done": await self._care.access_logs.carry_out()}

    async def _log_retention(self, request: dict[str, Any]) -> Answer:
        """Carry out retention policies now; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.log_retention.carry_out(now)}

    async def _metric_retention(self, request: dict[str, Any]) -> Answer:
        """Drop old metrics now; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.metric_retention.carry_out(now)}

    async def _stream_retention(self, request: dict[str, Any]) -> Answer:
        """Remove what streams no longer keep; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.stream_retention.carry_out(now)}

    async def _crawler_schedules(self, request: dict[str, Any]) -> Answer:
        """Start what is due now; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.crawler_schedules.carry_out(now)}

    async def _trigger_schedules(self, request: dict[str, Any]) -> Answer:
        """Fire what is due now; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.trigger_schedules.carry_out(now)}

    async def _job_delays(self, request: dict[str, Any]) -> Answer:
        """Tell of runs that are late now; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.job_delays.carry_out(now)}

    async def _event_deliveries(self, request: dict[str, Any]) -> Answer:
        """Deliver events that are due now; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.event_deliveries.carry_out(now)}

    async def _deliveries(self, request: dict[str, Any]) -> Answer:
        """Deliver what is due now; at another time only where that is being tested."""
        now = self._house.clock.now()
        if self._settings.testing:
            now = float(request.get("now", now))
        return 200, {"done": await self._care.deliveries.carry_out(now)}

    # -- the tests' reset -----------------------------------------------------------------------

    async def _answer_reset(self, slot: Slot) -> None:
        try:
            trash = await self._reset()
        except Exception as error:
            log.exception("the reset failed")
            slot.answer(_response(500, "text/plain", f"the reset failed: {error}\n".encode()))
            return
        slot.answer(_response(204, "text/plain", b""))
        await asyncio.to_thread(shutil.rmtree, trash, ignore_errors=True)

    async def _reset(self) -> Path:
        """Empty the lake and the store; return the folder, of this reset alone, to delete."""
        await self._dispatcher.close()
        for log in self._house.engines.stream.logs():
            self._house.engines.stream.delete(log)
        self._store.clear()
        self._house.audit.wants_data_events = False
        lake, trash = self._settings.lake_dir, self._settings.state_dir / "trash"
        trash = trash / self._house.ids.token()
        trash.mkdir(parents=True)
        lake.rename(trash / "lake")
        lake.mkdir()
        self._house.engines.objects.forget()
        return trash


def _json(status: int, body: Any) -> HttpResponse:
    return _response(status, "application/json", json.dumps(body).encode())


def _response(status: int, kind: str, body: bytes) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", kind)], body)
