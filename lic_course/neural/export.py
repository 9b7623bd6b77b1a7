"""From a trained network to the arrays of a weights file.

Floats for the transform, rounded to 16 bits, and integers for the probabilities.
"""

from collections.abc import Sequence

import numpy as np
import torch

from lic_course.neural.composition import Composition
from lic_course.neural.latent_coders import Z_MAX, FactorizedCoder, HyperpriorCoder
from lic_course.neural.priors import LEVEL_MAX
from lic_course.neural.recipes import Parts


def shorten(network: Composition) -> dict[str, np.ndarray]:
    """Round all parameters to float16, in the network itself too, and return them by name."""
    arrays = {}
    for name, value in network.state_dict().items():
        value.copy_(value.half().float())
        arrays[f"net.{name}"] = value.cpu().half().numpy()
    return arrays


def arrays_of(
    network: Composition, parts: Parts, samples: Sequence[torch.Tensor]
) -> dict[str, np.ndarray]:
    """All arrays of a weights file. The network's parameters are rounded on the way.

    samples: pictures, (1, 3, H, W) from 0 to 1 with sides that are multiples of 64, on which the
    ranges of the integer networks are measured.
    """
    network = network.eval().cpu().float()
    arrays = shorten(network)
    if parts.prior == "factorized":
        coder = FactorizedCoder.from_prior(network.prior, network.gate)
    else:
        coder = HyperpriorCoder.from_prior(network.prior, network.gate, z_samples(network, samples))
    return arrays | coder.arrays()


@torch.no_grad()
def z_samples(network: Composition, samples: Sequence[torch.Tensor]) -> torch.Tensor:
    """Typical inputs of h_s: z and the level, at levels spread over the range: (B, N + 1, h, w)."""
    found = []
    for number, x in enumerate(samples):
        level = (number % 8) / 7 * (network.gate.levels - 1)
        setting = network.gate(torch.tensor([level]))
        z = network.prior.hyper_latent(network.transform.analysis(x) * setting.gain)
        z = torch.round(z).clamp(-Z_MAX, Z_MAX)
        plane = torch.round(setting.level * LEVEL_MAX).view(1, 1, 1, 1).expand_as(z[:, :1])
        found.append(torch.cat([z, plane], dim=1))
    return torch.cat(found)
