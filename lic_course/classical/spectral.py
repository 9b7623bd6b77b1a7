"""Spectral cubes: many bands of one scene, decorrelated by principal components.

A cube is (height, width, bands) uint16. Its bands are so much alike that a few components hold
nearly everything: each pixel becomes K scores instead of, say, 200 radiances. The K planes of
scores are then coded like pictures, all with the same target error D, because the axes are
orthonormal: equal errors everywhere cost the fewest bits.

    method     planes of scores                                    source
    j2k        none: every band by JPEG 2000, for comparison
    pca-j2k    JPEG 2000 (OpenJPEG, 16 bits)                       Du and Fowler 2007
    pca-dct    8 x 8 DCT and the context model of the codec pca    after Yadav and Nagmode 2018

With several *clusters* of pixels (k-means on the spectra), each has a mean and axes of its own:
VQ + PCA + JPEG 2000 (Bascones, Gonzalez and Mozos 2018). With *weights* some pixels count more when
the axes are fitted: weighted PCA (Karaca and Gullu 2018); a decoder need not know the weights.

A cube lives in a `.lic` file under the name "spectral", which is no codec for pictures. Its
segments: 'pca' (the head, then means and axes), 'map' (the cluster of each pixel, if there is more
than one), and 'data' (the planes).
"""

import struct
from dataclasses import dataclass

import numpy as np

from lic_course import bitstream
from lic_course.classical.component_coder import code_in_classes, from_differences, to_differences
from lic_course.classical.index_coder import decode_indexes, encode_indexes
from lic_course.classical.karhunen_loeve import fit_pca
from lic_course.classical.laplace_tables import laplace_tables
from lic_course.classical.spectral_planes import PLANE_CODERS
from lic_course.entropy.tables import Coder, Decoder, Encoder
from lic_course.errors import BitstreamError, LicError, UnsupportedImage

NAME = "spectral"
METHODS = ("j2k", "pca-j2k", "pca-dct")
HEAD = struct.Struct(">BHHBI")  # method, bands, K, clusters, root of the target error in 1/256
MAX_SAMPLES = 2**28


def error_of(cube: np.ndarray, quality: float) -> float:
    """The target error of a quality from 1 to 100: half a decibel less with each step of 1.

    Measured against the deviation of the pixels from their mean, over all bands: 20.5 to 70 dB.
    """
    deviation = np.sqrt(np.var(cube.reshape(-1, cube.shape[2]), axis=0, dtype=np.float64).sum())
    return float(np.clip(deviation * 10 ** (-(20 + quality / 2) / 20), 1 / 256, 65535))


def snr(cube: np.ndarray, decoded: np.ndarray) -> float:
    """Signal-to-noise ratio in dB: the variance of all samples over the mean squared error."""
    error = np.mean((cube.astype(np.float64) - decoded) ** 2)
    return float(10 * np.log10(np.var(cube.astype(np.float64)) / error)) if error else np.inf


def bits_per_sample(data: bytes, cube: np.ndarray) -> float:
    """Bits per pixel and band of a complete file."""
    return 8 * len(data) / cube.size


@dataclass(frozen=True)
class Plan:
    """What is in the head of a file."""

    method: str
    bands: int
    K: int  # planes
    clusters: int
    error: float  # target root mean squared error of each plane


def check_cube(cube: np.ndarray) -> np.ndarray:
    """Return `cube` if it is (height, width, bands) uint16; else raise `UnsupportedImage`."""
    cube = np.asarray(cube)
    if cube.dtype != np.uint16 or cube.ndim != 3 or cube.size == 0 or cube.shape[2] > 65535:
        raise UnsupportedImage(
            "A spectral cube has the shape (height, width, bands) and values of type uint16, not "
            f"{cube.shape} and {cube.dtype}."
        )
    return cube


def encode_cube(
    cube: np.ndarray,
    method: str = "pca-j2k",
    components: int | None = None,
    error: float = 20.0,
    clusters: int = 1,
    weights: np.ndarray | None = None,
) -> bytes:
    """Code a cube into a complete `.lic` file.

    cube: (height, width, bands) uint16; components: K, or None for those whose variance exceeds the
    target error, which is the best choice (reverse water-filling); error: target root mean squared
    error of each plane of scores, in the cube's units; clusters: 1 to 255; weights: (height,
    width), positive. Raises `LicError` for wrong settings.
    """
    cube = check_cube(cube)
    height, width, bands = cube.shape
    _check_settings(method, clusters, error)
    error = max(1, round(error * 256)) / 256
    pixels = cube.reshape(-1, bands).astype(np.float64)
    segments = {"pca": b""}
    if method == "j2k":
        scores, K, clusters = pixels, bands, 1
    else:
        labels = cluster_pixels(pixels, clusters)
        clusters = int(labels.max()) + 1
        axes = _fit(pixels, labels, components, error, weights)
        K = axes.loadings.shape[2]
        segments["pca"] = _write_axes(axes)
        if clusters > 1:
            segments["map"] = encode_indexes([labels.reshape(height, width)], [clusters])
        scores = _project(pixels, labels, axes)
    head = HEAD.pack(METHODS.index(method), bands, K, clusters, round(error * 256))
    segments["pca"] = head + segments["pca"]
    planes = np.moveaxis(scores.reshape(height, width, K), -1, 0)
    segments["data"] = PLANE_CODERS[method].encode(planes, error)
    return bitstream.pack(NAME, (height, width), segments)


def _check_settings(method: str, clusters: int, error: float) -> None:
    if method not in METHODS:
        raise LicError(f"A cube is coded by one of {', '.join(METHODS)}, not by {method!r}.")
    if not 1 <= clusters <= 255:
        raise LicError(f"There can be 1 to 255 clusters of pixels, not {clusters}.")
    if not 0 < error <= 65535:
        raise LicError(f"The error of a plane lies above 0 and up to 65535, not {error}.")


def decode_cube(data: bytes, max_samples: int = MAX_SAMPLES) -> np.ndarray:
    """Decode a `.lic` file to a cube (height, width, bands) uint16; raises `BitstreamError`."""
    file = bitstream.unpack(data, max_samples)
    if file.codec != NAME:
        raise BitstreamError(
            f"This is no spectral cube but a picture coded by {file.codec!r}: "
            "decode it with lic_course.decode."
        )
    if len(file.shape) != 2:
        raise BitstreamError("The file of the spectral cube says that it is in color: damaged.")
    plan = _read_head(file.segments, file.shape, max_samples)
    planes = PLANE_CODERS[plan.method].decode(
        file.segments["data"], (plan.K, *file.shape), plan.error
    )
    scores = np.moveaxis(planes, 0, -1).reshape(-1, plan.K)
    if plan.method != "j2k":
        axes = _read_axes(file.segments["pca"][HEAD.size :], plan)
        labels = _read_map(file.segments, plan, file.shape)
        scores = _restore(scores, labels, axes)
    cube = np.clip(np.rint(scores), 0, 65535).astype(np.uint16)
    return cube.reshape(*file.shape, plan.bands)


def _read_head(segments: dict[str, bytes], shape: tuple[int, ...], max_samples: int) -> Plan:
    if list(segments) not in (["pca", "data"], ["pca", "map", "data"]):
        raise BitstreamError(
            "A spectral cube has the segments 'pca' and 'data', and perhaps 'map'."
        )
    if len(segments["pca"]) < HEAD.size:
        raise BitstreamError("The file of the spectral cube has no head: it is damaged.")
    method, bands, K, clusters, error = HEAD.unpack_from(segments["pca"])
    is_sound = method < len(METHODS) and 0 < K <= bands and clusters > 0 and error > 0
    if is_sound and METHODS[method] == "j2k":
        is_sound = bands == K and clusters == 1 and len(segments["pca"]) == HEAD.size
    if not is_sound or ("map" in segments) != (clusters > 1):
        raise BitstreamError("The head of the spectral cube is damaged.")
    plan = Plan(METHODS[method], bands, K, clusters, error / 256)
    if shape[0] * shape[1] * bands > max_samples:
        raise BitstreamError(
            f"The cube has {shape[0]}×{shape[1]}×{bands} samples, more than the limit of "
            f"{max_samples}: if you trust the file, decode it with a larger max_samples."
        )
    return plan


# --- axes -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axes:
    """Mean and axes of each cluster, in integers.

    An axis is stored as its loadings, V_k sigma_k, in multiples of a common step: so each axis is
    rounded as finely as its variance needs, and its length tells sigma_k.
    """

    mean: np.ndarray  # (clusters, bands)
    loadings: np.ndarray  # (clusters, bands, K)

    @property
    def V(self) -> np.ndarray:
        """Axes of length 1 in columns, (clusters, bands, K); zero where there is none."""
        lengths = np.sqrt(np.sum(self.loadings.astype(np.float64) ** 2, axis=1, keepdims=True))
        return self.loadings / np.maximum(lengths, 1)


def cluster_pixels(pixels: np.ndarray, clusters: int, seed: int = 0) -> np.ndarray:
    """The cluster of each pixel by k-means on the spectra, (n,) from 0 on, none of them empty."""
    if clusters == 1:
        return np.zeros(len(pixels), np.int64)
    from sklearn.cluster import KMeans

    clusters = min(clusters, len(np.unique(pixels, axis=0)))
    labels = KMeans(clusters, n_init=1, random_state=seed).fit_predict(pixels)
    return np.unique(labels, return_inverse=True)[1]


def _fit(
    pixels: np.ndarray,
    labels: np.ndarray,
    K: int | None,
    error: float,
    weights: np.ndarray | None,
) -> Axes:
    weights = np.ones(len(pixels)) if weights is None else np.ravel(weights)
    if len(weights) != len(pixels) or not np.all(weights > 0):
        raise LicError("The weights must be positive, one for each pixel of the cube.")
    fits = [fit_pca(pixels[labels == c], None, weights[labels == c]) for c in np.unique(labels)]
    if K is None:
        shares = np.bincount(labels) / len(labels)
        K = np.count_nonzero(shares @ [fit.variances for fit in fits] > error**2)
    K, unit = min(max(1, K), pixels.shape[1]), _unit(error, pixels.shape[1])
    loadings = [np.rint(fit.V * np.sqrt(fit.variances) / unit)[:, :K] for fit in fits]
    means = [np.rint(fit.mu) for fit in fits]
    return Axes(np.stack(means).astype(np.int32), np.stack(loadings).astype(np.int32))


def _unit(error: float, bands: int) -> float:
    """The step of the loadings: what they add to the error is a tenth of what the planes add.

    Rounding the loadings of an axis to multiples of u adds u^2 / 12 to the mean squared error of
    each sample; the error of a plane adds error^2 / bands.
    """
    return error * np.sqrt(1.2 / bands)


def _project(pixels: np.ndarray, labels: np.ndarray, axes: Axes) -> np.ndarray:
    """The scores of each pixel in the rounded axes of its cluster, (n, K)."""
    scores = np.empty((len(pixels), axes.loadings.shape[2]))
    for c, (mean, V) in enumerate(zip(axes.mean, axes.V, strict=True)):
        mine = labels == c
        scores[mine] = (pixels[mine] - mean) @ np.linalg.pinv(V, rcond=0.05).T
    return scores


def _restore(scores: np.ndarray, labels: np.ndarray, axes: Axes) -> np.ndarray:
    """The pixels (n, bands) of their scores (n, K)."""
    pixels = np.empty((len(scores), axes.mean.shape[1]))
    for c, (mean, V) in enumerate(zip(axes.mean, axes.V, strict=True)):
        mine = labels == c
        pixels[mine] = scores[mine] @ V.T + mean
    return pixels


def _write_axes(axes: Axes) -> bytes:
    coder = Encoder(laplace_tables())
    for mean, loadings in zip(axes.mean, axes.loadings, strict=True):
        _walk_axes(coder, loadings.shape, mean, loadings)
    return coder.finish()


def _read_axes(data: bytes, plan: Plan) -> Axes:
    if plan.clusters * plan.bands * plan.K > 4096 * (len(data) + 16):  # the least they can take
        raise BitstreamError("The axes of the spectral cube are damaged: there are too many.")
    coder = Decoder(laplace_tables(), data)
    parts = [_walk_axes(coder, (plan.bands, plan.K)) for _ in range(plan.clusters)]
    coder.finish()
    return Axes(*(np.stack(part) for part in zip(*parts, strict=True)))


def _walk_axes(
    coder: Coder,
    shape: tuple[int, int],
    mean: np.ndarray | None = None,
    loadings: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Code the mean and the loadings of one cluster, or decode them when they are None.

    Neighboring bands are alike, so both go as differences from band to band.
    """
    bands, K = shape
    columns = None
    if mean is not None:
        columns = np.concatenate([mean[:, None], loadings], axis=1).T
    given = None if columns is None else to_differences(columns)
    classes = np.repeat(np.arange(K + 1), bands).reshape(K + 1, bands)
    values, _ = code_in_classes(coder, given, classes, np.full(K + 1, 20))
    columns = from_differences(values).T
    return columns[:, 0], columns[:, 1:]


def _read_map(segments: dict[str, bytes], plan: Plan, shape: tuple[int, ...]) -> np.ndarray:
    if plan.clusters == 1:
        return np.zeros(shape[0] * shape[1], np.int64)
    return decode_indexes(segments["map"], [shape], [plan.clusters])[0].ravel()
