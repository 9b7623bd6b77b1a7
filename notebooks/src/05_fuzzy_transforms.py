# %% [markdown]
# # What do fuzzy partitions and fitted curves add?
#
# Blocks end abruptly. Here a pixel belongs to two neighbors at once, and a surface bends where an edge is. You
# measure what each idea is worth in bytes, and what its papers counted.
#
# *60 min · no GPU needed · needs [lesson 02](02_dct_and_jpeg.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **build** the F-transform and its inverse in five lines;
# - **prove** that levels on one partition collapse, and **find** their limit;
# - **count** what a "compression rate" leaves out;
# - **fit** a plane and a hyperbolic tangent to a block, and **judge** "up to 20 dB";
# - **say** what fuzzy c-means minimizes, and what a codec needs.
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
# **So.** To 1: pixel 6 belongs to $A_1$ by a quarter, to $A_2$ by three quarters. The hills at the ends are halves.
#
# The *direct* transform takes the mean under each hill, weighted by the hill; the *inverse* mixes these means by the
# memberships:
#
# $$F = \frac{A f B^\top}{a\, b^\top}, \qquad \hat f = A^\top F B$$
#
# with a partition of the rows, one of the columns, and $a$, $b$, the sums of their hills.


# %%
def direct(f, A, B):
    return A @ f @ B.T / np.outer(A.sum(axis=1), B.sum(axis=1))


def inverse(F, A, B):
    return A.T @ F @ B


# %% [markdown]
# **Ask.** 64×64 numbers for 512×512 pixels: which picture is nearer, block means or an F-transform?

# %%
photo = images.builtin("camera")
f = photo.astype(float)
CROP = 96, 184, 128, 128


# %%
def picture(y):
    return np.clip(np.rint(y), 0, 255).astype(np.uint8)


# %%
W = hills(512, 64)
F = direct(f, W, W)
assert np.allclose(F, fuzzy_partition.direct(f, W, W))
means = np.kron(images.to_blocks(f, 8).mean(axis=(2, 3)), np.ones((8, 8)))
shown = [picture(means), picture(inverse(F, W, W))]

# %%
print("PSNR", *(f"{metrics.psnr(photo, y):.2f} dB" for y in shown))
plots.show(shown, ["block means", "F-transform"], crop=CROP, width=5)

# %% [markdown]
# **So.** A tenth of a decibel apart, yet they fail differently: steps on the left; no borders on the right, but blur.
# Triangles interpolate: it is a small picture, enlarged.

# %% [markdown]
# ## Do more levels help?
#
# The *multilevel* F-transform (MF) [2] transforms what the inverse misses, then what is still missing, until the
# picture is good enough. Here 8×8 pixels become 3×3 components per level.
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
# numbers do; whoever sends all levels sends twelve times as many for nothing.
#
# **Fact 2: the limit is least squares.** In one dimension a level leaves $(I - R) f$, where $R = A^\top D A$ and $D =
# \mathrm{diag}(1/a)$; $L$ levels leave $(I - R)^L f$. $R$ is symmetric, $x^\top R x = \|D^{1/2} A x\|^2 \ge 0$, its
# entries are $\ge 0$ and its rows sum to 1: its eigenvalues lie in $[0, 1]$. What hills can show dies out, the rest
# stays.

# %%
R = A.T @ np.diag(1 / A.sum(axis=1)) @ A
print("eigenvalues", np.linalg.eigvalsh(R)[::-1].round(3) + 0.0)
best = np.linalg.pinv(A.T) @ blocks @ np.linalg.pinv(A)
assert np.allclose(best, fuzzy_levels.least_squares(blocks, A, A))
limit = 10 * np.log10(255**2 / np.mean((blocks - inverse(best, A, A)) ** 2))
lines = {"multilevel": psnr, "least squares": [limit] * 12}
plots.curves(range(1, 13), lines, "levels", "PSNR in dB")

# %% [markdown]
# **So.** The second level adds one decibel; then the curve leans on its ceiling. A threshold above is never reached:
# the loop needs a cap. A pseudo-inverse gets there in one step.

# %% [markdown]
# ### Fact 3: a node is not a number
#
# The F1-transform [3] stores a *plane* at each node, a mean and two slopes. Its rate is still printed as $\rho =
# n^2/N^2$. **Ask.** Who wins at equal *numbers*?

# %%
print("      printed rate  numbers/pixel      PSNR")
for name, n in (("F1", 2), ("F", 2), ("F", 3), ("F", 4)):
    A = hills(8, n)
    if name == "F1":
        parts = fuzzy_partition.direct_f1(blocks, A, A)
        y, count = fuzzy_partition.inverse_f1(parts, A, A), parts.count
    else:
        F = fuzzy_levels.least_squares(blocks, A, A)
        y, count = inverse(F, A, A), F.size
    value = metrics.psnr(photo, picture(images.from_blocks(y)))
    print(f"{name:2} {n}×{n} {n * n / 64:11.4f} {count / f.size:14.4f} {value:9.2f} dB")

# %% [markdown]
# **So.** At the printed rate of 0.0625, F1 wins. But it stores twelve numbers per block; nine are better, without
# slopes, fitted by least squares.

# %% [markdown]
# ## What does "comparable with JPEG" count?
#
# The fuzzy literature calls its method comparable with JPEG [4, 5]. Its rate $\rho$ counts components; at 8 bits
# each that is $8\rho$ bits per pixel. **Ask.** Count JPEG in two ways: its *transform* alone, the $n \times n$ lowest
# DCT coefficients, and its *file*.

# %%
from lic_course.classical import dct, grid_coder
from lic_course.entropy.tables import Encoder


# %%
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
# **So.** As a transform, it is: least squares is at most 0.3 dB below the DCT with as many numbers. But JPEG also
# rounds, skips zeros and codes: its *file* is 6 to 14 dB ahead. With *our* entropy coder behind the components, on
# the right, 4 to 6 dB are left. A transform was compared, not a codec.

# %% [markdown]
# ### How fast is the fast one?
#
# FMF [5] tries one level on ever finer partitions, then runs MF on the first that will do: in "at most half of the
# CPU time" of MF. **Ask.** Of which MF: one that is told the partition, or one that must try them in turn?


# %%
def search(threshold):
    for pair in fuzzy_levels.RATES:
        result = fuzzy_levels.mf_transform(photo, *pair, threshold)
        if result.reached:
            return result


# %%
for threshold in (28, 32):
    with evaluate.cost() as fast:
        found = fuzzy_levels.fmf_transform(photo, threshold)
    with evaluate.cost() as told:
        fuzzy_levels.mf_transform(photo, found.block, found.n, threshold)
    with evaluate.cost() as turn:
        last = search(threshold)
    for name, run, cost in (("FMF", found, fast), ("MF in turn", last, turn)):
        line = f"{threshold} dB: {name:10} {run.block}→{run.n}, levels: {run.levels},"
        print(line, f"{run.rate:.2f} numbers a pixel, {cost.seconds:.2f} s")
    print(f"       MF told the partition of FMF: {told.seconds:.2f} s")

# %% [markdown]
# **So.** FMF takes a little more than half the time of MF in turn, and some three times that of an MF that is told: it
# *includes* that run. Collapsed by fact 1, the four levels of MF at 28 dB are 0.14 numbers a pixel, fewer than FMF's.
#
# What does help is a *finer* partition for what is left, a Laplacian pyramid [6]: see `ftransform` below.

# %% [markdown]
# ## Can a surface bend where an edge is?
#
# Three numbers make a plane per block. A hyperbolic tangent [7] can be a plane, or nearly a step:
#
# $$z = m + p \tanh(g_x u_x + g_y u_y)$$
#
# **Ask.** The survey reports "up to 20 dB". How much does the bend bring in least squares? And with the paper's
# first guess, from the four corners alone?


# %%
def joined(z, B):
    return picture(images.from_blocks(z.reshape(512 // B, 512 // B, B, B)))


# %%
fits = {}
for B in (4, 8):
    X = images.to_blocks(f, B).reshape(-1, B, B)
    fits[B, "corners"] = curve_model.corner_fit(X)
    fits[B, "plane"] = curve_model.plane_fit(X)
    fits[B, "tanh"] = curve_model.hyperbolic_fit(X, 20).surfaces

# %%
for (B, name), z in fits.items():
    y = joined(z, B)
    line = f"{B}×{B} {name:8} {metrics.psnr(photo, y):.2f} dB"
    line += f"   SSIM {metrics.ssim(photo, y):.3f}"
    print(line, f"  blockiness {metrics.blockiness(y, B):.2f}")

# %%
names = ["corners", "plane", "tanh"]
shown = [photo] + [joined(fits[8, name], 8) for name in names]
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
# **So.** The bend brings 0.4 to 0.5 dB and a better SSIM; look at the outline of the hair. Blockiness stays, and
# corners alone are worse than planes. In its best of 16384 blocks, the tangent is 18.5 dB ahead of the plane, and 21
# dB of the corners: "up to" may mean *one block*.

# %% [markdown]
# ### And in the file?
#
# A block sends its mean, a height, and which of 16 planes, or of 16 planes and 16 tangents. **Ask.** Does the bend
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
    return bits / f.size, metrics.psnr(photo, joined(z, B))


# %%
for B in (4, 8):
    points = {}
    for name, gains in {"plane": (0.0,), "tanh": (0.0, 4.0)}.items():
        shapes = curve_model.family(B, gains, 16)
        rows = [coded(shapes, B, step) for step in (8, 12, 18, 27)]
        points[name] = np.transpose(rows)
        bpp, psnr = points[name][:, 1]
        print(f"{B}×{B} {name:5} {bpp:.3f} bpp, {psnr:.2f} dB")
    print(f"BD-rate {metrics.bd_rate(*points['plane'], *points['tanh']):+.1f} %")

# %% [markdown]
# **So.** It does: 3.5 % of the bits at 4×4, and 14 % at 8×8, where a plane is too stiff. But JPEG had 28.9 dB at 0.22
# bpp.

# %% [markdown]
# ## Does softness help a codebook?
#
# The survey's section on all this is called "fuzzy means clustering", but none of its papers clusters. Fuzzy c-means
# (lesson 04, [8]) gives block $x_i$ memberships $u_{ik}$ in all codewords, and minimizes $J = \sum u_{ik}^m |x_i -
# c_k|^2$. **Ask.** Whose $J$ is smaller, whose MSE? First six numbers, to check: scikit-fuzzy, an independent program,
# finds 0.99602 and 9.00398.

# %%
from lic_course.classical import codebooks

x = np.array([[0], [1], [2], [8], [9], [10.0]])
centers = codebooks.fuzzy_c_means(x, 2, threshold=1e-9)
print("fuzzy", np.sort(centers.ravel()), " k-means", [1, 9])
assert np.allclose(np.sort(centers.ravel()), [0.99602353, 9.00397647])

# %%
X = images.to_blocks(f, 4).reshape(-1, 16)[::8]
books = {
    "k-means": codebooks.k_means(X, 64),
    "fuzzy, m = 2": codebooks.fuzzy_c_means(X, 64),
}

# %%
for name, Y in books.items():
    J, mse = codebooks.fuzzy_objective(X, Y), codebooks.distortion(X, Y)
    print(f"{name:12} J = {J / 1e6:.2f} million, MSE {mse:.0f}")

# %% [markdown]
# **So.** Each wins by its own measure. But the file names *one* codeword per block, so the MSE is what counts.

# %% [markdown]
# ## Break it once
#
# **Ask.** At the ends of a block hills are halves. What if a program divides all sums by that of a whole hill?

# %%
A = hills(8, 3)
a = A.sum(axis=1)
right, wrong = direct(blocks, A, A), A @ blocks @ A.T / a[1] ** 2
shown = [joined(inverse(F, A, A), 8) for F in (right, wrong)]
plots.show(shown, ["right", "one sum for all hills"], crop=CROP, width=5)

# %% [markdown]
# **So.** A dark grid: at the ends a mean becomes two thirds of it, in the corners four ninths. A flat picture must
# stay flat: test that first.

# %% [markdown]
# ## From picture to bytes and back
#
# `ftransform` puts nodes 16 pixels apart and sends four levels, collapsed; then it does the same with what is
# missing, at 8, 4, 2 and 1 pixels. **Ask.** On which partition will most bits be spent?

# %%
from lic_course.classical import fuzzy_transform

# %%
steps = fuzzy_transform.steps(fuzzy_transform.finest_step(40))
grids = fuzzy_transform.encode_levels(photo, steps)
for level, (spacing, q) in enumerate(zip(fuzzy_transform.SPACINGS, grids, strict=True)):
    sent = grids[: level + 1] + [0 * later for later in grids[level + 1 :]]
    y = fuzzy_transform.decode_levels(sent, steps, photo.shape)
    line = f"every {spacing:2} pixels: step {steps[level]:4.1f}, {q.size:6} numbers"
    line += f", {np.mean(q == 0):3.0%} zero, {coded_bits(q, level == 0) // 8:5} bytes"
    print(line, f"{metrics.psnr(photo, y):6.2f} dB")

# %%
import lic_course

data = lic_course.encode(photo, codec="ftransform", quality=40)
assert np.array_equal(lic_course.decode(data), y)
segments = codec.get("ftransform").encode(photo, 40)
print(segments["head"].hex(" "), "|", segments["data"][:12].hex(" "), "…")
print(lic_course.info(data))
same = jpeg_at(8 * len(data) / f.size)
print(f"{metrics.psnr(photo, y):.2f} dB; JPEG: {metrics.psnr(photo, same):.2f} dB")

# %% [markdown]
# **So.** On the finest, though nine of ten numbers are zero there. The head: step `02 5e`, 606/32, and `1f`, all five
# levels. For this picture and rate, the file is 1.6 dB better than JPEG's: contexts and adaptive tables (lesson 01)
# do what the transform alone does not.

# %% [markdown]
# ## The growing figure
#
# **Ask.** `ftransform` sends a third more numbers than there are pixels, `hyperbolic` two and a shape per block. Where
# will they lie among wavelets, axes and codebooks?

# %%
from lic_course.results import bd_table

names = ["own-jpeg2000", "pca", "vq", "ftransform", "hyperbolic"]
for row in bd_table("kodak", "jpeg", names):
    print(f"{row.codec:13} BD-rate against jpeg {row.psnr}")
plots.rate_distortion(["jpeg", *names], highlight="ftransform")

# %% [markdown]
# **So.** `ftransform` is level with JPEG, a little worse at low rates and better at high ones, and far from wavelets.
# `hyperbolic` needs 39 % more bits, and still fewer than `vq`.

# %% [markdown]
# ## Bitrate explorer
#
# Equal bytes: when JPEG breaks into blocks, what do hills do? Then take `hyperbolic` on the left.

# %%
widgets.explore("ftransform", "jpeg", quality=12, lock="equal bytes")

# %% [markdown]
# **So.** No borders: soft clouds on the wall, and lone dots, which are components of the finest partition.
# `hyperbolic` paints a mosaic with sharp edges.

# %% [markdown]
# ## Full resolution
#
# **Ask.** A mean under a hill that is the same everywhere, taken at every eighth pixel: which layer of a neural
# network is that?
#
# A *convolution* with stride 8; the inverse is the transposed one. At the borders, divide by the convolution of ones.


# %%
import torch
from torch.nn.functional import conv2d, conv_transpose2d


# %%
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


# %%
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
# **So.** The same numbers, three planes of four megapixels in one batch. On a CPU NumPy is about as fast: it builds wide
# hills from narrow ones, with fewer operations. An autoencoder has these two layers, but *learns* its hills.

# %% [markdown]
# ## Exercises
#
# ### 1 · Round hills (8 min)
#
# Build a partition of `n` hills over `N` pixels with cosine slopes: $A_k = \frac12(1 + \cos \pi d)$, where $d$ is the
# distance to the node in node spacings, and 0 for $d > 1$. The end nodes lie on the end pixels.
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
# Return $a$ and $b$ for which $a + b\,s$ comes closest to `block` in least squares; the surface `s` goes from 0 to 1.
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
# Each has hills of its own. The finest partition alone could show the sum, but hardly a number would be zero.
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
# | [88] itself: "at most half of the CPU time". | Nearly, if MF must try partitions in turn; an MF that is told takes a third. |
# | [90]: "increasing the PSNR up to 20 dB"; the table prints 20 as a PSNR. | In one block. On the whole, 0.4 to 0.5 dB over a plane. |
# | [90]: "removing the blocking effect, improving the SSIM". | SSIM rises by 0.02; blockiness stays. |

# %% [markdown]
# "Comparable with JPEG" is the papers' claim, not the survey's. The formula of the surface in [90] was not at hand:
# ours is in its spirit, and so are the partitions that FMF may try.

# %% [markdown]
# ## In three sentences
#
# As transforms, fuzzy hills nearly equal the DCT, and more levels help on finer partitions only. A bend beats a plane
# by some percent; a soft codebook loses to a hard one. What decides is what becomes of the numbers *after* the
# transform: count bytes, and name the anchor.
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
