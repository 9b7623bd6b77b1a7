"""One short training loop for experiments: Adam, cosine decay over a budget, clipped gradients."""

import math
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn


def budget(seconds: float = 0.0, steps: int = 0) -> Iterator[float]:
    """Yield the share of a budget that is spent, from 0 to 1, until it is.

    steps: the budget, when not 0; otherwise seconds of this process on its processor, which other
    programs on the machine cannot take away.
    """
    start, step = time.process_time(), 0
    while True:
        share = step / steps if steps else (time.process_time() - start) / seconds
        if share >= 1:
            return
        yield share
        step += 1


def minimize(
    module: nn.Module,
    loss: Callable[[], Tensor],
    seconds: float = 0.0,
    steps: int = 0,
    rate: float = 2e-3,
) -> list[float]:
    """Train the parameters of a module for a budget; the loss of each step is returned."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    losses = []
    module.train()
    for share in budget(seconds, steps):
        optimizer.param_groups[0]["lr"] = rate * (0.5 + 0.5 * math.cos(math.pi * share))
        value = loss()
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(value.item())
    module.eval()
    return losses
