"""The universal codebooks of the codec `vq`: how `data/weights/vq.safetensors` was made.

    python -m lic_course.classical.codebook_training

Trained on built-in pictures and dead leaves. The four pictures on which the codecs are measured
(astronaut, camera, chelsea, coffee) are left out. Takes some minutes.
"""

import json
import time
from collections.abc import Iterator

import numpy as np
from safetensors.numpy import save

import lic_course
from lic_course import images
from lic_course.classical.codebooks import k_means, to_codebook
from lic_course.classical.vector_quantization import (
    LADDER,
    WEIGHTS,
    to_planes,
    to_vectors,
)
from lic_course.files import data_dir, write_atomically

SHARES = {  # how many vectors from each picture, at most
    "china": 12_000,
    "flower": 12_000,
    "brick": 2_000,
    "grass": 2_000,
    "gravel": 2_000,
    "text": 1_500,
}
DEAD_LEAVES, LEAVES_SHARE = 3, 6_000
ITERATIONS = 20


def training_pictures() -> Iterator[tuple[np.ndarray, int]]:
    """Each picture with its share of the vectors."""
    for name, share in SHARES.items():
        yield images.builtin(name), share
    for seed in range(DEAD_LEAVES):
        yield images.dead_leaves(512, 512, seed), LEAVES_SHARE


def training_vectors(b: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """B x b blocks of luma, and of Cb and Cr together, drawn at random: (n, b * b) uint8 each."""
    rng = np.random.default_rng(seed)
    luma, chroma = [], []
    for image, share in training_pictures():
        for number, plane in enumerate(to_planes(image)):
            vectors, _ = to_vectors(plane, b)
            drawn = rng.permutation(len(vectors))[:share]
            (chroma if number else luma).append(vectors[drawn])
    return np.concatenate(luma), np.concatenate(chroma)


def train() -> dict[str, np.ndarray]:
    """All codebooks, (K, b * b) uint8: luma_b_K and chroma_b_K for each rung (b, K)."""
    books, vectors = {}, {b: training_vectors(b) for b, _ in LADDER}
    for b, K in LADDER:
        luma, chroma = vectors[b]
        books[f"luma_{b}_{K}"] = to_codebook(k_means(luma, K, most=ITERATIONS))
        books[f"chroma_{b}_{K}"] = to_codebook(k_means(chroma, K, most=ITERATIONS))
        print(f"{b}×{b}, {K} codewords", flush=True)
    return books


def card(seconds: float, books: dict[str, np.ndarray]) -> dict:
    """What to know of the codebooks, for `vq.json`."""
    return {
        "what": "universal codebooks of the codec vq, uint8, sorted by brightness",
        "command": "python -m lic_course.classical.codebook_training",
        "method": "KMeans of scikit-learn (n_init 1, random_state 0, max_iter 20), rounded",
        "data": {name: images.BUILTIN[name] for name in SHARES}
        | {"dead leaves": f"synthetic, 512×512, seeds 0 to {DEAD_LEAVES - 1}"},
        "codewords": {name: len(Y) for name, Y in books.items()},
        "seconds": round(seconds),
        "package": lic_course.__version__,
        "license": "that of this project",
    }


def main() -> None:
    """Train, and write the codebooks and their card."""
    start = time.perf_counter()
    books = train()
    about = card(time.perf_counter() - start, books)
    folder = data_dir() / "weights"
    folder.mkdir(exist_ok=True)
    write_atomically(folder / WEIGHTS, save(books))
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    write_atomically((folder / WEIGHTS).with_suffix(".json"), text.encode())


if __name__ == "__main__":
    main()
