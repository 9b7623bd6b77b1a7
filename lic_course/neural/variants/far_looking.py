"""What is gained by looking far when a decoded JPEG is restored: references 99 to 102 and 104."""

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from skimage import restoration
from torch import Tensor

from lic_course import metrics
from lic_course.neural.far_looking import restorers
from lic_course.neural.minimize import minimize
from lic_course.neural.variants import experiment

QUALITY = 20  # of JPEG
SIZE, CROP, BATCH = 128, 64, 8  # pixels of tests, pixels and number of crops in a step
PATCH = {"patch_size": 5, "patch_distance": 7, "fast_mode": True}  # of non-local means


def decoded(gray: np.ndarray) -> np.ndarray:
    """A gray picture after JPEG."""
    file = io.BytesIO()
    Image.fromarray(gray).save(file, "jpeg", quality=QUALITY)
    return np.asarray(Image.open(file))


def pairs_of(pictures: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Gray pictures and what JPEG makes of them."""
    grays = [np.asarray(Image.fromarray(picture).convert("L")) for picture in pictures]
    return [(gray, decoded(gray)) for gray in grays]


def tensor_of(planes: Sequence[np.ndarray]) -> Tensor:
    """Gray pictures of one size as (B, 1, H, W) from 0 to 1."""
    return torch.from_numpy(np.stack(planes)[:, None]).float() / 255


def crops_of(pairs: list, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A batch of crops on the grid of JPEG's blocks: originals and decoded ones."""
    crops = []
    for number in rng.integers(len(pairs), size=BATCH):
        H, W = pairs[number][0].shape
        top, left = 8 * rng.integers((H - CROP) // 8 + 1), 8 * rng.integers((W - CROP) // 8 + 1)
        part = slice(top, top + CROP), slice(left, left + CROP)
        crops.append([plane[part] for plane in pairs[number]])
    return tuple(tensor_of(planes) for planes in zip(*crops, strict=True))


def non_local_means(x: np.ndarray) -> np.ndarray:
    """The picture denoised by scikit-image, with the strength that was best in a search."""
    y = restoration.denoise_nl_means(x / 255, h=6 / 255, **PATCH)
    return np.rint(255 * y).clip(0, 255).astype(np.uint8)


def mean_psnr(originals: Sequence[np.ndarray], restored: Sequence[np.ndarray]) -> float:
    """Mean PSNR in dB."""
    both = zip(originals, restored, strict=True)
    return round(float(np.mean([metrics.psnr(x, y) for x, y in both])), 3)


@experiment("looking-far", "100", "non-local layers restore better than local ones")
def run_looking_far(pictures: list[np.ndarray], seconds: float, seed: int) -> dict:
    """Restore decoded JPEG by non-local means, and by networks that look near or far."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    large = [picture for picture in pictures if min(picture.shape[:2]) >= SIZE]
    train = pairs_of([p for number, p in enumerate(large) if number % 5 != 4])
    tests = []
    for picture in large[4::5]:
        top, left = (8 * rng.integers((n - SIZE) // 8 + 1) for n in picture.shape[:2])
        tests.append(picture[top : top + SIZE, left : left + SIZE])
    tests = pairs_of(tests)
    originals, jpegs = zip(*tests, strict=True)
    means = [non_local_means(x) for x in jpegs]
    rows = {
        "jpeg": {"psnr": mean_psnr(originals, jpegs)},
        "non-local means": {"psnr": mean_psnr(originals, means)},
    }
    torch.manual_seed(seed)
    for name, net in restorers().items():
        own = np.random.default_rng(seed)

        def loss(net=net, own=own) -> Tensor:
            x, x_hat = crops_of(train, own)
            return 1000 * (net(x_hat) - x).square().mean()

        steps = len(minimize(net, loss, seconds, rate=2e-3))
        with torch.no_grad():
            outputs = [net(tensor_of([x])) for x in jpegs]
        restored = [y[0, 0].mul(255).round().clamp(0, 255).byte().numpy() for y in outputs]
        weights = sum(p.numel() for p in net.parameters())
        rows[name] = {"psnr": mean_psnr(originals, restored), "weights": weights, "steps": steps}
    return {"quality": QUALITY, "tests": len(tests), "rows": rows}
