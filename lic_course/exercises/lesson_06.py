"""The exercises of lesson 06: the loss of a learned codec, GDN, soft assignments."""

import numpy as np

from lic_course.exercises.core import Case, Exercise, Wrong, case


def codec_loss(bits: float, x: np.ndarray, x_hat: np.ndarray, lmbda: float) -> float:
    """Bits per pixel plus lambda times the squared error on the 8-bit scale; x from 0 to 1."""
    height, width, _ = x.shape
    return bits / (height * width) + lmbda * 255**2 * np.mean((x - x_hat) ** 2)


def _loss_per_sample(bits, x, x_hat, lmbda):
    return bits / x.size + lmbda * 255**2 * np.mean((x - x_hat) ** 2)


def _loss_unit_scale(bits, x, x_hat, lmbda):
    return bits / (x.shape[0] * x.shape[1]) + lmbda * np.mean((x - x_hat) ** 2)


def _loss_255_once(bits, x, x_hat, lmbda):
    return bits / (x.shape[0] * x.shape[1]) + lmbda * 255 * np.mean((x - x_hat) ** 2)


def _loss_sum(bits, x, x_hat, lmbda):
    return bits / (x.shape[0] * x.shape[1]) + lmbda * 255**2 * np.sum((x - x_hat) ** 2)


def _loss_total_bits(bits, x, x_hat, lmbda):
    return bits + lmbda * 255**2 * np.mean((x - x_hat) ** 2)


def _loss_lambda_on_rate(bits, x, x_hat, lmbda):
    return lmbda * bits / (x.shape[0] * x.shape[1]) + 255**2 * np.mean((x - x_hat) ** 2)


def _loss_absolute(bits, x, x_hat, lmbda):
    return bits / (x.shape[0] * x.shape[1]) + lmbda * 255 * np.mean(np.abs(x - x_hat))


def _loss_case(rng: np.random.Generator, height: int, width: int, lmbda: float) -> Case:
    x = rng.random((height, width, 3))
    x_hat = x + rng.normal(0, 0.05, x.shape)
    bits = float(rng.integers(10, 400))
    return case(bits, x, x_hat, lmbda, words=f"{bits:g} bits, {height}×{width}, lambda {lmbda}")


def _random_losses(rng: np.random.Generator) -> list[Case]:
    return [_loss_case(rng, *size) for size in ((3, 5, 0.004), (16, 8, 0.03), (1, 7, 0.1))]


_CODEC_LOSS = Exercise(
    id="06.codec_loss",
    task="Compute bits per pixel plus lambda times the squared error on the 8-bit scale.",
    minutes=8,
    points=2,
    solution=codec_loss,
    cases=(
        case(32.0, np.zeros((4, 4, 3)), np.full((4, 4, 3), 1 / 255), 0.5, words="32 bits, 4×4"),
        _loss_case(np.random.default_rng(1), 8, 8, 0.01),
        _loss_case(np.random.default_rng(2), 6, 10, 0.02),
    ),
    hidden=_random_losses,
    wrong=(
        Wrong(_loss_per_sample, "bits per pixel: three colors are one pixel."),
        Wrong(_loss_unit_scale, "the error is wanted on the 8-bit scale: a factor of 255²."),
        Wrong(_loss_255_once, "a squared error grows with the square of the scale: 255²."),
        Wrong(_loss_sum, "take the mean of the squared errors, not their sum."),
        Wrong(_loss_total_bits, "divide the bits by the number of pixels."),
        Wrong(_loss_lambda_on_rate, "here lambda weighs the distortion, not the rate."),
        Wrong(_loss_absolute, "square the errors."),
    ),
)


def gdn(u: np.ndarray, beta: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    """u_i / sqrt(beta_i + sum_j gamma_ij u_j^2) for u (channels, h, w)."""
    return u / np.sqrt(_activity(u**2, beta, gamma))


def _activity(v, beta, gamma):
    return np.asarray(beta)[:, None, None] + np.einsum("ij,jhw->ihw", gamma, v)


def _gdn_no_root(u, beta, gamma):
    return u / _activity(u**2, beta, gamma)


def _gdn_transposed(u, beta, gamma):
    return gdn(u, beta, np.transpose(gamma))


def _gdn_inverse(u, beta, gamma):
    return u * np.sqrt(_activity(u**2, beta, gamma))


def _gdn_absolute(u, beta, gamma):
    return u / np.sqrt(_activity(np.abs(u), beta, gamma))


def _gdn_no_beta(u, beta, gamma):
    return u / np.sqrt(_activity(u**2, 0 * np.asarray(beta), gamma) + 1e-12)


def _gdn_own_channel(u, beta, gamma):
    return gdn(u, beta, np.diag(np.diag(gamma)))


def _gdn_over_the_picture(u, beta, gamma):
    power = np.broadcast_to((u**2).mean(axis=(1, 2), keepdims=True), u.shape)
    return u / np.sqrt(_activity(power, beta, gamma))


def _gdn_case(rng: np.random.Generator, channels: int, h: int, w: int) -> Case:
    u = rng.normal(0, 2, (channels, h, w))
    beta, gamma = 0.5 + rng.random(channels), rng.random((channels, channels))
    return case(u, beta, gamma, words=f"{channels} channels of {h}×{w}")


def _random_activities(rng: np.random.Generator) -> list[Case]:
    return [_gdn_case(rng, *size) for size in ((2, 3, 3), (4, 1, 5), (7, 2, 2))]


_GDN = Exercise(
    id="06.gdn",
    task="Divide each channel by the activity of all channels at the same place.",
    minutes=10,
    points=3,
    solution=gdn,
    cases=(
        case(
            np.array([[[3.0]], [[4.0]]]),
            np.array([1.0, 2.0]),
            np.array([[1.0, 0.5], [0.0, 1.0]]),
            words="u = (3, 4) at one place",
        ),
        _gdn_case(np.random.default_rng(1), 3, 2, 4),
        _gdn_case(np.random.default_rng(2), 5, 3, 3),
    ),
    hidden=_random_activities,
    wrong=(
        Wrong(_gdn_no_root, "take the square root of the sum before dividing."),
        Wrong(_gdn_transposed, "gamma[i, j] is what channel j adds to the norm of channel i."),
        Wrong(_gdn_inverse, "that is the inverse: divide here."),
        Wrong(_gdn_absolute, "this form squares u in the sum."),
        Wrong(_gdn_no_beta, "add beta, channel by channel."),
        Wrong(_gdn_own_channel, "all channels divide each channel: sum over j."),
        Wrong(_gdn_over_the_picture, "the activity is that of the same place: no mean over h, w."),
    ),
)


def soft_value(z: np.ndarray, centers: np.ndarray, hardness: float) -> np.ndarray:
    """The mixture of the centers for each z (n,): shares exp(-hardness (z - c)^2), normalized."""
    return _shares(z, centers, hardness) @ centers


def _shares(z, centers, hardness, power=2):
    score = -hardness * np.abs(np.subtract.outer(z, centers)) ** power
    weights = np.exp(score - score.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _soft_hard(z, centers, hardness):
    return centers[np.abs(np.subtract.outer(z, centers)).argmin(axis=1)]


def _soft_distance(z, centers, hardness):
    return _shares(z, centers, hardness, power=1) @ centers


def _soft_not_normalized(z, centers, hardness):
    return np.exp(-hardness * np.subtract.outer(z, centers) ** 2) @ centers


def _soft_wrong_axis(z, centers, hardness):
    weights = np.exp(-hardness * np.subtract.outer(z, centers) ** 2)
    return weights / weights.sum(axis=0) @ centers


def _soft_temperature(z, centers, hardness):
    return _shares(z, centers, 1 / hardness) @ centers


def _soft_far(z, centers, hardness):
    return _shares(z, centers, -hardness) @ centers


def _soft_straight(z, centers, hardness):
    return np.array(z, float)


def _soft_case(rng: np.random.Generator, count: int, hardness: float) -> Case:
    centers = np.sort(rng.uniform(-2, 2, count))
    z = rng.uniform(-2, 2, 6)
    return case(z, centers, hardness, words=f"6 values, {count} centers, hardness {hardness}")


def _random_centers(rng: np.random.Generator) -> list[Case]:
    return [_soft_case(rng, *how) for how in ((2, 0.5), (5, 2.0), (6, 4.0))]


_SOFT_VALUE = Exercise(
    id="06.soft_value",
    task="Mix the centers by how near they are, the harder the more like the nearest one.",
    minutes=12,
    points=3,
    solution=soft_value,
    cases=(
        case(np.array([0.0, 0.25]), np.array([-1.0, 1.0]), 1.0),
        case(np.array([0.1, 0.9, 3.0]), np.array([0.0, 1.0, 2.0]), 3.0),
        _soft_case(np.random.default_rng(1), 6, 2.0),
    ),
    hidden=_random_centers,
    wrong=(
        Wrong(_soft_hard, "mix all centers: this takes the nearest one."),
        Wrong(_soft_distance, "square the distances."),
        Wrong(_soft_not_normalized, "divide by the sum of the shares."),
        Wrong(_soft_wrong_axis, "the shares of one z sum to 1: sum over the centers."),
        Wrong(_soft_temperature, "multiply by the hardness: more of it means nearer to hard."),
        Wrong(_soft_far, "near centers get the large shares: mind the sign."),
        Wrong(_soft_straight, "return the mixture of the centers, not z."),
    ),
)

EXERCISES = (_CODEC_LOSS, _GDN, _SOFT_VALUE)
