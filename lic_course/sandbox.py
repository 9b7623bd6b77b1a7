"""A decoder in a process of its own: when damaged data crash it, only that process ends.

jxrlib (JPEG XR) reads outside its memory on crafted data. The child decodes with imagecodecs and
sends nothing but pixels back; a crash or a hang becomes a `BitstreamError` here.
"""

import atexit
import struct
import subprocess
import sys
import threading

import numpy as np

from lic_course.errors import BitstreamError

TIMEOUT = 60.0  # seconds for one picture
REQUEST = struct.Struct("<16sIIIQ")  # function, height, width, channels (0 for gray), bytes of data
ANSWER = struct.Struct("<?Q")  # success, bytes that follow: pixels, or a message

_child: subprocess.Popen | None = None
_lock = threading.Lock()


def decode(function: str, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """Decode `data` to a picture of `shape` with a function of imagecodecs, in the child process.

    Raises `BitstreamError` when the data are damaged, crash the decoder or take over 60 seconds.
    """
    global _child
    with _lock:
        if _child is None or _child.poll() is not None:
            _child = _start()
        watchdog = threading.Timer(TIMEOUT, _child.kill)
        watchdog.start()
        try:
            return _ask(_child, function, data, shape)
        except (OSError, struct.error):
            _stop()
            raise BitstreamError(f"{function} crashed or hung on the damaged data.") from None
        finally:
            watchdog.cancel()


def _start() -> subprocess.Popen:
    command = [sys.executable, "-m", "lic_course.sandbox"]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=null)


def _stop() -> None:
    global _child
    if _child is not None:
        _child.kill()
        _child.communicate()
        _child = None


atexit.register(_stop)


def _ask(child: subprocess.Popen, function: str, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    height, width, channels = (*shape, 0)[:3]
    child.stdin.write(REQUEST.pack(function.encode(), height, width, channels, len(data)))
    child.stdin.write(data)
    child.stdin.flush()
    success, size = ANSWER.unpack(child.stdout.read(ANSWER.size))
    payload = child.stdout.read(size)
    if not success:
        raise BitstreamError(payload.decode(errors="replace"))
    return np.frombuffer(payload, np.uint8).reshape(shape)


def _serve() -> None:
    """The child: answer requests until the parent closes the pipe."""
    import imagecodecs

    read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
    while len(head := read(REQUEST.size)) == REQUEST.size:
        function, height, width, channels, size = REQUEST.unpack(head)
        image = np.empty((height, width, channels) if channels else (height, width), np.uint8)
        try:
            decoder = getattr(imagecodecs, function.rstrip(b"\0").decode())
            success, answer = True, decoder(read(size), out=image).tobytes()
        except Exception as error:
            success, answer = False, f"{type(error).__name__}: {error}".encode()
        write(ANSWER.pack(success, len(answer)) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
