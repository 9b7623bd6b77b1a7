# %% [markdown]
# # How few bits can a picture have, and how wrong may it be?
#
# Two numbers judge every codec of this course: how many bits its file has, and how far its
# picture is from the original. Build the tools that shrink the first, and learn to distrust
# those that measure the second.
#
# *90 min · CPU · needs [lesson 00](00_start_here.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **compute** the entropy of a picture, and **say** which file sizes it forbids;
# - **build** a Huffman coder, a range coder and rANS, and **predict** where Huffman loses;
# - **measure** a picture by PSNR, SSIM and MS-SSIM, and **fool** each of them;
# - **compare** two codecs by BD-rate, and **ask** what such a number depends on.
#
# You will build: a lossless codec for gray pictures, in two short functions.

# %% [markdown]
# ## Set-up

# %%
import numpy as np

from lic_course import bitstream, codec, evaluate, images, metrics, plots
from lic_course.entropy import adaptive, huffman, range_coder, rans, tables, theory

plots.style()

# %% [markdown]
# ## How surprising is a pixel?
#
# A pixel has one of 256 values: eight bits will do. **Ask.** Will fewer? And if you send only
# each pixel's difference from its left neighbor? Guess both numbers.
#
# Shannon measures surprise: an event of probability $p$ deserves $-\log_2 p$ bits [1]. The mean
# surprise of a source is its *entropy*,
#
# $$H = -\sum_s p_s \log_2 p_s .$$

# %%
x = images.builtin("camera")
p = np.bincount(x.ravel()) / x.size
H = -np.sum(p[p > 0] * np.log2(p[p > 0]))
assert np.isclose(H, theory.entropy(p))
print(f"pixels:      {H:.2f} bits each")

# %%
d = np.diff(x, axis=1, prepend=np.uint8(0))  # bytes: they wrap around at 256
assert np.array_equal(np.cumsum(d, axis=1, dtype=np.uint8), x)
counts = np.bincount(d.ravel(), minlength=256)
print(f"differences: {theory.entropy(counts):.2f} bits each")
plots.histogram({"pixels": x, "differences": d.view(np.int8)}, "value", bins=128)

# %% [markdown]
# **So.** The pixels spread over all gray levels; the differences form one sharp peak at zero and
# cost two and a half bits less each. Nothing is lost: a running sum rebuilt every pixel. Prediction
# pays, and most of this course is about predicting better.

# %% [markdown]
# ## How do counts become codewords?
#
# Entropy is a promise; a file needs codewords. Huffman's rule [2]: merge the two rarest symbols
# into one, again and again. Each merge makes the codewords below it one bit longer.

# %%
from heapq import heapify, heappop, heappush


def code_lengths(counts):
    lengths = np.zeros(len(counts), int)
    heap = [(int(n), [s]) for s, n in enumerate(counts) if n]
    heapify(heap)
    while len(heap) > 1:
        (n, rarest), (m, second) = heappop(heap), heappop(heap)
        lengths[rarest + second] += 1
        heappush(heap, (n + m, rarest + second))
    return lengths


# %%
letters, n = np.unique(list("abracadabra"), return_counts=True)
code = huffman.HuffmanCode(code_lengths(n))
print(*map("{}={}".format, letters, code.words))
print(f"{n @ code.lengths} bits, entropy {n.sum() * theory.entropy(n):.1f} bits")
assert n @ code.lengths == n @ huffman.code_lengths(n)

# %% [markdown]
# No codeword begins another, so the bits need no commas. **Ask.** When would Huffman fail? A coin
# that shows heads one time in ten has an entropy below half a bit, but no codeword is shorter than
# one. The way out is a codeword for a *block* of coins. Here the code knows the true
# probabilities, and the rate is that of real bytes.

# %%
message = np.random.default_rng(1).permutation(50400) < 5040
rates = []
for n in range(1, 11):
    blocks = message.reshape(-1, n) @ 2 ** np.arange(n)
    heads = np.bitwise_count(np.arange(2**n))
    code = huffman.HuffmanCode.from_frequencies(0.1**heads * 0.9 ** (n - heads))
    rates.append(8 * len(code.encode(blocks)) / message.size)

# %%
limit = theory.entropy([0.1, 0.9])
print(f"1 coin: {rates[0]:.2f}, 10 coins: {rates[-1]:.3f}, entropy: {limit:.3f} bits")
lines = {"Huffman, real bytes": rates, "entropy": [limit] * 10}
plots.curves(range(1, 11), lines, "coins per codeword", "bits per coin")

# %% [markdown]
# **So.** The curve drops from 1 bit to 0.48, close to the entropy of 0.47, and never below it: the
# *source coding theorem*, by experiment. Blocks of $n$ coins waste less than $1/n$ bit per coin;
# the price is a table of $2^n$ codewords. Remember: Huffman loses when one symbol has more than
# half of the probability.

# %% [markdown]
# ## Can a symbol cost a fraction of a bit?
#
# Yes, if the whole message becomes *one number*. The range coder [3] starts with a wide interval.
# Each symbol keeps a part of it, as wide as the symbol is likely; when the interval gets narrow, a
# byte is appended. At the end any number inside will do: take one that ends in zeros, and leave
# them out. The decoder finds the symbol whose part holds the number, and narrows likewise.


# %%
def range_encode(symbols, freqs):  # whole frequencies, their sum is 2**16
    starts = range_coder.cumulate(freqs)
    low, width, size = 0, 2**32 - 1, 4
    for s in symbols:
        unit = width >> 16
        low, width = low + unit * starts[s], unit * freqs[s]
        while width < 2**24:
            low, width, size = low << 8, width << 8, size + 1
    zeros = next(z for z in (32, 24, 16, 8, 0) if -low % 2**z < width)
    return (low + -low % 2**zeros).to_bytes(size, "big").rstrip(b"\0")


# %%
from bisect import bisect_right
from itertools import chain, repeat


def range_decode(data, count, freqs):
    starts, rest = range_coder.cumulate(freqs), chain(data[4:], repeat(0))
    code, width, symbols = int.from_bytes(data[:4], "big"), 2**32 - 1, []
    for _ in range(count):
        unit = width >> 16
        symbols.append(bisect_right(starts, min(code // unit, 2**16 - 1)) - 1)
        code -= unit * starts[symbols[-1]]
        width = unit * freqs[symbols[-1]]
        while width < 2**24:
            code, width = (code << 8 | next(rest)) % 2**32, width << 8
    return symbols


# %%
row, freqs = d[256].tolist(), tables.quantize_probabilities(counts).tolist()
data = range_encode(row, freqs)
surprise = theory.ideal_bits(row, freqs) / 8
print(f"{len(data)} bytes for {surprise:.1f} bytes of surprise")
assert data == range_coder.encode(row, freqs)
assert range_decode(data, len(row), freqs) == row

# %% [markdown]
# **rANS** [4] also makes one number of the message, but as a stack: pushing a symbol of frequency
# $f$ makes the state $2^{16}/f$ times larger. What was pushed last comes out first, so the encoder
# walks backwards. When the state grows too large, 16 bits leave.


# %%
def rans_encode(symbols, freqs):
    starts = range_coder.cumulate(freqs)
    state, words = 2**16, []
    for s in reversed(symbols):
        if state >= freqs[s] << 16:
            words.append(state & 0xFFFF)
            state >>= 16
        state = (state // freqs[s] << 16) + state % freqs[s] + starts[s]
    return state, words


state, words = rans_encode(row, freqs)
print(f"{4 + 2 * len(words)} bytes")
assert (state, words) == rans.Rans(freqs, bits=16).encode(row)

# %% [markdown]
# Now a race on equal symbols: the differences of every second row in steps of 16, mostly zeros,
# like what a lossy codec leaves. A fourth runner stores no table: the *adaptive* coder begins with equal counts,
# and both sides add each symbol after coding it.

# %%
e = np.rint(d[::2].view(np.int8) / 16).astype(int).ravel() + 8
n = np.bincount(e)
ideal = theory.entropy(n) * e.size / 8
print(f"most frequent: {100 * n.max() / e.size:.0f} %, entropy: {ideal:.0f} bytes")

# %%
freqs_e = tables.quantize_probabilities(n).tolist()
state, words = rans_encode(e.tolist(), freqs_e)
files = {
    "Huffman": huffman.HuffmanCode.from_frequencies(n).encode(e),
    "range coder": range_coder.encode(e, freqs_e),
    "rANS": state.to_bytes(4, "big") + np.array(words, ">u2").tobytes(),
    "adaptive": adaptive.encode(e, len(n)),
}
assert adaptive.decode(files["adaptive"], e.size, len(n)) == e.tolist()
for name, data in files.items():
    print(f"{name:11} {len(data)} bytes {100 * (len(data) / ideal - 1):+6.1f} %")

# %% [markdown]
# **So.** Huffman pays a whole bit where less than half is due. Range coder and rANS meet the
# entropy. And the adaptive coder goes *below* it! No law is broken: this entropy is the limit for
# one fixed table, and the adaptive table changes between sky and grass. A better model beats a
# better coder.

# %% [markdown]
# ## How wrong is a picture?
#
# The usual measure is the mean squared error on a logarithmic scale,
# $\mathrm{PSNR} = 10 \log_{10}(255^2 / \mathrm{MSE})$ dB. It is one line of code. **Ask.** What
# does that line do to bytes?

# %%
y = codec.decode(codec.encode(x, "jpeg", quality=10))
print(f"trap:  MSE {np.mean((x - y) ** 2):.1f}")
mse = np.mean((x.astype(float) - y) ** 2)
print(f"right: MSE {mse:.1f}, PSNR {10 * np.log10(255**2 / mse):.2f} dB")
assert np.isclose(10 * np.log10(255**2 / mse), metrics.psnr(x, y))

# %% [markdown]
# Bytes wrap around: $3 - 5$ is 254. Convert first, always.
#
# PSNR sees single pixels. **SSIM** [5] sees small windows: their means $\mu$, variances $\sigma^2$
# and covariance, in
#
# $$\frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}
# {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)} .$$
#
# **MS-SSIM** [6] multiplies such values, weighted, over five sizes of the picture.

# %%
from scipy.ndimage import gaussian_filter


def ssim(x, y, c1=(0.01 * 255) ** 2, c2=(0.03 * 255) ** 2):
    x, y = x.astype(float), y.astype(float)
    means = (gaussian_filter(z, 1.5, radius=5) for z in (x, y, x * y, x * x + y * y))
    mx, my, xy, squares = (z[5:-5, 5:-5] for z in means)
    luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    structure = (2 * (xy - mx * my) + c2) / (squares - mx**2 - my**2 + c2)
    return np.mean(luminance * structure)


assert np.isclose(ssim(x, y), metrics.ssim(x, y), atol=1e-4)

# %% [markdown]
# Two pictures to judge: only eight gray levels, and a faint checkerboard laid over. **Ask.** Which
# is better?


# %%
def scores(y):
    values = metrics.psnr(x, y), metrics.ssim(x, y), metrics.ms_ssim(x, y)
    return "{:.1f} dB, SSIM {:.2f}, MS-SSIM {:.2f}".format(*values)


# %%
checkerboard = np.where(np.indices(x.shape).sum(0) % 2, 1, -1)
print("posterized:  ", scores(x // 32 * 32 + 16))
print("checkerboard:", scores(np.clip(x + 8 * checkerboard, 0, 255)))

# %% [markdown]
# PSNR prefers the checkerboard, SSIM the posterized picture, and MS-SSIM the checkerboard again: at
# half the size it averages away. Now look at six pictures whose PSNR is almost the same:

# %%
noise = np.random.default_rng(2).normal(0, 16, x.shape)
wrong = {
    "one pixel to the right": np.roll(x, 1, axis=1),
    "brighter": x + 16.0,
    "noise": x + noise,
    "checkerboard": x + 16 * checkerboard,
    "four gray levels": x // 64 * 64 + 32,
    "JPEG": codec.find_quality(x, "jpeg", target_psnr=24).image,
}

# %%
pictures = [np.clip(np.rint(y), 0, 255).astype(np.uint8) for y in wrong.values()]
titles = [f"{name}, {scores(y)}" for name, y in zip(wrong, pictures, strict=True)]
titles = [title.replace(", SSIM", "\nSSIM") for title in titles]
plots.show(pictures, titles, columns=3, crop=(70, 150, 110, 160))

# %% [markdown]
# **So.** All six have about 24 dB. The shifted and the brighter picture look perfect; the others
# show sand, a screen, lost shades, and blocks. SSIM puts the checkerboard last, at 0.42; MS-SSIM
# forgives it with 0.96 and puts JPEG last. No number replaces looking, and no single number should
# compare codecs.

# %% [markdown]
# ## Which codec is better, and by how much?
#
# A codec is a curve, quality over rate. The *BD-rate* [7] makes one number of two curves: at equal
# quality, how many percent fewer bits? Average the gap of the logarithms of the rates over the
# common range. The curves were published for the 24 Kodak pictures.

# %%
from scipy.interpolate import PchipInterpolator

published = evaluate.published("kodak")
jpeg, webp = published["JPEG"].curve(), published["WebP"].curve()
low, high = max(jpeg[1][0], webp[1][0]), min(jpeg[1][-1], webp[1][-1])
quality = np.linspace(low, high, 1000)
logs = [PchipInterpolator(psnr, np.log10(rate))(quality) for rate, psnr in (jpeg, webp)]
bd_rate = 100 * (10 ** np.mean(logs[1] - logs[0]) - 1)
print(f"WebP against JPEG: {bd_rate:.1f} %")
assert np.isclose(bd_rate, metrics.bd_rate(*jpeg, *webp), atol=0.1)

# %% [markdown]
# About a third of the bits saved. **Ask.** Does WebP also beat JPEG 2000?

# %%
names = ["JPEG", "JPEG 2000", "JPEG 2000 (OpenJPEG)", "JPEG 2000 (Kakadu)"]
anchors = {name: published[name] for name in names}
anchors["our JPEG, optimized"] = evaluate.load_results("kodak", "jpeg")
for name, anchor in anchors.items():
    print(f"against {name:20} {metrics.bd_rate(*anchor.curve(), *webp):+6.1f} %")
plots.rate_distortion([], published=[*names, "WebP"])

# %% [markdown]
# Yes, no, yes. WebP's curve lies 2 to 4 dB above JPEG's, but among three curves that are all called
# JPEG 2000: one standard, three configurations. Even JPEG gains from Huffman tables fitted to the
# picture. An anchor is a *configuration*: ask which.
#
# One trap is left. Is the PSNR of 24 pictures the mean of their PSNRs, or the PSNR of their mean
# error?

# %%
for name in ("jpeg", "jpeg2000"):
    results = evaluate.load_results("kodak", name)
    quality, bpp = results.curve("quality", "bpp")
    near_one = quality[np.argmin(abs(bpp - 1))]
    db = np.array([p.psnr for p in results.points if p.quality == near_one])
    pooled = -10 * np.log10(np.mean(10 ** (-db / 10)))
    print(f"{name:8} mean of PSNRs {db.mean():.1f}, PSNR of the mean {pooled:.1f} dB")

# %%
print("WebP against JPEG:", evaluate.bd_table("kodak", "jpeg", ["webp"])[0].psnr)

# %% [markdown]
# **So.** The mean of PSNRs is never the smaller one (Jensen). The gap is wide for JPEG 2000, which
# here gives each picture the same bytes, and narrow for JPEG, which gives about the same quality.
# Papers report the mean of PSNRs. The ± is the 95 % interval of the mean BD-rate over 24 pictures:
# smaller differences say nothing.

# %% [markdown]
# ## Break it once
#
# Flip one bit of the file. Then leave the file alone, but let one count of the decoder's table
# differ, as when two machines round a probability differently. **Ask.** How much of the picture
# survives?


# %%
def flipped(data):  # one bit, a quarter from the start
    return (int.from_bytes(data, "big") ^ 1 << 6 * len(data)).to_bytes(len(data), "big")


# %%
code = huffman.HuffmanCode.from_frequencies(counts)
data = range_coder.encode(d.ravel(), freqs)
other = [freqs[0] - 1, freqs[1] + 1, *freqs[2:]]
broken = {
    "Huffman, one bit": code.decode(flipped(code.encode(d)), d.size),
    "range coder, one bit": range_decode(flipped(data), d.size, freqs),
    "range coder, one count": range_decode(data, d.size, other),
}

# %%
pictures = [np.cumsum(np.reshape(s, x.shape), 1, np.uint8) for s in broken.values()]
plots.show(pictures, list(broken), crop=(80, 0, 240, 512))

# %% [markdown]
# Left: Huffman stumbles, falls back into step, and goes on with streaks. Middle: the range coder
# loses all that follows the bit. Right: with one wrong count, all is lost. So encoder and decoder
# must compute with *identical integers*: every codec of this course obeys that rule.

# %% [markdown]
# ## From picture to bytes and back
#
# A complete codec: differences, a table of frequencies, and the package's fast range coder, in
# the file format of the course. PNG is smaller still: it also chooses a predictor for each row and
# finds repetitions.


# %%
def encode(x):
    d = np.diff(x, axis=1, prepend=np.uint8(0))
    share = np.bincount(d.ravel(), minlength=256) / d.size
    model = tables.FrequencyTables.from_probabilities([share], offsets=[0])
    coder = tables.Encoder(model)
    coder.code(d, np.zeros(d.shape, int))  # all numbers by table 0
    table = model.frequencies.astype(">u2").tobytes()
    parts = {"table": table, "pixels": coder.finish()}
    return bitstream.pack("lesson-01", x.shape, parts)


# %%
def decode(data):
    file = bitstream.unpack(data)
    table = np.frombuffer(file.segments["table"], ">u2")
    coder = tables.Decoder(
        tables.FrequencyTables(table, sizes=[256], offsets=[0]), file.segments["pixels"]
    )
    d = coder.code(None, np.zeros(file.shape, int))
    return np.cumsum(d, axis=1, dtype=np.uint8)


# %%
data = encode(x)
print(data[:16].hex(" "))
print(bitstream.info(data))
assert np.array_equal(decode(data), x)
print(f"PNG: {len(codec.encode(x, 'png'))} bytes, raw: {x.size} bytes")

# %% [markdown]
# ## The growing figure
#
# Each lesson adds a curve to one figure: mean PSNR over mean rate on Kodak, every rate the length
# of a complete file. PNG is lossless: it has a rate, but no distortion to plot.

# %%
png_rate = evaluate.load_results("kodak", "png").curve()[0]
print(f"PNG: {png_rate[0]:.1f} bits per pixel")
plots.rate_distortion(["jpeg"])

# %% [markdown]
# JPEG rises steeply, then ever more slowly: each further decibel costs more bits. At one bit per
# pixel, a thirteenth of PNG's rate, it has 33 dB. The course tries to reach the empty upper left
# corner.

# %% [markdown]
# ## Bitrate explorer
#
# Lower the quality of JPEG until you first see a difference. What is the PSNR there? And on
# another picture?

# %%
from lic_course import widgets

widgets.explore("jpeg", "png")

# %% [markdown]
# On the left, JPEG at quality 50: 32 dB in a fifteenth of the bytes that PNG needs on the right to
# keep every pixel. The PSNR at which you notice differs from picture to picture.

# %% [markdown]
# ## Full resolution
#
# The same coder on six megapixels, as a whole and in tiles of 256×256, each with its own table.
# Then, as one tensor operation (on a GPU if there is one), the entropy of all blocks of 32×32.

# %%
names = ("astronaut", "coffee", "china", "flower")
four = [images.builtin(name)[64:320, :512, 1] for name in names]
big = np.tile(np.block([four[:2], four[2:]]), (4, 3))
tiles = images.to_blocks(big, 256).reshape(-1, 256, 256)

# %%
for name, parts in {"whole": [big], "tiles": tiles}.items():
    size = 0
    with evaluate.cost() as cost:
        for part in parts:
            data = encode(part)
            assert np.array_equal(decode(data), part)
            size += len(data)
    print(f"{name}: {size} bytes, {cost}")

# %%
import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
d = images.to_blocks(np.diff(big, axis=1, prepend=np.uint8(0)), 32).reshape(-1, 1024)
blocks = torch.as_tensor(d, device=device).long()
bins = blocks + 256 * torch.arange(len(blocks), device=device)[:, None]
share = torch.bincount(bins.ravel(), minlength=256 * len(bins)).reshape(-1, 256) / 1024
bits = 1024 * torch.special.entr(share).sum(1).cpu().numpy() / np.log(2)
bits = bits.reshape(64, 96)[:16, :32]
plots.block_bits(big[:512, :1024], bits, "one of 12 equal parts")

# %% [markdown]
# Tiles need little memory whatever the picture's size, and here *fewer* bytes: each table fits its
# tile. A block of sky costs about 2000 bits, one of the temple over 6000: bits go where prediction
# fails.

# %% [markdown]
# ## Exercises
#
# 1. `entropy` (8 min): bits per symbol of any array of whole numbers.
# 2. `bd_psnr` (10 min): the mean gain of the test curve in dB at *equal rate*, over the common
#    range of $\log_{10}$ rate, with `PchipInterpolator` as above.
# 3. `canonical_words` (15 min): codewords as strings. Take the symbols by length, then by number,
#    and count upwards from 0; for each bit that the length grows, append a 0. Length 0 gives `""`:
#    `[3, 0, 1, 2, 3]` becomes `["110", "", "0", "10", "111"]`.


# %%
def entropy(symbols):
    """Entropy of the values in an array, in bits per symbol."""
    ### BEGIN SOLUTION
    counts = np.unique(symbols, return_counts=True)[1]
    p = counts / counts.sum()
    return -np.sum(p * np.log2(p))
    ### END SOLUTION


# %%
from lic_course import exercises

exercises.check("01.entropy", entropy)


# %%
def bd_psnr(anchor_rate, anchor_psnr, test_rate, test_psnr):
    """Mean gain in dB of the test curve over the anchor, at equal rate."""
    ### BEGIN SOLUTION
    a, t = np.log10(anchor_rate), np.log10(test_rate)
    common = np.linspace(max(a[0], t[0]), min(a[-1], t[-1]), 1000)
    gain = PchipInterpolator(t, test_psnr)(common)
    gain -= PchipInterpolator(a, anchor_psnr)(common)
    return gain.mean()
    ### END SOLUTION


# %%
exercises.check("01.bd_psnr", bd_psnr)


# %%
def canonical_words(lengths):
    """The codewords, as strings of 0 and 1, that belong to the lengths."""
    ### BEGIN SOLUTION
    words, code, previous = [""] * len(lengths), 0, 0
    for length, s in sorted((n, s) for s, n in enumerate(lengths) if n):
        code <<= length - previous
        words[s] = f"{code:0{length}b}"
        code, previous = code + 1, length
    return words
    ### END SOLUTION


# %%
exercises.check("01.canonical_words", canonical_words)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. Can a lossless codec make every picture smaller?</summary>
#
# No. There are fewer short files than long ones, so two pictures would share a file. What it gains
# on likely pictures it loses on noise.
# </details>
#
# <details><summary>2. Why does the file carry the table, when the decoder could compute it from a
# formula?</summary>
#
# Another machine may round differently, and one wrong count destroys the rest.
# </details>
#
# <details><summary>3. "40 % better than JPEG 2000": what do you ask?</summary>
#
# Which encoder and settings? Which pictures? Which measure, over RGB or luma? Which range of rates,
# averaged how?
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# The survey [8] calls lossless coding "efficient for the small data". Ours took six megapixels as
# well, and every lossy codec ends in such a coder.
#
# Table V lists an MS-SSIM of 0.7768 at 0.2 bits per pixel for its reference [48]; JPEG, measured
# here, has 0.81 at 0.14. Table IV gives its reference [70] a PSNR of 32 dB at 0.75 bits per pixel,
# but $24 / 0.75 = 32$ is the compression ratio. The "minimum" rates of Fig. 9 say little, since each
# has its own quality. [All doubts](../data/reference/survey_doubts.csv) are in a table.

# %% [markdown]
# ## In three sentences
#
# No code beats the entropy of its model, range coder and rANS reach it, and so all progress is in
# the model. Every measure of quality can be fooled, so use several, and look. A number that
# compares codecs is worth what its anchor, its pictures and its averaging are worth.

# %% [markdown]
# ## References
#
# 1. C. E. Shannon, "A mathematical theory of communication", *Bell System Technical Journal* 27,
#    379–423 and 623–656, 1948.
# 2. D. A. Huffman, "A method for the construction of minimum-redundancy codes", *Proceedings of the
#    IRE* 40(9), 1098–1101, 1952.
# 3. G. N. N. Martin, "Range encoding: an algorithm for removing redundancy from a digitised
#    message", *Video and Data Recording Conference*, Southampton, 1979.
# 4. J. Duda, "Asymmetric numeral systems: entropy coding combining speed of Huffman coding with
#    compression rate of arithmetic coding", arXiv:1311.2540, 2013.

# %% [markdown]
# 5. Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error
#    visibility to structural similarity", *IEEE Transactions on Image Processing* 13(4),
#    600–612, 2004.
# 6. Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural similarity for image quality
#    assessment", *Asilomar Conference on Signals, Systems and Computers*, 1398–1402, 2003.
# 7. G. Bjontegaard, "Calculation of average PSNR differences between RD-curves", ITU-T
#    VCEG-M33, 2001.
# 8. S. Jamil, M. J. Piran, M. Rahman, "Learning-driven lossy image compression: a comprehensive
#    survey", 2022. The published curves:
#    [data/reference/kodak.json](../data/reference/kodak.json), each with its source.
