"""The body of one answer on its way through filters to its client.

The same verbs as `body_writer.py`, which writes what is released. Content codings are undone piece by piece, and
the next piece is made only when the client has taken the last one. Pieces are pushed and filters asked in the
source's callbacks; what a filter waits for is awaited in the call's own task (`through`, `drive`), and the source is
held back meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence

from penstock.proxy.body_filter import BodyFilter, EndAnswer
from penstock.proxy.capture import Capture
from penstock.proxy.downstream.body_writer import BodyWriter
from penstock.proxy.downstream.inbound import Flow, Inbound
from penstock.proxy.room import Share, busy
from penstock.proxy.upstream.exchange import Progress, UpstreamError
from penstock.wire.content_encoding import CodingError, Decoder
from penstock.wire.headers import Header

_Steps = Generator[Awaitable[bytes] | None, bytes | None, None]
_Asking = Generator[Awaitable[bytes] | None, bytes | None, bytes]

_A_TURN = 65536  # bytes that filters see in one turn of the loop
_ALLOWANCE = 65536  # bytes that filters may hold back without taking room for them
_STEP = 262144  # what they take at a time


class FilteredWriter:
    """Passes one answer on through filters. `received` is in bytes, and the provider's."""

    def __init__(
        self,
        inbound: Inbound,
        head: Callable[[], bytes],
        decoder: Decoder,
        filters: Sequence[BodyFilter],
        capture: Capture | None,
        share: Share,
    ) -> None:
        """`head` makes the answer's head; it goes out with the first byte released. `share`: for what is held back."""
        self._inbound = inbound
        self._head = head
        self._decoder = decoder
        self._chain = _Chain(filters, capture, share)
        self._capture = capture
        self._out: BodyWriter | None = None
        self._source: Flow | None = None
        self._paused = False
        self._ended = False  # no more will come
        self._error: BaseException | None = None  # why
        self._asked: Awaitable[bytes] | None = None
        self._starving = False
        self._pumping = False
        self._passed = 0  # bytes, in this turn of the loop
        self._resting = False  # others have their turn
        self._steps = self._run()
        self._wake: asyncio.Future[None] | None = None
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closed = False
        self.received = 0

    @property
    def unfinished(self) -> bool:
        """Whether the client has a beginning, and no end."""
        return self._out is not None and not self._closed

    @property
    def holds_end(self) -> bool:
        """Whether the client lacks bytes that came."""
        return self._out is None or self._chain.held > 0

    @property
    def logs_provider(self) -> bool:
        """Whether the log keeps the provider's bytes."""
        return not self._chain.tap

    # -- the provider's side

    def take(self, source: Flow) -> None:
        """Where the pieces come from; from now on the client's pace, and the filters', is the source's."""
        self._source = source
        self._inbound.flow = self
        if self._paused:
            source.pause()
        self._pace()

    def feed(self, data: bytes) -> None:
        """Takes the next piece, as the provider sent it."""
        self.received += len(data)
        if self._capture is not None and not self._chain.tap:
            self._capture.add(data)
        if not self._done.done():
            self._decoder.feed(data)
            self._pump()

    def end(self, error: BaseException | None = None) -> None:
        """No more will come; with an error, not because it is whole."""
        self._ended = True
        self._error = error
        self._pump()

    def is_congested(self) -> bool:
        """Whether more should not come now."""
        if self._done.done():
            return False
        return self._resting or self._asked is not None or self._inbound.is_congested()

    # -- the client's side

    def pause(self) -> None:
        """The client cannot take more for now."""
        self._pace()

    def resume(self) -> None:
        """The client can take more."""
        self._pump()

    def finish(self, _trailers: list[Header]) -> None:
        """The answer is whole; its end goes out with `Inbound.finish`. What trailers say was of other bytes."""
        if self._out is None:
            self._inbound.whole(self._head(), [], [])
        else:
            self._out.finish([])

    def break_off(self) -> None:
        """The body will not be whole: the client gets to see that."""
        self._inbound.break_off()

    # -- in the call's task

    async def through(self, ended: asyncio.Future[None]) -> None:
        """Waits until all has been passed on, once the source has `ended`. Raises what filters do, or the source."""
        ended.add_done_callback(self._source_ended)
        try:
            await self.drive(self._done)
        finally:
            self.forget()

    async def drive(self, until: asyncio.Future[None]) -> None:
        """Waits for a future, and meanwhile for whom a filter asks. Raises what the future does."""
        while not until.done():
            if self._asked is None:
                self._wake = asyncio.get_running_loop().create_future()
                await asyncio.wait((until, self._wake), return_when=asyncio.FIRST_COMPLETED)
            elif until is self._done:
                await self._answer(self._asked)
            else:
                await self._answer_before(until, self._asked)
        until.result()

    async def _answer_before(self, until: asyncio.Future[None], awaitable: Awaitable[bytes]) -> None:
        """Others wait for that future too, who are not to wait for who was asked."""
        self._asked = asked = asyncio.ensure_future(awaitable)
        await asyncio.wait((until, asked), return_when=asyncio.FIRST_COMPLETED)
        if asked.done() and self._asked is asked:
            await self._answer(asked)

    async def _answer(self, asked: Awaitable[bytes]) -> None:
        try:
            data = await asked
        except asyncio.CancelledError:
            self._asked = None
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._stop(RuntimeError("whom a filter asked was cancelled"))
        except Exception as error:  # a filter's, as if it had raised it itself
            self._asked = None
            self._stop(error)
        else:
            self._asked = None
            self._step(data)
        self._pump()

    def forget(self) -> None:
        """Nobody waits for the rest: nothing more is passed on, and who is still asked need not answer."""
        asked, self._asked = self._asked, None
        self._source = None
        self._chain.share.release()
        self._steps.close()
        if not self._done.done():
            self._done.set_result(None)
        if asked is not None:
            asyncio.ensure_future(asked).cancel()

    def _source_ended(self, ended: asyncio.Future[None]) -> None:
        if not ended.cancelled():  # else nobody waits any more
            self.end(ended.exception())

    # -- one step after the other

    def _pump(self) -> None:
        """Passes on what can be passed on now; of much, a part: filters may take their time over each byte, and little
        may become very much here.
        """
        if self._pumping or self._resting:
            return
        self._pumping = True
        self._passed = 0
        while not (self._done.done() or self.is_congested()):
            self._starving = False
            self._step(None)
            if self._starving:
                break
            if self._passed >= _A_TURN:
                self._resting = True
                asyncio.get_running_loop().call_soon(self._go_on)
        self._pumping = False
        self._pace()

    def _go_on(self) -> None:
        self._resting = False
        self._pump()

    def _step(self, answer: bytes | None) -> None:
        try:
            asked = self._steps.send(answer)
        except StopIteration:
            self._done.set_result(None)
        except CodingError as error:
            self._stop(
                UpstreamError(f"its answer's content coding cannot be undone: {error}", Progress.ANSWERED)
            )
        except Exception as error:  # whatever a filter raises is the call's
            self._stop(error)
        else:
            if asked is not None:
                self._asked = asked
                if self._wake is not None and not self._wake.done():
                    self._wake.set_result(None)

    def _stop(self, error: Exception) -> None:
        """The answer ends here, and not soundly, unless a filter has said how."""
        if isinstance(error, EndAnswer):
            if self._out is not None:
                self._out.feed(error.last)
                self._out.finish([])
                self._closed = True
            error = error.error
        self._done.set_exception(error)
        self._done.exception()  # the waiter may be gone already; asyncio must not complain

    def _pace(self) -> None:
        paused = self.is_congested()
        if paused != self._paused:
            self._paused = paused
            if self._source is not None:
                self._source.pause() if paused else self._source.resume()

    def _run(self) -> _Steps:
        """Yields what a filter asks for, and is sent what came of it; yields None after each piece, and without one."""
        while True:
            piece = self._decoder.read()
            if piece:
                self._passed += len(piece)
                yield from self._chain.feed(piece, self._release)
                self._chain.make_room()
                yield None
            elif self._ended:
                break
            else:
                self._starving = True
                yield None
        if self._error is not None:
            raise self._error
        self._decoder.end()
        yield from self._chain.finish(self._release)

    def _release(self, data: bytes) -> None:
        if self._out is None:
            self._inbound.send_head(self._head())
            self._out = BodyWriter(self._inbound, None)
        self._out.feed(data)


class _Chain:
    """Filters, one behind the other, and the log's tap behind one of them."""

    __slots__ = ("_capture", "_filters", "share", "tap")

    def __init__(self, filters: Sequence[BodyFilter], capture: Capture | None, share: Share) -> None:
        self._filters = filters
        self.share = share
        self._capture = capture
        self.tap = log_tap(filters)

    def feed(self, data: bytes, release: Callable[[bytes], None], place: int = 0) -> _Steps:
        """Passes data on from before the filter at a place."""
        for index in range(place, len(self._filters)):
            self._log(data, index)
            data = yield from _resolved(self._filters[index].feed(data))
            if not data:
                return
        self._log(data, len(self._filters))
        release(data)

    def finish(self, release: Callable[[bytes], None]) -> _Steps:
        """Passes on what the filters have still held back."""
        for place, one in enumerate(self._filters, 1):
            rest = yield from _resolved(one.finish())
            if rest:
                yield from self.feed(rest, release, place)

    @property
    def held(self) -> int:
        """Bytes that filters hold back."""
        return sum(one.held for one in self._filters)

    def make_room(self) -> None:
        """For what filters hold back now, of the memory that all answers share. Raises `GatewayError` 503."""
        held = self.held - _ALLOWANCE
        more = held - self.share.held
        if more > 0:
            if not self.share.take(max(more, _STEP)):
                raise busy()
        elif more < -_STEP:
            self.share.hold(max(0, held))

    def _log(self, data: bytes, place: int) -> None:
        if place and place == self.tap and self._capture is not None:
            self._capture.add(data)


def log_tap(filters: Sequence[BodyFilter]) -> int:
    """Behind how many of the filters the log keeps what passes; behind none it is as the provider sent it."""
    return max((place for place, one in enumerate(filters, 1) if one.logged == "after"), default=0)


def _resolved(data: bytes | Awaitable[bytes]) -> _Asking:
    if isinstance(data, bytes):
        return data
    answer = yield data
    return answer or b""
