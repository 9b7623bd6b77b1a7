"""The latent coder of each kind of prior: from a trained network, or from stored arrays."""

from collections.abc import Sequence

import numpy as np
import torch

from lic_course.errors import BitstreamError
from lic_course.neural.composition import Composition
from lic_course.neural.context_coder import ContextCoder
from lic_course.neural.latent_coders import Z_MAX, FactorizedCoder, HyperpriorCoder
from lic_course.neural.priors import LEVEL_MAX
from lic_course.neural.recipes import CONTEXTS

LatentCoder = FactorizedCoder | HyperpriorCoder

CODERS = {
    "factorized": FactorizedCoder,
    "scale-hyperprior": HyperpriorCoder,
    "hyperprior": HyperpriorCoder,
    **dict.fromkeys(CONTEXTS, ContextCoder),
}


def coder_from_arrays(kind: str, arrays: dict[str, np.ndarray]) -> LatentCoder:
    """The latent coder of a weights file."""
    if kind not in CODERS:
        raise BitstreamError(f"The weights are for a prior {kind!r}, which this version lacks.")
    return CODERS[kind].from_arrays(arrays)


def coder_from_network(
    kind: str, network: Composition, samples: Sequence[torch.Tensor]
) -> LatentCoder:
    """The latent coder of a trained network.

    samples: pictures, (1, 3, H, W) from 0 to 1 with sides that are multiples of 64, on which the
    ranges of the integer networks are measured.
    """
    prior, gate = network.prior, network.gate
    if kind == "factorized":
        return FactorizedCoder.from_prior(prior, gate)
    z, y_hat = typical_latents(network, samples)
    if CODERS[kind] is ContextCoder:
        return ContextCoder.from_prior(prior, gate, z, y_hat)
    return HyperpriorCoder.from_prior(prior, gate, z)


@torch.no_grad()
def typical_latents(
    network: Composition, samples: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Typical inputs of h_s, z with the level, (B, N + 1, h/4, w/4), and typical y, (B, M, h, w).

    The levels are spread over the range.
    """
    inputs, latents = [], []
    for number, x in enumerate(samples):
        level = (number % 8) / 7 * (network.gate.levels - 1)
        setting = network.gate(torch.tensor([level]))
        y = network.transform.analysis(x) * setting.gain
        z = torch.round(network.prior.hyper_latent(y)).clamp(-Z_MAX, Z_MAX)
        plane = torch.round(setting.level * LEVEL_MAX).view(1, 1, 1, 1).expand_as(z[:, :1])
        inputs.append(torch.cat([z, plane], dim=1))
        latents.append(torch.round(y))
    return torch.cat(inputs), torch.cat(latents)
