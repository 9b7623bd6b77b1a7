# %% [markdown]
# # How does JPEG throw away what you cannot see?
#
# JPEG keeps a twentieth of a photo's bytes, and you have to look twice to notice. Here you write all
# of it, from the first cosine to a `.jpg` file that every program opens.
#
# *75 min · CPU · needs [lesson 01](01_bits_and_distortion.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **build** the DCT, and **prove** that a printed version of it cannot be undone;
# - **tell** what a quantization table keeps, and why quality 50 is not half of anything;
# - **turn** a block of pixels into symbols, bits and bytes, and **find** them in a file;
# - **predict** what one flipped bit does to a `.jpg` file;
# - **explain** what halving the color costs in PSNR, and why few people mind.
#
# You will build: `own-jpeg`, a complete baseline JPEG codec.

# %% [markdown]
# ## Set-up

# %%
import numpy as np

from lic_course import codec, exercises, images, metrics, plots, widgets
from lic_course.classical import dct, jpeg, jpeg_file, jpeg_symbols, jpeg_tables

plots.style()

# %% [markdown]
# ## Why cosines?
#
# **Ask.** Neighboring pixels are alike, so the 64 numbers of an 8×8 block repeat themselves. Could 64
# *other* numbers tell most of the story in the first few? Which pattern would you send first?
#
# The discrete cosine transform (DCT) writes eight pixels as a sum of eight waves [1]. Row $u$ of its
# matrix $C$ is the wave with $u$ half periods:

# %%
N = 8
u, x = np.ogrid[:N, :N]
C = np.sqrt(2 / N) * np.cos((2 * x + 1) * u * np.pi / (2 * N))
C[0] /= np.sqrt(2)
assert np.allclose(C @ C.T, np.eye(N)) and np.allclose(C, dct.dct_matrix(N))

# %% [markdown]
# Its rows are perpendicular and of length 1, so its transpose undoes it. (The package has the same
# matrix.) A block $f$ has columns and rows: $F = C f C^\top$, and back $f = C^\top F C$. Each of the 64
# numbers in $F$ is the amount of one pattern.

# %%
plots.basis(np.einsum("ux,vy->uvxy", C, C), "the 64 patterns of the DCT")

# %% [markdown]
# **So.** The flat pattern at the top left is called DC: eight times the mean of the block. Rightward and
# downward the waves get finer, up to a checkerboard. These 63 are called AC.
#
# Here is a block that many textbooks use:

# %%
rows = """52 55 61  66  70  61 64 73
          63 59 55  90 109  85 69 72
          62 59 68 113 144 104 66 73
          63 58 71 122 154 106 70 69
          67 61 68 104 126  88 68 70
          79 65 60  70  77  68 58 75
          85 71 64  59  55  61 65 83
          87 79 69  68  65  76 78 94"""
block = np.array(rows.split(), np.uint8).reshape(N, N)

# %%
from scipy.fft import dctn

f = block - 128.0
F = C @ f @ C.T
assert np.allclose(F, dctn(f, norm="ortho"))
print(f"DC {F[0, 0]:.1f} = 8 × mean {8 * f.mean():.1f}")
print(f"sum of squares {np.sum(f**2):.0f}, after the DCT {np.sum(F**2):.0f}")
plots.matrix([f, F], ["pixels - 128", "coefficients F"])

# %% [markdown]
# **So.** The pixels fill the block; the coefficients crowd into its top left corner. Nothing is lost: an
# orthonormal transform keeps the sum of squares.

# %% [markdown]
# ### Send six numbers of 64
#
# **Ask.** For each block you may send six pixels, repeated over their neighborhood, or the six
# coefficients of the slowest waves. Which picture do you want?

# %%
photo = images.builtin("camera")
blocks = images.to_blocks(photo - 128.0, N)
coefficients = dct.dct2(blocks)


def to_picture(blocks):
    plane = images.from_blocks(blocks) + 128
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)


# %%
FACE = (96, 184, 112, 112)  # top, left, height, width
slow = u + x < 3
pixels = to_picture(blocks[..., 1::3, 1::4].repeat(3, -2)[..., :N, :].repeat(4, -1))
waves = to_picture(dct.idct2(coefficients * slow))
share = np.sum((coefficients * slow) ** 2) / np.sum(coefficients**2)
print(f"6 pixels {metrics.psnr(photo, pixels):.1f} dB")
print(f"6 coefficients {metrics.psnr(photo, waves):.1f} dB, {share:.0%} of the squares")
plots.show([photo, pixels, waves], ["all", "6 pixels", "6 coefficients"], crop=FACE)

# %% [markdown]
# **So.** Six pixels make a mosaic. Six coefficients make a soft face, several decibels better: they hold
# nearly all of the sum of squares. This is *energy compaction*, the reason for the DCT.

# %% [markdown]
# ## Can a printed formula be wrong?
#
# The survey of this course prints the DCT of JPEG so, with $C(0) = 1/\sqrt{N}$ and else $C(u) = 1$:
#
# $$F(u,v) = \frac{1}{\sqrt{2N}}\, C(u)\, C(v) \sum_{x=0}^{N-1} \sum_{y=0}^{N-1} f(x,y)
# \cos\frac{(2x+1)u\pi}{N} \cos\frac{(2y+1)v\pi}{N}$$
#
# **Ask.** Compare it with our $C$. A 2 is missing under the fraction: does it matter?

# %%
P = (2 * N) ** -0.25 * np.cos((2 * x + 1) * u * np.pi / N)
P[0] /= np.sqrt(N)
for name, M in {"ours": C, "printed": P}.items():
    rank, rank_2d = np.linalg.matrix_rank(M), np.linalg.matrix_rank(np.kron(M, M))
    print(f"{name:8} rank {rank} of 8, and {rank_2d} of 64 for a block")
plots.matrix([C, P], ["C", "as printed"], fmt=".1f")

# %% [markdown]
# **So.** The printed waves run twice as fast. Row 4 is zero, rows 5, 6 and 7 repeat rows 3, 2 and 1 with
# the other sign, and each row is its own mirror image. Of 64 numbers only 16 are independent: no
# decoder can undo this. The best one can do is the pseudo-inverse:

# %%
undo = np.linalg.pinv(P, rtol=1e-9)
mirrored = to_picture(undo @ (P @ blocks @ P.T) @ undo.T)
names = ["original", "through the printed formula"]
plots.show([photo, mirrored], names, crop=FACE, width=5)

# %% [markdown]
# **So.** Each block has become the average of itself and its mirror images. Smaller slips: $C(0)$ must
# be $1/\sqrt2$; the factor must be $2/N$, which equals the printed one for $N = 8$ only; the text lets
# $x$ and $y$ run up to $N$. Check formulas by running them: a rank takes one line.

# %% [markdown]
# ## What may be rounded?
#
# **Ask.** So far nothing is lost. JPEG loses nearly all that it loses in one line: divide by a step, and
# round. Which of the 64 steps would you make the largest?

# %%
Q = jpeg_tables.LUMA_QUANTIZATION
q = np.rint(F / Q).astype(int)
assert np.all(np.abs(q * Q - F) <= Q / 2)
print(f"{np.count_nonzero(q)} of 64 numbers are left")
plots.matrix([Q, q], ["steps Q", "quantized q = round(F / Q)"])

# %% [markdown]
# **So.** The standard's steps come from experiments with viewers [3]: small where the eye sees well,
# around 100 for the finest waves. The corner survives. The decoder multiplies by $Q$ again, so no
# coefficient is off by more than half a step.

# %% [markdown]
# ### The quality scale
#
# The quality $q$ of libjpeg, from 1 to 100, scales the table by $S$ percent and keeps each step within
# a byte:
#
# $$S = \begin{cases} \lfloor 5000/q \rfloor & q < 50 \\ 200 - 2q & q \ge 50 \end{cases} \qquad
# Q_q = \min\left(255, \max\left(1, \left\lfloor \frac{Q S + 50}{100} \right\rfloor\right)\right)$$
#
# **Ask.** At quality 50, what share of the coefficients is not zero? *Blockiness* below is the mean step
# across block borders, divided by the mean step inside blocks.

# %%
decoded = {}
print("quality  DC step  not zero   bpp  PSNR  blockiness")
for quality in (5, 10, 25, 50, 75, 90):
    steps = jpeg_tables.quantization_tables(quality)[0]
    kept = np.mean(np.rint(coefficients / steps) != 0)
    data = jpeg.encode_jpeg(photo, quality)
    decoded[quality] = y = jpeg.decode_jpeg(data)
    line = f"{quality:7} {steps[0, 0]:8} {kept:9.0%} {metrics.bpp(len(data), y):5.2f}"
    print(line, f"{metrics.psnr(photo, y):5.1f} {metrics.blockiness(y):11.2f}")
print(f"the original has a blockiness of {metrics.blockiness(photo):.2f}")

# %%
shown = [decoded[quality] for quality in (5, 25, 75)]
plots.show(shown, ["quality 5", "quality 25", "quality 75"], crop=FACE)

# %% [markdown]
# **So.** Quality is the name of a table, not a percentage of anything. As it falls, blocks appear: at
# quality 5 a block keeps one or two numbers, and neighbors disagree at the border.

# %% [markdown]
# ### How often does each value occur?
#
# **Ask.** A coder must know which values are likely. Is the histogram of a coefficient a bell?

# %%
c = coefficients[..., 0, 1].ravel()
b, s = np.abs(c).mean(), c.std()
value = np.arange(-200, 201, 10)
share = np.histogram(c, np.append(value - 5, 205))[0] / (10 * c.size)
laplace = np.exp(-np.abs(value) / b) / (2 * b)
gauss = np.exp(-(value**2) / (2 * s**2)) / (s * np.sqrt(2 * np.pi))
lines = {"measured": share, "Laplace": laplace, "Gauss": gauss}
plots.curves(value, lines, "value of F(0, 1)", "density", log="y")

# %%
bits_laplace = np.log2(2 * b * np.e)
bits_gauss = np.log2(s * np.sqrt(2 * np.pi * np.e))
print(f"bits per value: {bits_laplace:.1f} by Laplace, {bits_gauss:.1f} by Gauss")

# %% [markdown]
# **So.** No bell: a sharp peak and long tails. On this logarithmic axis the Laplace density is a tent,
# much nearer than Gauss's parabola; as a model for coding it saves bits on every value.
#
# Lam and Goodman [5] explain it. Among blocks of equal contrast, a coefficient is a sum of many pixels
# and nearly Gaussian; the mixture over contrasts has a peak and tails. Learned codecs (lesson 07) send
# the contrast as side information.

# %% [markdown]
# ## How do numbers become bits?
#
# **Ask.** Most of $q$ is zero. In which order would you read it, so that the zeros come last?

# %%
order = sorted(np.ndindex(N, N), key=lambda p: (sum(p), p[(sum(p) + 1) % 2]))
assert [N * row + column for row, column in order] == jpeg_tables.ZIGZAG.tolist()
plots.path(np.array(order), "the zigzag")

# %% [markdown]
# **So.** Diagonal by diagonal, up and down in turn, from slow to fine waves. Our block becomes:

# %%
sequence = [int(q[place]) for place in order]
print(*sequence)

# %% [markdown]
# The AC values become pairs: how many zeros come first, then the value. Two pairs are special:
# (15, 0) is sixteen zeros, and (0, 0) says that only zeros follow (*end of block*, EOB).


# %%
def run_lengths(ac):
    pairs, run = [], 0
    for value in ac:
        if value == 0:
            run += 1
            continue
        pairs += [(15, 0)] * (run // 16) + [(run % 16, value)]
        run = 0
    return pairs + [(0, 0)] * (run > 0)


# %%
pairs = run_lengths(sequence[1:])
symbols = jpeg_symbols.run_length_symbols(sequence)
assert pairs == [(symbol.run, symbol.value) for symbol in symbols[1:]]
print(*pairs)

# %% [markdown]
# Run and *size*, the number of bits of the value, form one byte: the *symbol*, which gets a Huffman
# code (lesson 01). The bits of the value follow as they are; of a negative value, all inverted.


# %%
def extra_bits(value):
    size = abs(value).bit_length()
    return f"{value if value > 0 else value + 2**size - 1:0{size}b}" if size else ""


# %%
dc, ac = jpeg_tables.STANDARD_TABLES[:2]
bits = dc.code(abs(sequence[0]).bit_length()) + extra_bits(sequence[0])
for run, value in pairs:
    extra = extra_bits(value)
    bits += ac.code(16 * run + len(extra)) + extra
print(len(bits), "bits:", bits)
for symbol in symbols[:4]:
    table = dc if symbol.kind == "DC" else ac
    print(f"{symbol!s:11} {table.code(symbol.byte):>5} {symbol.extra}")

# %% [markdown]
# Each line shows run/size, the value, its code and its bits. The DC has a table of its own, and from the
# second block on only its difference to the DC before is coded. Ones fill the last byte. Does libjpeg,
# called by Pillow, write the same bytes?

# %%
import io

from PIL import Image

bits += "1" * (-len(bits) % 8)
scan = int(bits, 2).to_bytes(len(bits) // 8, "big")
print(len(scan), "bytes:", scan.hex(" "))
file = io.BytesIO()
Image.fromarray(block).save(file, "JPEG", quality=50)
assert scan in file.getvalue() and scan in jpeg.encode_jpeg(block, 50, optimize=False)

# %% [markdown]
# **So.** 64 bytes of pixels have become 12, and libjpeg writes the same 12.

# %% [markdown]
# ## Where did the color go?
#
# JPEG turns red, green and blue into luma $Y$ and two color differences, $C_b$ and $C_r$.
#
# **Ask.** Halve the width and height of the luma, or of both color planes: which one would you
# notice? Which removes more numbers?

# %%
color = images.builtin("astronaut")


def halved(channels):
    ycc = images.rgb_to_ycbcr(color)
    small = sum(ycc[i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4
    ycc[..., channels] = small.repeat(2, axis=0).repeat(2, axis=1)[..., channels]
    return images.ycbcr_to_rgb(ycc)


# %%
shown = {"original": color, "color halved": halved([1, 2]), "luma halved": halved([0])}
for name in ("color halved", "luma halved"):
    print(f"{name}: PSNR {metrics.psnr(color, shown[name]):.1f} dB")
plots.show(list(shown.values()), list(shown), crop=(80, 176, 80, 80))

# %% [markdown]
# **So.** Halved color removes half of all numbers, and you hardly see it. Halved luma removes only a
# quarter, and blurs the eyes: we resolve color much less finely than brightness. So most JPEG programs
# halve the color, which is called 4:2:0. What does it do at equal bytes? Here `jpeg` is 4:2:0, and
# `jpeg-444` keeps all the color.

# %%
for bpp in (0.5, 1, 2):
    for name in ("jpeg", "jpeg-444"):
        y = codec.find_quality(color, name, target_bytes=bpp * 512 * 512 / 8).image
        rgb, luma = metrics.psnr(color, y), metrics.psnr_y(color, y)
        print(f"{bpp:3} bpp  {name:8}  RGB {rgb:.1f} dB  luma {luma:.1f} dB")

# %% [markdown]
# **So.** 4:2:0 always has the better luma: the color leaves it more bits. PSNR over red, green and blue
# counts color like brightness, and at high rates prefers 4:4:4. Two honest numbers, opposite winners:
# say which PSNR you mean.

# %% [markdown]
# ## Break it once
#
# **Ask.** A file has one bit wrong, a quarter of the way in. How much of the picture is lost: one
# block, one row, or the rest?


# %%
def flip_one_bit(data):
    damaged = bytearray(data)
    damaged[len(data) // 4] ^= 1
    return bytes(damaged)


file = io.BytesIO()
Image.fromarray(color).save(file, "JPEG", quality=50, restart_marker_rows=1)
plain, marked = jpeg.encode_jpeg(color, 50, optimize=False), file.getvalue()
print(f"restart markers: {len(marked) - len(plain)} of {len(marked)} bytes")
shown = [images.read(flip_one_bit(data)) for data in (plain, marked)]
plots.show(shown, ["one bit flipped", "with restart markers"], width=4.8)

# %% [markdown]
# **So.** The rest. Codes have no fixed length: after a wrong bit the decoder reads nonsense until it
# falls into step by luck. And every DC is a difference: an error stays in the sum, so brightness and
# color are off to the end.
#
# The cure is as old as JPEG: restart markers, `FF D0` to `FF D7`, here after each row. Bits and DC begin
# afresh there, and only one row is hurt.

# %% [markdown]
# ## From picture to bytes and back
#
# All steps together are `jpeg.encode_jpeg`. Here is a whole file by segments: each begins with `FF`, the
# byte of its name, and two bytes for its length.

# %%
data = jpeg.encode_jpeg(photo, 50)
for segment in jpeg_file.segments(data):
    start = data[segment.offset : segment.offset + 14].hex(" ")
    print(f"{segment.offset:6} {segment.name:25} {start}")
print(f"{len(data)} bytes, {metrics.bpp(len(data), photo):.2f} bpp")

# %% [markdown]
# You can read it. After `FF DB 00 43` come the table's number and its steps in zigzag order: `10` is 16.
# After `FF C0 00 0B` come the 8 bits of a sample, height and width, `02 00` each. In the scan, `00`
# follows each byte `FF`, so that no marker appears by accident.
#
# Now back. Our decoder and Pillow's must agree, up to rounding:

# %%
y = jpeg.decode_jpeg(data)
difference = np.abs(y.astype(int) - images.read(data))
assert y.shape == photo.shape and difference.max() <= 2
print(f"PSNR {metrics.psnr(photo, y):.2f} dB")
print(f"{np.mean(difference > 0):.1%} of the pixels differ from Pillow's")

# %% [markdown]
# How close is Huffman to the entropy of lesson 01?

# %%
from lic_course.classical.jpeg_reader import read_jpeg
from lic_course.entropy.theory import ideal_bits

plane = read_jpeg(data, photo.size).planes[0]
blocks_in_order = jpeg_symbols.predict_dc(plane.coefficients.reshape(-1, 1, 64), (0,))
stream = jpeg_symbols.symbol_stream(blocks_in_order[:, 0])
kinds = [stream.symbols[stream.is_dc == kind] for kind in (True, False)]
entropy = sum(ideal_bits(kind, np.bincount(kind)) for kind in kinds)
huffman = plane.bits.sum() - stream.sizes.sum()
print(f"symbols {huffman} bits, {huffman / entropy - 1:.1%} above their entropy")
print(f"values {stream.sizes.sum()} bits, not modeled at all")

# %% [markdown]
# **So.** Huffman is close. Better codecs gain elsewhere: they model the values too, and look at the
# neighborhood. In this course each codec also writes a `.lic` file, with its name and a checksum:

# %%
import lic_course

lic = lic_course.encode(photo, codec="own-jpeg", quality=50)
assert np.array_equal(lic_course.decode(lic), y)
print(lic_course.info(lic))

# %% [markdown]
# ## The growing figure
#
# **Ask.** Same standard, own code: on the 24 pictures of Kodak, how far from libjpeg will `own-jpeg` be?
# How far ahead is the industry today?

# %%
from lic_course.evaluate import bd_table

names = ["own-jpeg", "webp", "avif"]
for row in bd_table("kodak", "jpeg", names):
    print(f"{row.codec:9} BD-rate against jpeg {row.psnr}")
plots.rate_distortion(["jpeg", *names], highlight="own-jpeg")

# %% [markdown]
# **So.** Our curve covers libjpeg's, and is even a hair better: libjpeg's DCT works with integers, ours
# does not. The codecs of the 2010s need a third to a half fewer bits for the same PSNR. How they do it,
# and how to go further, is what the coming lessons are about.

# %% [markdown]
# ## Bitrate explorer
#
# Lock both sides to *equal bytes* and lower the quality. Below which rate do you see blocks on the left,
# and what does WebP show instead? Then let the left side show its bits per block: where do they go?

# %%
widgets.explore("own-jpeg", "webp")

# %% [markdown]
# **So.** Edges and texture take the bits; a flat block costs a DC and an EOB. At low rates JPEG falls
# apart into blocks, while WebP, which predicts each block from its neighbors and smooths the borders,
# gets blurred.

# %% [markdown]
# ## Full resolution
#
# A block needs no neighbor, so a large picture can go through in strips, in constant memory. Here are
# three megapixels. **Ask.** Is the result the same as at once?

# %%
large = np.tile(color, (3, 4, 1))
strips = [large[top : top + 256] for top in range(0, len(large), 256)]
for sampling in ("4:4:4", "4:2:0"):
    whole = jpeg.encode_jpeg(large, 75, sampling)
    files = [jpeg.encode_jpeg(strip, 75, sampling) for strip in strips]
    joined = np.concatenate([jpeg.decode_jpeg(file) for file in files])
    rows = np.any(joined != jpeg.decode_jpeg(whole), axis=(1, 2))
    change = sum(map(len, files)) / len(whole) - 1
    print(f"{sampling}: {rows.sum()} rows differ, bytes {change:+.1%}")

# %% [markdown]
# **So.** With 4:4:4 it is, exactly. With 4:2:0 the decoder interpolates the color across the borders of
# strips: two rows at each differ. A strip pays for a header but gets Huffman tables of its own, so the
# bytes hardly change.
#
# The DCT of all blocks is also *one* tensor operation: a convolution with the 64 patterns, in steps of
# 8. A learned codec begins with the same operation, and learns the patterns.

# %%
import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
patterns = torch.tensor(np.einsum("ux,vy->uvxy", C, C), device=device)
patterns = patterns.reshape(64, 1, N, N).float()


def dct_of_all_blocks(plane):
    return torch.nn.functional.conv2d(plane[None, None], patterns, stride=N)[0]


plane = torch.tensor(photo - 128.0, device=device).float()
result = dct_of_all_blocks(plane).reshape(N, N, 64, 64).permute(2, 3, 0, 1)
assert np.allclose(result.cpu(), coefficients, atol=0.01)

# %% tags=["nbval-ignore-output"]
from time import perf_counter

side = 8192 if device == "cuda" else 2048
plane = torch.rand(side, side, device=device)
for attempt in ("first", "second"):
    start = perf_counter()
    result = dct_of_all_blocks(plane)
    result[0, 0, 0].item()  # wait until the device is done
    seconds = perf_counter() - start
    print(f"{device}, {side}×{side} pixels, {attempt} run: {1000 * seconds:.0f} ms")
print(f"memory: in {plane.nbytes / 2**20:.0f} MiB, out {result.nbytes / 2**20:.0f} MiB")

# %% [markdown]
# **So.** As many numbers come out as went in: the DCT needs the memory of the picture twice, and no
# more. The line is the same on a GPU, where this cell takes a picture of 67 megapixels.

# %% [markdown]
# ## Exercises
#
# ### 1 · The DCT of any size (8 min)
#
# Return the orthonormal DCT $F = C f C^\top$ of a square block of *any* size `N = len(block)`.
#
# <details><summary>Hint</summary>Start from the cell that made C for N = 8.</details>


# %%
def dct2(block):
    """Coefficients (N, N) of a block (N, N)."""
    ### BEGIN SOLUTION
    N = len(block)
    u, x = np.ogrid[:N, :N]
    C = np.sqrt(2 / N) * np.cos((2 * x + 1) * u * np.pi / (2 * N))
    C[0] /= np.sqrt(2)
    return C @ block @ C.T
    ### END SOLUTION


# %%
exercises.check("02.dct2", dct2)

# %% [markdown]
# ### 2 · The quality scale (12 min)
#
# Scale the table `base` to libjpeg's `quality` by the formula above, divide the coefficients `F` by it,
# and round to the nearest integers.
#
# <details><summary>Hint</summary>// rounds down, np.clip(a, 1, 255) keeps steps within a byte, np.rint
# rounds to the nearest.</details>


# %%
def quantize(F, base, quality):
    """Integers (8, 8): the coefficients F in units of the steps of this quality."""
    ### BEGIN SOLUTION
    S = 5000 // quality if quality < 50 else 200 - 2 * quality
    Q = np.clip((base * S + 50) // 100, 1, 255)
    return np.rint(F / Q).astype(int)
    ### END SOLUTION


# %%
exercises.check("02.quantize", quantize)

# %% [markdown]
# ### 3 · Undo the run lengths (15 min)
#
# Write the decoder of `run_lengths`: return the 63 AC values as an array. The pairs end with (0, 0),
# unless the last value stands at the very end of the block.
#
# <details><summary>Hint</summary>Start with 63 zeros and a position k. The pair (15, 0) needs no rule
# of its own: 15 zeros, then the value 0.</details>


# %%
def expand(pairs):
    """The 63 AC values of one block, in zigzag order."""
    ### BEGIN SOLUTION
    ac = np.zeros(63, int)
    k = 0
    for run, value in pairs:
        if (run, value) == (0, 0):
            break
        ac[k + run] = value
        k += run + 1
    return ac
    ### END SOLUTION


# %%
exercises.check("02.expand", expand)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. A flat block follows a flat block of the same gray. How many bits does it cost
# with the standard luma tables?</summary>
#
# Six: 00 for a DC difference of 0, and 1010 for the end of block.
# </details>
#
# <details><summary>2. Is quality 100 lossless?</summary>
#
# No. All steps are 1, so coefficients are still rounded to integers; and color is rounded too, and
# halved.
# </details>
#
# <details><summary>3. You see blocks in a photo. Would a finer step for the finest waves help?</summary>
#
# Hardly. Blocks show where the DC and the slowest waves of neighbors disagree: their steps must shrink.
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | Equations (1) and (2) are the DCT of JPEG. | They have rank 16 of 64, and no inverse. |
# | It cites Lam and Goodman [17] for the DCT. | That paper is about the tent above: how coefficients are distributed. |
# | "The concept of image compression started in 1992." | The DCT is from 1974 [1]; 1992 is the year of the standard [2, 3]. |
# | Table VI: JPEG codes in 18.6 ms and decodes in 13.0 ms. | No picture size and no machine are given: nothing to compare. |

# %% [markdown]
# ## In three sentences
#
# JPEG turns blocks into waves, and most of a block's energy into a few numbers. Rounding them, by steps
# fitted to the eye, is its main loss; zigzag, run lengths and Huffman codes lose nothing. Because blocks
# are coded alone, JPEG is simple, fast and everywhere, and shows its blocks at low rates.
#
# Next: lesson 03, wavelets, which know no blocks.

# %% [markdown]
# ## References
#
# 1. N. Ahmed, T. Natarajan and K. R. Rao, "Discrete cosine transform", *IEEE Transactions on
#    Computers*, C-23(1), 90–93, 1974.
# 2. G. K. Wallace, "The JPEG still picture compression standard", *IEEE Transactions on Consumer
#    Electronics*, 38(1), xviii–xxxiv, 1992 [the survey's 16].
# 3. ITU-T Recommendation T.81, *Digital compression and coding of continuous-tone still images:
#    requirements and guidelines*, 1992.
# 4. W. B. Pennebaker and J. L. Mitchell, *JPEG: Still Image Data Compression Standard*, Van Nostrand
#    Reinhold, 1993.

# %% [markdown]
# 5. E. Y. Lam and J. W. Goodman, "A mathematical analysis of the DCT coefficient distributions for
#    images", *IEEE Transactions on Image Processing*, 9(10), 1661–1666, 2000 [the survey's 17].
# 6. E. Hamilton, *JPEG File Interchange Format*, version 1.02, C-Cube Microsystems, 1992.
