"""From a trained network to the arrays of a weights file.

Floats for the transform, rounded to 16 bits, and integers for the probabilities.
"""

from collections.abc import Sequence

import numpy as np
import torch

from lic_course.neural.coders import coder_from_network
from lic_course.neural.composition import Composition
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
    """All arrays of a weights file; samples as in `coder_from_network`.

    The network's parameters are rounded on the way.
    """
    network = network.eval().cpu().float().requires_grad_(False)
    arrays = shorten(network)
    return arrays | coder_from_network(parts.prior, network, samples).arrays()
