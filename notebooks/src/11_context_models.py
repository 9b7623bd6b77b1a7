# %% [markdown]
# # Is parallel decoding of context models impossible?
#
# What is decoded already tells what comes next. Using it means waiting, they say: a step for each position, seconds
# for each picture. Here the same file decodes in a tenth of the steps, and others in two.
#
# *90 min · no GPU needed · needs [lesson 07](07_vae_and_hyperprior.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **measure** what a neighbor knows that the hyperprior does not, and **build** a context model;
# - **draw** which position waits for which, and **derive** the wavefront $t = 3i + j$;
# - **prove** that serial and parallel decoding read the same bytes;
# - **weigh** bits against steps: checkerboards, slices, uneven groups, diagonals;
# - **break** a context model with a sum in another order.
#
# You will build: the codecs `context` and `context-fast`.

# %% [markdown]
# ## Set-up

# %%
import numpy as np
import torch
import torch.nn.functional as F

from lic_course import evaluate, exercises, images, latent_plots, plots, widgets

plots.style()

# %%
from lic_course.neural import schedule_costs, schedules
from lic_course.neural.codec import Model, read_streams, write_streams
from lic_course.neural.context import dependence
from lic_course.neural.minimize import minimize
from lic_course.neural.priors import SCALES, bits_of, gaussian_likelihood, scale_of
from lic_course.neural.schedules import Step, times
from lic_course.neural.variants import recorded

# %% [markdown]
# ## What does a neighbor still know?
#
# Lesson 07 sent a small latent $z$, which tells a mean and a scale for each element of $y$. **Ask.** Divide what is
# left by that scale: $u = (y - \mu)/\sigma$. If $z$ had told everything, $u$ would be noise. Is it?

# %%
LEVEL = 128
hyper = Model.load("hyperprior")


def left_over(picture):
    """What the hyperprior leaves: symbols, and indexes of their scales, (M, h, w)."""
    latent = hyper.analyze(picture, LEVEL)
    z = np.rint(latent.z).astype(np.int32)
    mean, index = hyper.coder.parameters_of(z, latent.y.shape, LEVEL)
    symbols = np.rint(latent.y - mean / 16)
    return torch.tensor(symbols).float(), torch.tensor(index).float()


# %%
photo = images.builtin("astronaut")
symbols, index = left_over(photo)
u = (symbols / scale_of(index)).clamp(-4, 4)
alive = (index > 16).float()  # where a symbol is not almost surely 0


# %%
def likeness(a):
    """Correlations of each element with those around it, (3, 5); 0 for what comes later."""
    h, w = a.shape[1] - 2, a.shape[2] - 4
    a = (a - (a * alive).sum() / alive.sum()) * alive
    here, power = a[:, 2:, 2 : 2 + w], a.square().sum() / alive.sum()
    both = alive[:, 2:, 2 : 2 + w]
    table = np.zeros((3, 5))
    for di, dj in [(di, dj) for di in range(3) for dj in range(5) if (di, dj) < (2, 2)]:
        there = np.s_[:, di : di + h, dj : dj + w]
        pairs = (both * alive[there]).sum()
        table[di, dj] = (here * a[there]).sum() / pairs / power
    return table


# %%
tables = [likeness(u), likeness(u.abs())]
plots.matrix(tables, ["u with u around it", "|u| with |u|"], fmt=".2f")

# %% [markdown]
# **So.** Not noise. The element to be coded is the zero in the last row; its neighbors above and to the left tell
# a little about its value, and more about its size. Each of them alone is weak. But there are twelve, in each of 192
# channels, and they cost *nothing*: both sides know them.

# %% [markdown]
# ### A context model of 25 numbers
#
# A masked convolution [1, 2] sees only what comes *before* its center in raster order. Two 5×5 masks, the same for
# all channels: one moves the mean, one the scale.

# %%
mask = torch.ones(25)
mask[12:] = 0
mask = mask.view(5, 5)


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.W = torch.nn.Parameter(torch.zeros(2, 1, 5, 5))
        self.b = torch.nn.Parameter(torch.zeros(1))

    def forward(self, u):
        W, seen = self.W * mask, u[:, None]
        mean = F.conv2d(seen, W[:1], padding=2)[:, 0]
        move = F.conv2d(seen.abs(), W[1:], padding=2)[:, 0] + self.b
        return mean, move


# %% [markdown]
# By hand, on one channel of 2×3: with weight 0.5 for the left neighbor and 0.25 for the one above, what is the
# mean predicted for the last element?

# %%
tiny = torch.tensor([[[4.0, 0.0, 8.0], [0.0, 2.0, 6.0]]])
small = Small()
with torch.no_grad():
    small.W[0, 0, 2, 1], small.W[0, 0, 1, 2] = 0.5, 0.25
    mean, _ = small(tiny)
print(mean[0].numpy())
assert mean[0, 1, 2] == 0.5 * 2 + 0.25 * 8

# %% [markdown]
# **So.** 0.5 · 2 + 0.25 · 8 = 3; the element itself, 6, plays no role. Now fit all 25 numbers on three photographs,
# with the transform and $z$ frozen:


# %%
def bits(model, symbols, index):
    sigma = scale_of(index)
    mean, move = model((symbols / sigma).clamp(-4, 4))
    moved = scale_of((index + 8 * move).clamp(0, SCALES - 1))
    return -torch.log2(gaussian_likelihood(symbols - sigma * mean, moved).clamp(1e-9))


# %%
others = [left_over(images.builtin(name)) for name in ("coffee", "china", "flower")]
small = Small()
with torch.no_grad():
    before = bits(small, symbols, index).sum(0)
minimize(small, lambda: sum(bits(small, *one).mean() for one in others), steps=20)

# %%
with torch.no_grad():
    saved_by_25 = (before - bits(small, symbols, index).sum(0)).numpy()
share = saved_by_25.sum() / before.sum().item()
print(f"25 numbers save {share:.1%} of y, {saved_by_25.mean():.2f} bits a position")

# %% [markdown]
# ### And a network
#
# The codec `context` [1] does it with a network: 12 · 192 numbers go in, mixed with the features from which the
# hyperprior predicts. It was trained together with its transform, so its latents differ a little; compare both
# codecs, same picture, same quality:

# %%
found = {}
for name in ("hyperprior", "context", "context-fast"):
    model = Model.load(name)
    latent = model.analyze(photo, LEVEL)
    streams = write_streams(model, latent, LEVEL)
    found[name] = model, streams, read_streams(model, streams, photo.shape)[1]

# %%
cost = {name: coded.bits["y"].sum(0) for name, (_, _, coded) in found.items()}
for name, (_, streams, coded) in found.items():
    size = sum(map(len, streams.values()))
    error = evaluate.metrics.psnr(photo, found[name][0].synthesize(coded.y_hat, LEVEL, photo.shape))
    print(f"{name:13} {size} bytes, {error:.2f} dB")
saved = {
    "25 numbers": saved_by_25,
    "context": cost["hyperprior"] - cost["context"],
}
latent_plots.differences(photo, saved, "bits saved per position (red)")

# %% [markdown]
# **So.** Most is saved where bits are spent: along contours, and in regular texture, where the same pattern goes on.
# In smooth sky there is nothing left to save. Blue positions cost more than before.

# %% [markdown]
# ## Must a decoder wait?
#
# To decode a position you need the twelve before it, and these need theirs. So a decoder goes one by one: 1536
# positions for a Kodak picture, each a call of a network, as most libraries do, in 10 to 20 seconds. The survey: "parallel acceleration of the
# autoregressive entropy model is impossible".
#
# **Ask.** Look at the graph. The orange position waits for the blue ones. Which others could be decoded *at the same
# time* as it?

# %%
h, w = 5, 9
i, j = np.indices((h, w))
taps = [(a, b) for a in (-2, -1, 0) for b in range(-2, 3) if (a, b) < (0, 0)]
latent_plots.dependencies({"the raster order": (9 * i + j, taps)}, place=(3, 3))

# %% [markdown]
# **Ask.** Position 30 needs 23, above it and two to the right. What if row after row started three positions later?
# Then $t = 3i + j$ is the time of position $(i, j)$:

# %%
latent_plots.dependencies({"t = 3i + j": (3 * i + j, taps)}, place=(3, 3))

# %% [markdown]
# **So.** All arrows come from smaller numbers: $(i-a, j+b)$ has a time smaller by $3a - b$, at least 1 since $b \le
# 2$. And equal numbers, on a slanted front, need nothing of each other. So the decoder does a front at once. For a
# mask of $k = 2r+1$ the slope is $r + 1$, and the number of steps
#
# $$T = (r+1)(h-1) + w$$
#
# instead of $hw$. That is the length of the longest chain (exercise 3): no schedule of this mask has fewer.

# %%
print("latent    picture      one by one   wavefront")
for rows, columns in ((16, 16), (32, 48), (68, 120), (135, 240)):
    fronts = len(schedules.wavefront(1, rows, columns))
    assert fronts == 3 * (rows - 1) + columns
    size = f"{16 * columns}×{16 * rows}"
    print(f"{rows:3}×{columns:<4}  {size:11} {rows * columns:9} {fronts:11}")

# %% [markdown]
# ### Step through it
#
# Four channels of a small latent, side by side. Choose a schedule, move the slider or press play. You will meet the
# others below.

# %%
shape = 4, 8, 10
shown = {
    "raster": schedules.raster(*shape),
    "wavefront": schedules.wavefront(*shape),
    "checkerboard": schedules.checkerboard(*shape),
    "slices": schedules.slices(*shape, (1, 1, 1, 1)),
    "uneven + checkerboard": schedules.slices_and_checkerboard(*shape, (1, 3)),
    "diagonals": schedules.diagonals(*shape),
    "two halves": schedules.staggered(*shape, (2, 2)),
    "blocks": schedules.blocks(*shape, 4),
}
shown = {name: times(steps, shape) for name, steps in shown.items()}
widgets.step_through(shown, "wavefront", 15)

# %% [markdown]
# **So.** In the raster order a single position is orange; in the wavefront a slanted line, as many positions as there
# are rows.
#
# ### The same bytes
#
# A schedule is *data* here: a list of index sets. The code that decodes is the same for all. Decode a file of
# `context` twice: with a call for each front, and with a call for each position.

# %%
context = found["context"][0]
part = photo[:200, 96:312]
streams = write_streams(context, context.analyze(part, LEVEL), LEVEL)
together = context.coder.predict
calls = []


def one_by_one(state, step):
    calls.append(step.i.size)
    each = range(step.i.size)
    alone = [Step(step.c, step.i[:, k : k + 1], step.j[:, k : k + 1]) for k in each]
    parts = [together(state, position) for position in alone]
    return tuple(np.concatenate(both, axis=1) for both in zip(*parts, strict=True))


# %%
wave = read_streams(context, streams, part.shape)[1]
context.coder.predict = one_by_one
serial = read_streams(context, streams, part.shape)[1]
del context.coder.predict
assert np.array_equal(serial.y_hat, wave.y_hat)
assert all(np.array_equal(serial.bits[name], wave.bits[name]) for name in wave.bits)
print(f"{len(streams['y'])} bytes of y, {serial.y_hat.size} latents, 0 differ:")
print(f"{sum(calls)} calls one by one, {len(calls)} calls front by front")

# %% [markdown]
# The encoder knows all symbols: it computes *everything* in one call, and writes them front by front. It could
# write them in raster order too. Only their order in the file would change:

# %%
context.coder.schedule = schedules.raster
raster = write_streams(context, context.analyze(part, LEVEL), LEVEL)
again = read_streams(context, raster, part.shape)[1]
del context.coder.schedule
assert np.array_equal(again.y_hat, wave.y_hat)
assert again.bits["y"].sum() == wave.bits["y"].sum()
print(len(streams["y"]), "and", len(raster["y"]), "bytes")

# %% [markdown]
# **So.** Same latents, same tables, same bits: parallel decoding of *this* autoregressive model is possible, and
# loses nothing. It needs one condition: a sum over a front must be exactly the sum over a position. With floats it
# is not (*Break it once*); our layers are integers.
#
# A detail that costs others their fast *encoder*: we round around the hyperprior's mean, known from the start, and
# the context only moves the Gaussian. Where rounding waits for the context's mean, as in CompressAI, the encoder goes
# one by one too.

# %% [markdown]
# ## Can two steps do?
#
# A wavefront's steps grow with the sides of a picture. **Ask.** Which positions could you decode all at once, if you
# gave up the raster order, and whom would they help?

# %%
i, j = np.indices((5, 5))
white = [(a, b) for a in range(-2, 3) for b in range(-2, 3) if (a + b) % 2]
latent_plots.dependencies(
    {
        "black first": ((i + j) % 2, []),
        "then white, from 12 black ones": ((i + j) % 2, white),
    },
    place=(2, 3),
)

# %% [markdown]
# **So.** A *checkerboard* [3]: black fields from $z$ alone, all at once; then white ones, each from neighbors on *all*
# sides. Two steps, whatever the size.
#
# Channels offer another order: *slices* [4], a group of channels after the other, each seeing all earlier groups. And
# both together, with *uneven* groups [5], small ones first, since the first channels carry most. This is
# `context-fast`: groups of 8, 16, 32 and 136 channels, two steps each.

# %%
fast = found["context-fast"][0]
M = fast.transform.M
bits_of_fast = found["context-fast"][2].bits["y"]
i, j = np.indices(bits_of_fast.shape[1:])
print("channels     hyperprior   black   white   (bits a position)")
for group in schedules.split(M, fast.coder.groups[0].near.groups):
    mine = bits_of_fast[group].sum(0)
    plain = found["hyperprior"][2].bits["y"][group].sum(0).mean()
    black, white = (mine[(i + j) % 2 == color].mean() for color in (0, 1))
    print(f"{group[0]:3} to {group[-1]:3} {plain:12.1f} {black:7.1f} {white:7.1f}")

# %% [markdown]
# **So.** White fields are cheaper than black ones: a neighbor on each side knows more than twelve before. Read it with
# care: the groups of two codecs, trained apart, need not share their bits alike.

# %% [markdown]
# ### Steps and seconds
#
# **Ask.** Half the steps, half the time? Random weights, a latent of 8×12, everything but the transforms:

# %% tags=["nbval-ignore-output"]
rows = [
    schedule_costs.measure(name, (128, 192), (16, 32), memory=False)
    for name in schedule_costs.MODELS
]
for row in rows:
    print(f"{row.schedule:24} {row.steps:3} steps {1e3 * row.decode_seconds:7.1f} ms")

# %% [markdown]
# At the size of published models, 192 channels, and 768×512 pixels (recorded, one core):

# %%
rows = [row for row in schedule_costs.recorded() if row.width == 768]
latent_plots.trade(
    {row.schedule: (row.steps, row.decode_seconds) for row in rows},
    "steps",
    "seconds to decode y",
)

# %% [markdown]
# **So.** Few steps save the overhead of calls, up to a point: below a hundred or so, what remains is arithmetic, which
# a processor must do anyway. Slices do *more* of it, as each looks at whole windows of all earlier channels. On a GPU,
# where a call costs more than its arithmetic, steps count to the end.

# %% [markdown]
# ### And bits? The bake-off
#
# Lesson 07's contest goes on: one frozen transform, the same integers, every prior trained on them.

# %%
bake_off = recorded("context-bake-off")["priors"]
for name, row in bake_off.items():
    print(f"{name:26} {row['bpp']:.4f} bpp {row['change_percent']:+6.2f} %")

# %% [markdown]
# **So.** (to be written from the record)

# %% [markdown]
# ## What else did the family try?
#
# (gallery)

# %% [markdown]
# ## Break it once
#
# **Ask.** The context in floats: does one sum over a front equal the sums over its positions, to the last bit? Take
# the network as it was trained, all positions in one convolution, against windows of 5×5, one at a time:

# %%
prior = context.network.prior
y_hat = torch.tensor(wave.y_hat)[None].float()
torch.manual_seed(0)
trunk = torch.rand(1, prior.h_s[-1].in_channels, *y_hat.shape[2:])
windows = F.pad(y_hat, (2, 2, 2, 2))

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    at_once = torch.cat(prior.refined(y_hat, trunk))
    alone = torch.empty_like(at_once)
    for i, j in np.ndindex(*y_hat.shape[2:]):
        window = windows[..., i : i + 5, j : j + 5]
        features = trunk[..., i : i + 1, j : j + 1].expand(-1, -1, 5, 5)
        alone[..., i, j] = torch.cat(prior.refined(window, features))[..., 2, 2]
apart = (at_once - alone).abs()
print(f"{(apart > 0).float().mean():.0%} of {apart.numel()} outputs differ,", end=" ")
print(f"by {apart.max():.0e} at most")

# %% [markdown]
# **So.** Serial and parallel sums differ in the last digits, on *one* computer. Rounded to an index most of these
# differences vanish. Not all: one output in some hundred thousand lies so near to a boundary that it flips. Let one
# index be wrong by one, and see what the decoder makes of it:


# %%
def flipped(state, step):
    offset, table = together(state, step)
    if len(fronts_seen) == 20:
        busiest = np.unravel_index(np.argmax(table), table.shape)
        table[busiest] -= 8  # the next smaller scale
    fronts_seen.append(step.i.size)
    return offset, table


# %%
from lic_course.errors import BitstreamError

fronts_seen, known = [], []
context.coder.predict = flipped
try:
    damaged = read_streams(context, streams, part.shape)[1].y_hat
except BitstreamError as error:
    print(f"front {len(fronts_seen)}: {error}")
del context.coder.predict

# %% [markdown]
# **So.** (to be written)

# %% [markdown]
# ## From picture to bytes and back
#
# **Ask.** Three priors, one picture, the same quality. Which part of the time is the entropy model?

# %%
import lic_course

for name in found:
    data = lic_course.encode(photo, codec=name, quality=50)
    y = lic_course.decode(data)
    assert y.shape == photo.shape
    print(f"{name:13} {len(data)} bytes, {evaluate.metrics.psnr(photo, y):.2f} dB")
print(lic_course.info(data))

# %% [markdown]
# ## The growing figure
#
# **Ask.** Minnen's published curves, mean-scale hyperprior and context, lie about 9 % apart. Ours, trained for an hour or
# two?

# %%
CODECS = ["jpeg", "avif", "factorized", "hyperprior", "context", "context-fast"]
for row in evaluate.bd_table("kodak", "hyperprior", ["context", "context-fast"]):
    print(f"{row.codec:13} BD-rate against hyperprior {row.psnr}")
plots.rate_distortion(CODECS, highlight="context", published=["Minnen 2018 context"])

# %% [markdown]
# **So.** (to be written)
#
# ### Figure 12, measured again
#
# The survey's Fig. 12 compares three context models of [6]: equal times to encode, and 39 seconds to decode the
# last. Ours, means over the 24 pictures of Kodak, transforms included:

# %%
names = ["hyperprior", "context", "context-fast"]
points = {name: evaluate.load_results("kodak", name).points for name in names}
seconds = {
    way: [np.mean([getattr(p, f"{way}_seconds") for p in points[name]]) for name in names]
    for way in ("encode", "decode")
}
plots.bars(names, seconds, "seconds a picture", numbers=".2f")

# %% [markdown]
# **So.** (to be written)

# %% [markdown]
# ## Bitrate explorer
#
# Lock both sides to *equal bytes*. The difference between the curves is a few percent: can you see it? Choose *bits
# per block* to see where `context` saves.

# %%
widgets.explore(left="context", right="hyperprior", quality=20, lock="equal bytes")

# %% [markdown]
# **So.** A few percent of bytes are less than the eye notices. They add up in archives and on networks.

# %% [markdown]
# ## Full resolution
#
# **Ask.** A picture 20 times as large: how many times longer does each schedule take?

# %% tags=["nbval-ignore-output"]
large = np.tile(photo, (2, 3, 1))
for name in ("context", "context-fast"):
    model = found[name][0]
    latent = model.analyze(large, 100)
    with evaluate.cost() as cost:
        streams = write_streams(model, latent, 100)
    print(f"{name:13} encode y, z: {cost}")
    with evaluate.cost() as cost:
        coded = read_streams(model, streams, large.shape)[1]
    print(f"{name:13} decode y, z: {cost}")
    assert np.array_equal(read_streams(model, streams, large.shape)[1].y_hat, coded.y_hat)

# %% [markdown]
# Recorded, 192 channels, one core, per megapixel:

# %%
print("schedule                  megapixels   steps   decode/MP       memory")
for row in schedule_costs.recorded():
    second = row.decode_seconds / row.megapixels
    memory = f"{row.decode_megabytes:.0f} MB of memory"
    print(f"{row.schedule:26}{row.megapixels:9.1f}{row.steps:9}{second:8.2f} s   {memory}")

# %% [markdown]
# **So.** (to be written)

# %% [markdown]
# ## Exercises
#
# ### 1 · What comes before (12 min)
#
# For each position of `y` (h, w): the sum of `W` (k, k) times what lies around it, but only what comes *before* it in
# raster order. Outside `y` are zeros.
#
# <details><summary>Hint</summary>Mask W, pad y by k // 2, and slide.</details>


# %%
def causal_sum(y, W):
    """Sums (h, w) over what is known already."""
    ### BEGIN SOLUTION
    k = len(W)
    known = np.arange(k * k).reshape(k, k) < k * k // 2
    padded = np.pad(np.asarray(y, float), k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return (windows * (W * known)).sum(axis=(2, 3))
    ### END SOLUTION


# %%
exercises.check("11.causal_sum", causal_sum)

# %% [markdown]
# ### 2 · The front (8 min)
#
# At which step does the wavefront reach each position of a latent (h, w), for a raster mask of k×k? Integers (h, w) from
# 0.
#
# <details><summary>Hint</summary>The slope is (k + 1) / 2.</details>


# %%
def front_times(h, w, k):
    """Steps (h, w), integers."""
    ### BEGIN SOLUTION
    i, j = np.indices((h, w))
    return (k + 1) // 2 * i + j
    ### END SOLUTION


# %%
exercises.check("11.front_times", front_times)

# %% [markdown]
# ### 3 · As early as possible (15 min)
#
# `taps` are offsets (rows, columns) of what a position needs, all before it in raster order; what lies outside is not
# needed. Return the first step, from 0, at which each position can be decoded. It is the longest chain that ends
# there.
#
# <details><summary>Hint</summary>In raster order: one more than the largest step of what it needs.</details>


# %%
def earliest(h, w, taps):
    """The first possible steps (h, w), integers."""
    ### BEGIN SOLUTION
    steps = np.zeros((h, w), int)
    for i, j in np.ndindex(h, w):
        for di, dj in taps:
            a, b = i + di, j + dj
            if 0 <= a < h and 0 <= b < w:
                steps[i, j] = max(steps[i, j], steps[a, b] + 1)
    return steps
    ### END SOLUTION


# %%
exercises.check("11.earliest", earliest)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. A raster mask of 3×3 instead of 5×5: how many steps for 32×48?</summary>
#
# Slope 2: 2 · 31 + 48 = 110 instead of 141.
# </details>
#
# <details><summary>2. Black fields of a checkerboard gain nothing from neighbors. Why does it lose so little?</summary>
#
# The white half sees neighbors on all four sides, the future included. That is worth nearly as much as twelve
# neighbors for all.
# </details>
#
# <details><summary>3. Two masked convolutions of 5×5 one upon the other: which slope?</summary>
#
# Together they reach 4 columns to the right: slope 5, and $5(h-1) + w$ steps.
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | VI-C: parallel acceleration of the autoregressive entropy model is impossible. | The same file in a tenth of the steps; its own [36] and [106] do it too. |
# | Fig. 12: masked context decodes faster than causal and global ones. | A matter of schedules: see the bars above. |
# | Times to encode are the same for all three. | Where rounding does not wait for the context. |
# | [93] improves the visual quality of reconstructions. | A context changes no pixel, only the bits. |

# %% [markdown]
# ## In three sentences
#
# What is decoded tells what comes next, free of charge, so a context model saves bits. Waiting is a question of the
# graph, not of the model: positions that need nothing of each other are decoded at once, with the same bytes. Which
# graph is best is a trade of bits against steps; that both sides compute the same integers is not for trade.
#
# Next: [lesson 12](12_full_resolution.ipynb), larger pictures.

# %% [markdown]
# ## References
#
# 1. D. Minnen, J. Ballé and G. Toderici, "Joint autoregressive and hierarchical priors for learned image compression",
#    *NeurIPS*, 2018 [the survey's 92].
# 2. A. van den Oord, N. Kalchbrenner and K. Kavukcuoglu, "Pixel recurrent neural networks", *ICML*, 2016 [93].
# 3. D. He et al., "Checkerboard context model for efficient learned image compression", *CVPR*, 2021.
# 4. D. Minnen and S. Singh, "Channel-wise autoregressive entropy models for learned image compression", *ICIP*, 2020
#    [95].
# 5. D. He et al., "ELIC: efficient learned image compression with unevenly grouped space-channel contextual adaptive
#    coding", *CVPR*, 2022.

# %% [markdown]
# 6. Z. Guo et al., "Causal contextual prediction for learned image compression", *IEEE Transactions on Circuits and
#    Systems for Video Technology*, 2021 [91].
# 7. M. Li et al., "Efficient and effective context-based convolutional entropy modeling for image compression", *IEEE
#    Transactions on Image Processing*, 29, 5900–5911, 2020 [36].
# 8. M. Li et al., "Learning context-based nonlocal entropy modeling for image compression", *IEEE Transactions on
#    Neural Networks and Learning Systems*, 2021 [103].
# 9. Y. Wu et al., "Learned block-based hybrid image compression", *IEEE Transactions on Circuits and Systems for Video
#    Technology*, 2021 [106].
