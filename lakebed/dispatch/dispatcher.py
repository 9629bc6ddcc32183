"""The door: every call of every operation, from the wire, a service or a run, passes here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.bodies import Begun, UnsealedError
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.ids import Ids
from lakebed.core.principal import Origin, Principal
from lakebed.core.settings import Settings
from lakebed.dispatch.audit import Audited, AuditLog, without
from lakebed.dispatch.calls import Call
from lakebed.dispatch.commits import Answer, GroupCommit, settling
from lakebed.dispatch.key_uses import KeyUses
from lakebed.dispatch.metrics import Metrics
from lakebed.dispatch.refusals import Refusals
from lakebed.dispatch.registry import Registered, Registry
from lakebed.dispatch.run_caller import RunCaller
from lakebed.dispatch.sealed_bodies import SealingPlaces, sealed
from lakebed.dispatch.watermark import Watermark
from lakebed.engines import Engines
from lakebed.govern.decision import (
    Conditions,
    Decision,
    Need,
    RefusedError,
    conditions_of,
    decide,
    needs_of,
)
from lakebed.govern.identities import Identities
from lakebed.store import StoreError, Transaction

log = logging.getLogger("lakebed.dispatch")


_ACCESS_DENIED = frozenset({"cloudwatch", "iam", "s3", "sts"})
"""Services whose protocols say `AccessDenied` with 403, not `AccessDeniedException` with 400."""


class House(msgspec.Struct, frozen=True):
    """What a server is made of, as its owner (`cli.serve`) put it together.

    `validate(service, operation, request)` raises AwsError for what the model does not allow;
    `aws_name(service, operation)` is AWS's spelling (`GetTable`) of a function's name.
    """

    settings: Settings
    clock: Clock
    ids: Ids
    engines: Engines
    audit: AuditLog
    metrics: Metrics
    registry: Registry
    validate: Callable[[str, str, Mapping[str, Any]], None]
    aws_name: Callable[[str, str], str]


class Dispatcher:
    """Invokes operations; owns the runs they start."""

    def __init__(self, house: House, commits: GroupCommit) -> None:
        self._house = house
        self._commits = commits
        self._identities = Identities()
        self._key_uses = KeyUses(house.clock, commits.submit)
        self._watermark = Watermark(house.settings, house.clock)
        self._refusals = Refusals(house.settings.state_dir, commits.soon)
        self._runs: dict[str, asyncio.Task[None]] = {}
        # What launches a run goes when its transaction is rolled back, and then is not starting.
        self._starting: WeakValueDictionary[str, Callable[[], None]] = WeakValueDictionary()
        self._flush_is_due = False
        self._sealing_places = SealingPlaces()
        self._is_synced = house.settings.durability != "none"

    # -- calls from the wire and from runs ------------------------------------------------------

    def submit(self, call: Call, answer: Answer) -> None:
        """Make the call; `answer(response, error)` follows once its writes are kept."""
        if call.origin is not None:
            self._key_uses.note(call.principal, call.service, call.region)
        registered = self._house.registry.find(call.service, call.operation)
        if registered is not None and registered.is_sliced:
            self._submit_slices(call, answer)
            return
        is_long = registered is not None and registered.is_long
        submit = self._commits.submit_long if is_long else self._commits.submit
        if registered is not None and registered.begin is not None:
            answer = self._sealing(call, answer)
        submit(
            lambda store: self._invoke(
                self._context(call, store), call.service, call.operation, call.request
            ),
            answer,
        )

    def _sealing(self, call: Call, answer: Answer) -> Answer:
        """Return what answers a call, or makes it once more where its body was to be encrypted."""

        def then(result: Any, error: BaseException | None) -> None:
            if not isinstance(error, UnsealedError):
                answer(result, error)
                return
            self._sealing_places.note(call.service, call.request)
            unsealed, is_synced = error, self._is_synced
            again = msgspec.structs.replace(call, request={**call.request})

            def seal(store: Transaction) -> Any:
                again.request["Body"] = sealed(unsealed, is_synced=is_synced)

            def last(result: Any, error: BaseException | None) -> None:
                if error is not None:
                    again.request["Body"].discard()
                answer(result, error)

            def resubmit(_: Any, failure: BaseException | None) -> None:
                if failure is not None:
                    answer(None, failure)
                    return
                self._commits.submit(
                    lambda store: self._invoke(
                        self._context(again, store), again.service, again.operation, again.request
                    ),
                    last,
                )

            self._commits.submit_long(seal, resubmit)

        return then

    def submit_large(
        self, called: tuple[str, str], make: Callable[[], Call], answer: Answer
    ) -> None:
        """Make a call whose request is yet to be read, in a thread: its size would hold the loop.

        A sliced operation is carried out in one piece: others have their turns anyway. A prompt one
        is only read in the thread.
        """
        registered = self._house.registry.find(*called)
        if registered is not None and registered.is_prompt:

            def read(call: Any, error: BaseException | None) -> None:
                if error is not None:
                    answer(None, error)
                else:
                    self.submit(call, answer)

            self._commits.submit_aside(make, read)
            return

        def work(store: Transaction) -> Any:
            call = make()
            context = self._context(call, store)
            return self.invoke(context, call.service, call.operation, call.request)

        self._commits.submit_long(work, answer)

    def _submit_slices(self, call: Call, answer: Answer) -> None:
        """Run a sliced handler up to each of its yields in a unit of work of its own."""
        steps: Generator[None, None, Any] | None = None

        def work(store: Transaction) -> Any:
            nonlocal steps
            if steps is None:
                context = self._context(call, store)
                steps = self._steps(context, call.service, call.operation, call.request)
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            return _MORE

        def then(result: Any, error: BaseException | None) -> None:
            if error is None and result is _MORE:
                # Others have their turn between two slices.
                self._commits.soon(lambda: self._commits.submit(work, then))
            else:
                answer(result, error)

        self._commits.submit(work, then)

    def seals(self, call: Call) -> bool:
        """Say whether a body may have to be encrypted, so that `begin` is to be asked first."""
        return self._sealing_places.has(call.service, call.request)

    def sealing(self, call: Call) -> Begun | None:
        """Return how a body is to be encrypted if the request alone says so: nobody is asked."""
        registered = self._house.registry.find(call.service, call.operation)
        if registered is None or registered.sealing is None:
            return None
        return registered.sealing(call.request)

    def begin(self, call: Call, answer: Answer) -> None:
        """Check what can be checked of a streamed call before its body is read.

        The answer is what the operation's `_begin_` function returned: a `Begun`, or None.
        """
        registered = self._find(call.service, call.operation)

        def check(store: Transaction) -> Any:
            context, called = self._context(call, store), (call.service, call.operation)
            try:
                self.authorise(context, *called, call.request)
                self._watermark.check(*called)
                return registered.begin(context, call.request) if registered.begin else None
            except AwsError as error:
                self._house.metrics.count(*called, error.code)
                self._audit(context, called, registered, call.request, error)
                raise

        may_write = hasattr(registered.begin, "may_write")
        (self._commits.submit if may_write else self._commits.look)(check, answer)

    def visit(self, call: Call, answer: Answer, *, is_look: bool = True) -> None:
        """Have a service's `_web` answer a browser, by the function that the call names.

        That is no operation: nothing is authorised or audited but what it calls in its turn. A
        look writes nothing, and is answered at once.
        """
        function = self._house.registry.web(call.service, call.operation)
        if function is None:
            answer(None, None)
            return
        ask = self._commits.look if is_look else self._commits.submit
        ask(lambda store: function(self._context(call, store), call.request), answer)

    async def call(self, call: Call) -> Any:
        """Make the call and return its answer once it is committed."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.submit(call, settling(done))
        return await done

    # -- calls within a transaction -------------------------------------------------------------

    def invoke(self, context: Context, service: str, operation: str, request: Any) -> Any:
        """Validate, authorise, call and audit one operation in the context's transaction."""
        try:
            return self._invoke(context, service, operation, request)
        except UnsealedError as unsealed:
            again = {**request, "Body": sealed(unsealed, is_synced=self._is_synced)}
        try:
            return self._invoke(context, service, operation, again)
        except BaseException:
            again["Body"].discard()
            raise

    def _invoke(self, context: Context, service: str, operation: str, request: Any) -> Any:
        steps = self._steps(context, service, operation, request)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    def _steps(
        self, context: Context, service: str, operation: str, request: Any
    ) -> Generator[None, None, Any]:
        """Validate, authorise, call and audit one operation; a sliced one yields between slices."""
        house = self._house
        registered = self._find(service, operation)
        try:
            house.validate(service, operation, request)
            self.authorise(context, service, operation, request)
            self._watermark.check(service, operation)
            response: Any = registered.handler(context, request)
            if registered.is_sliced:
                slices: Generator[None, None, Any] = response
                response = yield from slices
        except AwsError as error:
            if isinstance(error, RefusedError):
                self._refusals.refused(context, (service, operation), error.decision, error)
            house.metrics.count(service, operation, error.code)
            self._audit(context, (service, operation), registered, request, error)
            raise
        except StoreError as error:
            log.error("%s the store failed: %s", context.request_id, error)
            raise
        house.metrics.count(service, operation, "ok")
        self._audit(context, (service, operation), registered, request, None)
        return response

    def _find(self, service: str, operation: str) -> Registered:
        registered = self._house.registry.find(service, operation)
        if registered is None:
            raise NotBuiltError(service, operation)
        return registered

    def authorise(self, context: Context, service: str, operation: str, request: Any) -> bool:
        """Refuse a call that its principal may not make; False if `open` mode let it through."""
        who, registry = context.principal, self._house.registry
        needs = registry.access(service, "needs")
        if who.is_root and needs is None:
            return True
        asked: Sequence[Need]
        if needs is not None:
            asked = needs(context, operation, request)
        else:
            asked = needs_of(context, service, operation, request)
        if not asked:
            return True

        def conditions() -> Conditions:
            origin, now = context.origin or Origin(), self._house.clock.now()
            found = conditions_of(context, who, origin, now)
            more = registry.access(service, "conditions")
            return found if more is None else found | more(context, operation, request)

        decision = decide(context, who, self._identities, asked, conditions)
        if decision.is_allowed:
            return True
        if self._is_enforced(who, decision):
            refusal = registry.access(service, "refusal")
            code = "AccessDenied" if service in _ACCESS_DENIED else "AccessDeniedException"
            error = AwsError(code, decision.reason, 403 if service in _ACCESS_DENIED else 400)
            if refusal is not None:
                error = refusal(context, decision)
            self._refusals.refused(context, (service, operation), decision, error)
            raise error
        self._refusals.let_through(context, (service, operation), decision)
        self._house.metrics.count(service, operation, "not enforced: AccessDenied")
        return False

    def authorise_all(
        self,
        context: Context,
        called: tuple[str, str],
        requests: Sequence[Mapping[str, Any]],
        free: set[object],
    ) -> None:
        """Refuse calls of a (service, operation) of which one may not be made.

        `free` gathers the buckets that need not be asked for again: what the root may there does
        not depend on the key unless the bucket has a policy, and what `open` mode lets through
        depends on the bucket's owner alone.
        """
        service, operation = called
        needs = self._house.registry.access(service, "needs")
        for request in requests:
            bucket = request.get("Bucket")
            if bucket in free:
                continue
            if context.principal.is_root and not (needs and needs(context, operation, request)):
                free.add(bucket)
                continue
            if not self.authorise(context, service, operation, request):
                free.add(bucket)

    def _is_enforced(self, principal: Principal, decision: Decision) -> bool:
        """Tell whether a denial holds.

        In `open` mode whoever is nobody is turned away, and who asks for what another account owns.
        """
        if principal.is_anonymous or self._house.settings.mode == "strict":
            return True
        return decision.need is not None and decision.need.owner != principal.account

    def _audit(
        self,
        context: Context,
        called: tuple[str, str],
        registered: Registered,
        request: Any,
        error: AwsError | None,
    ) -> None:
        house = self._house
        if registered.is_data_event and not house.audit.wants_data_events:
            return
        service, operation = called
        event = Audited(
            context,
            service,
            house.aws_name(service, operation),
            without(request, registered.hidden_members),
            "" if error is None else error.code,
            "" if error is None else error.message,
            registered.is_data_event,
        )
        house.audit.record(event)
        if not self._flush_is_due:
            self._flush_is_due = True
            # From a thread, too: a long handler's calls are audited by the loop.
            self._commits.soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        self._house.audit.flush()

    def _context(self, call: Call, store: Transaction) -> Context:
        house = self._house
        return Context(
            call.principal.account,
            call.region,
            call.principal,
            call.request_id,
            house.clock,
            house.ids,
            house.settings,
            store,
            house.engines,
            self,
            self,
            call.origin,
        )

    # -- runs -----------------------------------------------------------------------------------

    def start(
        self, context: Context, run_id: str, work: Callable[[Caller], Coroutine[Any, Any, None]]
    ) -> None:
        """Start `work` once the caller's transaction is committed; never before."""
        caller = RunCaller(self, context)

        def launch() -> None:
            self._launch(run_id, work(caller))

        self._starting[run_id] = launch
        context.store.after_commit(launch)

    def _launch(self, run_id: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._runs[run_id] = task
        self._starting.pop(run_id, None)
        task.add_done_callback(lambda done: self._ended(run_id, done))

    def _ended(self, run_id: str, task: asyncio.Task[None]) -> None:
        self._runs.pop(run_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("run %s ended by a bug", run_id, exc_info=error)

    def is_running(self, run_id: str) -> bool:
        """Whether this process runs it, or will once the caller's transaction is committed."""
        return run_id in self._runs or run_id in self._starting

    def cancel(self, run_id: str) -> bool:
        """Cancel a run of this process; False if none of that id is running."""
        task = self._runs.get(run_id)
        return task is not None and task.cancel()

    async def close(self) -> None:
        """Cancel every run and wait until each has said how it ended."""
        tasks = list(self._runs.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- what runs use ----------------------------------------------------------------------------

    async def write(self, context: Context, work: Callable[[Context], Any]) -> Any:
        """Run `work` with a context of its own transaction; return once it is committed."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._commits.submit(
            lambda store: work(msgspec.structs.replace(context, store=store)), settling(done)
        )
        return await done

    async def look(self, context: Context, work: Callable[[Context], Any]) -> Any:
        """Run `work` in a thread, with a context of its own transaction."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._commits.submit_long(
            lambda store: work(msgspec.structs.replace(context, store=store)), settling(done)
        )
        return await done


_MORE = object()
"""What a slice returns that is not the last."""
