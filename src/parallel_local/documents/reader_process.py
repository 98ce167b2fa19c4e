"""A process that reads heavy formats, one file after the other, and may hang, die or eat: nothing else does with it.

Both ends of its pipe are here. A question is a name and the bytes of a file, an answer its content or a reason.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

import msgspec

from parallel_local.documents.content import Content, NotNow, Unreadable
from parallel_local.documents.formats import read_content

_SECONDS = 60.0
_ALARM = 70
_MOST_MEMORY = 2_000_000_000
_LENGTH = 8
_LONGEST = 500_000_000
_COMMAND = (sys.executable, "-m", "parallel_local.documents.reader_process")


class _Question(msgspec.Struct):
    name: str
    content: bytes


class _Answer(msgspec.Struct):
    content: Content | None = None
    reason: str = ""
    not_now: bool = False


class ReaderProcess:
    """Started by the first file, ended by `close`, and by a file that takes too long; the next file starts another."""

    def __init__(self, command: Sequence[str] = _COMMAND, seconds: float = _SECONDS) -> None:
        self._command = tuple(command)
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: str, content: bytes) -> Content:
        """The content of a file of this name. Raises `Unreadable`."""
        process = self._process = self._process or self._started()
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            answer = self._asked(process, _Question(name, content))
        except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
            self.close()
            took = f"reading it takes longer than {self._seconds:g} seconds"
            raise NotNow(took if late.is_set() else "reading it ended its reader") from error
        finally:
            timer.cancel()
        if answer.content is None:
            raise (NotNow if answer.not_now else Unreadable)(answer.reason)
        return answer.content

    def interrupt(self) -> None:
        """Let a reading that another thread waits for fail now."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was not taken from it yet cannot be written any more
                    if pipe is not None:
                        pipe.close()
            process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        # Not of the terminal's group: Ctrl-C is for who started it. What its libraries say names no file.
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _asked(self, process: subprocess.Popen[bytes], question: _Question) -> _Answer:
        assert process.stdin is not None
        assert process.stdout is not None
        _send(process.stdin, msgspec.msgpack.encode(question))
        return msgspec.msgpack.decode(_receive(process.stdout), type=_Answer)


def main(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answers until nobody asks any more."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            question = msgspec.msgpack.decode(_receive(questions), type=_Question)
        except EOFError:
            return
        signal.alarm(_ALARM)  # whoever asked may be dead, and kill nobody any more
        answer = _answer(question)
        signal.alarm(0)
        _send(answers, msgspec.msgpack.encode(answer))


def _answer(question: _Question) -> _Answer:
    try:
        return _Answer(content=read_content(question.name, question.content))
    except Unreadable as error:
        return _Answer(reason=str(error), not_now=isinstance(error, NotNow))
    except MemoryError:
        return _Answer(reason=f"reading it takes more than {_MOST_MEMORY // 1_000_000_000} GB of memory")


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(_LENGTH, "big"))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    head = pipe.read(_LENGTH)
    length = int.from_bytes(head, "big")
    message = pipe.read(length) if len(head) == _LENGTH and length <= _LONGEST else b""
    if not message or len(message) < length:
        raise EOFError
    return message


def _answers_alone() -> IO[bytes]:
    """The pipe that answers go to; what a library prints goes elsewhere."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


if __name__ == "__main__":
    main(sys.stdin.buffer, _answers_alone())
