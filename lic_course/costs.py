"""What a block of code costs: seconds and peak memory, on the processor or on a GPU."""

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from lic_course.errors import LicError


@dataclass
class Cost:
    """Seconds and peak memory of a `with cost() as c:` block; printed as a lesson prints them."""

    seconds: float = 0.0
    megabytes: float = 0.0  # 10^6 bytes on top of what was in use before
    where: str = ""  # " on the GPU" when the memory is that of a GPU

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.megabytes:.0f} MB of memory{self.where}"


@contextmanager
def cost(gpu: bool = False) -> Iterator[Cost]:
    """Measure the seconds and the peak memory of what happens inside the `with` block.

    gpu: wait for the GPU at both ends and tell its memory instead of the processor's. Memory of
    NumPy arrays and Python objects is counted; memory that libraries take for themselves is not.
    """
    measured = Cost(where=" on the GPU" * gpu)
    cuda = _cuda() if gpu else None
    if cuda:
        cuda.synchronize()
        cuda.reset_peak_memory_stats()
        before = cuda.memory_allocated()
    else:
        tracemalloc.start()
    start = time.perf_counter()
    try:
        yield measured
    finally:
        if cuda:
            cuda.synchronize()
        measured.seconds = time.perf_counter() - start
        if cuda:
            peak = cuda.max_memory_allocated() - before
        else:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        measured.megabytes = peak / 1e6


def _cuda() -> ModuleType:
    import torch

    if not torch.cuda.is_available():
        raise LicError("There is no NVIDIA GPU here: measure with cost(), without gpu=True.")
    return torch.cuda
