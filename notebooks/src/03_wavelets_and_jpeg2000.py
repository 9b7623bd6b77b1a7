# %% [markdown]
# # Why do wavelets fail more gracefully than blocks?
#
# A JPEG with too few bits shows blocks; one that is cut shows half a picture. Here you build a
# transform without blocks, and files that you may cut anywhere: what is left is the whole picture, only
# coarser.
#
# *90 min · no GPU needed · needs [lesson 02](02_dct_and_jpeg.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **build** the Haar, 5/3 and 9/7 wavelet transforms by lifting, and **undo** them exactly;
# - **explain** why wavelets beat the block DCT most at low rates;
# - **cut** one file to many rates, and **read** zerotrees and bit-planes;
# - **find** what a `.jp2` file holds, byte by byte;
# - **promise** a largest error for every pixel;
# - **ask** which configuration hides behind the name of an anchor.
#
# You will use: `own-jpeg2000`, `spiht` and `jpeg-ls`, all from scratch.

# %% [markdown]
# ## Set-up

# %%
import numpy as np

from lic_course import codec, exercises, images, metrics, plots, widgets
from lic_course.classical import dct, ezw, jpeg2000, jpeg_ls, spiht, wavelet

plots.style()

# %% [markdown]
# ## What do two neighbors share?
#
# **Ask.** Replace each pair of pixels by its mean and half its difference. How many numbers do you
# get, and which ones can you do without?
#
# Then treat the means the same way, again and again. This is the Haar transform [1], a century old:

# %%
row = np.array([10.0, 12, 14, 16, 80, 80, 80, 82])
while len(row) > 1:
    a, b = row[0::2], row[1::2]
    row = (a + b) / 2
    print("means", row, "  half differences", (b - a) / 2)

# %% [markdown]
# **So.** Eight numbers became 1 mean and 4 + 2 + 1 differences. The differences are small except where
# something happens; and the numbers of the last line describe the *whole* row. Each number knows its
# place and its scale.
#
# In a picture, treat the columns, then the rows. The quarter with the means of both goes on to the next
# level. With $\sqrt2$ instead of 2, sums of squares are kept, as with the DCT:


# %%
def haar(x):
    """Low and high half of x, down its columns."""
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
shown = np.clip(np.where(np.abs(h) < 1024, 4 * h, h) / 4 + 128, 0, 255)
shown[:128, :128] = photo[2::4, 2::4]
plots.show([shown.astype(np.uint8)], width=3.4)

# %% [markdown]
# **So.** At the top left a small picture, around it the differences at two scales, gray for zero: to its
# right *HL* shows vertical edges, below *LH* horizontal ones, *HH* diagonals. Edges stand at the same
# place in all bands.

# %% [markdown]
# ## Can a transform be undone to the last bit?
#
# Haar looks at pairs, and pairs are little blocks. Better: predict each odd sample from *both* of its
# neighbors and keep the error; then correct the even samples with these errors, so that they keep the
# mean. Each such *lifting step* [2] adds to one half of the samples a function of the other half.
#
# **Ask.** The function may even round. How do you undo a step?


# %%
def neighbors(x, first):
    """For every second sample, from `first` on: the sum of its two neighbors."""
    ends = [(1, 1)] + [(0, 0)] * (x.ndim - 1)
    p = np.pad(x, ends, mode="reflect")  # a mirror: x[-1] = x[1]
    return (p[:-2] + p[2:])[first::2]


def forward_53(x):
    x = x.copy()
    x[1::2] -= neighbors(x, 1) >> 1  # odd: minus their prediction
    x[0::2] += (neighbors(x, 0) + 2) >> 2  # even: keep the mean
    return x[0::2], x[1::2]


# %%
row = np.array([101, 103, 104, 105, 96, 97, 96, 102, 109]) - 128
low, high = forward_53(row)
print("low ", low)
print("high", high)
assert list(low) == [-26, -22, -30, -32, -19] and list(high) == [1, 5, 1, 0]
assert np.array_equal(wavelet.synthesize(low, high, reversible=True), row)

# %% [markdown]
# **So.** Subtract what was added, in reverse order: the other half is still there unchanged, so the
# decoder computes the same rounded number. Integers in, integers out, no bit lost. This is the 5/3
# transform of *lossless* JPEG 2000. (Its inverse is your first exercise.)
#
# The lossy 9/7 transform [3] has four steps with real factors, and a scale:

# %%
ALPHA, BETA = -1.586134342059924, -0.052980118572961
GAMMA, DELTA = 0.882911075530934, 0.443506852043971
STEPS = [(1, ALPHA), (0, BETA), (1, GAMMA), (0, DELTA)]
SCALE = np.sqrt(2) / 1.230174104914001


def forward_97(x):
    x = x.copy()
    for first, factor in STEPS:
        x[first::2] += factor * neighbors(x, first)
    return np.concatenate([x[0::2] * SCALE, x[1::2] / SCALE])


def inverse_97(c):
    n = (len(c) + 1) // 2
    x = np.empty_like(c)
    x[0::2], x[1::2] = c[:n] / SCALE, c[n:] * SCALE
    for first, factor in reversed(STEPS):
        x[first::2] -= factor * neighbors(x, first)
    return x


# %%
low, high = wavelet.analyze(x, reversible=False)
ours = forward_97(x)
assert np.allclose(ours, np.concatenate([low * np.sqrt(2), high / np.sqrt(2)]))
assert np.allclose(inverse_97(ours), x)


def inverse(c, join, levels):
    x = c.copy()
    for level in reversed(range(levels)):
        part = x[: len(x) >> level, : x.shape[1] >> level]
        part[:] = join(join(part.T).T)
    return x


w = transform(x, forward_97, 5)
assert np.allclose(inverse(w, inverse_97, 5), x)
print(f"sum of squares: {np.sum(w**2) / np.sum(x**2):.3f} of before")

# %% [markdown]
# **So.** The package agrees, up to our $\sqrt2$, which makes the transform nearly orthonormal: all numbers
# count about alike. What does one number add to the picture?

# %%
patches = np.zeros((1, 4, 128, 128))
for k, (i, j) in enumerate([(2, 2), (2, 6), (6, 2), (6, 6)]):
    one = np.zeros((128, 128))
    one[i, j] = 1
    patches[0, k] = inverse(one, inverse_97, 5)
plots.basis(patches, "one coefficient of LL, HL, LH and HH at level 5", width=6)

# %% [markdown]
# **So.** Soft waves that fade out, and overlap with their neighbors: leaving one out leaves no border.

# %% [markdown]
# ## Why not blocks?
#
# **Ask.** Keep only the largest 1 % of the numbers, wherever they are, and set the others to zero. Which
# transform wins, and by how much? What about 10 %? And would larger blocks do as well?


# %%
def to_picture(plane):
    return np.clip(np.rint(plane + 128), 0, 255).astype(np.uint8)


def largest(c, share):
    return np.where(np.abs(c) >= np.quantile(np.abs(c), 1 - share), c, 0)


def by_dct(n, share):
    blocks = largest(dct.dct2(images.to_blocks(x, n)), share)
    return to_picture(images.from_blocks(dct.idct2(blocks)))


def by_wavelet(share):
    return to_picture(inverse(largest(w, share), inverse_97, 5))


# %%
print("kept   DCT 8×8  DCT 64×64  wavelet 9/7")
for share in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
    y = [by_dct(8, share), by_dct(64, share), by_wavelet(share)]
    small, large, ours = (metrics.psnr(photo, one) for one in y)
    print(f"{share:5.1%} {small:7.1f} dB {large:7.1f} dB {ours:8.1f} dB")

# %%
FACE = (70, 160, 160, 160)  # top, left, height, width
shown = [by_dct(8, 0.02), by_dct(64, 0.02), by_wavelet(0.02)]
plots.show(shown, ["DCT 8×8, 2 %", "DCT 64×64, 2 %", "9/7, 2 %"], crop=FACE)

# %% [markdown]
# **So.** There are 64 pixels in a block, so 1 % cannot pay for the mean of each block: it needs 1.6 %.
# Large blocks save means, but spread every edge over 64 pixels. Wavelets have long waves where nothing
# happens and short ones at edges. The price is ringing beside strong edges and blurred texture. At 20 %
# the lead is small: the DCT is no bad transform, it only has one fixed size.

# %% [markdown]
# ## Can one file be many?
#
# Quantize finely, with a *dead zone*: $q = \operatorname{sign}(c) \lfloor |c| / \Delta \rfloor$. Now
# send the magnitudes bit by bit: the highest bit of *all* coefficients, then the next. Stop wherever you
# like: without the last $p$ bits, it is as if the step had been $2^p \Delta$.

# %%
step = 2.0
q = (np.sign(w) * (np.abs(w) // step)).astype(int)
print("planes left out   step  not zero    PSNR")
for p in (8, 7, 6, 5, 4, 3, 2, 1, 0):
    m = np.abs(q) >> p
    c = np.sign(q) * np.where(m > 0, m + 0.5, 0) * 2**p * step
    y = to_picture(inverse(c, inverse_97, 5))
    print(
        f"{p:15} {2**p * step:6.0f} {np.mean(m > 0):9.2%} {metrics.psnr(photo, y):4.1f} dB"
    )

# %%
maps = [(255 * (np.abs(w) >= T)).astype(np.uint8) for T in (256, 64, 16)]
plots.show(maps, ["|c| ≥ 256", "|c| ≥ 64", "|c| ≥ 16"])

# %% [markdown]
# **So.** About 5 dB per plane. (The decoder guesses the middle of each interval.) Most of the cost is to
# say *where* the nonzero coefficients are. They sit in the coarse bands, and in finer bands at the
# same places.

# %% [markdown]
# ### Zerotrees
#
# EZW [4] uses this: each coefficient has four children at the same place one scale finer. If it and all
# its descendants are below the threshold $T$, one symbol says so for all. For each coefficient, coarse
# bands first: **P** or **N**, significant and positive or negative; **T**, zerotree; **Z**, an isolated
# zero.
#
# **Ask.** Here is Shapiro's own example. Which symbols come first for $T = 32$?

# %%
text = """63 -34 49 10  7 13 -12  7
         -31  23 14 -13  3  4   6 -1
          15  14  3 -12  5 -7   3  9
          -9  -7 -14  8  4 -2   3  2
          -5   9 -1  47  4  6  -2  2
           3   0 -3   2  3 -2   0  4
           2  -3  6  -4  3  6   3  6
           5  11  5   6  0  3  -4  4"""
C = np.array(text.split(), int).reshape(8, 8)
plots.matrix([C], ["three levels of wavelet coefficients"])


# %% [markdown]
# The top left number is LL. Its children are its three neighbors 34, 31 and 23; from there on, each
# coefficient has four.


# %%
def below(node):
    """All descendants of a coefficient."""
    for child in ezw.children(node, C.shape, 3):
        yield child
        yield from below(child)


def dominant_pass(C, T):
    symbols, skipped = "", set()
    for node in ezw.scan_order(C.shape, 3):
        if node in skipped:
            continue
        tree = list(below(node))
        if abs(C[node]) >= T:
            symbols += "P" if C[node] > 0 else "N"
        elif not tree or any(abs(C[n]) >= T for n in tree):
            symbols += "Z"
        else:
            symbols += "T"
            skipped.update(tree)
    return symbols


# %%
symbols = dominant_pass(C, 32)
print(symbols)
assert symbols == "PNZTPTTTTZTTZZZZZPZZ"  # as Shapiro printed it
for one in ezw.encode(C, 3, count=3):
    print(f"T = {one.threshold:2}: {one.dominant}  then bits {one.subordinate}")

# %% [markdown]
# **So.** 20 symbols for 64 coefficients. The bits then refine those that are significant, and $T$ halves.
# SPIHT [5] says the same in fewer bits, and needs no entropy coder.
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


widgets.slider_demo(first_part, "percent of the file", (1, 100, 10))

# %% [markdown]
# **So.** There is no cliff: the picture is whole from the first percent on, and every byte sharpens it.
# A server may keep one file and send each viewer as much as the line allows.

# %% [markdown]
# ### What do the neighbors know?
#
# JPEG 2000 [6] uses no trees. It codes each bit with a probability that depends on the eight
# neighbors.
#
# **Ask.** A coefficient becomes significant in this plane or not. How does the chance depend on the number
# of neighbors that are significant already?

# %%
m = np.abs(q[:256, 256:])  # HL of level 1
before = np.pad((m >= 16).astype(int), 1)
near = sum(np.roll(before, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))
new = before[1:-1, 1:-1] == 0
n, bit = near[1:-1, 1:-1][new], (m[new] >= 8).astype(int)
share = [bit[n == k].mean() for k in range(5)]
title = "by number of significant neighbors"
plots.bars(range(5), {"": share}, "share that becomes significant", title, ".2f")

# %%
from lic_course.classical.mq_coder import MqEncoder
from lic_course.entropy.theory import entropy

one_context = entropy(np.bincount(bit)) * bit.size
groups = [bit[n == k] for k in np.unique(n)]
by_neighbors = sum(entropy(np.bincount(group)) * group.size for group in groups)
coder = MqEncoder([0] * 9)
coder.encode(bytes(2 * n + bit))  # context and decision in one number
print(f"entropy, one probability for all   {one_context / 8:5.0f} bytes")
print(f"entropy, by number of neighbors    {by_neighbors / 8:5.0f} bytes")
print(f"the MQ coder, with these contexts  {len(coder.finish()):5} bytes")

# %% [markdown]
# **So.** With no such neighbor the chance is one in twenty, with any it is several times as large. So a
# few contexts save bits, and the MQ coder, which learns the probabilities on the way, stays close
# to the entropy. It is *adaptive* and *binary*: no Huffman codes, no run lengths. (JPEG 2000's own
# contexts also tell horizontal, vertical and diagonal neighbors apart.)

# %% [markdown]
# ## How sure can you be of every pixel?
#
# PSNR is a mean. A physician may want a promise: *no pixel is off by more than* $t$. JPEG-LS [7] keeps it
# without any transform: predict each pixel from decoded neighbors $a$ (left), $b$ (above), $c$
# (above left), and round the error to a multiple of $2t + 1$.
#
# **Ask.** Why decoded neighbors? And what does $t = 1$ save?


# %%
def predict(a, b, c):
    """The median of a, b and a + b - c: it follows edges."""
    return sorted([a, b, a + b - c])[1]


print("flat ", predict(50, 50, 50))
print("edge to the left ", predict(200, 50, 50), " edge above ", predict(50, 200, 50))
error, t = np.arange(-8, 9), 2
decoded = (error + t) // (2 * t + 1) * (2 * t + 1)
print("errors  ", error)
print("decoded ", decoded)
assert np.abs(decoded - error).max() == t

# %%
part = photo[64:320, 128:384]
print("     JPEG-LS                        JPEG 2000, same bytes")
for t in (0, 1, 2, 5):
    data = jpeg_ls.encode_jpeg_ls(part, t)
    y = jpeg_ls.decode_jpeg_ls(data)
    assert np.abs(y.astype(int) - part).max() == t
    line = f"t={t}  {metrics.bpp(len(data), y):.2f} bpp {metrics.psnr(part, y):5.1f} dB"
    if t:
        other = codec.find_quality(part, "jpeg2000", target_bytes=len(data)).image
        worst = np.abs(other.astype(int) - part).max()
        line += f", worst {t}    {metrics.psnr(part, other):.1f} dB, worst {worst}"
    print(line)

# %% [markdown]
# **So.** One gray level of tolerance saves a third of the bits. From $t = 2$ on, JPEG 2000 has the better
# PSNR at equal bytes, but its worst pixel is several times as wrong. Which one is better? Ask who
# reads the picture. If all errors up to $t$ are equally likely, their mean square is $t(t+1)/3$, which
# makes 49.9 dB for $t = 1$: close to what we see.

# %% [markdown]
# ## Break it once
#
# **Ask.** Lesson 02 flipped one bit of a JPEG. Now of a JPEG 2000 file. And what if only half of the
# file arrives?

# %%
jp2 = jpeg2000.encode_jp2(photo, 50)
y = jpeg2000.decode_jp2(jp2)
damaged = bytearray(jp2)
damaged[len(jp2) // 4] ^= 1
flipped = jpeg2000.decode_jp2(bytes(damaged))
half = jpeg2000.decode_jp2(jp2[: len(jp2) // 2], may_be_cut=True)
error = np.abs(flipped.astype(int) - y)
print(f"one bit: {np.mean(error > 8):.1%} of the pixels change by more than 8")
print(f"half of the file: {metrics.psnr(photo, half):.1f} dB")
print(f"the whole file: {metrics.psnr(photo, y):.1f} dB")
shown = [flipped, np.minimum(255, 8 * error).astype(np.uint8), half]
plots.show(shown, ["one bit flipped", "its error, 8 times", "half of the file"])

# %% [markdown]
# **So.** Bands are cut into *code-blocks* of 64×64 coefficients that are coded alone: a wrong bit hurts
# one of them, and so the patch of the picture that it describes. Half of the file is all of the picture, with less detail. But a wrong
# bit in a *header* is fatal here too.

# %% [markdown]
# ## From picture to bytes and back
#
# The smallest example first: nine gray pixels, those of the lifting example, lossless, with one level. The
# *codestream* is a list of markers, as in JPEG:

# %%
text = """ff4f ff51 0029 0000 00000001 00000009 00000000 00000000 00000001
          00000009 00000000 00000000 0001 070101 ff52 000c 00000001000104040001
          ff5c 0007 4040484850 ff90 000a 00000000001e0001 ff93
          c7d40c 018f0dc8757f c07c2180 0fb17f ffd9"""
data = bytes.fromhex(text)
names = {0x51: "SIZ", 0x52: "COD", 0x5C: "QCD", 0x90: "SOT"}
at = 2
while data[at + 1] in names:
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    print(names[data[at + 1]], data[at + 2 : end].hex(" "))
    at = end
print("SOD", data[at + 2 : -2].hex(" "))
print(jpeg2000.decode_jp2(data).ravel())

# %% [markdown]
# SIZ holds the size, COD one layer, one level, code-blocks of 64×64 and the 5/3 transform, QCD the
# number ranges of the bands. Behind SOD come two *packets*, one per resolution, each with a header. The
# first three bytes are, bit by bit:
#
# | bits | meaning |
# |---|---|
# | `1` | the packet is not empty |
# | `1` | the block is included |
# | `0001` | its 3 highest bit-planes are zero |
# | `1111 01010` | 6 + 10 = 16 coding passes follow |
# | `0 0000110` | in 6 bytes: `01 8f 0d c8 75 7f` |

# %%
header = "1" + "1" + "0001" + "111101010" + "00000110"
assert f"{0xC7D40C:024b}".startswith(header)

# %% [markdown]
# Six planes in 16 passes: the first plane takes one pass, each further one three: coefficients with
# significant neighbors, refinement, the rest. After any pass the encoder may cut. It asks of every cut:
# how much error per byte does it save? One slope for all code-blocks is the best choice of all [8].
#
# A whole picture. A `.jp2` puts boxes around the codestream; does OpenJPEG, called by Pillow, read ours?

# %%
import io

from PIL import Image

at = 0
while at < len(jp2):
    size = int.from_bytes(jp2[at : at + 4], "big")
    print(
        f"{jp2[at + 4 : at + 8].decode()} {size:6} bytes {jp2[at + 8 : at + 20].hex(' ')}"
    )
    at += size
theirs = np.asarray(Image.open(io.BytesIO(jp2))).astype(int)
assert np.abs(theirs - y).max() <= 1
exact = jpeg2000.encode_jp2(photo, lossless=True)
assert np.array_equal(Image.open(io.BytesIO(exact)), photo)
for layers in (1, 2, 3, 4):
    part = jpeg2000.decode_jp2(jp2, layers=layers)
    print(f"{layers} of 4 layers: {metrics.psnr(photo, part):.1f} dB")

# %%
lic = lic_course.encode(photo, codec="own-jpeg2000", quality=50)
assert np.array_equal(lic_course.decode(lic), y)
print(lic_course.info(lic))
print(f"lossless: {metrics.bpp(len(exact), photo):.2f} bpp, exact")

# %% [markdown]
# **So.** It does; both decoders agree up to rounding. One file holds four qualities, and six resolutions
# beside: the LL bands.

# %% [markdown]
# ## The growing figure
#
# | codec | year | how it transforms |
# |---|---|---|
# | JPEG 2000 | 2000 | wavelets over the whole picture |
# | JPEG XR | 2009 | 4×4 blocks, overlapped at their borders |
# | WebP | 2010 | predicts blocks from neighbors, 4×4 DCT of the error |
# | HEIF | 2015 | the same with blocks of 4 to 32, by HEVC's rules |
# | AVIF | 2019 | more predictions and shapes, by AV1's rules |
# | JPEG XL | 2021 | DCTs of 2 to 256, chosen by place; tuned for the eye |
#
# **Ask.** Which one is the best? Guess an order before you run the cell.

# %%
from lic_course.evaluate import bd_table

print("BD-rate against jpeg        RGB PSNR        luma PSNR          MS-SSIM")
for row in bd_table("kodak", "jpeg"):
    values = "  ".join(f"{one!s:>15}" for one in (row.psnr, row.psnr_y, row.ms_ssim))
    print(f"{row.codec:20} {values}")

# %%
ours = ["own-jpeg2000", "spiht"]
names = [
    "jpeg",
    "own-jpeg",
    "jpeg2000",
    *ours,
    "webp",
    "jpegxr",
    "jpegxl",
    "heif",
    "avif",
]
plots.rate_distortion(names, highlight="own-jpeg2000")

# %% [markdown]
# **So.** Against JPEG all of them save a fifth to a half. But the order depends on the measure: AVIF beats
# HEIF by MS-SSIM and loses by PSNR of the luma; JPEG XL, last by PSNR of red, green and blue, passes
# WebP by MS-SSIM. Our own JPEG 2000 lies on OpenJPEG's curve.

# %% [markdown]
# ### An anchor is a configuration
#
# "Better than JPEG 2000": than which? **Ask.** Pillow leaves out the color transform unless you say
# `mct=1`. How many decibels is that worth?

# %%
color = images.builtin("astronaut")
options = {"irreversible": True, "quality_mode": "rates", "quality_layers": [24]}
for mct in (0, 1):
    file = io.BytesIO()
    Image.fromarray(color).save(file, "JPEG2000", mct=mct, **options)
    y = images.read(file.getvalue())
    bpp = metrics.bpp(len(file.getvalue()), color)
    print(f"mct={mct}: {bpp:.2f} bpp, {metrics.psnr(color, y):.2f} dB")

# %%
anchors = ["JPEG 2000", "JPEG 2000 (OpenJPEG)", "JPEG 2000 (Kakadu)"]
plots.rate_distortion(["jpeg", "jpeg2000"], published=anchors)

# %% [markdown]
# **So.** Four decibels at the same size, by one argument. In the figure, three published curves on the same
# 24 pictures bear the name of JPEG 2000. A new codec may beat one and lose to another. Whoever
# reports a gain owes you the program, its version and its options.

# %% [markdown]
# ## Bitrate explorer
#
# Both sides have equal bytes. Lower the quality until JPEG breaks into blocks: what does JPEG 2000 show
# there? Where is it *worse* than JPEG?

# %%
widgets.explore("own-jpeg2000", "jpeg", quality=30, lock="equal bytes")

# %% [markdown]
# **So.** Blur and soft ripples along edges instead of blocks. Fine texture disappears first: where JPEG
# still shows a wrong texture, JPEG 2000 shows none.

# %% [markdown]
# ## Full resolution
#
# Lifting is sums of shifted arrays, so many megapixels go through as a few tensor operations.
# **Ask.** How far does one pixel reach? Could strips be coded alone, as with the DCT?

# %%
import torch


def split(x):
    """The 9/7 transform of any batch (..., even height, width), down the columns."""
    even, odd = x[..., 0::2, :], x[..., 1::2, :]
    for a, b in ((ALPHA, BETA), (GAMMA, DELTA)):
        odd = odd + a * (even + torch.cat([even[..., 1:, :], even[..., -1:, :]], -2))
        even = even + b * (odd + torch.cat([odd[..., :1, :], odd[..., :-1, :]], -2))
    return torch.cat([even * SCALE, odd / SCALE], -2)


def batch_transform(x, levels=5):
    c = x.clone()
    for level in range(levels):
        part = c[..., : x.shape[-2] >> level, : x.shape[-1] >> level]
        part[:] = split(split(part).mT.contiguous()).mT
    return c


# %%
device = "cuda" if torch.cuda.is_available() else "cpu"
one = torch.tensor(x, device=device)[None, None]
before = batch_transform(one)[0, 0].cpu()
assert np.allclose(before, w)
one[..., 256, 256] += 1
changed = (batch_transform(one)[0, 0].cpu() - before).abs() > 1e-9
for level in (1, 3, 5):
    n = 512 >> level
    rows = changed[n : 2 * n, :n].any(1).sum()
    print(f"level {level}: one pixel changes {rows} rows, {2**level} pixels apart")

# %% tags=["nbval-ignore-output"]
from lic_course.evaluate import cost

large = np.tile(photo, (4, 4)) - 128.0
with cost() as on_cpu:
    bands = wavelet.decompose(large, 5, reversible=False)
print(f"{large.size / 1e6:.1f} megapixels, 5 levels; NumPy: {on_cpu}")
batch = torch.tensor(large, device=device).float()[None, None]
for attempt in ("first", "second"):
    with cost(gpu=device == "cuda") as on_device:
        c = batch_transform(batch)
    memory = f", {on_device.megabytes:.0f} MB of memory" if device == "cuda" else ""
    print(f"PyTorch, {device}, {attempt} run: {on_device.seconds:.2f} s{memory}")
finest = torch.tensor(bands[-1][2] / 2, device=device)
print(f"largest difference in HH: {(c[0, 0, 1024:, 1024:] - finest).abs().max():.5f}")

# %% [markdown]
# **So.** The same numbers by the same few lines, here or on a GPU; run the cell where you have one. But a
# pixel reaches over many rows of the coarse levels: an exact strip needs a margin of more than a hundred
# pixels. Blocks were easier. JPEG 2000 offers independent *tiles* instead, and their borders may show.

# %% [markdown]
# ## Exercises
#
# ### 1 · Undo the 5/3 transform (15 min)
#
# Join the halves that `forward_53` made to the signal, exactly. `x` has `len(low) + len(high)`
# integers, two or more; the length may be odd.
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
# <details><summary>Hint</summary>q = (error + t) // (2 * t + 1); then do what the decoder
# does.</details>


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
# Yes: JPEG 2000 with the 5/3 transform and quality layers. The first layers are the preview, or the LL
# bands in a smaller size.
# </details>
#
# <details><summary>3. At which rates would you still take the DCT?</summary>
#
# At high ones, where the transform hardly matters, and where speed or memory does: blocks need no
# neighbors.
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | JPEG 2000 codes with "Huffman, RLE or arithmetic coding". | With the MQ coder, an adaptive binary arithmetic coder; nothing else. Its references [19–21] are about other things. |
# | JPEG 2000 is an "updated, and improved" JPEG. | By 42 % of the bits in PSNR, by 24 % in MS-SSIM; other transform, coder and file. |
# | JPEG XR "failed due to hardware incompatibility". | No source is given. It codes a third smaller than JPEG in the table above. |
# | HEVC is the most impressive. | By PSNR, yes; by MS-SSIM AVIF is ahead. VVC is not mentioned here. |
# | JPEG-LS is lossless. | It also has the error bound that you used. |

# %% [markdown]
# ## In three sentences
#
# Wavelets describe a picture at all scales at once, without borders: with few bits it gets coarse, not
# broken. Bits sent from the highest plane down make one file that serves every rate; contexts and an
# adaptive coder make it small. Which codec is "the best" depends on the measure and the configuration,
# so both belong to every number.
#
# Next: lesson 04, transforms that the data choose themselves.

# %% [markdown]
# ## References
#
# 1. A. Haar, "Zur Theorie der orthogonalen Funktionensysteme", *Mathematische Annalen*, 69, 331–371,
#    1910.
# 2. I. Daubechies and W. Sweldens, "Factoring wavelet transforms into lifting steps", *Journal of Fourier
#    Analysis and Applications*, 4(3), 247–269, 1998.
# 3. A. Cohen, I. Daubechies and J.-C. Feauveau, "Biorthogonal bases of compactly supported wavelets",
#    *Communications on Pure and Applied Mathematics*, 45(5), 485–560, 1992.
# 4. J. M. Shapiro, "Embedded image coding using zerotrees of wavelet coefficients", *IEEE Transactions
#    on Signal Processing*, 41(12), 3445–3462, 1993.

# %% [markdown]
# 5. A. Said and W. A. Pearlman, "A new, fast, and efficient image codec based on set partitioning in
#    hierarchical trees", *IEEE Transactions on Circuits and Systems for Video Technology*, 6(3),
#    243–250, 1996.
# 6. ITU-T Recommendation T.800, *JPEG 2000 image coding system: core coding system*, 2002; see A.
#    Skodras, C. Christopoulos and T. Ebrahimi, *IEEE Signal Processing Magazine*, 18(5), 36–58, 2001.
# 7. M. J. Weinberger, G. Seroussi and G. Sapiro, "The LOCO-I lossless image compression algorithm", *IEEE
#    Transactions on Image Processing*, 9(8), 1309–1324, 2000; ITU-T T.87.
# 8. D. Taubman, "High performance scalable image compression with EBCOT", *IEEE Transactions on Image
#    Processing*, 9(7), 1158–1170, 2000.
