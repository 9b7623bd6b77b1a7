"""Contexts that look further than a window: whatever is decoded and looks alike, anywhere.

A texture that comes again is worth more than the neighbors. Neither the place nor the likeness is
sent: a decoder finds both in what it has. Both models here run on frozen latents (frozen.py), in
floats: their bits are estimates, as a search in integers for files is left out.

Positions are numbered row by row, p = i w + j, and time[p] is the step of a schedule that decodes
p. `earlier(time)[p, q]` is what keeps all of this causal: only q with time[q] < time[p] are used.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lic_course.neural.causal_layers import MaskedConv, raster_mask
from lic_course.neural.context import GroupContext
from lic_course.neural.frozen import Batch, Refined
from lic_course.neural.neighborhoods import Raster
from lic_course.neural.priors import INDEX_UNIT

FAR = -1e9  # the logarithm of no weight at all
LARGEST = 30.0  # of what is taken over from elsewhere, so that one odd place spoils little
SPEED = 10.0  # a unit of `strength`: Adam's small steps are to reach 1 soon


def wavefront_time(h: int, w: int) -> Tensor:
    """The step of each position in a wavefront for 5x5 masks, 3 i + j: (h w,)."""
    return (3 * torch.arange(h)[:, None] + torch.arange(w)).flatten()


def earlier(time: Tensor) -> Tensor:
    """[p, q]: whether q is decoded before p, (h w, h w)."""
    return time[None, :] < time[:, None]


def directions(y: Tensor, size: int = 3) -> Tensor:
    """Patches of size x size around each position as unit vectors, (B, C size**2, h w).

    y: (B, C, h, w). It is compressed by asinh, so that strong channels do not drown the others.
    """
    return F.normalize(F.unfold(torch.asinh(y), size, padding=size // 2), dim=1)


def most_similar(key: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """For each position p the allowed q whose key points most nearly in the same direction.

    key: (B, E, h w) unit vectors; allowed: (h w, h w) of [p, q]. Returns q, and the cosine between
    the keys, (B, h w) each; where nothing is allowed, q is 0 and the cosine -1.
    """
    cosine = (key.transpose(1, 2) @ key).masked_fill(~allowed, FAR)
    best, q = cosine.max(dim=2)
    nothing = best < -2
    return q.masked_fill(nothing, 0), best.masked_fill(nothing, -1.0)


def causal_attention(
    key: Tensor, value: Tensor, allowed: Tensor, heat: Tensor, nothing: Tensor
) -> tuple[Tensor, Tensor]:
    """The average of all allowed values, weighted by the likeness of their keys.

    w_pq = exp(heat key_p . key_q) / (exp(nothing) + sum over the allowed q of the same), so that
    the weights of p sum to less than 1: the rest is for "nothing looks alike". This is a non-local
    block (Wang et al., 2018), softmax(theta(x)^T phi(x)) g(x), with theta = phi and a mask.

    key: (B, E, h w) unit vectors; value: (B, C, h w). Returns sums of values, (B, C, h w), and sums
    of weights, (B, 1, h w).
    """
    logits = (heat * (key.transpose(1, 2) @ key)).masked_fill(~allowed, FAR)
    rest = nothing.expand(*logits.shape[:2], 1)
    weights = torch.softmax(torch.cat([logits, rest], dim=2), dim=2)[:, :, :-1]
    return value @ weights.transpose(1, 2), weights.sum(dim=2)[:, None]


class GlobalHalves(Refined):
    """Two halves of the channels; for the second, the most similar place that is decoded helps.

    The first half is coded with the 12 neighbors before. The second sees the first half everywhere
    in its window, its own 12 neighbors, and its own values at the place q whose surroundings in the
    first half (known at both places) are most similar, with the similarity as a confidence.
    The schedule is that of plain halves: 3 (h - 1) + w + 9 steps.
    Source: Guo et al., "Causal contextual prediction for learned image compression", 2021.
    """

    def __init__(
        self,
        N: int,
        M: int,
        width: int = 64,
        hidden: tuple[int, ...] = (128,),
        unit: Tensor | None = None,
        patch: int = 3,
    ) -> None:
        halves = M - M // 2, M // 2
        super().__init__(N, M, "raster", halves, width, hidden, unit)
        self.parts[1] = GroupContext(N + halves[1] + 1, Raster(halves, 1), width, hidden)
        self.patch = patch
        self.slope, self.threshold = (nn.Parameter(torch.tensor(v)) for v in (20.0, 0.8))
        self.strength = nn.Parameter(torch.zeros(1, halves[1], 1, 1))

    def reference(self, y_hat: Tensor) -> tuple[Tensor, Tensor]:
        """The second half at the most similar place, (B, M/2, h, w), and the cosine, (B, 1, h, w).

        y_hat: (B, M, h, w), of which at each position only what is decoded by then is used.
        """
        first, second = y_hat.split(self.groups, dim=1)
        h, w = y_hat.shape[2:]
        key = directions(first, self.patch).detach()
        q, cosine = most_similar(key, earlier(wavefront_time(h, w)))
        taken = second.flatten(2).gather(2, q[:, None].expand(-1, second.shape[1], -1))
        taken = taken * (cosine > -1)[:, None]  # where nothing is decoded yet: 0
        return taken.view_as(second), cosine.view(-1, 1, h, w)

    def moves(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """How means and indexes move, (B, M, h, w) each."""
        taken, cosine = self.reference(batch.y_hat)
        sure = torch.sigmoid(self.slope * (cosine - self.threshold))
        pull = sure * (taken - batch.mean[:, self.groups[0] :]).clamp(-LARGEST, LARGEST)
        known = torch.cat([batch.trunk, pull, sure], dim=1)
        seen = self.seen(batch)
        outputs = self.parts[0](seen, batch.trunk), self.parts[1](seen, known)
        means, indexes = zip(*(output.chunk(2, dim=1) for output in outputs), strict=True)
        means = torch.cat([means[0], means[1] + SPEED * self.strength * pull], dim=1)
        return means, INDEX_UNIT * torch.cat(indexes, dim=1)


class NonLocalContext(Refined):
    """Raster context, and an average over all that is decoded, weighted by how alike it is.

    An element itself is unknown when it is predicted, so likeness is measured on a proxy that is
    known: features of z and of the 12 neighbors before, at either place.
    Source: in the spirit of Li et al., "Learning context-based non-local entropy modeling for image
    compression", 2021, without its U-Net transform.
    """

    def __init__(
        self,
        N: int,
        M: int,
        width: int = 64,
        hidden: tuple[int, ...] = (128,),
        unit: Tensor | None = None,
        E: int = 32,
    ) -> None:
        super().__init__(N, M, "raster", (), width, hidden, unit)
        self.parts[0] = GroupContext(N + M + 1, Raster((M,), 0), width, hidden)
        self.before = MaskedConv(M, E, raster_mask())
        self.proxy = nn.Conv2d(N, E, 1)
        self.heat, self.nothing = (nn.Parameter(torch.tensor(v)) for v in (20.0, 18.0))
        self.strength = nn.Parameter(torch.zeros(1, M, 1, 1))

    def moves(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """How means and indexes move, (B, M, h, w) each."""
        h, w = batch.y_hat.shape[2:]
        key = self.before(torch.asinh(batch.y_hat)) + self.proxy(batch.trunk)
        allowed = earlier(wavefront_time(h, w))
        key, value = F.normalize(key.flatten(2), dim=1), batch.y_hat.flatten(2)
        total, weight = causal_attention(key, value, allowed, self.heat, self.nothing)
        total, weight = total.view_as(batch.y_hat), weight.view(-1, 1, h, w)
        pull = (total - weight * batch.mean).clamp(-LARGEST, LARGEST)
        output = self.parts[0](self.seen(batch), torch.cat([batch.trunk, pull, weight], dim=1))
        mean, index = output.chunk(2, dim=1)
        return mean + SPEED * self.strength * pull, INDEX_UNIT * index
