"""The latent coder of each kind of prior: from a trained network, or from stored arrays."""

from collections.abc import Sequence

import numpy as np
import torch

from lic_course.errors import BitstreamError
from lic_course.neural.composition import Composition
from lic_course.neural.context_coder import ContextCoder
from lic_course.neural.latent_coders import (
    LEVELS,
    FactorizedCoder,
    HyperpriorCoder,
    Latent,
    round_latent,
)
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
    ranges of the integer networks are measured, and to which the shapes of the tables are fitted.
    """
    prior, gate = network.prior, network.gate
    if kind == "factorized":
        return FactorizedCoder.from_prior(prior, gate)
    latents = typical_latents(network, samples)
    z = [HyperpriorCoder.with_level(round_latent(latent.z), level) for level, latent in latents]
    z_samples = torch.from_numpy(np.stack(z)).float()
    if CODERS[kind] is ContextCoder:
        y_samples = torch.from_numpy(np.stack([np.rint(latent.y) for _, latent in latents]))
        coder = ContextCoder.from_prior(prior, gate, z_samples, y_samples)
    else:
        coder = HyperpriorCoder.from_prior(prior, gate, z_samples)
    coder.fit_tables(latents)
    return coder


@torch.no_grad()
def typical_latents(
    network: Composition, samples: Sequence[torch.Tensor]
) -> list[tuple[int, Latent]]:
    """Levels from 0 to 255, spread over the range, and the latents of pictures at them."""
    latents = []
    for number, x in enumerate(samples):
        level = number % 8 * (LEVELS - 1) // 7
        setting = network.gate(torch.tensor([level / (LEVELS - 1) * (network.gate.levels - 1)]))
        y = network.transform.analysis(x) * setting.gain
        z = network.prior.hyper_latent(y)
        latents.append((level, Latent(y[0].numpy(), z[0].numpy())))
    return latents
