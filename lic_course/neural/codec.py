"""A learned codec in use: the transform in floats, the probabilities in integers, a file of bytes.

Encoder and decoder may run the transform on any device and in any precision, and still agree on the
latents to the last bit, because everything that decides about a probability is an integer.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lic_course.codec import Codec
from lic_course.entropy.tables import Decoder, Encoder
from lic_course.errors import BitstreamError
from lic_course.neural import weights
from lic_course.neural.coders import coder_from_arrays
from lic_course.neural.composition import Composition
from lic_course.neural.export import arrays_of
from lic_course.neural.latent_coders import LEVELS, Coded, Latent, for_each_stream
from lic_course.neural.recipes import RECIPES, Parts, build
from lic_course.neural.transforms import Transform
from lic_course.neural.weights import fingerprint


class LearnedCodec(Codec):
    """A codec whose transform and probabilities were learned; subclasses give names and texts."""

    kind = "learned"
    quality_help = (
        "logarithm of lambda, from the smallest to the largest that the network was trained for"
    )

    def unavailable(self) -> str | None:
        """See Codec."""
        if "model" not in self.__dict__ and not weights.path_of(self.name).is_file():
            return f"its weights data/weights/{self.name}.safetensors are missing."
        return None

    @cached_property
    def model(self) -> "Model":
        """The networks and tables, loaded at the first use."""
        return Model.load(self.name)

    @property
    def fingerprint(self) -> bytes:
        """See Codec."""
        return self.model.fingerprint

    def untrained(self, N: int, M: int) -> "Model":
        """A model of this codec with random weights, N of its channels in z: for timing."""
        parts = RECIPES[self.name].parts
        return Model.untrained(replace(parts, N=N, M=M, hyper_N=N))

    def encode(self, image: np.ndarray, quality: float) -> dict[str, bytes]:
        """See Codec."""
        level = round((quality - 1) / 99 * (LEVELS - 1))
        latent = self.model.analyze(image, level)
        return write_streams(self.model, latent, level)

    def decode(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """See Codec."""
        level, coded = read_streams(self.model, segments, shape)
        return self.model.synthesize(coded.y_hat, level, shape)

    def bits_per_block(self, segments: dict[str, bytes], shape: tuple[int, ...]) -> np.ndarray:
        """Bits of each 16x16 block, those of z shared among the blocks below it."""
        _, coded = read_streams(self.model, segments, shape)
        total = coded.bits["y"].sum(axis=0)
        if "z" in coded.bits:
            z = coded.bits["z"].sum(axis=0) / 16
            total += z.repeat(4, axis=0).repeat(4, axis=1)[: total.shape[0], : total.shape[1]]
        return total


class Model:
    """Networks and tables of one weights file: from pictures to latents and back."""

    def __init__(self, network: Composition, coder, fingerprint: bytes = b"") -> None:
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.coder, self.fingerprint = coder, fingerprint
        self.device, self.dtype = "cpu", fast_dtype()

    @classmethod
    def load(cls, name: str) -> "Model":
        """The model of data/weights/NAME.safetensors; LicError or BitstreamError without it."""
        stored = weights.load(weights.path_of(name))
        floats = {
            key.removeprefix("net."): torch.from_numpy(array.astype(np.float32))
            for key, array in stored.arrays.items()
            if key.startswith("net.")
        }
        network = build(stored.card["recipe"])
        try:
            missing, unexpected = network.load_state_dict(floats, strict=False)
        except RuntimeError as error:
            raise BitstreamError(f"The weights of {name!r} do not fit its network.") from error
        if unexpected or any(not key.startswith("prior.") for key in missing):
            raise BitstreamError(f"The weights of {name!r} do not fit its network.")
        coder = coder_from_arrays(stored.card["prior"], integers_in(stored.arrays))
        return cls(network, coder, stored.fingerprint)

    @classmethod
    def untrained(cls, parts: Parts, seed: int = 0) -> "Model":
        """A model with random weights."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = build(parts)
            samples = [torch.rand(1, 3, 128, 128) for _ in range(8)]
            arrays = arrays_of(network, parts, samples)
        return cls(
            network, coder_from_arrays(parts.prior, integers_in(arrays)), fingerprint(arrays)
        )

    def to(self, device: str) -> None:
        """Compute on another device from now on."""
        self.device = device
        self.network.to(device)
        self.coder.to(device)

    @property
    def transform(self) -> Transform:
        """The transform of the network."""
        return self.network.transform

    def latent_shape(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(M, h, w) for a picture of `shape`."""
        n = self.transform.stride
        return self.transform.M, -(-shape[0] // n), -(-shape[1] // n)

    def analyze(self, image: np.ndarray, level: int) -> Latent:
        """The latents of a picture, uint8 (H, W) or (H, W, 3), at a level from 0 to 255."""
        y = self.latent_of(image, level)
        return Latent(y, self.hyper_latent_of(y))

    def latent_of(self, image: np.ndarray, level: int) -> np.ndarray:
        """The latent y of a picture, float32 (M, h, w), with the gain of the level."""
        x = self._tensor(image)
        with self._fast():
            y = self.transform.analysis(x) * self._setting(level).gain
        return y[0].float().cpu().numpy()

    def hyper_latent_of(self, y: np.ndarray) -> np.ndarray | None:
        """The latent z of y, float32 (N, h / 4, w / 4), or None for a prior without one."""
        if "z" not in self.coder.streams:
            return None
        with self._fast():
            z = self.network.prior.hyper_latent(torch.from_numpy(y)[None].to(self.device))
        return z[0].float().cpu().numpy()

    def synthesize(self, y_hat: np.ndarray, level: int, shape: tuple[int, ...]) -> np.ndarray:
        """The picture of a latent, uint8 of `shape`."""
        y = torch.from_numpy(np.ascontiguousarray(y_hat, dtype=np.float32))[None].to(self.device)
        with self._fast():
            setting = self._setting(level)
            x = self.transform.synthesis(
                (y * setting.inverse).contiguous(memory_format=torch.channels_last)
            )
        x = x[0, :, : shape[0], : shape[1]].float()
        x = x.mean(dim=0) if len(shape) == 2 else x.permute(1, 2, 0)
        return x.mul(255).round_().clamp_(0, 255).to(torch.uint8).cpu().numpy()

    def _setting(self, level: int):
        gate = self.network.gate
        return gate(torch.tensor([level / (LEVELS - 1) * (gate.levels - 1)], device=self.device))

    def _tensor(self, image: np.ndarray) -> Tensor:
        n = self.transform.stride
        color = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        x = torch.tensor(color).permute(2, 0, 1)[None]
        x = x.to(self.device).float() / 255
        x = F.pad(x, (0, -x.shape[-1] % n, 0, -x.shape[-2] % n), mode="replicate")
        return x.contiguous(memory_format=torch.channels_last)

    def _fast(self) -> "_Fast":
        return _Fast(self.device, self.dtype)


class _Fast:
    """Inference mode, and autocast to a shorter type where the machine is fast with it."""

    def __init__(self, device: str, dtype: torch.dtype) -> None:
        self.contexts = [
            torch.inference_mode(),
            torch.autocast(torch.device(device).type, dtype, enabled=dtype != torch.float32),
        ]

    def __enter__(self) -> None:
        for context in self.contexts:
            context.__enter__()

    def __exit__(self, *problem) -> None:
        for context in reversed(self.contexts):
            context.__exit__(*problem)


def integers_in(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a weights file that do not belong to the network in floats."""
    return {name: array for name, array in arrays.items() if not name.startswith("net.")}


def fast_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it in hardware, else float32."""
    capable = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
    return torch.bfloat16 if capable else torch.float32


def write_streams(model: Model, latent: Latent, level: int) -> dict[str, bytes]:
    """Code latents into one segment per stream; the first byte of the first one is the level."""
    coders = for_each_stream(model.coder, lambda stream, tables: Encoder(tables))
    model.coder.code(coders, latent.y.shape, level, latent)
    segments = {stream: coder.finish() for stream, coder in coders.items()}
    first = model.coder.streams[0]
    return segments | {first: bytes([level]) + segments[first]}


def read_streams(
    model: Model, segments: dict[str, bytes], shape: tuple[int, ...]
) -> tuple[int, Coded]:
    """The level and the latents of segments; BitstreamError when they are damaged."""
    streams = list(model.coder.streams)
    if list(segments) != streams or not segments[streams[0]]:
        raise BitstreamError(
            f"The file must have the segments {' and '.join(streams)}, the first not empty."
        )
    level, rest = segments[streams[0]][0], segments[streams[0]][1:]
    payloads = segments | {streams[0]: rest}
    coders = for_each_stream(model.coder, lambda stream, tables: Decoder(tables, payloads[stream]))
    coded = model.coder.code(coders, model.latent_shape(shape), level)
    for coder in coders.values():
        coder.finish()
    return level, coded


class FactorizedCodec(LearnedCodec):
    """A learned transform with one fixed probability table per channel of its latent.

    Source: Ballé, Laparra and Simoncelli, 2017, with a smaller network and gains for all rates.
    """

    name, lesson = "factorized", "06"


class HyperpriorCodec(LearnedCodec):
    """A learned transform whose latent comes with a second one that tells its means and scales.

    Source: Ballé et al., 2018, and Minnen, Ballé and Toderici, 2018, with gains for all rates.
    """

    name, lesson = "hyperprior", "07"


class ContextCodec(LearnedCodec):
    """The hyperprior's latent, predicted from decoded neighbors too, along a moving front.

    Source: Minnen, Ballé and Toderici, 2018, decoded as a wavefront: the same file in fewer steps.
    """

    name, lesson = "context", "11"


class ContextFastCodec(LearnedCodec):
    """The hyperprior's latent in four groups of channels, each a checkerboard: eight steps in all.

    Source: He et al., 2022, with a smaller network and gains for all rates.
    """

    name, lesson = "context-fast", "11"
