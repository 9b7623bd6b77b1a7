# %% [markdown]
# # What do fuzzy partitions and fitted curves add?
#
# Blocks end abruptly. Here a pixel belongs to two neighbors at once, a surface bends where an edge is, and a block
# has two codewords by halves. You measure what each idea is worth, in bytes, and what its papers counted.
#
# *60 min · no GPU needed · needs [lesson 02](02_dct_and_jpeg.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **build** a fuzzy partition, and the F-transform and its inverse, in five lines;
# - **prove** that levels on one partition collapse to one, and **find** their limit;
# - **count** what a "compression rate" leaves out, and **repeat** a comparison with honest bytes;
# - **fit** a plane and a hyperbolic tangent to a block, and **judge** "up to 20 dB";
# - **say** what fuzzy c-means minimizes, and what a codec needs instead.
#
# You will use two codecs: `ftransform` and `hyperbolic`.

# %% [markdown]
# ## Set-up

# %%
import numpy as np

from lic_course import codec, evaluate, exercises, images, metrics, plots, widgets
from lic_course.classical import curve_model, fuzzy_levels, fuzzy_partition

plots.style()

# %% [markdown]
# ## What if a pixel belonged to two blocks?
#
# A block owns its pixels wholly. In a *fuzzy partition* [1], node $k$ owns a hill $A_k$ that falls from 1 at the
# node to 0 at its neighbors.
#
# **Ask.** Seen from one pixel: what should its memberships add up to?


# %%
def hills(N, n):
    j, nodes = np.arange(N), np.linspace(0, N - 1, n)
    h = (N - 1) / (n - 1)  # pixels from node to node
    return np.maximum(0, 1 - np.abs(j - nodes[:, None]) / h)


# %%
A = hills(25, 4)
assert np.allclose(A, fuzzy_partition.partition(25, 4))
assert np.allclose(A.sum(axis=0), 1)
names = [f"$A_{k}$" for k in range(1, 5)]
plots.curves(range(25), dict(zip(names, A, strict=True)), "pixel", "membership")

# %% [markdown]
# **So.** To 1: pixel 6 belongs to $A_1$ by a quarter and to $A_2$ by three quarters. The first and the last hill
# are halves.
#
# The *direct* transform takes the mean under each hill, weighted by the hill. The *inverse* mixes these means again
# by the memberships:
#
# $$F = \frac{A f B^\top}{a\, b^\top}, \qquad \hat f = A^\top F B$$
#
# with one partition for the rows and one for the columns; $a$, $b$ are the sums of the hills.


# %%
def direct(f, A, B):
    return A @ f @ B.T / np.outer(A.sum(axis=1), B.sum(axis=1))


def inverse(F, A, B):
    return A.T @ F @ B


# %% [markdown]
# **Ask.** 64×64 numbers shall stand for 512×512 pixels. Which picture will be nearer: means of blocks, or an
# F-transform?

# %%
photo = images.builtin("camera")
f = photo.astype(float)
CROP = 96, 184, 128, 128


def picture(y):
    return np.clip(np.rint(y), 0, 255).astype(np.uint8)


# %%
W = hills(512, 64)
F = direct(f, W, W)
assert np.allclose(F, fuzzy_partition.direct(f, W, W))
means = images.to_blocks(f, 8).mean(axis=(2, 3))
shown = {
    "block means": np.kron(means, np.ones((8, 8))),
    "F-transform": inverse(F, W, W),
}

# %%
for name, y in shown.items():
    print(f"{name:12} {metrics.psnr(photo, picture(y)):.2f} dB")
plots.show([picture(y) for y in shown.values()], list(shown), crop=CROP, width=5)

# %% [markdown]
# **So.** Hardly a tenth of a decibel apart, yet they fail differently: steps on the left; on the right no borders,
# but the blur of hills that overlap. Triangles interpolate: it is a small picture, enlarged.

# %% [markdown]
# ## Do more levels help?
#
# The *multilevel* F-transform [2] transforms what the inverse misses, then what is still missing, until the picture
# is good enough. Here 8×8 pixels become 3×3 components per level.
#
# **Ask.** Each level sends 9 numbers per block. How many does the decoder need after twelve levels?

# %%
A = hills(8, 3)
blocks = images.to_blocks(f, 8)
rest, levels, psnr = blocks, [], []
for _ in range(12):
    levels.append(direct(rest, A, A))
    rest = rest - inverse(levels[-1], A, A)
    psnr.append(10 * np.log10(255**2 / np.mean(rest**2)))

# %%
together = sum(levels)
assert np.allclose(inverse(together, A, A), blocks - rest)
print(together.shape, "numbers do what", np.shape(levels), "do")

# %% [markdown]
# **Fact 1: they collapse.** The transform is linear, so $\sum_l A^\top F_l A = A^\top \big(\sum_l F_l\big) A$. Nine
# numbers, whatever the levels: who sends them one by one sends twelve times the data for nothing.
#
# **Fact 2: the limit is least squares.** In one dimension, a level leaves $(I - R) f$ with $R = A^\top D A$ and $D =
# \mathrm{diag}(1/a)$; so $L$ levels leave $(I - R)^L f$. $R$ is symmetric and $x^\top R x = \|D^{1/2} A x\|^2 \ge 0$;
# its entries are $\ge 0$ and its rows sum to 1. So its eigenvalues lie in $[0, 1]$: what hills can show dies out, the
# rest stays.

# %%
R = A.T @ np.diag(1 / A.sum(axis=1)) @ A
print("eigenvalues", np.linalg.eigvalsh(R)[::-1].round(3) + 0.0)
best = np.linalg.pinv(A.T) @ blocks @ np.linalg.pinv(A)
assert np.allclose(best, fuzzy_levels.least_squares(blocks, A, A))

# %%
limit = 10 * np.log10(255**2 / np.mean((blocks - inverse(best, A, A)) ** 2))
lines = {"multilevel": psnr, "least squares": [limit] * 12}
plots.curves(range(1, 13), lines, "levels", "PSNR in dB")

# %% [markdown]
# **So.** The second level adds one decibel; then the curve leans on its ceiling. A threshold above it is never
# reached, so the loop needs a cap. And one matrix, the pseudo-inverse, reaches the ceiling in a single step.

# %% [markdown]
# ### Fact 3: a node is not a number
#
# The F1-transform [3] stores a *plane* at each node: mean and two slopes. Its rate is printed as $\rho = n^2/N^2$,
# as before.
#
# **Ask.** At equal *numbers* per block, who wins?

# %%
print("              printed rate   numbers per pixel     PSNR")
for name, n in (("F1", 2), ("F", 2), ("F", 3), ("F", 4)):
    A = hills(8, n)
    if name == "F1":
        parts = fuzzy_partition.direct_f1(blocks, A, A)
        y, count = fuzzy_partition.inverse_f1(parts, A, A), parts.count
    else:
        F = fuzzy_levels.least_squares(blocks, A, A)
        y, count = inverse(F, A, A), F.size
    value = metrics.psnr(photo, picture(images.from_blocks(y)))
    print(
        f"{name:2} {n}×{n} nodes {n * n / 64:11.4f} {count / f.size:17.4f} {value:15.2f} dB"
    )

# %% [markdown]
# **So.** At the printed rate of 0.0625, F1 wins by more than a decibel. But it stores twelve numbers; the plain
# transform is better with nine, fitted by least squares.

# %% [markdown]
# ## What does "comparable with JPEG" count?
#
# The fuzzy literature calls its method comparable with JPEG [4]. Its rate $\rho$ counts components per pixel; at 8
# bits each that is $8\rho$ bits per pixel. **Ask.** Count JPEG in two ways. First its *transform* alone: the $n
# \times n$ lowest DCT coefficients. Then its *file*.

# %%
from lic_course.classical import dct, grid_coder
from lic_course.entropy.tables import Encoder


def coded_bits(q, predict=True):
    encoder = Encoder(grid_coder.tables())
    grid_coder.code_grid(encoder, q, q.shape, predict)
    return 8 * len(encoder.finish())


# %%
def jpeg_at(bpp):
    return codec.find_quality(photo, "jpeg", target_bytes=int(bpp * f.size / 8)).image


# %%
print("            8ρ      F   limit    DCT   JPEG     coded      F   JPEG")
for N, n in ((16, 3), (8, 2), (8, 3), (4, 2)):
    A, C, X = hills(N, n), dct.dct_matrix(N)[:n], images.to_blocks(f, N)
    F = np.rint(direct(X, A, A))
    fits = [F, fuzzy_levels.least_squares(X, A, A)]
    fits = [inverse(F, A, A) for F in fits] + [C.T @ (C @ X @ C.T) @ C]
    y = [picture(images.from_blocks(fit)) for fit in fits]
    bpp = coded_bits(images.from_blocks(F).astype(int)) / f.size
    y += [jpeg_at(8 * n * n / N**2), y[0], jpeg_at(bpp)]
    row = [f"{metrics.psnr(photo, one):6.2f}" for one in y]
    line = f"{N:2}→{n}  {8 * n * n / N**2:.2f} bpp " + " ".join(row[:4])
    print(line, f"{bpp:5.2f} bpp", *row[4:])

# %% [markdown]
# **So.** As a transform, fuzzy hills are indeed comparable: least squares is at most 0.3 dB below the DCT with as
# many numbers. But JPEG also rounds, skips zeros and codes: at equal bits its file is 6 to 14 dB ahead. With *our*
# entropy coder behind the components (three columns on the right), the gap is still 4 to 6 dB. A transform was compared, not
# a codec.

# %% [markdown]
# ### How fast is the fast one?
#
# FMF [5] first tries one level on ever finer partitions, and then runs MF on the one that will do. It is reported to
# take "at most half of the CPU time" of MF.
#
# **Ask.** MF must be told a partition: try a poor one, and the one that FMF finds.


# %%
def search(threshold):
    for pair in fuzzy_levels.RATES:
        result = fuzzy_levels.mf_transform(photo, *pair, threshold)
        if result.reached:
            return result


# %%
for threshold in (28, 32):
    best = fuzzy_levels.fmf_transform(photo, threshold)
    told = best.block, best.n
    runs = {
        "MF, 8→2": lambda t: fuzzy_levels.mf_transform(photo, 8, 2, t),
        "MF, told": lambda t, pair=told: fuzzy_levels.mf_transform(photo, *pair, t),
        "MF, in turn": search,
        "FMF": lambda t: fuzzy_levels.fmf_transform(photo, t),
    }
    for name, run in runs.items():
        with evaluate.cost() as cost:
            last = run(threshold)
        print(
            f"{threshold} dB  {name:11} {last.block}→{last.n}, {last.levels} levels",
            end="",
        )
        print(f" {last.psnr[-1]:.2f} dB, {last.rate:.2f} a pixel, {cost.seconds:.2f} s")

# %% [markdown]
# **So.** It depends on the anchor. FMF includes a run of MF, and its search costs more than that run: against an MF
# that is *told* the partition it takes two to three times as long. Against one that must try each partition in turn,
# with all its levels, it takes about half. And it needs fewer numbers, for it avoids levels; by fact 1, they could
# have been collapsed.
#
# What does help is a *finer* partition for what is left, as in a Laplacian pyramid [6]. The codec `ftransform` works
# like that.

# %% [markdown]
# ## Can a surface bend where an edge is?
#
# Three numbers make a plane per block. A hyperbolic tangent [7] can be a plane, or nearly a step:
#
# $$z = m + p \tanh(g_x u_x + g_y u_y)$$
#
# **Ask.** The survey reports a gain of "up to 20 dB". Fit each block by least squares: how much does the bend bring?
# The paper takes its first guess from the four corners.


# %%
fits, fitted = {}, {}
for B in (4, 8):
    X = images.to_blocks(f, B)
    flat = X.reshape(-1, B, B)
    fits[B, "corners"] = curve_model.corner_fit(flat)
    fits[B, "plane"] = curve_model.plane_fit(flat)
    fits[B, "tanh"] = curve_model.hyperbolic_fit(flat).surfaces
    for name in ("corners", "plane", "tanh"):
        fitted[B, name] = y = picture(
            images.from_blocks(fits[B, name].reshape(X.shape))
        )
        line = f"{B}×{B} {name:8} {metrics.psnr(photo, y):.2f} dB"
        line += f"   SSIM {metrics.ssim(photo, y):.3f}"
        print(line, f"  blockiness {metrics.blockiness(y, B):.2f}")

# %%
names = ["corners", "plane", "tanh"]
shown = [photo] + [fitted[8, name] for name in names]
plots.show(shown, ["original", *names], crop=(64, 200, 96, 96))

# %%
X = images.to_blocks(f, 4).reshape(-1, 4, 4)
mse = {name: ((X - fits[4, name]) ** 2).mean(axis=(1, 2)) for name in names}
for name in ("plane", "corners"):
    use = mse[name] > 1
    gain = 10 * np.log10(mse[name][use] / np.maximum(mse["tanh"][use], 1e-9))
    print(f"tanh against {name:8} median {np.median(gain):.2f} dB", end="")
    print(f", best block {gain.max():.1f} dB")

# %% [markdown]
# **So.** The bend brings half a decibel and a better SSIM, mostly where the coat meets the sky; blockiness stays.
# Surfaces through corners alone are worse than planes. In its best block of 16384, the tangent is 18.5 dB ahead of
# the plane, and 21 dB ahead of the corners: "up to" may mean *one block*.

# %% [markdown]
# ### And in the file?
#
# A block sends its mean, a height, and which of 16 or 32 shapes: the tangent costs a bit more. **Ask.** Does it
# still pay?


# %%
def coded(shapes, B, step):
    X = images.to_blocks(f, B)
    fit, best = curve_model.family_fit(X.reshape(-1, B, B), shapes)
    mean, half = np.rint((fit.mean - 128) / step), np.rint(fit.half / step / 1.5)
    q = [v.astype(int).reshape(X.shape[:2]) for v in (mean, half)]
    bits = coded_bits(q[0]) + coded_bits(q[1], predict=False)
    bits += np.log2(len(shapes)) * np.count_nonzero(half)
    z = 128 + step * mean[:, None] + 1.5 * step * half[:, None] * shapes[best]
    y = picture(images.from_blocks(z.reshape(X.shape)))
    return bits / f.size, metrics.psnr(photo, y)


# %%
for B in (4, 8):
    points = {}
    for name, gains in {"plane": (0.0,), "tanh": (0.0, 4.0)}.items():
        shapes = curve_model.family(B, gains, 16)
        points[name] = np.transpose(
            [coded(shapes, B, step) for step in (8, 12, 18, 27)]
        )
        bpp, psnr = points[name][:, 1]
        print(f"{B}×{B} {name:5} {bpp:.3f} bpp, {psnr:.2f} dB")
    print(f"BD-rate {metrics.bd_rate(*points['plane'], *points['tanh']):+.1f} %")

# %% [markdown]
# **So.** It pays: 3 % of the bits at 4×4, 14 % at 8×8, where a plane is too stiff. That is a fair gain over
# *planes*. JPEG had 28.9 dB at 0.22 bpp.

# %% [markdown]
# ## Does softness help a codebook?
#
# The survey's section is named after *fuzzy means clustering*, but none of its papers clusters. Lesson 04 did: fuzzy
# c-means [8] gives each block degrees of membership $u_{ik}$, and minimizes $J = \sum u_{ik}^m |x_i - c_k|^2$.
#
# **Ask.** Whose $J$ is smaller, whose MSE? And is a second program of the same opinion?

# %%
from skfuzzy.cluster import cmeans

from lic_course.classical import codebooks

x = np.array([0, 1, 2, 8, 9, 10.0])
ours = codebooks.fuzzy_c_means(x[:, None], 2, threshold=1e-9)
theirs = cmeans(x[None], 2, 2, 1e-12, 1000, seed=0)[0]
print(np.sort(ours.ravel()), np.sort(theirs.ravel()))
assert np.allclose(np.sort(ours.ravel()), np.sort(theirs.ravel()))

# %%
X = images.to_blocks(f, 4).reshape(-1, 16)[::8]
soft = codebooks.fuzzy_c_means(X, 64, 2)
cooled = soft
for m in (1.6, 1.3, 1.1):
    cooled = codebooks.fuzzy_c_means(X, 64, m, start=cooled, most=15)
books = {"k-means": codebooks.k_means(X, 64), "fuzzy, m = 2": soft}
books["cooled to k-means"] = codebooks.lloyd(X, cooled)

# %%
for name, Y in books.items():
    J, mse = codebooks.fuzzy_objective(X, Y), codebooks.distortion(X, Y)
    print(f"{name:18} J = {J / 1e6:.2f} million, MSE {mse:.0f}")

# %% [markdown]
# **So.** Each wins by its own measure, and the file needs the second: it names *one* codeword per block. Cooling
# $m$ from 2 toward 1 uses softness to find a start, and comes near k-means, for several times the work.

# %% [markdown]
# ## Break it once
#
# **Ask.** At the ends of a block, hills are halves: their weights sum to less. What if a program divides all sums by
# that of a whole hill?

# %%
A = hills(8, 3)
a = A.sum(axis=1)
wrong = A @ blocks @ A.T / a[1] ** 2
shown = [
    picture(images.from_blocks(inverse(F, A, A))) for F in (direct(blocks, A, A), wrong)
]
plots.show(shown, ["right", "one sum for all hills"], crop=CROP, width=5)

# %% [markdown]
# **So.** A dark grid: means at the ends become two thirds of a mean, at the corners four ninths. The transform of a
# flat picture must be flat: test that first.

# %% [markdown]
# ## From picture to bytes and back
#
# `ftransform` puts nodes 16 pixels apart and sends four levels, collapsed; then it does the same with what is
# missing, at 8, 4, 2 and 1 pixels. **Ask.** On which partition will most bits be spent?

# %%
from lic_course.classical import fuzzy_transform

steps = fuzzy_transform.steps(fuzzy_transform.finest_step(40))
grids = fuzzy_transform.encode_levels(photo, steps)
for level, q in enumerate(grids):
    sent = grids[: level + 1] + [0 * later for later in grids[level + 1 :]]
    y = fuzzy_transform.decode_levels(sent, steps, photo.shape)
    line = f"{fuzzy_transform.SPACINGS[level]:2} pixels apart: {q.size:6} numbers"
    line += f", step {steps[level]:4.1f}, {np.mean(q == 0):4.0%} zero"
    print(
        line,
        f"{coded_bits(q, level == 0) // 8:6} bytes {metrics.psnr(photo, y):6.2f} dB",
    )

# %%
import lic_course

data = lic_course.encode(photo, codec="ftransform", quality=40)
assert np.array_equal(lic_course.decode(data), y)
segments = codec.get("ftransform").encode(photo, 40)
print(segments["head"].hex(" "), "|", segments["data"][:12].hex(" "), "…")
print(lic_course.info(data))
print(
    f"JPEG of this size: {metrics.psnr(photo, jpeg_at(8 * len(data) / f.size)):.2f} dB"
)

# %% [markdown]
# **So.** On the finest, though nine of ten numbers there are zero. The head says `02 5e`, a step of 606/32, and `1f`:
# all five levels are there. At this rate the file is 1.6 dB better than JPEG's, with a transform that is no better
# than the DCT: contexts and adaptive tables pay for it (lesson 01).

# %% [markdown]
# ## The growing figure
#
# **Ask.** `ftransform` sends a third more numbers than there are pixels; `hyperbolic` sends three for each block of
# one plane or bend. Where will they lie among wavelets, axes and codebooks?

# %%
from lic_course.results import bd_table

names = ["own-jpeg2000", "pca", "vq", "ftransform", "hyperbolic"]
for row in bd_table("kodak", "jpeg", [name for name in names if name != "vq"]):
    print(f"{row.codec:13} BD-rate against jpeg {row.psnr}")
plots.rate_distortion(["jpeg", *names], highlight="ftransform")

# %% [markdown]
# **So.** TODO

# %% [markdown]
# ## Bitrate explorer
#
# Equal bytes on both sides. Go down with the quality: JPEG breaks into blocks; what do hills do? Then take
# `hyperbolic` on the left: what becomes of the faces?

# %%
widgets.explore("ftransform", "jpeg", quality=12, lock="equal bytes")

# %% [markdown]
# **So.** No borders, but a soft grain of stars and creases: each triangle is a tent, and a lonely coefficient shows
# its shape.

# %% [markdown]
# ## Full resolution
#
# **Ask.** A mean under a hill that is the same everywhere, taken at every eighth pixel: which layer of a neural
# network is that?
#
# A *convolution* with stride 8, and its inverse is the transposed one. Borders need no care: divide by the
# convolution of ones.

# %%
import torch
from torch.nn.functional import conv2d, conv_transpose2d


def tent(spacing, like):
    side = 1 - torch.arange(1 - spacing, spacing, device=like.device).abs() / spacing
    return torch.outer(side, side)[None, None]


# %%
def multilevel(f, spacings):
    """What is missing after one F-transform on each partition; f (n, 1, H, W)."""
    for s in spacings:
        hill, border = tent(s, f), s - 1
        a = conv2d(torch.ones_like(f[:1]), hill, stride=s, padding=border)
        F = conv2d(f, hill, stride=s, padding=border) / a
        f = f - conv_transpose2d(F, hill, stride=s, padding=border)
    return f


# %%
color = np.tile(images.builtin("astronaut"), (4, 4, 1))
color = np.pad(color, ((0, 1), (0, 1), (0, 0)), mode="edge")  # 16 k + 1 pixels
planes = np.moveaxis(color, -1, 0).astype(np.float32)
SPACINGS = 16, 8, 4, 2


def missing(f):
    for s in SPACINGS:
        F = fuzzy_transform.direct_triangles(f, s)
        f = f - fuzzy_transform.inverse_triangles(F, s)
    return f


# %% tags=["nbval-ignore-output"]
with evaluate.cost() as cost:
    expected = np.stack([missing(plane) for plane in planes])
print(f"{planes.size / 1e6:.1f} million samples. NumPy: {cost}")
for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
    batch = torch.tensor(planes, device=device)[:, None]
    multilevel(batch[..., :513, :513], SPACINGS)  # the first call loads libraries
    with evaluate.cost(gpu=device == "cuda") as cost:
        rest = multilevel(batch, SPACINGS)
    memory = f", {cost.megabytes:.0f} MB of memory" if device == "cuda" else ""
    print(f"PyTorch, {device}: {cost.seconds:.2f} s{memory}")
    assert np.allclose(rest[:, 0].cpu(), expected, atol=0.01)

# %% [markdown]
# **So.** The same numbers, three planes of four megapixels as one batch. On the CPU NumPy is as fast: it builds a
# wide hill from narrow ones, in fewer operations. An autoencoder is made of the same two layers. Its hills, though,
# are learned.

# %% [markdown]
# ## Exercises
#
# ### 1 · Round hills (8 min)
#
# Build a partition of `n` hills over `N` pixels with cosine slopes: $A_k = \frac12(1 + \cos \pi d)$ where $d$ is the
# distance to the node in units of the node spacing, and 0 for $d > 1$. The first node lies on the first pixel, the
# last one on the last.
#
# <details><summary>Hint</summary>np.minimum(d, 1) makes the cosine stop where the hill ends.</details>


# %%
def cosine_hills(N, n):
    """The memberships (n, N): each column sums to 1."""
    ### BEGIN SOLUTION
    distance = np.abs(np.arange(N) - np.linspace(0, N - 1, n)[:, None])
    d = np.minimum(distance * (n - 1) / (N - 1), 1)
    return (1 + np.cos(np.pi * d)) / 2
    ### END SOLUTION


# %%
exercises.check("05.cosine_hills", cosine_hills)

# %% [markdown]
# ### 2 · All levels in one (12 min)
#
# `f` is a row of pixels, `A` a partition. Return the one array of components that does what `levels` levels do
# together.
#
# <details><summary>Hint</summary>F = A @ rest / A.sum(axis=1), and F @ A is its inverse. Add up the F.</details>


# %%
def collapsed(f, A, levels):
    """Components (n,) whose inverse is the sum of all levels."""
    ### BEGIN SOLUTION
    total = np.zeros(len(A))
    for _ in range(levels):
        total += A @ (f - total @ A) / A.sum(axis=1)
    return total
    ### END SOLUTION


# %%
exercises.check("05.collapsed", collapsed)

# %% [markdown]
# ### 3 · Fit a surface (10 min)
#
# Return $a$ and $b$ for which $a + b\,s$ comes closest to `block` in the sense of least squares; `s` is a surface of
# the same shape, from 0 to 1.
#
# <details><summary>Hint</summary>b is the covariance of block and s over the variance of s; then the means must
# agree.</details>


# %%
def fit_surface(block, s):
    """The numbers a and b of the best a + b s."""
    ### BEGIN SOLUTION
    t = s - s.mean()
    b = np.sum(block * t) / np.sum(t * t)
    return block.mean() - b * s.mean(), b
    ### END SOLUTION


# %%
exercises.check("05.fit_surface", fit_surface)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. Blocks of 8×8 become 2×2 nodes of an F1-transform, 8 bits a number. How many bits per
# pixel?</summary>
#
# 4 nodes · 3 numbers · 8 bits / 64 pixels = 1.5, not 0.5.
# </details>
#
# <details><summary>2. Why do levels on nested partitions not collapse?</summary>
#
# Each has hills of its own: components of different partitions cannot be added to one array. The finest alone could
# do it all, but with many more numbers that are not zero.
# </details>
#
# <details><summary>3. "Up to 20 dB better". Which two questions do you ask?</summary>
#
# Than what, and where? A bad anchor and the best of many blocks make any number.
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | "G. Compression with fuzzy means clustering". | None of its papers clusters; at $m = 2$ the MSE is 70 % larger. |
# | [88], [89]: "better visual quality, limited to maximum of 1024 × 1024". | The size of test pictures, not a limit. |
# | [88] itself: "at most half of the CPU time". | Against MF on each partition in turn; else, twice and more. |
# | [90]: "increasing the PSNR up to 20 dB"; the table prints 20 as a PSNR. | In one block. On the whole 0.4 dB over a plane. |
# | [90]: "removing the blocking effect, improving the SSIM". | SSIM rises by 0.02; blockiness stays. |
#
# That the F-transform is comparable with JPEG is the papers' claim, not the survey's: true of the transforms, not of
# the files. The surface's formula in [90] was not at hand; ours is in its spirit, and so are the partitions that FMF
# may try.

# %% [markdown]
# ## In three sentences
#
# Fuzzy hills interpolate: with as many numbers, fitted by least squares, they nearly equal the DCT, and further levels
# add something only on finer partitions. A bend beats a plane by some percent; a soft codebook loses to a hard one.
# What decides is what becomes of the numbers *after* the transform: count bytes, and name the anchor.
#
# Next: lesson 06, where a network learns its hills.

# %% [markdown]
# ## References
#
# 1. I. Perfilieva, "Fuzzy transforms: theory and applications", *Fuzzy Sets and Systems*, 157(8), 993–1023, 2006.
# 2. F. Di Martino and S. Sessa, "Multi-level fuzzy transforms image compression", *Journal of Ambient Intelligence
#    and Humanized Computing*, 10(7), 2745–2756, 2019 [the survey's 89].
# 3. I. Perfilieva, M. Daňková and B. Bede, "Towards a higher degree F-transform", *Fuzzy Sets and Systems*, 180(1),
#    3–19, 2011.
# 4. F. Di Martino, V. Loia, I. Perfilieva and S. Sessa, "An image coding/decoding method based on direct and inverse
#    fuzzy transforms", *International Journal of Approximate Reasoning*, 48(1), 110–131, 2008.

# %% [markdown]
# 5. F. Di Martino, I. Perfilieva and S. Sessa, "A fast multilevel fuzzy transform image compression method", *Axioms*,
#    8(4), 135, 2019 [the survey's 88].
# 6. P. J. Burt and E. H. Adelson, "The Laplacian pyramid as a compact image code", *IEEE Transactions on
#    Communications*, 31(4), 532–540, 1983.
# 7. W. Khalaf, D. Zaghar and N. Hashim, "Enhancement of curve-fitting image compression using hyperbolic function",
#    *Symmetry*, 11(2), 291, 2019 [the survey's 90].
# 8. J. C. Bezdek, *Pattern Recognition with Fuzzy Objective Function Algorithms*, Plenum, 1981.
