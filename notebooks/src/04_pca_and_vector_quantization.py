# %% [markdown]
# # Can the data choose their own transform?
#
# The DCT was made for all pictures, and for none in particular. Here each picture gets its own transform, then its
# own alphabet of blocks. Both are optimal, in a sense. See what it leaves out.
#
# *75 min · no GPU needed · needs [lesson 02](02_dct_and_jpeg.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **compute** the principal components of blocks, colors and spectra;
# - **state** what "the KLT is optimal" assumes, and **measure** what that costs;
# - **count** every byte that a decoder needs: means, axes, codebooks;
# - **train** a codebook by k-means, and **say** why fuzzy c-means makes a worse one;
# - **test** whether a compressed measurement still shows what it was taken for.
#
# You will build: the hearts of the codecs `pca` and `vq`, and of one for cubes of a hundred bands.

# %% [markdown]
# ## Set-up

# %%
import numpy as np

from lic_course import codec, evaluate, exercises, images, metrics, plots, widgets
from lic_course.classical import codebooks, dct, karhunen_loeve

plots.style()

# %% [markdown]
# ## Which 64 patterns would a picture choose?
#
# **Ask.** The DCT writes each 8×8 block as a sum of 64 fixed waves. If the picture of the man with the camera could
# choose its patterns, would they look like parts of a coat and a tripod?
#
# Take the blocks as $n$ points in 64 dimensions, and subtract their mean. The eigenvectors of the covariance $S =
# \frac1n X^\top X = V \,\mathrm{diag}(\lambda)\, V^\top$ are perpendicular axes, and $\lambda_k$ is the variance
# along axis $k$. This is *principal component analysis* (PCA); coding calls it the *Karhunen–Loève transform* (KLT)
# [1].


# %%
def klt(X):  # samples in rows, their mean is 0
    variances, V = np.linalg.eigh(X.T @ X / len(X))  # the weakest first
    return variances[::-1], V[:, ::-1]


# %%
photo = images.builtin("camera")
blocks = images.to_blocks(photo.astype(float), 8).reshape(-1, 64)
mu = blocks.mean(axis=0)
X = blocks - mu
variances, V = klt(X)

# %%
P = X @ V  # the scores: coordinates along the axes
assert np.allclose(P.T @ P / len(P), np.diag(variances), atol=1e-6)
assert np.allclose(variances, karhunen_loeve.fit_pca(blocks).variances)
print(f"axis 1 holds {variances[0] / variances.sum():.0%} of the variance")
plots.basis(V.T.reshape(8, 8, 8, 8), "the 64 axes of this picture, strongest first")

# %% [markdown]
# **So.** No coats. The first axis is flat, the next two are ramps, then come waves, ever finer: almost the DCT.
# What a picture shows does not depend on where a block begins; if, besides, pixels resemble their neighbors, the
# best axes are close to cosines [2].
#
# The scores are *uncorrelated*: what one tells, no other repeats, at least not linearly.

# %% [markdown]
# ## Is the KLT really optimal?
#
# Keep $K$ of 64 scores per block. What is lost is the sum of the other $\lambda_k$, and *no* other $K$ linear
# numbers lose less [3]. That is a theorem. **Ask.** By how much will the KLT beat the DCT? And if each block may
# keep its *own* $K$ largest, as JPEG does?

# %%
C = np.kron(dct.dct_matrix(8), dct.dct_matrix(8)).T  # the DCT's axes, in columns


# %%
def kept(X, axes, K, own):
    power = (X @ axes) ** 2
    rank = np.sort(power, axis=1) if own else power[:, np.argsort(power.mean(axis=0))]
    return 10 * np.log10(255**2 / (rank[:, : 64 - K].sum() / X.size))


# %%
print(" K   the same K: KLT    DCT   each its own: KLT    DCT")
for K in (1, 4, 8, 16, 32):
    same, own = ([kept(X, axes, K, own) for axes in (V, C)] for own in (False, True))
    print(f"{K:2} {same[0]:17.2f} {same[1]:6.2f} {own[0]:20.2f} {own[1]:6.2f} dB")

# %% [markdown]
# **So.** The theorem holds, and yields a fifth of a decibel. When each block chooses, the DCT wins: an edge needs
# few waves, but the KLT, made for the *average* block, smears it over many axes. Uncorrelated is not independent,
# except for Gaussian data, and edges are not Gaussian.
#
# ### And in bits?
#
# The *coding gain* is the arithmetic mean of the variances over their geometric mean. For Gaussian data at high
# rate, a transform lowers the MSE by this factor at equal rate [1]. The KLT has the largest.
#
# **Ask.** Round all numbers to steps, and count each component's entropy. Who needs fewer bits? The last column
# pays for axes and mean too: 65×64 bytes.


# %%
def rate_and_psnr(P, step):
    q = np.rint(P / step).astype(int)
    shares = [np.unique(column, return_counts=True)[1] / len(q) for column in q.T]
    bits = -sum(np.sum(p * np.log2(p)) for p in shares)
    return bits / 64, 10 * np.log10(255**2 / np.mean((P - q * step) ** 2))


# %%
def sweep(P):
    return np.array([rate_and_psnr(P, step) for step in (48, 32, 20, 12)]).T


def centered_blocks(picture):
    picture = picture[: picture.shape[0] // 8 * 8, : picture.shape[1] // 8 * 8]
    Z = images.to_blocks(picture.astype(float), 8).reshape(-1, 64)
    return Z - Z.mean(axis=0)


# %%
print("         coding gain KLT, DCT    BD-rate of the KLT: free axes, paid axes")
for name in ("camera", "brick", "gravel", "text"):
    Z = centered_blocks(images.builtin(name))
    ours, fixed = Z @ klt(Z)[1], Z @ C
    gain = [karhunen_loeve.coding_gain((p**2).mean(axis=0)) for p in (ours, fixed)]
    (rate, psnr), anchor = sweep(ours), sweep(fixed)
    prices = (0, 8 * 65 * 64 / Z.size)
    change = [metrics.bd_rate(*anchor, rate + price, psnr) for price in prices]
    print(f"{name:8} {gain[0]:11.2f}, {gain[1]:5.2f} dB", end="")
    print(f"{change[0]:+31.1f} %, {change[1]:+8.1f} %")

# %% [markdown]
# **So.** A larger coding gain on every picture, and yet more bits for the photo and the wall. On gravel and on
# printed text, which has shapes of its own, the KLT wins, until it pays for its axes (the text is a small picture).
# "The KLT is optimal" means: for Gaussian data, at high rate, with free axes. None of the three holds here.

# %% [markdown]
# ## What does the decoder have to know?
#
# Many tutorials compress a picture like this: each *row* is a sample, keep $K$ components. "Instead of 512 numbers
# per row, we store $K$." **Ask.** Which numbers does this sentence forget?


# %%
def row_pca(picture, K):
    mu = picture.mean(axis=0)
    V = klt(picture - mu)[1][:, :K]
    scores = (picture - mu) @ V
    decoded = np.clip(np.rint(scores @ V.T + mu), 0, 255).astype(np.uint8)
    return decoded, scores.size, V.size + mu.size


# %%
pairs = {}
print("  K  tutorial's bytes  all bytes  ratio    PSNR  JPEG at as many bytes")
for K in (8, 16, 32, 64, 128):
    y, scores, axes = row_pca(photo.astype(float), K)
    count = scores + axes  # one byte for each number is generous
    jpeg = codec.find_quality(photo, "jpeg", target_bytes=count).image
    line = f"{K:3} {scores:17} {count:10} {photo.size / count:6.1f}"
    print(line, f"{metrics.psnr(photo, y):7.2f} {metrics.psnr(photo, jpeg):9.2f} dB")
    pairs[K] = [y, jpeg]

# %%
names = ["rows, K = 16", "JPEG, as many bytes"]
plots.show(pairs[16], names, crop=(96, 184, 128, 128), width=5)

# %% [markdown]
# **So.** It forgets the axes: $K$ times 512 numbers, as many as the scores. Even at one byte a number, JPEG is 8 dB
# ahead, or more. Streaks fill the left picture: an axis reaches across all of it.
#
# The survey says of a PCA codec that its "performance decreased with the increase of PCA components". Read the
# columns: each component *raises* PSNR, as the theorem says it must. What falls is the ratio, as with every codec
# that is given more bits.

# %% [markdown]
# ## Can one number stand for a block?
#
# PCA fits axes to the cloud of blocks. *Vector quantization* (VQ) fits points: a *codebook* of $K$ blocks. The file
# names the nearest one, and the decoder looks it up. To train it by *k-means* [4], assign each block to its nearest
# codeword, move each codeword to the mean of its blocks, and repeat.


# %%
def nearest(X, Y):
    return np.argmin(np.sum(Y**2, axis=1) - 2 * X @ Y.T, axis=1)


def k_means(X, K, rounds=10):
    Y = X[np.random.default_rng(0).choice(len(X), K, replace=False)]
    for _ in range(rounds):
        members = np.eye(K)[nearest(X, Y)]
        count = members.sum(axis=0)[:, None]
        Y = np.where(count, members.T @ X / np.maximum(count, 1), Y)
    return np.rint(Y)  # a codeword has whole gray levels in the file


# %% [markdown]
# *Fuzzy c-means* [5] lets a block $x$ belong to all codewords $c_k$, by degrees $u_k$ that sum to 1; $m > 1$ says
# how fuzzy:
#
# $$u_k \propto |x - c_k|^{-2/(m-1)}, \qquad c_k = \frac{\sum u_k^m\, x}{\sum u_k^m}$$
#
# **Ask.** The file still names *one* codeword per block. Will fuzzy training help?


# %%
def fuzzy_c_means(X, K, m, rounds=20):
    Y = X[np.random.default_rng(0).choice(len(X), K, replace=False)]
    for _ in range(rounds):
        squares = np.sum(X**2, axis=1)[:, None] - 2 * X @ Y.T + np.sum(Y**2, axis=1)
        squares = np.maximum(squares, 1e-9)
        u = (squares / squares.min(axis=1, keepdims=True)) ** (-1 / (m - 1))
        u = (u / u.sum(axis=1, keepdims=True)) ** m
        Y = u.T @ X / u.sum(axis=0)[:, None]
    return np.rint(Y)


# %%
tiles = images.to_blocks(photo.astype(float), 4).reshape(-1, 16)
few = tiles[::5]  # for training, equal for all
books = {"k-means": k_means(few, 64, rounds=20)}
for m in (1.1, 1.5, 2):
    books[f"fuzzy, m = {m}"] = Y = fuzzy_c_means(few, 64, m)
    assert np.array_equal(nearest(tiles, Y), codebooks.nearest(tiles, Y))


# %%
def vq_psnr(Y):
    return 10 * np.log10(255**2 / np.mean((tiles - Y[nearest(tiles, Y)]) ** 2))


# %%
for name, Y in books.items():
    contrast = Y.std(axis=1).mean()
    print(f"{name:14} {vq_psnr(Y):.2f} dB, contrast of a codeword {contrast:.1f}")

# %%
sheet = [Y[np.argsort(Y.mean(axis=1))].reshape(8, 8, 4, 4) for Y in books.values()]
pages = [images.from_blocks(page).astype(np.uint8) for page in (sheet[0], sheet[-1])]
plots.show(pages, ["k-means", "fuzzy, m = 2"], width=5)

# %% [markdown]
# **So.** $m = 2$, the textbook's default, loses most: every codeword is pulled toward the mean of all blocks, and
# no edges are left. It minimizes the error of *soft* assignments, which nobody sends. With $m$ near 1 it becomes
# k-means; a whiff of softness may even help it out of a poor start.
#
# ### Whose codebook?
#
# **Ask.** A codebook made for this picture must be in the file. One made from *other* pictures belongs to the
# decoder, and is free. Which is better, for 64, 256 or 1024 codewords?

# %%
others = [images.builtin(name)[:400, :, 1] for name in ("astronaut", "coffee")]
others = [images.to_blocks(plane, 4).reshape(-1, 16) for plane in others]
others = np.concatenate(others)[::6].astype(float)

# %%
print("   K   codebook     indices + codebook          PSNR")
for K in (64, 256, 1024):
    for name, sample in {"own": few, "universal": others}.items():
        Y = k_means(sample, K, rounds=6)
        p = np.bincount(nearest(tiles, Y)) / len(tiles)
        bpp = -np.sum(p[p > 0] * np.log2(p[p > 0])) / 16
        book = 8 * Y.size / photo.size * (name == "own")
        line = f"{K:4}   {name:10} {bpp:.2f} + {book:.2f} = {bpp + book:.2f} bpp"
        print(line, f"{vq_psnr(Y):12.2f} dB")

# %% [markdown]
# **So.** The own codebook fits better, but at 1024 codewords it costs nearly as much as all indices. Bit for bit
# the universal one wins: with 1024 codewords it is better *and* cheaper than the own one with 256. Who leaves out
# the codebook reports a decoder that knows the picture.
#
# JPEG has 31.7 dB at 0.5 bpp. To show 16 pixels well, an alphabet must be huge; transforms describe blocks by
# parts.

# %% [markdown]
# ## What if a pixel has a hundred colors?
#
# Begin with three. **Ask.** Which axes would *colors* choose? Compare with the DCT of three numbers, and with no
# transform; each plane then gets the 8×8 DCT and steps of 20.

# %%
color = images.builtin("astronaut")
rgb = color.reshape(-1, 3).astype(float)
rgb -= rgb.mean(axis=0)
own = karhunen_loeve.fit_pca(rgb).V
for name, axes in {"none": np.eye(3), "DCT": dct.dct_matrix(3).T, "KLT": own}.items():
    planes = np.moveaxis((rgb @ axes).reshape(color.shape), -1, 0)
    coded = [rate_and_psnr(centered_blocks(plane) @ C, 20) for plane in planes]
    rates, psnr = np.transpose(coded)
    psnr = -10 * np.log10(np.mean(10 ** (-psnr / 10)))
    print(f"{name:5} {axes[:, 1].round(2)}  {rates.sum():.2f} bpp {psnr:.2f} dB")

# %% [markdown]
# **So.** The second axis, printed here, is red against blue: cosines once more. Color axes pay: a third fewer bits,
# *and* a better picture. The own ones cost just twelve bytes, and gain less than a percent.
#
# ### A hundred bands
#
# A *hyperspectral* camera measures a hundred narrow bands and more, to tell crops or minerals apart. Here is a
# synthetic cube: five mixed materials, light, noise, and twelve pixels with 30 % of something else, the *target*.

# %%
from scipy.ndimage import gaussian_filter

rng = np.random.default_rng(4)
side, bands = 96, 100
peaks, widths = rng.random((2, 6, 5, 1))
bumps = ((np.linspace(0, 1, bands) - peaks) / (0.05 + 0.2 * widths)) ** 2
spectra = 500 + 1500 * np.exp(-bumps).mean(axis=1)
share = np.stack([gaussian_filter(rng.normal(size=(side, side)), 6) for _ in range(5)])
share = np.exp(2.5 * share / share.std())
light = 1 + 0.15 * gaussian_filter(rng.normal(size=(side, side)), 1)
cube = np.moveaxis(share / share.sum(axis=0) * light, 0, -1) @ spectra[:5]

# %%
is_target = np.zeros((side, side), bool)
is_target.flat[rng.choice(side * side, 12, replace=False)] = True
cube[is_target] += 0.3 * (spectra[5] - cube[is_target])
cube = np.rint(cube + rng.normal(0, 12, cube.shape)).astype(np.uint16)

# %%
pixels = cube.reshape(-1, bands).astype(float)
variances = klt(pixels - pixels.mean(axis=0))[0]
lines = {"variance": variances[:20], "noise": [144] * 20}
plots.curves(range(1, 21), lines, "component", "variance", log="y")

# %% [markdown]
# **So.** Neighboring bands look alike: of a hundred components only six rise above the noise, one for each material
# and one, barely, for the target. Here PCA is in its element.
#
# Hence the hybrids [6]: PCA along the spectrum, JPEG 2000 on each score plane. As axes have length 1, equal MSE in
# all planes is the best split of the bits. The package's `spectral` writes such files, mean and axes included.

# %%
from lic_course.classical import spectral


def tell(name, data):
    y = spectral.decode_cube(data)
    bits, snr = spectral.bits_per_sample(data, cube), spectral.snr(cube, y)
    print(f"{name:17} {bits:.3f} bits, SNR {snr:4.1f} dB")
    return y.reshape(-1, bands)


for error in (24, 14):  # wanted: the root of the MSE in each plane
    tell("bands alone", spectral.encode_cube(cube, "j2k", error=error))
for K in (2, 4, 6, 24):
    tell(f"PCA, K = {K}", spectral.encode_cube(cube, "pca-j2k", K, error=14))

# %% [markdown]
# **So.** PCA needs a ninth of the bits for a better cube. Beyond six components there is noise: more of them cost
# bytes and gain nothing. On the real cube Indian Pines [7] (`datasets.indian_pines()`), these functions give:
#
# | | bits per pixel and band | SNR |
# |---|---|---|
# | each band alone | 0.41, 0.89 | 22.7, 28.3 dB |
# | PCA, $K$ = 8, 16, 60 | 0.21, 0.32, 0.89 | 25.5, 28.4, 37.1 dB |
# | the same with the DCT, $K$ = 16 | 0.32 | 28.4 dB |
# | PCA for each of 4 clusters of pixels, $K$ = 8, 16 | 0.20, 0.35 | 27.7, 31.1 dB |

# %% [markdown]
# ### Is the target still there?
#
# The camera was flown to find something. A detector (ACE, the *adaptive cosine estimator*) compares each pixel with
# the target's spectrum, after whitening the background. Its AUC says how often a target pixel ranks above another
# one.
#
# **Ask.** Which pixels does PCA care about least? *Weighted* PCA [8] counts suspicious pixels more, here a hundred
# times, when it fits mean and axes.

# %%
from lic_course.classical.spectral_detection import cosine_estimator, detection_area

NOISE = 144 / pixels.var(axis=0).mean()  # as a share of a band's variance
score = cosine_estimator(pixels, spectra[5], NOISE)
weights = np.where(score > np.quantile(score, 0.998), 100, 1).reshape(side, side)
print(f"AUC of the original {detection_area(score, is_target):.3f}")

# %%
for K in (5, 6):
    for name, w in {"plain": None, "weighted": weights}.items():
        data = spectral.encode_cube(cube, "pca-j2k", K, error=14, weights=w)
        y = tell(f"K = {K}, {name}", data)
        found = cosine_estimator(y, spectra[5], NOISE)
        print(f"{'':17} AUC {detection_area(found, is_target):.3f}")

# %% [markdown]
# **So.** Twelve pixels of 9216 do not move an average. Without the sixth component the SNR is nearly the same, and
# the detector fails. Weights bring the target back at the price of a material: five axes cannot hold six things.
#
# On Indian Pines, $K = 8$, weights of 100 on the 20 pixels of oats lower their error by a third, and the SNR by 0.1
# dB. They are not in the file. Measure what the data are *for*.

# %% [markdown]
# ## Break it once
#
# **Ask.** An eigenvector times −1 is an eigenvector; which one you get depends on the library. What if the decoder
# computes the axes itself, and gets one with the other sign? And if axes are rounded to 16ths?

# %%
q = np.rint(P / 16)
flipped = V * np.where(np.arange(64) == 1, -1, 1)
rough = np.rint(V * 16) / 16
shown = {}
for name, axes in {"right": V, "one sign flipped": flipped, "rounded": rough}.items():
    y = images.from_blocks((16 * q @ axes.T + mu).reshape(64, 64, 8, 8))
    shown[name] = np.clip(np.rint(y), 0, 255).astype(np.uint8)
    print(f"{name:17} {metrics.psnr(photo, shown[name]):.1f} dB")
plots.show(list(shown.values()), list(shown), crop=(96, 184, 112, 112))

# %% [markdown]
# **So.** One wrong sign turns every ramp around. Coarse axes are no longer perpendicular, and spoil all blocks a
# little. So a codec *sends* its axes, rounded, and its encoder computes with exactly these.

# %% [markdown]
# ## From picture to bytes and back
#
# The codec `pca` sends all: step, color axes, mean block, block axes, and the scores, through a range coder with
# contexts. Axes are stored as their DCT, because they almost *are* the DCT. There are two kinds: *full*, 64 axes of
# 64 numbers, and *separable*, products of 8 axes for columns and 8 for rows. **Ask.** Which would you send?

# %%
from lic_course.classical import pca

coder = codec.get("pca")
print("step  kind           axes   scores    PSNR")
for step in (8, 32):
    for kind in ("full", "separable"):
        segments = pca.encode_pca(photo, step, kind)
        axes, scores = map(len, segments.values())
        psnr = metrics.psnr(photo, coder.decode(segments, photo.shape))
        print(f"{step:4}  {kind:10} {axes:5} B  {scores:5} B  {psnr:.2f} dB")
print(segments["axes"][:16].hex(" "), "…")

# %%
import lic_course

data = lic_course.encode(photo, codec="pca", quality=50)
y = lic_course.decode(data)
assert y.shape == photo.shape
print(lic_course.info(data), f"\nPSNR {metrics.psnr(photo, y):.2f} dB")

# %% [markdown]
# **So.** The first two bytes are the step in 256ths: `20 00` is 32. Full axes cost fifteen times as
# much and more, and gain nothing. So the encoder chooses separable ones: not even 100 bytes.

# %% [markdown]
# ## The growing figure
#
# **Ask.** `pca` has own axes and a better entropy coder than JPEG's Huffman; `vq` has an optimal alphabet. Where
# will they lie?

# %%
for row in evaluate.bd_table("kodak", "jpeg", ["own-jpeg", "pca", "vq"]):
    print(f"{row.codec:9} BD-rate against jpeg: {row.psnr}, luma only {row.psnr_y}")
names = ["jpeg", "own-jpeg", "jpeg2000", "own-jpeg2000", "pca", "vq", "avif"]
plots.rate_distortion(names, highlight="pca")

# %% [markdown]
# **So.** `pca` needs a quarter less than JPEG, though its axes are no better than cosines: contexts do it (lesson 01),
# and color at full size, which PSNR over all three colors rewards. Wavelets stay ahead. `vq`, with books trained on
# other pictures, wins only below 0.17 bpp, where JPEG falls apart. At 0.5 bpp it is 1.9 dB behind, at 2 bpp 2.7.

# %% [markdown]
# ## Bitrate explorer
#
# Lock both sides to *equal bytes*: the picture's own axes on the left, cosines on the right. Can you see a
# difference? Then choose `vq` on the left.

# %%
widgets.explore("pca", "own-jpeg", quality=25, lock="equal bytes")

# %% [markdown]
# **So.** Both show blocks, for both transform each block alone. `vq` shows steps, where a codeword is missing.

# %% [markdown]
# ## Full resolution
#
# A KLT needs two passes, one for the covariance and one for the scores. **Ask.** Must all of nine megapixels be in
# memory for that? (A covariance is a sum over blocks.)

# %%
large = np.tile(color[..., 1], (6, 6))
strips = [large[top : top + 128] for top in range(0, len(large), 128)]


def samples(strip):
    return images.to_blocks(strip.astype(np.float32) - 128, 8).reshape(-1, 64)


# %%
def covariance_of(strips):
    total, S, n = 0, 0, 0
    for X in map(samples, strips):
        total, S, n = total + X.sum(axis=0), S + X.T @ X, n + len(X)
    return S / n - np.outer(total, total) / n**2


# %%
results = {}
for name, parts in {"at once": [large], "in strips": strips}.items():
    with evaluate.cost() as cost:
        S = results[name] = covariance_of(parts)
        axes = np.linalg.eigh(S)[1][:, ::-1]
        for part in parts:
            scores = samples(part) @ axes
    print(f"{name:10} {cost}")
assert np.allclose(*results.values(), rtol=1e-3, atol=0.1)

# %% [markdown]
# The same as batched tensor operations, on the CPU and, if there is one, on a GPU:

# %%
import torch


def klt_of_all_blocks(plane):
    X = plane.unfold(0, 8, 8).unfold(1, 8, 8).reshape(-1, 64)
    X = X - X.mean(dim=0)
    V = torch.linalg.eigh(X.T @ X).eigenvectors.flip(1)
    return X @ V


# %% tags=["nbval-ignore-output"]
for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
    plane = torch.tensor(large, device=device).float()
    klt_of_all_blocks(plane[:512])  # the first call loads libraries
    with evaluate.cost(gpu=device == "cuda") as cost:
        scores = klt_of_all_blocks(plane)
        leading = (scores[:, 0] ** 2).mean().item()
    print(f"{device}: {cost.seconds:.2f} s, scores {scores.nbytes / 1e6:.0f} MB")
assert np.isclose(leading, np.linalg.eigvalsh(S)[-1], rtol=1e-3)

# %% [markdown]
# **So.** In strips, memory does not grow with the picture, and the covariance is the same. But a fixed transform
# needs no first pass: with the DCT, you can send the first row before you have seen the last.

# %% [markdown]
# ## Exercises
#
# ### 1 · How many components? (8 min)
#
# Return the smallest $K$ for which the $K$ largest of `variances`, in any order, hold at least `share` of their
# sum.
#
# <details><summary>Hint</summary>np.cumsum adds up; np.argmax finds the first True.</details>


# %%
def components_needed(variances, share):
    """The smallest number of components that hold this share of the variance."""
    ### BEGIN SOLUTION
    held = np.cumsum(np.sort(variances)[::-1])
    return int(np.argmax(held >= share * np.sum(variances))) + 1
    ### END SOLUTION


# %%
exercises.check("04.components_needed", components_needed)

# %% [markdown]
# ### 2 · The honest rate of VQ (10 min)
#
# `indices` names the codeword of each block; the codebook `Y` has one codeword per row, one byte a number. Return
# bits per pixel: entropy of the indices, plus the codebook, over all pixels.
#
# <details><summary>Hint</summary>A block has Y.shape[1] pixels. np.bincount counts the indices.</details>


# %%
def vq_bpp(indices, Y):
    """Bits per pixel of a picture whose codebook is in the file."""
    ### BEGIN SOLUTION
    p = np.bincount(np.ravel(indices)) / np.size(indices)
    p = p[p > 0]
    bits = -np.size(indices) * np.sum(p * np.log2(p)) + 8 * Y.size
    return bits / (np.size(indices) * Y.shape[1])
    ### END SOLUTION


# %%
exercises.check("04.vq_bpp", vq_bpp)

# %% [markdown]
# ### 3 · Axes that a test can compare (15 min)
#
# Return the `K` strongest principal axes of the samples `X` (one per row, any mean) as columns. Make the entry of
# largest magnitude positive in each.
#
# <details><summary>Hint</summary>V[np.abs(V).argmax(axis=0), range(K)] picks the largest entries.</details>


# %%
def principal_axes(X, K):
    """The K strongest axes in columns, (d, K), with fixed signs."""
    ### BEGIN SOLUTION
    X = X - X.mean(axis=0)
    V = np.linalg.eigh(X.T @ X)[1][:, ::-1][:, :K]
    return V * np.sign(V[np.abs(V).argmax(axis=0), range(K)])
    ### END SOLUTION


# %%
exercises.check("04.principal_axes", principal_axes)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. Row PCA of 512×512 pixels with K = 32 has "a ratio of 16". And with the axes?</summary>
#
# 512 · 32 scores, 512 · 32 numbers for axes and 512 for the mean stand for 512 · 512 pixels: 7.9.
# </details>
#
# <details><summary>2. The KLT makes scores uncorrelated. Why does a context model still save bits?</summary>
#
# Uncorrelated is not independent: where one score is large, others are likely to be large too.
# </details>
#
# <details><summary>3. Ten thousand X-ray pictures come from one machine. Would you fit axes?</summary>
#
# Rather than for one picture: learn them once, ship them with the decoder. Learned codecs do just that.
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | [87], PCA: "performance decreased with the increase of PCA components". | PSNR rises with each; the ratio falls. |
# | [84], VQ and PCA: "better performance than JPEG-2000". | True: on Indian Pines PCA gains 8 dB, clusters 2 more. |
# | [85], PCA and DCT: "applies to hyperspectral images only". | Its purpose; equal to PCA and JPEG 2000. |
# | [86], weighted PCA: better PSNR than JPEG 2000. | By PCA. Weights *lower* the SNR, to save the target. |
# | A section on "fuzzy means clustering", without a codec. | At $m = 2$ its codebooks lose 1.8 dB. |
#
# Not all these papers can be read freely: row PCA, the equal MSE and the weights are in their spirit.

# %% [markdown]
# ## In three sentences
#
# The KLT packs variance into the fewest numbers, yet on photos it hardly beats the DCT: edges are not Gaussian, and
# axes are not free. Where samples are long, alike and many, as spectra are, it saves eight bits of nine. Whatever
# you fit to the data, axes or codebook, belongs into the file and into the rate.
#
# Next: lesson 05, fuzzy transforms.

# %% [markdown]
# ## References
#
# 1. N. S. Jayant and P. Noll, *Digital Coding of Waveforms*, Prentice-Hall, 1984.
# 2. N. Ahmed, T. Natarajan and K. R. Rao, "Discrete cosine transform", *IEEE Transactions on Computers*,
#    C-23(1), 90–93, 1974.
# 3. C. Eckart and G. Young, "The approximation of one matrix by another of lower rank", *Psychometrika*, 1, 211–218, 1936.
# 4. Y. Linde, A. Buzo and R. M. Gray, "An algorithm for vector quantizer design", *IEEE Transactions on Communications*,
#    28(1), 84–95, 1980.
# 5. J. C. Bezdek, *Pattern Recognition with Fuzzy Objective Function Algorithms*, Plenum, 1981.

# %% [markdown]
# 6. Q. Du and J. E. Fowler, "Hyperspectral image compression using JPEG2000 and principal component analysis", *IEEE
#    Geoscience and Remote Sensing Letters*, 4(2), 201–205, 2007.
# 7. M. F. Baumgardner, L. L. Biehl and D. A. Landgrebe, "220 Band AVIRIS Hyperspectral Image Data Set: Indian Pine Test
#    Site 3", Purdue University Research Repository, 2015.
# 8. A. C. Karaca and M. K. Güllü, "Target preserving hyperspectral image compression using weighted PCA and JPEG2000",
#    *International Conference on Image and Signal Processing*, 508–516, 2018 [the survey's 86].
# 9. D. Báscones, C. González and D. Mozos, "Hyperspectral image compression using vector quantization, PCA and JPEG2000",
#    *Remote Sensing*, 10(6), 907, 2018 [the survey's 84].
