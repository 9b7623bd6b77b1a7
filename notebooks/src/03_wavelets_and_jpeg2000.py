# %% [markdown]
# # Why do wavelets fail more gracefully than blocks?
#
# A JPEG with too few bits shows blocks; a JPEG cut short lacks its lower half. Here you build a transform
# without blocks, and files that you may cut: what is left is the whole picture, only coarser.
#
# *90 min · no GPU needed · needs [lesson 02](02_dct_and_jpeg.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **build** the Haar, 5/3 and 9/7 wavelet transforms, and **undo** them exactly;
# - **explain** why wavelets beat the block DCT most at low rates;
# - **cut** one file to many rates, and **read** zerotrees and bit-planes;
# - **find** what a `.jp2` file holds, bit by bit;
# - **promise** a largest error for every pixel, and **ask** which configuration an anchor's name hides.
#
# You will use three codecs written from scratch: `own-jpeg2000`, `spiht` and `jpeg-ls`.

# %% [markdown]
# ## Set-up

# %%
import numpy as np

from lic_course import evaluate, exercises, images, metrics, plots, widgets
from lic_course.classical import dct, ezw, jpeg2000, jpeg_ls, spiht, wavelet

plots.style()

# %% [markdown]
# ## What do two neighbors share?
#
# **Ask.** Replace each pair of pixels by its mean and half its difference. How many numbers do you
# get, and which ones can you do without? Then treat the means the same way, again and again:

# %%
row = np.array([10.0, 12, 14, 16, 80, 80, 80, 82])
while len(row) > 1:
    a, b = row[0::2], row[1::2]
    row = (a + b) / 2
    print("means", row, "  half differences", (b - a) / 2)

# %% [markdown]
# **So.** Eight numbers became one mean and 4 + 2 + 1 differences, small except where something
# happens. This is the Haar transform [1]. Each number has a place and a scale.
#
# In a picture, treat the columns, then the rows; the quarter with the means of both goes on to the
# next level. With $\sqrt2$ instead of 2, the sum of squares is kept, as with the DCT.


# %%
def haar(x):
    a, b = x[0::2], x[1::2]
    return np.concatenate([a + b, b - a]) / np.sqrt(2)


def transform(plane, split, levels):
    c = plane.copy()
    for level in range(levels):
        part = c[: len(c) >> level, : c.shape[1] >> level]
        part[:] = split(split(part).T).T
    return c


# %%
photo = images.builtin("camera")
x = photo - 128.0
h = transform(x, haar, 2)
assert np.isclose(np.sum(h**2), np.sum(x**2))
print(f"{np.mean(np.abs(h) < 8):.0%} of the numbers are smaller than 8")

# %%
shown = np.clip(h + 128, 0, 255)
shown[:128, :128] = h[:128, :128] / 4 + 128
plots.show([shown.astype(np.uint8)], width=3.4)

# %% [markdown]
# **So.** At the top left is a small picture; around it are the differences at two scales, gray for zero.
# *HL*, on the right, shows vertical edges, *LH*, below, horizontal ones, *HH* diagonals. An edge stands at
# the same place in all bands.

# %% [markdown]
# ## Can a transform be undone to the last bit?
#
# Pairs are little blocks. Better: predict each odd sample from *both* neighbors and keep the error;
# then correct the even samples by these errors, so that their mean stays. Each such *lifting step* [2] adds
# to one half of the samples a function of the other half.
#
# **Ask.** The function may even round. How do you undo a step?


# %%
def neighbors(x, first):
    """For every second sample, from `first` on: the sum of its two neighbors."""
    ends = [(1, 1)] + [(0, 0)] * (x.ndim - 1)
    p = np.pad(x, ends, mode="reflect")  # a mirror: x[-1] = x[1]
    return (p[:-2] + p[2:])[first::2]


# %%
def forward_53(x):
    x = x.copy()
    x[1::2] -= neighbors(x, 1) >> 1  # odd: minus their prediction
    x[0::2] += (neighbors(x, 0) + 2) >> 2  # even: keep the mean
    return x[0::2], x[1::2]


# %%
row = np.array([101, 103, 104, 105, 96, 97, 96, 102, 109]) - 128
low, high = forward_53(row)
print("low", low, "  high", high)
assert list(low) == [-26, -22, -30, -32, -19] and list(high) == [1, 5, 1, 0]
assert np.array_equal(wavelet.synthesize(low, high, reversible=True), row)

# %% [markdown]
# **So.** Subtract what was added, in reverse order: the other half is still there, so the decoder
# computes the same rounded number. Integers in, integers out, no bit lost. This is the 5/3 transform of
# *lossless* JPEG 2000; its inverse is your first exercise.
#
# The lossy 9/7 transform [3] has four steps and a scale:

# %%
ALPHA, BETA = -1.586134342059924, -0.052980118572961
GAMMA, DELTA = 0.882911075530934, 0.443506852043971
STEPS = [(1, ALPHA), (0, BETA), (1, GAMMA), (0, DELTA)]
SCALE = np.sqrt(2) / 1.230174104914001


# %%
def forward_97(x):
    x = x.copy()
    for first, factor in STEPS:
        x[first::2] += factor * neighbors(x, first)
    return np.concatenate([x[0::2] * SCALE, x[1::2] / SCALE])


def inverse_97(c):
    n, x = (len(c) + 1) // 2, np.empty_like(c)
    x[0::2], x[1::2] = c[:n] / SCALE, c[n:] * SCALE
    for first, factor in reversed(STEPS):
        x[first::2] -= factor * neighbors(x, first)
    return x


# %%
def inverse(c, join, levels):
    x = c.copy()
    for level in reversed(range(levels)):
        part = x[: len(x) >> level, : x.shape[1] >> level]
        part[:] = join(join(part.T).T)
    return x


# %%
low, high = wavelet.analyze(x, reversible=False)
assert np.allclose(forward_97(x), np.vstack([low * np.sqrt(2), high / np.sqrt(2)]))
w = transform(x, forward_97, 5)
assert np.allclose(inverse(w, inverse_97, 5), x)
print(f"sum of squares: {np.sum(w**2) / np.sum(x**2):.3f} of before")

# %% [markdown]
# **So.** The package agrees, up to our $\sqrt2$, which makes the transform nearly orthonormal: all numbers
# count about alike. Each one adds a soft wave that fades out and overlaps its neighbors: leaving it out
# leaves no border.

# %% [markdown]
# ## Why not blocks?
#
# **Ask.** Keep only the largest 1 % of the numbers, and set the others to zero. Which transform wins,
# and by how much? What about 10 %? Would larger blocks do as well?


# %%
def to_picture(plane):
    return np.clip(np.rint(plane + 128), 0, 255).astype(np.uint8)


def largest(c, share):
    return np.where(np.abs(c) >= np.quantile(np.abs(c), 1 - share), c, 0)


# %%
def by_dct(n, share):
    blocks = largest(dct.dct2(images.to_blocks(x, n)), share)
    return to_picture(images.from_blocks(dct.idct2(blocks)))


# %%
print("kept   DCT 8×8  DCT 64×64  wavelet 9/7")
for share in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
    ours = to_picture(inverse(largest(w, share), inverse_97, 5))
    y = by_dct(8, share), by_dct(64, share), ours
    print(f"{share:5.1%}", *(f"{metrics.psnr(photo, one):8.1f} dB" for one in y))

# %%
ours = to_picture(inverse(largest(w, 0.02), inverse_97, 5))
shown = [by_dct(8, 0.02), by_dct(64, 0.02), ours]
plots.show(
    shown, ["DCT 8×8, 2 %", "DCT 64×64, 2 %", "9/7, 2 %"], crop=(70, 160, 160, 160)
)

# %% [markdown]
# **So.** Of 64 numbers one is the mean of a block, so 1 % cannot even pay for all means. Large blocks save
# means, but spread every edge over 64 pixels. Wavelets have long waves where nothing happens and
# short ones at edges. The price: ripples beside strong edges, blurred texture. At 20 % the lead is
# small. The DCT is no bad transform; it only has one size.

# %% [markdown]
# ## Can one file be many?
#
# Quantize finely, with a *dead zone* around zero: $q = \operatorname{sign}(c)\,\lfloor |c| / \Delta \rfloor$.
# Now send the highest bit of *all* magnitudes, then the next. Stop wherever you like: without the last
# $p$ bits, it is as if the step had been $2^p \Delta$.

# %%
step = 2.0
q = (np.sign(w) * (np.abs(w) // step)).astype(int)


def without_planes(p):
    m = np.abs(q) >> p
    return np.sign(q) * np.where(m > 0, m + 0.5, 0) * 2**p * step


# %%
print("planes left out  not zero    PSNR")
for p in range(8, -1, -1):
    c = without_planes(p)
    y = to_picture(inverse(c, inverse_97, 5))
    print(f"{p:15} {np.mean(c != 0):9.2%} {metrics.psnr(photo, y):4.1f} dB")

# %%
maps = [(255 * (np.abs(w) >= T)).astype(np.uint8) for T in (256, 64, 16)]
plots.show(maps, ["|c| ≥ 256", "|c| ≥ 64", "|c| ≥ 16"])

# %% [markdown]
# **So.** Each plane adds 2 to 6 dB. (The decoder takes the middle of each interval.) Much of the cost is
# to say *where* the nonzero numbers are: in coarse bands, and in finer ones at the same places.

# %% [markdown]
# ### Zerotrees
#
# EZW [4] uses this. Each coefficient has children at the same place one scale finer: three for LL, else
# four. For a threshold $T$, coarse bands first, each coefficient gets a symbol: **P** or **N**,
# significant, with its sign; **T**, *zerotree*: neither it nor any descendant is; **Z**, an isolated zero.
# Descendants of a T are skipped.
#
# **Ask.** Here is Shapiro's own example. Which symbols come first for $T = 32$?

# %%
text = """ 63 -34 49  10 7 13 -12 7   -31 23 14 -13 3 4 6 -1
           15  14  3 -12 5 -7   3 9    -9 -7 -14  8 4 -2 3 2
           -5   9 -1  47 4  6  -2 2     3  0 -3   2 3 -2 0 4
            2  -3  6  -4 3  6   3 6     5 11  5   6 0  3 -4 4"""
C = np.array(text.split(), int).reshape(8, 8)
passes = ezw.encode(C, levels=3, count=2)
for one in passes:
    print(f"T = {one.threshold}: {one.dominant}, then bits {one.subordinate}")
assert passes[0].dominant == "PNZTPTTTTZTTZZZZZPZZ"  # as Shapiro printed it
plots.matrix([C], ["three levels of wavelet coefficients"])

# %% [markdown]
# **So.** 63 is P, -34 N; -31 is Z, for the 47 below belongs to its tree; 23 is T, and its whole quarter
# needs no word more. 20 symbols for 64 numbers. Then one bit refines each significant one, and $T$
# halves. SPIHT [5] says the same in fewer bits, without an entropy coder.
#
# ### The same file, more of it
#
# Move the slider: it cuts *one* SPIHT file.

# %%
import lic_course

whole = lic_course.encode(photo, codec="spiht", quality=80)


def first_part(percent):
    part = spiht.truncate(whole, max(60, len(whole) * percent // 100))
    y = lic_course.decode(part)
    return y, f"{len(part)} of {len(whole)} bytes: {metrics.psnr(photo, y):.1f} dB"


# %%
widgets.slider_demo(first_part, "percent of the file", (1, 100, 3))

# %% [markdown]
# **So.** There is no cliff: from the first percent on the picture is whole, and every byte sharpens it.
# A server may keep one file and send each viewer as much as the line allows.
#
# ### What do the neighbors know?
#
# JPEG 2000 [6] has no trees. It codes each bit with a probability that depends on the eight neighbors.
#
# **Ask.** How much does the chance to become significant depend on the number of neighbors that are?

# %%
m = np.abs(q[:256, 256:])  # HL of level 1
known = np.pad(m >= 16, 1).astype(int)
shifted = [np.roll(known, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
new = known[1:-1, 1:-1] == 0
n, bit = sum(shifted)[1:-1, 1:-1][new], (m[new] >= 8).astype(int)

# %%
groups = [bit[n == k] for k in np.unique(n)]
share = [group.mean() for group in groups[:5]]
plots.bars(range(5), {"": share}, "becomes significant", "by neighbors", ".2f")

# %%
from lic_course.classical.mq_coder import MqEncoder
from lic_course.entropy.theory import entropy

single = entropy(np.bincount(bit)) * bit.size
several = sum(entropy(np.bincount(group)) * group.size for group in groups)
coder = MqEncoder([0] * 9)
coder.encode((2 * n + bit).astype(np.uint8).tobytes())  # context and decision
print(f"entropy: {single / 8:.0f} bytes alone, {several / 8:.0f} with neighbors")
print(f"the MQ coder, with neighbors: {len(coder.finish())} bytes")

# %% [markdown]
# **So.** The chance rises from one in twenty to one in four or more. Contexts save a tenth here. The MQ
# coder is *adaptive*: it learns the probabilities on the way, others in the sky than in the grass, and so
# spends even less than the entropy of the whole. And it is *binary*: no Huffman codes, no run lengths.

# %% [markdown]
# ## How sure can you be of every pixel?
#
# PSNR is a mean. A physician may want a promise: *no pixel is off by more than* $t$. JPEG-LS [7] keeps it
# without a transform: predict each pixel by the median of $a$, $b$ and $a + b - c$, from its decoded
# neighbors $a$ (left), $b$ (above), $c$ (above left), and round the error to a multiple of $2t + 1$.
#
# **Ask.** Why *decoded* neighbors? What does $t = 1$ save?


# %%
part = photo[64:320, 128:384]
print("           JPEG-LS              JPEG 2000, same bytes")
for t in (1, 2, 5):
    data = jpeg_ls.encode_jpeg_ls(part, t)
    jp2 = jpeg2000.encode_jp2(part, target_bytes=len(data))
    print(f"{metrics.bpp(len(data), part):.2f} bpp", end="")
    for y in (jpeg_ls.decode_jpeg_ls(data), jpeg2000.decode_jp2(jp2)):
        worst = np.abs(y.astype(int) - part).max()
        print(f"   {metrics.psnr(part, y):.1f} dB, worst {worst:2}", end="")
    print()

# %% [markdown]
# **So.** For $t = 1$, JPEG-LS wins by both measures; for $t = 5$, JPEG 2000 has the better PSNR, and a
# worst pixel three times as wrong. Which is better? Ask who reads the picture.

# %% [markdown]
# ## Break it once
#
# **Ask.** Lesson 02 flipped one bit of a JPEG. What does it do here? And if only half of the file
# arrives?

# %%
jp2 = jpeg2000.encode_jp2(photo, 50)
y = jpeg2000.decode_jp2(jp2)
damaged = bytearray(jp2)
damaged[len(jp2) // 2] ^= 1
flipped = jpeg2000.decode_jp2(bytes(damaged))
half = jpeg2000.decode_jp2(jp2[: len(jp2) // 2], may_be_cut=True)
error = np.abs(flipped.astype(int) - y)
print(f"one bit: {np.mean(error > 8):.1%} of the pixels change by more than 8")
print(f"half {metrics.psnr(photo, half):.1f} dB, all {metrics.psnr(photo, y):.1f} dB")
shown = [flipped, np.minimum(255, 8 * error).astype(np.uint8), half]
plots.show(shown, ["one bit flipped", "its error, 8 times", "half of the file"])

# %% [markdown]
# **So.** Bands are cut into *code-blocks* of 64×64 coefficients, coded alone: a wrong bit hurts one of
# them, and so the patch that it describes. Half of the file is all of the picture, with less detail.
# But a wrong bit in a *header* is fatal here too.

# %% [markdown]
# ## From picture to bytes and back
#
# First the nine pixels of the lifting example, lossless, one level. A *codestream* is a list of markers,
# as in JPEG:

# %%
text = """ff4f ff51 0029 0000 00000001 00000009 00000000 00000000 00000001
          00000009 00000000 00000000 0001 070101 ff52 000c 00000001000104040001
          ff5c 0007 4040484850 ff90 000a 00000000001e0001 ff93
          c7d40c 018f0dc8757f c07c2180 0fb17f ffd9"""
data, at = bytes.fromhex(text), 2
names = {0x51: "SIZ", 0x52: "COD", 0x5C: "QCD", 0x90: "SOT"}
while name := names.get(data[at + 1]):
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    print(name, data[at + 2 : end].hex(" "))
    at = end
print("SOD", data[at + 2 : -2].hex(" "))
print(jpeg2000.decode_jp2(data).ravel())

# %% [markdown]
# SIZ has the size; COD one layer, one level, 64×64 code-blocks, the 5/3 transform; QCD the number ranges
# of the bands. After SOD come two *packets*, one for LL and one for the details. Bit by bit, the
# first one's header `c7 d4 0c` says:
#
# | bits | meaning |
# |---|---|
# | `1` | the packet is not empty |
# | `1` | the code-block is included |
# | `0001` | its 3 highest bit-planes are zero |
# | `1111 01010` | 6 + 10 = 16 coding passes follow |
# | `0 0000110` | in 6 bytes: `01 8f 0d c8 75 7f` |

# %% [markdown]
# Sixteen passes for six planes: one for the first plane, three for each other: coefficients with
# significant neighbors, refinements, the rest. An encoder may cut after any pass. It asks how much
# error a cut costs per byte saved, and cuts all code-blocks at the same price [8].
#
# Now a whole picture. A `.jp2` puts boxes around the codestream. Can OpenJPEG, called by Pillow, read ours?

# %%
import io

from PIL import Image

at = 0
while at < len(jp2):
    size = int.from_bytes(jp2[at : at + 4], "big")
    print(jp2[at + 4 : at + 8], f"{size:6} bytes", jp2[at + 8 : at + 20].hex(" "))
    at += size
theirs = np.asarray(Image.open(io.BytesIO(jp2))).astype(int)
assert np.abs(theirs - y).max() <= 1
exact = jpeg2000.encode_jp2(photo, lossless=True)
assert np.array_equal(Image.open(io.BytesIO(exact)), photo)
print(f"lossless: {metrics.bpp(len(exact), photo):.2f} bpp")
lic = lic_course.encode(photo, codec="own-jpeg2000", quality=50)
assert np.array_equal(lic_course.decode(lic), y)
print(lic_course.info(lic))

# %%
file, options = io.BytesIO(), {"irreversible": True, "quality_mode": "rates"}
Image.fromarray(photo).save(
    file, "JPEG2000", quality_layers=[x.size / len(jp2)], **options
)
openjpeg = images.read(file.getvalue())
print(f"ours     {len(jp2)} bytes, {metrics.psnr(photo, y):.2f} dB")
print(f"OpenJPEG {len(file.getvalue())} bytes, {metrics.psnr(photo, openjpeg):.2f} dB")

# %% [markdown]
# **So.** It can, and its own file of this size is no better. One file holds four layers of quality, and six sizes: its LL bands.

# %% [markdown]
# ## The growing figure
#
# Today's codecs in a line each. JPEG XR: 4×4 blocks, overlapped at their borders. WebP predicts blocks from
# their neighbors, and codes the error by a 4×4 DCT; HEIF and AVIF do so with more predictions, sizes
# and shapes, by the rules of the videos HEVC and AV1; BPG, too, is a box around HEVC. JPEG XL: DCTs of many
# sizes, tuned for the eye. (JPEG XT hides a second layer in a JPEG, for more than 8 bits. No library here writes it.)
#
# **Ask.** Guess an order before you run the cell.

# %%
names = ["jpeg2000", "own-jpeg2000", "spiht", "webp"]
names += ["jpegxr", "jpegxl", "heif", "avif"]
print("BD-rate against jpeg    RGB PSNR         luma PSNR           MS-SSIM")
for row in evaluate.bd_table("kodak", "jpeg", names):
    values = (row.psnr, row.psnr_y, row.ms_ssim)
    print(f"{row.codec:14}", *(f"{one!s:>17}" for one in values if one))

# %%
plots.rate_distortion(["jpeg", *names], highlight="own-jpeg2000")

# %% [markdown]
# **So.** The industry's codecs save a quarter to a half. But the order depends on the measure: AVIF beats HEIF
# by MS-SSIM and loses by luma PSNR; JPEG XL, behind WebP by PSNR, passes it by MS-SSIM.
#
# ### An anchor is a configuration
#
# "Better than JPEG 2000": than which? **Ask.** Pillow leaves out the color transform unless you say
# `mct=1`. How many decibels is that worth?

# %%
color = images.builtin("astronaut")
options["quality_layers"] = [24]
for mct in (0, 1):
    file = io.BytesIO()
    Image.fromarray(color).save(file, "JPEG2000", mct=mct, **options)
    decibels = metrics.psnr(color, images.read(file.getvalue()))
    print(f"mct={mct}: {len(file.getvalue())} bytes, {decibels:.2f} dB")

# %%
anchors = ["JPEG 2000", "JPEG 2000 (OpenJPEG)", "JPEG 2000 (Kakadu)"]
plots.rate_distortion(["jpeg", "jpeg2000"], published=anchors)

# %% [markdown]
# **So.** Four decibels at the same size, by one argument. And three published curves on the same 24
# pictures bear the name of JPEG 2000, all below ours. A new codec may beat one and lose to another:
# whoever reports a gain owes you the program, its version and its options.

# %% [markdown]
# ## Bitrate explorer
#
# Both sides have equal bytes. Lower the quality until JPEG breaks into blocks: what does JPEG 2000 show
# there? Where is it *worse*?

# %%
widgets.explore("own-jpeg2000", "jpeg", quality=30, lock="equal bytes")

# %% [markdown]
# **So.** Blur and soft ripples instead of blocks. Where JPEG shows a wrong texture, JPEG 2000 shows none.

# %% [markdown]
# ## Full resolution
#
# **Ask.** A DCT block needs no neighbor. How far does a pixel reach here?
#
# Each lifting step reaches one sample further, and at level $\ell$ samples are $2^{\ell-1}$ pixels apart:
# $4\,(1 + 2 + 4 + 8 + 16) = 124$ pixels for five levels. Exact strips must overlap that much. JPEG 2000
# offers independent *tiles* instead, whose borders may show.
#
# Lifting is sums of shifted arrays, so megapixels need only a few tensor operations:

# %%
import torch


def split(x):
    """The 9/7 transform of a batch (..., even height, width), down the columns."""
    even, odd = x[..., 0::2, :], x[..., 1::2, :]
    for a, b in ((ALPHA, BETA), (GAMMA, DELTA)):
        odd = odd + a * (even + torch.cat([even[..., 1:, :], even[..., -1:, :]], -2))
        even = even + b * (odd + torch.cat([odd[..., :1, :], odd[..., :-1, :]], -2))
    return torch.cat([even * SCALE, odd / SCALE], -2)


# %%
def batch_transform(x, levels=5):
    c = x.clone()
    for level in range(levels):
        part = c[..., : x.shape[-2] >> level, : x.shape[-1] >> level]
        part[:] = split(split(part).mT.contiguous()).mT
    return c


# %%
assert np.allclose(batch_transform(torch.tensor(x)), w)
gpu = torch.cuda.is_available()
large = np.tile(photo, (16, 16) if gpu else (4, 4)) - 128.0
batch = torch.tensor(large, device="cuda" if gpu else "cpu").float()[None, None]

# %% tags=["nbval-ignore-output"]
with evaluate.cost() as on_cpu:
    bands = wavelet.decompose(large, 5, reversible=False)
print(f"{large.size / 1e6:.0f} megapixels. NumPy: {on_cpu}")
for attempt in ("first", "second"):
    with evaluate.cost(gpu) as there:
        c = batch_transform(batch)
    print(
        f"PyTorch, {attempt} run:",
        there if gpu else f"{there.seconds:.2f} s on the CPU",
    )
n = len(large) // 2
assert np.allclose(c[0, 0, n:, n:].cpu(), bands[-1][2] / 2, atol=0.01)

# %% [markdown]
# **So.** The same numbers. On a CPU PyTorch gains nothing over NumPy here; on a GPU, the cell takes 67
# megapixels. The transform needs two to three times the memory of its input.

# %% [markdown]
# ## Exercises
#
# ### 1 · Undo the 5/3 transform (15 min)
#
# Join the halves that `forward_53` made, exactly. `x` has two integers or more, maybe an odd number.
#
# <details><summary>Hint</summary>Put low into x[0::2] and high into x[1::2]. Then the two steps of
# forward_53, backwards, with the other sign. neighbors is still there.</details>


# %%
def inverse_53(low, high):
    """The integers whose 5/3 transform is low, high."""
    ### BEGIN SOLUTION
    x = np.empty(len(low) + len(high), int)
    x[0::2], x[1::2] = low, high
    x[0::2] -= (neighbors(x, 0) + 2) >> 2
    x[1::2] += neighbors(x, 1) >> 1
    return x
    ### END SOLUTION


# %%
exercises.check("03.inverse_53", inverse_53)

# %% [markdown]
# ### 2 · What a decoder knows (10 min)
#
# The decoder of a dead-zone quantizer got the integers `q` without their last `p` bit-planes. Return
# its coefficients: the middle of the interval in which $c$ must be, and 0 for what is still zero.
#
# <details><summary>Hint</summary>m = |q| >> p tells that |c| is between m and m + 1 steps of
# 2**p * step.</details>


# %%
def dequantize(q, step, p):
    """Coefficients (floats) from integers q whose last p bits are not known."""
    ### BEGIN SOLUTION
    m = np.abs(q) >> p
    return np.sign(q) * np.where(m > 0, m + 0.5, 0) * 2**p * step
    ### END SOLUTION


# %%
exercises.check("03.dequantize", dequantize)

# %% [markdown]
# ### 3 · Keep a promise (15 min)
#
# Code a row of pixels so that none is off by more than `t`: predict each from the pixel before it, as
# the *decoder* knows it (0 before the first), and return the quantized errors. The decoder adds
# $q\,(2t+1)$ to its prediction.
#
# <details><summary>Hint</summary>q = (error + t) // (2 * t + 1); then decode it.</details>


# %%
def near_lossless(row, t):
    """Integers, one per pixel: prediction errors in units of 2 t + 1."""
    ### BEGIN SOLUTION
    symbols, decoded = [], 0
    for pixel in row:
        symbol = (int(pixel) - decoded + t) // (2 * t + 1)
        symbols.append(symbol)
        decoded += symbol * (2 * t + 1)
    return np.array(symbols)
    ### END SOLUTION


# %%
exercises.check("03.near_lossless", near_lossless)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. Why is the dead zone twice as wide as the other intervals?</summary>
#
# Dropping the last bits of a magnitude must give the magnitude of a coarser quantizer. From $-\Delta$
# to $\Delta$ all magnitudes are 0, at any plane.
# </details>
#
# <details><summary>2. You need a lossless copy today and small previews tomorrow. One file?</summary>
#
# Yes: JPEG 2000 with the 5/3 transform. Its first layers are a preview; so are its LL bands.
# </details>
#
# <details><summary>3. At which rates would you still take the DCT?</summary>
#
# At high ones, where the transforms differ little, if speed or memory matters: blocks are independent.
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | JPEG 2000 uses Huffman, run-length or arithmetic coding. | Only the MQ coder, adaptive and binary. |
# | JPEG 2000 is an "updated, and improved" JPEG. | Nothing of JPEG is left; it saves 42 % by PSNR, 24 % by MS-SSIM. |
# | JPEG XR "failed due to hardware incompatibility". | No source is given; it saves a third of the bits by PSNR. |
# | HEVC had the "most impressive performance". | As HEIF, by PSNR; by MS-SSIM, AVIF is ahead. |

# %% [markdown]
# ## In three sentences
#
# Wavelets describe a picture at all scales, without borders: with few bits it gets coarse, not broken.
# Bits sent from the highest plane down make one file for every rate; contexts and an adaptive coder make
# it small. Which codec is "the best" depends on the measure and the configuration: tell both.
#
# Next: lesson 04, transforms that the data choose themselves.

# %% [markdown]
# ## References
#
# 1. A. Haar, "Zur Theorie der orthogonalen Funktionensysteme", *Mathematische Annalen*, 69, 1910.
# 2. I. Daubechies and W. Sweldens, "Factoring wavelet transforms into lifting steps", *Journal of
#    Fourier Analysis and Applications*, 4(3), 247–269, 1998.
# 3. A. Cohen, I. Daubechies and J.-C. Feauveau, "Biorthogonal bases of compactly supported wavelets",
#    *Communications on Pure and Applied Mathematics*, 45(5), 485–560, 1992.
# 4. J. M. Shapiro, "Embedded image coding using zerotrees of wavelet coefficients", *IEEE Transactions
#    on Signal Processing*, 41(12), 3445–3462, 1993.

# %% [markdown]
# 5. A. Said and W. A. Pearlman, "A new, fast, and efficient image codec based on set partitioning in
#    hierarchical trees", *IEEE Transactions on Circuits and Systems for Video Technology*, 6(3), 1996.
# 6. ITU-T Recommendation T.800, *JPEG 2000 image coding system: core coding system*, 2002.
# 7. M. J. Weinberger, G. Seroussi and G. Sapiro, "The LOCO-I lossless image compression algorithm", *IEEE
#    Transactions on Image Processing*, 9(8), 1309–1324, 2000; ITU-T T.87, 1998.
# 8. D. Taubman, "High performance scalable image compression with EBCOT", *IEEE Transactions on Image
#    Processing*, 9(7), 1158–1170, 2000.
