"""Small autoencoders on 8x8 pictures of digits: the survey's [39] and [40]."""

import torch
from torch import Tensor

from lic_course.neural.code_length import best_sigma, code_length, rounded_bits
from lic_course.neural.kalman import KalmanTrainer, TinyAutoencoder
from lic_course.neural.variants import experiment
from lic_course.neural.variants.small import digits

CODES, MANY = 8, 8


def handwritten(seed: int) -> tuple[Tensor, Tensor]:
    """Scikit-learn's digits, 1200 to train on and 597 for tests: float64 (n, 64), whole 0 to 16."""
    from sklearn.datasets import load_digits

    x = torch.from_numpy(load_digits().data)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    return x[order[:1200]], x[order[1200:]]


def adam(network: TinyAutoencoder, x: Tensor, epochs: int, rate: float, seed: int) -> None:
    """Train with Adam, one sample at a time."""
    torch.manual_seed(seed)
    network.w = network.w.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([network.w], rate)
    for _ in range(epochs):
        for index in torch.randperm(len(x)):
            loss = (network(x[index][None], network.w) - x[index]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.w = network.w.detach()


@experiment("kalman", "40", "a Kalman filter learns more from one pass over the data than Adam")
def kalman(pictures, seconds: float, seed: int) -> dict:
    """Squared errors on tests of 8 codes, pixels from 0 to 1; then with 4 bits for each code."""
    x, tests = (part / 16 for part in handwritten(seed))
    networks = {}
    for name, epochs in {"kalman, one pass": 0, "adam, one pass": 1, f"adam, {MANY}": MANY}.items():
        network = networks[name] = TinyAutoencoder(64, CODES, seed)
        if epochs:
            adam(network, x, epochs, 3e-3, seed)
        else:
            trainer = KalmanTrainer(network)
            for sample in x:
                trainer.learn(sample)
    found = {}
    for name, network in networks.items():
        h = network.code(tests)
        _, _, W2, b2 = network.parts(network.w)
        coarse = (torch.round((h + 1) * 7.5) / 7.5 - 1) @ W2.T + b2
        found[name] = {
            "mse": digits(float((network(tests) - tests).square().mean())),
            "mse_with_4_bits": digits(float((coarse - tests).square().mean())),
        }
    mean, V = components(x)
    back = (tests - mean) @ V[:, :CODES] @ V[:, :CODES].T + mean
    return found | {"pca": {"mse": digits(float((back - tests).square().mean()))}}


def components(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and principal axes, in columns, the strongest first, of samples (n, d)."""
    mean = x.mean(dim=0)
    return mean, torch.linalg.eigh((x - mean).T @ (x - mean)).eigenvectors.flip(1)


@experiment("code-length", "39", "the smallest error is not the smallest number of bits")
def code_lengths(pictures, seconds: float, seed: int) -> dict:
    """Bits to send digits without loss: k principal components, then what they do not tell."""
    x, tests = handwritten(seed)
    mean, V = components(x)
    found = {}
    for k in (0, 2, 5, 10, 15, 20, 30, 45, 64):
        rows = [bits_with(x, tests, mean, V[:, :k], step) for step in (1.0, 2.0, 3.0, 4.0)]
        found[str(k)] = min(rows, key=lambda row: row["bits"])
    return found


def bits_with(x: Tensor, tests: Tensor, mean: Tensor, V: Tensor, step: float) -> dict:
    """Mean bits of a test digit, and its squared error, with codes rounded to a step."""

    def rounded(samples: Tensor) -> tuple[Tensor, Tensor]:
        q = torch.round((samples - mean) @ V / step)
        return q, q * step @ V.T + mean

    (q, back), (q_test, back_test) = rounded(x), rounded(tests)
    b = q.abs().mean(dim=0).clamp(min=0.05)
    y_bits = rounded_bits(q_test, b.expand_as(q_test))
    total = code_length(tests, back_test, y_bits, best_sigma(x, back))
    return {
        "mse": digits(float((tests - back_test).square().mean())),
        "bits_of_codes": digits(float(y_bits.sum(dim=1).mean())),
        "bits": digits(float(total.mean())),
        "step": step,
    }
