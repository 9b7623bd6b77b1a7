"""Networks of integers: the same output on every machine, bit for bit.

A probability that a decoder computes a little differently than the encoder did makes everything
after it garbage, and floating-point networks do differ: by thread, by device, by batch size. So the
networks whose output becomes a probability work on integers. Weights have 8 bits, activations too,
and each layer is one convolution, one multiplication and one shift:

    acc = sum W a + b                          |acc| < 2**53: exact in float64, in any order
    v   = floor((acc m + 2**23) / 2**24)       m, one integer a channel, is the change of scale
    a'  = min(max(v, low), high)               low = 0 is the ReLU

float64 holds every integer up to 2**53, and `check_bounds` proves from the weights alone that no
sum and no product can be larger. The rounding after the convolution repairs algorithms that are no
plain sums (Winograd's), as long as they err by less than 1/2.
Source of the idea: Ballé, Johnston and Minnen, "Integer networks for data compression with
latent-variable models", 2019.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lic_course.errors import BitstreamError

SHIFT = 24
EXACT = 2.0**53  # float64 holds all integers up to here
WEIGHT_MAX, ACTIVATION_MAX = 127, 255


@dataclass
class IntegerLayer:
    """One convolution of integers, each array as float64 that holds integers.

    W: (out, in, k, k), or (in, out, k, k) when transposed. b, m: (out,), bias and multiplier.
    low, high: the range of the output. stride: of the convolution; its padding is k // 2.
    """

    W: Tensor
    b: Tensor
    m: Tensor
    low: int
    high: int
    stride: int
    transposed: bool

    def __call__(self, a: Tensor) -> Tensor:
        """From integers a, (B, in, h, w), to integers (B, out, h', w'), float64 both."""
        padding = self.W.shape[-1] // 2
        if self.transposed:
            acc = F.conv_transpose2d(
                a, self.W, self.b, self.stride, padding, output_padding=self.stride - 1
            )
        else:
            acc = F.conv2d(a, self.W, self.b, self.stride, padding)
        acc = torch.round(acc) * self.m[:, None, None]
        return torch.floor((acc + 2.0 ** (SHIFT - 1)) / 2.0**SHIFT).clamp_(self.low, self.high)

    def largest_sum(self, a_max: int) -> float:
        """The largest |acc| that inputs within +-a_max can reach."""
        per_input = (0, 2, 3) if self.transposed else (1, 2, 3)
        return float((self.W.abs().sum(per_input) * a_max + self.b.abs()).max())

    def check_bounds(self, a_max: int) -> None:
        """Raise BitstreamError unless all sums and products stay below 2**53 for |a| <= a_max."""
        worst = self.largest_sum(a_max)
        if worst * float(self.m.abs().max()) + 2.0**SHIFT >= EXACT:
            raise BitstreamError("An integer network could leave the exact range: do not use it.")


class IntegerNetwork:
    """Integer layers one after the other; `input_max` bounds the input, which is clipped to it."""

    def __init__(self, layers: list[IntegerLayer], input_max: int) -> None:
        self.layers, self.input_max = layers, input_max
        self.check_bounds()

    def check_bounds(self) -> list[float]:
        """The largest sum that each layer can reach; BitstreamError when one is not exact."""
        worst, a_max = [], self.input_max
        for layer in self.layers:
            layer.check_bounds(a_max)
            worst.append(layer.largest_sum(a_max))
            a_max = max(abs(layer.low), abs(layer.high))
        return worst

    @torch.inference_mode()
    def __call__(self, a: np.ndarray) -> np.ndarray:
        """From integers (in, h, w) or (B, in, h, w) to int32 (..., out, h', w')."""
        a = np.clip(a, -self.input_max, self.input_max).astype(np.float64)
        device = self.layers[0].W.device
        x = torch.from_numpy(a if a.ndim == 4 else a[None]).to(device)
        with torch.autocast(device.type, enabled=False):
            for layer in self.layers:
                x = layer(x)
        result = x.to(torch.int32).cpu().numpy()
        return result if a.ndim == 4 else result[0]

    def to(self, device: str | torch.device) -> None:
        """Move all arrays to a device."""
        for layer in self.layers:
            layer.W, layer.b, layer.m = (t.to(device) for t in (layer.W, layer.b, layer.m))

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """All that a weights file must hold, as integer arrays by name."""
        found = {f"{prefix}.input_max": np.array([self.input_max], np.int64)}
        for n, layer in enumerate(self.layers):
            found[f"{prefix}.{n}.W"] = layer.W.cpu().numpy().astype(np.int8)
            found[f"{prefix}.{n}.b"] = layer.b.cpu().numpy().astype(np.int64)
            found[f"{prefix}.{n}.m"] = layer.m.cpu().numpy().astype(np.int64)
            found[f"{prefix}.{n}.how"] = np.array(
                [layer.low, layer.high, layer.stride, layer.transposed], np.int64
            )
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], prefix: str) -> "IntegerNetwork":
        """The network that `arrays` wrote; BitstreamError when something is missing or unsound."""
        layers = []
        try:
            while f"{prefix}.{len(layers)}.W" in arrays:
                W, b, m, how = (
                    arrays[f"{prefix}.{len(layers)}.{k}"] for k in ("W", "b", "m", "how")
                )
                low, high, stride, transposed = how.tolist()
                W, b, m = (torch.from_numpy(a.astype(np.float64)) for a in (W, b, m))
                layers.append(IntegerLayer(W, b, m, low, high, stride, bool(transposed)))
            input_max = int(arrays[f"{prefix}.input_max"][0])
        except (KeyError, ValueError) as error:
            raise BitstreamError(f"The integer network {prefix!r} is incomplete.") from error
        if not layers:
            raise BitstreamError(f"The integer network {prefix!r} is incomplete.")
        return cls(layers, input_max)


def to_integers(
    network: nn.Sequential,
    samples: Tensor,
    input_max: int,
    output_steps: Tensor,
    output_max: Tensor,
) -> IntegerNetwork:
    """Turn trained convolutions and ReLUs into a network of integers.

    network: Conv2d and ConvTranspose2d, each but the last followed by a ReLU. samples: typical
    inputs, integers as float, (B, in, h, w), from which the ranges of the activations are taken.
    output_steps: (out,) what 1 means in each channel of the output (1/16 for means, 1 for indexes).
    output_max: (2,) the range of the output.
    """
    convs = [m for m in network if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    layers, step_in, x = [], torch.ones(1, dtype=torch.float64), samples
    for n, module in enumerate(convs):
        is_last = n == len(convs) - 1
        with torch.no_grad():
            x = module(x) if is_last else torch.relu(module(x))
        if is_last:
            step_out, (low, high) = output_steps.double(), output_max
        else:
            top = torch.quantile(x.flatten()[:: max(1, x.numel() // 2**22)].double(), 0.9999)
            step_out, low, high = 1.2 * top.clamp(min=1e-3) / ACTIVATION_MAX, 0, ACTIVATION_MAX
        layers.append(_integer_layer(module, step_in, step_out, int(low), int(high)))
        step_in = step_out
    return IntegerNetwork(layers, input_max)


def _integer_layer(
    module: nn.Conv2d | nn.ConvTranspose2d, step_in: Tensor, step_out: Tensor, low: int, high: int
) -> IntegerLayer:
    transposed = isinstance(module, nn.ConvTranspose2d)
    W, bias = module.weight.detach().double(), module.bias.detach().double()
    others, across = ((0, 2, 3), (1, -1, 1, 1)) if transposed else ((1, 2, 3), (-1, 1, 1, 1))
    w = (
        W.abs().amax(others).clamp(min=1e-9) / WEIGHT_MAX
    )  # what 1 means in the weights of a channel
    m = torch.round(w * step_in / step_out * 2.0**SHIFT)
    while bool((m < 1).any()):  # a channel so weak that its multiplier vanishes: coarser weights
        w = torch.where(m < 1, 2 * w, w)
        m = torch.round(w * step_in / step_out * 2.0**SHIFT)
    return IntegerLayer(
        W=torch.round(W / w.view(across)),
        b=torch.round(bias / (w * step_in)),
        m=m,
        low=low,
        high=high,
        stride=module.stride[0],
        transposed=transposed,
    )
