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
# - **break** a context model with one wrong index.
#
# You will build: the codecs `context` and `context-fast`.

# %% [markdown]
# ## Set-up

# %%
import numpy as np
import torch

from lic_course import evaluate, exercises, images, metrics, plots, widgets

plots.style()

# %%
from torch.nn import functional as F

from lic_course import latent_plots
from lic_course.neural import schedule_costs, schedules
from lic_course.neural.codec import Model, read_streams, write_streams
from lic_course.neural.minimize import minimize
from lic_course.neural.priors import SCALES, gaussian_likelihood, scale_of
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
    return torch.tensor(np.rint(latent.y - mean / 16)).float(), torch.tensor(index)


# %%
photo = images.builtin("astronaut")
symbols, index = left_over(photo)
u = (symbols / scale_of(index)).clamp(-4, 4)
alive = (index > 16).float()  # where a symbol is not almost surely 0
taps = [(a, b) for a in (-2, -1, 0) for b in range(-2, 3) if (a, b) < (0, 0)]


# %%
def likeness(a):
    """Correlation of elements with each of the 12 before them; borders wrap around."""
    a = (a - (a * alive).sum() / alive.sum()) * alive
    table, power = np.zeros((3, 5)), a.square().sum() / alive.sum()
    for di, dj in taps:
        there, counts = (torch.roll(t, (-di, -dj), (1, 2)) for t in (a, alive))
        table[di + 2, dj + 2] = (a * there).sum() / (alive * counts).sum() / power
    return table


plots.matrix([likeness(u), likeness(u.abs())], ["u", "|u|"], fmt=".2f")

# %% [markdown]
# **So.** Not noise. The element to be coded is the first zero of the last row; those above and to the left tell a little
# about its value and its size. But there are twelve, in each of 192 channels, and they cost *nothing*.

# %% [markdown]
# ### A context model of 25 numbers
#
# A *masked convolution* [1, 2] sees only what comes before its center in raster order. Two 5×5 masks, the same for
# all channels: one moves the mean, one the scale.

# %%
mask = (torch.arange(25) < 12).view(5, 5)


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.W = torch.nn.Parameter(torch.zeros(2, 1, 5, 5))
        self.b = torch.nn.Parameter(torch.zeros(1))

    def forward(self, u):
        W, seen = self.W * mask, u[:, None]
        mean = F.conv2d(seen, W[:1], padding=2)[:, 0]
        return mean, F.conv2d(seen.abs(), W[1:], padding=2)[:, 0] + self.b


# %% [markdown]
# By hand, on one channel of 2×3: with weight 0.5 for the left neighbor and 0.25 for the one above, what is predicted
# for the last element?

# %%
tiny = torch.tensor([[[4.0, 0.0, 8.0], [0.0, 2.0, 6.0]]])
small = Small()
with torch.no_grad():
    small.W[0, 0, 2, 1], small.W[0, 0, 1, 2] = 0.5, 0.25
    print(small(tiny)[0][0].numpy())

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
before = bits(small, symbols, index).detach()
minimize(small, lambda: sum(bits(small, *x).mean() for x in others), 0, 16, 0.02)
saved_by_25 = (before - bits(small, symbols, index).detach()).sum(0)
print(f"25 numbers save {saved_by_25.sum() / before.sum():.1%} of y")

# %% [markdown]
# ### And a network
#
# The codec `context` [1] does it with a network: 12 · 192 numbers go in, mixed with the features from which the
# hyperprior predicts. The transform is that of `hyperprior`, frozen. Same picture, same quality:

# %% tags=["nbval-ignore-output"]
models, coded = {"hyperprior": hyper}, {}
for name in ("hyperprior", "context", "context-fast"):
    model = models[name] = models.get(name) or Model.load(name)
    streams = write_streams(model, model.analyze(photo, LEVEL), LEVEL)
    coded[name] = read_streams(model, streams, photo.shape)[1]
    again = model.synthesize(coded[name].y_hat, LEVEL, photo.shape)
    size = sum(map(len, streams.values()))
    print(f"{name:13} {size} bytes, {metrics.psnr(photo, again):.2f} dB")

# %%
spent = {name: one.bits["y"].sum(0) for name, one in coded.items()}
saved = {"25": saved_by_25.numpy(), "context": spent["hyperprior"] - spent["context"]}
latent_plots.differences(photo, saved, "bits saved per position")

# %% [markdown]
# **So.** Red is cheaper. 25 numbers help here and there; the network nearly everywhere, most along contours and folds.

# %% [markdown]
# ## Must a decoder wait?
#
# To decode a position you need the twelve before it, and these need theirs. So a decoder goes one by one: 1536
# positions for 768×512 pixels, each a call of a network. Published libraries take 10 to 20 seconds for it. The
# survey: "parallel acceleration of the autoregressive entropy model is impossible".
#
# **Ask.** The orange position waits for the blue ones (left). Which others could be decoded *at the same time* as
# number 27? On the right, each row starts three positions after the one above: $t = 3i + j$.

# %%
i, j = np.indices((5, 8))
orders = {"raster order": (8 * i + j, taps), "t = 3i + j": (3 * i + j, taps)}
latent_plots.dependencies(orders, place=(3, 3))

# %% [markdown]
# **So.** On the right, too, all arrows come from smaller numbers: position $(i-a, j+b)$ is earlier by $3a - b$, at
# least 1 since $b \le 2$. And equal numbers, on a slanted *front*, need nothing of each other: a decoder does them at
# once. For a mask of $2r+1$ the slope is $r + 1$, and instead of $hw$ steps there are
#
# $$T = (r+1)(h-1) + w.$$
#
# That is the length of the longest chain of arrows (exercise 3): no schedule of this mask has fewer.

# %%
for h, w in ((16, 16), (32, 48), (68, 120), (135, 240)):
    fronts = len(schedules.wavefront(1, h, w))
    assert fronts == 3 * (h - 1) + w
    print(f"latent {h:3}×{w:<4} {h * w:6} one by one, {fronts:4} fronts")

# %% [markdown]
# ### Step through it
#
# Four channels of a small latent. Choose a schedule, move the slider or press play. You will meet the others below.

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
shown = {name: schedules.times(steps, shape) for name, steps in shown.items()}
widgets.step_through(shown, "wavefront", 15)

# %% [markdown]
# **So.** In raster order a single position is orange at a time, in the wavefront a slanted line.
#
# ### The same bytes
#
# A schedule is *data* here, a list of index sets; one decoder serves all. Decode a file of `context` twice: with a
# call of the network for each front, and with a call for each position.

# %%
context = models["context"]
part = photo[:200, 96:312]
streams = write_streams(context, context.analyze(part, LEVEL), LEVEL)
wave = read_streams(context, streams, part.shape)[1]
predict, calls = context.coder.predict, []


def one_by_one(state, step):
    calls.append(step.i.size)
    columns = [slice(k, k + 1) for k in range(step.i.size)]
    alone = [schedules.Step(step.c, step.i[:, k], step.j[:, k]) for k in columns]
    parts = [predict(state, position) for position in alone]
    return tuple(np.concatenate(both, axis=1) for both in zip(*parts, strict=True))


# %%
context.coder.predict = one_by_one
serial = read_streams(context, streams, part.shape)[1]
del context.coder.predict
assert np.array_equal(serial.y_hat, wave.y_hat)
assert np.array_equal(serial.bits["y"], wave.bits["y"])
print(f"{len(streams['y'])} bytes, {serial.y_hat.size} latents, 0 differ:")
print(f"{sum(calls)} calls one by one, {len(calls)} calls front by front")

# %% [markdown]
# The *encoder* knows all symbols and computes everything in one call. It writes them front by front; in raster order
# only their places in the file would change:

# %%
context.coder.schedule = schedules.raster
other = write_streams(context, context.analyze(part, LEVEL), LEVEL)
assert np.array_equal(read_streams(context, other, part.shape)[1].y_hat, wave.y_hat)
print(len(streams["y"]), "and", len(other["y"]), "bytes")
del context.coder.schedule

# %% [markdown]
# **So.** Same latents, same tables, same bits: parallel decoding of this autoregressive model is possible, and loses
# nothing. One condition: a sum over a front must be *exactly* the sum over a position. Our layers are integers; with
# floats see *Break it once*.
#
# A detail that keeps the encoder parallel: we round around the hyperprior's mean, and the context only moves the
# Gaussian. Where rounding waits for the context's mean, as in CompressAI, the encoder goes one by one too.

# %% [markdown]
# ## Can two steps do?
#
# A wavefront's steps grow with the sides of a picture. **Ask.** Which positions could you decode all at once, if you
# gave up the raster order, and whom would they help?

# %%
black = [(a, b) for a in range(-2, 3) for b in range(-2, 3) if (a + b) % 2]
latent_plots.dependencies({"checkerboard": ((i + j) % 2, black)}, (2, 3), width=3.5)

# %% [markdown]
# **So.** A *checkerboard* [3]: fields 0 from $z$ alone, all at once; then fields 1, each from neighbors on *all*
# sides. Two steps, whatever the size.
#
# Channels offer another order: *slices* [4], one group of channels after the other, each seeing all earlier ones. And
# both together, with *uneven* groups [5], small ones first, since the first channels carry most. This is
# `context-fast`: 8, 16, 32 and 136 channels, two steps each. Bits a position:

# %%
y_bits = coded["context-fast"].bits["y"]
odd = np.indices(y_bits.shape[1:]).sum(0) % 2
for group in schedules.split(len(y_bits), (8, 16, 32, 136)):
    first, then = (y_bits[group][:, odd == k].sum(0).mean() for k in (0, 1))
    print(f"channels {group[0]:3} to {group[-1]:3}: {first:.1f}, then {then:.1f}")

# %% [markdown]
# **So.** In the first group the fields 1 are cheaper by a sixth: neighbors on all sides know more than $z$. Later groups
# know so much from earlier channels that little is left for neighbors.

# %% [markdown]
# ### Steps and seconds
#
# **Ask.** Half the steps, half the time? Random weights, a latent of 8×12, everything but the transforms:

# %% tags=["nbval-ignore-output"]
for name in schedule_costs.MODELS:
    row = schedule_costs.measure(name, (128, 192), (16, 32), memory=False)
    print(f"{name:24} {row.steps:3} steps {1e3 * row.decode_seconds:7.1f} ms")

# %% [markdown]
# At the size of published models, 192 channels, and 768×512 pixels (recorded, one thread):

# %%
costs = schedule_costs.recorded()
points = {r.schedule: (r.steps, r.decode_seconds) for r in costs if r.width == 768}
latent_plots.trade(points, "steps", "seconds to decode y")

# %% [markdown]
# **So.** From 1536 steps to 141 the time falls with the steps: each call has its overhead. Below that, what remains is
# arithmetic, and it differs: slices look at whole windows of *all* earlier channels. On a GPU, where a call costs more
# than its arithmetic, steps would count to the end.

# %% [markdown]
# ### And bits? The bake-off
#
# Lesson 07's contest goes on. Transform, $z$ and hyperprior are frozen, every context is trained for the same time on the
# same integers. Recorded, on crops of 256×256 pixels that no training saw; steps for 768×512:

# %%
priors = recorded("contexts")["priors"]


def table(names, kind="photos"):
    base = priors["mean-scale hyperprior"][kind]
    for name in names:
        row = priors[name]
        change = f"{row[kind]:.4f} bpp {row[kind] / base - 1:+7.1%}"
        print(f"{name:22} {change} {row['decoder_steps']:5.0f} steps")


table(list(priors)[:7])

# %% [markdown]
# **So.** Without a hyperprior 22 % more. In both seeds checkerboard, raster and uneven groups, in this order, save 0.0,
# 0.2 and 0.6 % after 25 seconds. The codecs below were trained for minutes, and save 5 and 6 %.

# %% [markdown]
# ## What else did the family try?
#
# All of these are the same model with another neighborhood and a schedule that fits it.
#
# ### Diagonals
#
# [6] lets groups of channels take turns too: elements with the same $g + i + j$ at once, each seeing all with a smaller
# sum.

# %%
for groups in (4, 192):
    number = len(schedules.diagonals(groups, 32, 48))
    assert number == groups + 32 + 48 - 2
    print(f"{groups:3} groups: {number} steps, one by one {groups * 32 * 48}")
table(["uneven + checkerboard", "diagonal"])

# %% [markdown]
# **So.** Parallel decoding of an autoregressive model, among the survey's own references.
#
# ### Two halves, and a look far away
#
# [7] codes half of the channels first. The second half sees the first on *all* sides. Must it wait for the whole first
# half? No: its front can follow nine steps behind.

# %%
halves = schedules.staggered(2, 32, 48, (1, 1))
print(len(schedules.wavefront(1, 32, 48)), "steps for one,", len(halves), "for both")
assert len(halves) == 3 * 31 + 48 + 9

# %% [markdown]
# Then *causal global prediction*: search, in the first half, for the decoded place that looks most alike, and take the
# second half from there. No message is needed. On a texture that repeats every 6 positions:

# %%
from lic_course.neural import global_context as far

tiles = np.tile(photo[200:296, 100:196], (2, 2, 1))
half = torch.tensor(np.rint(hyper.analyze(tiles, LEVEL).y[:96]))[None]
h, w = half.shape[2:]
allowed = far.earlier(far.wavefront_time(h, w))
place, cosine = far.most_similar(far.directions(half), allowed)
best = int(place[0, 8 * w + 9])
print(f"(8, 9) looks like {divmod(best, w)}, cosine {cosine[0, 8 * w + 9]:.2f}")

# %% [markdown]
# [8] averages over *all* decoded places by likeness: lesson 07's attention, made causal. Who gains?

# %%
for kind in ("photos", "repeated texture", "noise"):
    print(kind)
    table(["raster", "non-local", "halves", "halves + global"], kind)

# %% [markdown]
# **So.** Repeated texture pays: 12 to 15 % by the global prediction, 65 % by the non-local; photographs 0.1 and 0.3 %.
#
# Looking far is older: *non-local means* [10] makes of a pixel the mean of all whose surroundings look alike, non-local
# layers [11–13] learn what is alike, a U-Net [14] looks far by going down. They restore JPEG, after 20 s of training:

# %%
for name, row in recorded("looking-far")["rows"].items():
    print(f"{name:21} {row['psnr']:.2f} dB {row.get('steps', 0):5.0f} steps")

# %% [markdown]
# **So.** Non-local means gain half a decibel untrained. A layer that compares everything with everything is so slow that
# in equal time it learned least: after a tenth of the steps it is behind plain convolutions (both seeds).
#
# ### Blocks
#
# [9] predicts a block from strips of its decoded neighbors; blocks of an anti-diagonal are decoded at once. *Tiles*
# know nothing of each other:

# %%
table(["raster", *(name for name in priors if " of " in name)])

# %% [markdown]
# **So.** 141 steps become 9 to 39. Tiles keep what raster order saves; blocks of 4 and 8, fed by strips, save nothing.
#
# The survey fears *seams*. They come from transforming each block alone, not from its entropy model. Whole pictures
# against blocks of 64×64 pixels, and a small filter along the boundaries [9]:

# %%
for name, row in recorded("block-seams").items():
    if name != "weights":
        seams = f"boundaries {row['seams']:.2f} times as steep as in the original"
        print(f"{name:24} {row['bpp']:.3f} bpp {row['psnr']:.2f} dB, {seams}")

# %% [markdown]
# **So.** Alone, blocks cost 3 % more bits and show. A net trained for 20 s closes most seams and gains a quarter of a dB.

# %% [markdown]
# ## Break it once
#
# **Ask.** The context in floats: does one sum over all positions equal the sums over each, to the last bit? Take the
# network as it was trained, once for the whole latent, then on a window of 5×5 for each position:

# %%
net, level = context.network.prior, context._setting(LEVEL)
y_hat = torch.tensor(wave.y_hat)[None].float()
z = net.hyper_latent(F.pad(y_hat, (0, 2, 0, 3))).round()
trunk = net.features(z, level)[0][..., :13, :14]
at_once = net.parts[0](y_hat, trunk)

# %% tags=["nbval-ignore-output"]
part_of, alone = net.parts[0], torch.empty_like(at_once)
W, padded = part_of.own.weight * part_of.own.mask, F.pad(y_hat, (2, 2, 2, 2))
for i, j in np.ndindex(13, 14):
    near = F.conv2d(padded[..., i : i + 5, j : j + 5], W, part_of.own.bias).relu()
    inputs = torch.cat([trunk[..., i : i + 1, j : j + 1], near], 1)
    alone[..., i, j] = part_of.refine(inputs)[..., 0, 0]
print(f"{(at_once != alone).float().mean():.0%} of the outputs differ")
one, other = 8 * at_once[:, 192:], 8 * alone[:, 192:]  # by how much indexes move
edge = (one - one.floor() - 0.5).abs()
print(f"by up to {(one - other).abs().max():.0e}; nearest boundary {edge.min():.0e}")
print("different after rounding:", int((one.round() != other.round()).sum()))

# %% [markdown]
# **So.** Serial and parallel sums differ in the last digits, on *one* computer. Rounding to an index hides it, until an
# output lies nearer to a boundary than these digits: sooner or later one flips. Let one index of one front be wrong by
# one:

# %% tags=["nbval-ignore-output"]
from lic_course.errors import BitstreamError


def flipped(state, step):
    offset, table = predict(state, step)
    seen.append(state)
    if len(seen) == 24:
        table[np.unravel_index(np.argmax(table), table.shape)] -= 8  # one scale smaller
    return offset, table


seen, context.coder.predict = [], flipped
try:
    read_streams(context, streams, part.shape)
    print("nobody noticed")
except BitstreamError as error:
    print(f"front {len(seen)} of {len(calls)}: {error}")
del context.coder.predict

# %% tags=["nbval-ignore-output"]
damaged = np.clip(seen[-1].symbols + seen[-1].mean / 16, -60, 60)
wrong = np.abs(damaged - np.clip(wave.y_hat, -60, 60)).max(axis=0) > 1e-3
print(f"{wrong.mean():.0%} of all positions are wrong")
pair = [context.synthesize(y, LEVEL, part.shape) for y in (wave.y_hat, damaged)]
plots.show(pair, ["right", "one index wrong"], width=5)

# %% [markdown]
# **So.** What came before the flip is right, what comes after is garbage, and the border is the slanted front: wrong
# symbols make wrong tables, and these more wrong symbols. The cure is lesson 07's, *integers*: latents in sixteenths,
# weights of 12 bits, sums that are exact in any order. That is why the assertions above could demand equality.

# %% [markdown]
# ## From picture to bytes and back
#
# **Ask.** Same picture, same quality: is the context's gain still there in complete files?

# %% tags=["nbval-ignore-output"]
import lic_course

for name in models:
    data = lic_course.encode(photo, codec=name, quality=50)
    y = lic_course.decode(data)
    print(f"{name:13} {len(data)} bytes, {metrics.psnr(photo, y):.2f} dB")
print(lic_course.info(data))

# %% [markdown]
# **So.** The same quality within a few hundredths of a decibel, in fewer bytes.

# %% [markdown]
# ## The growing figure
#
# **Ask.** Published, a context saves about 9 % against a mean-scale hyperprior [1]. And here, after a short training?

# %%
CODECS = ["jpeg", "avif", "factorized", "hyperprior", "context", "context-fast"]
for row in evaluate.bd_table("kodak", "hyperprior", ["context", "context-fast"]):
    print(f"{row.codec:13} BD-rate against hyperprior {row.psnr}")
plots.rate_distortion(CODECS, highlight="context", published=["Minnen 2018 joint"])

# %% [markdown]
# **So.** Five to six percent, on every single picture, and eight steps do nearly as well as 141. The published model
# (dashed) trained for weeks.
#
# ### Figure 12, measured again
#
# The survey's Fig. 12 shows seconds of three context models of [7]: equal to encode, 39 to decode the last. Ours, mean
# over all pictures of Kodak and all qualities, transforms included:

# %%
points = {name: evaluate.load_results("kodak", name).points for name in models}
encode = [np.mean([p.encode_seconds for p in one]) for one in points.values()]
decode = [np.mean([p.decode_seconds for p in one]) for one in points.values()]
seconds = {"encode": encode, "decode": decode}
plots.bars(list(points), seconds, "seconds a picture", numbers=".2f")

# %% [markdown]
# **So.** Encoding is not equal, but close: all three do it in one go. To decode, `context` takes under a second instead
# of 39, and `context-fast` hardly more than the hyperprior. The figure of the survey compares schedules, not models.

# %% [markdown]
# ## Bitrate explorer
#
# Locked to *equal bytes*, the codecs differ by a few percent: can you see it? *Bits per block* shows where.

# %%
widgets.explore(left="context", right="hyperprior", quality=20, lock="equal bytes")

# %% [markdown]
# **So.** A few percent are less than the eye notices. They add up in archives.

# %% [markdown]
# ## Full resolution
#
# **Ask.** A picture four times as large: does everything take four times as long?

# %% tags=["nbval-ignore-output"]
large = np.tile(photo, (2, 2, 1))
for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
    for name, model in models.items():
        model.to(device)
        with evaluate.cost() as encoding:
            streams = write_streams(model, model.analyze(large, 100), 100)
        with evaluate.cost() as decoding:
            _, again = read_streams(model, streams, large.shape)
            model.synthesize(again.y_hat, 100, large.shape)
        print(f"{device} {name:13} encode {encoding}, decode {decoding}")
        model.to("cpu")

# %% [markdown]
# Recorded with 192 channels, one thread (the last column is the peak of memory while decoding):

# %%
print(*map(schedule_costs.text, costs), sep="\n")

# %% [markdown]
# **So.** Positions grow with the area, fronts with the sides, and eight steps stay eight. A front needs little memory;
# a step that is everywhere at once needs the inputs of many positions.

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
# At which step, from 0, does the wavefront reach each position of a latent (h, w), for a raster mask of k×k?
#
# <details><summary>Hint</summary>The slope is (k + 1) / 2.</details>


# %%
def front_times(h, w, k):
    """Steps (h, w), integers."""
    ### BEGIN SOLUTION
    return (k + 1) // 2 * np.arange(h)[:, None] + np.arange(w)
    ### END SOLUTION


# %%
exercises.check("11.front_times", front_times)

# %% [markdown]
# ### 3 · As early as possible (15 min)
#
# `taps` are offsets (rows, columns) of what a position needs, all before it in raster order; what lies outside is not
# needed. Return the first step, from 0, at which each position can be decoded: the longest chain that ends there.
#
# <details><summary>Hint</summary>In raster order: one more than the largest step of what it needs.</details>


# %%
def earliest(h, w, taps):
    """The first possible steps (h, w), integers."""
    ### BEGIN SOLUTION
    steps = np.zeros((h, w), int)
    for i, j in np.ndindex(h, w):
        near = [(i + di, j + dj) for di, dj in taps]
        known = [steps[a, b] for a, b in near if 0 <= a < h and 0 <= b < w]
        steps[i, j] = 1 + max(known, default=-1)
    return steps
    ### END SOLUTION


# %%
exercises.check("11.earliest", earliest)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. A raster mask of 3×3 instead of 5×5: how many steps for 32×48?</summary>
# Slope 2: 2 · 31 + 48 = 110.</details>
#
# <details><summary>2. Half of a checkerboard's fields gain nothing. Why does it lose so little?</summary>
# The other half sees neighbors on all four sides, also those that a raster order would decode later.</details>
#
# <details><summary>3. Two masked 5×5 convolutions, one upon the other: which slope?</summary>
# Together they reach 4 columns to the right: slope 5, and $5(h-1) + w$ steps.</details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | V-C: parallel acceleration of the autoregressive entropy model is impossible. | The same file in a tenth of the steps. Its own [36] and [106] do it too. |
# | V-C: blocks bring artifacts. | Transforms of single blocks do; contexts in blocks change no pixel. |
# | Fig. 12: encoding takes equally long. | Only where rounding does not wait for the context. |
# | "Masked convolution [93]" changes how pictures look. | [93] masks video blocks for a filter. A causal mask changes bits, not pixels. |

# %% [markdown]
# ## In three sentences
#
# What is decoded tells what comes next, free of charge, so a context model saves bits. Who waits for whom is a graph:
# positions that need nothing of each other are decoded at once, with the same bytes, and other graphs trade bits for
# fewer steps. Both sides must compute the same integers; that is not for trade.
#
# Next: lesson 12, larger pictures.

# %% [markdown]
# ## References
#
# 1. D. Minnen et al., "Joint autoregressive and hierarchical priors for learned image compression", *NeurIPS*, 2018 [the survey's 92].
# 2. A. van den Oord et al., "Pixel recurrent neural networks", *ICML*, 2016.
# 3. D. He et al., "Checkerboard context model for efficient learned image compression", *CVPR*, 2021.
# 4. D. Minnen and S. Singh, "Channel-wise autoregressive entropy models for learned image compression", *ICIP*, 2020 [95].
# 5. D. He et al., "ELIC: efficient learned image compression with unevenly grouped space-channel contextual adaptive coding", *CVPR*, 2022.
# 6. M. Li et al., "Efficient and effective context-based convolutional entropy modeling for image compression", *IEEE TIP*, 29, 5900–5911, 2020 [36].

# %% [markdown]
# 7. Z. Guo et al., "Causal contextual prediction for learned image compression", *IEEE TCSVT*, 2021 [91].
# 8. M. Li et al., "Learning context-based nonlocal entropy modeling for image compression", *IEEE TNNLS*, 2021 [103].
# 9. Y. Wu et al., "Learned block-based hybrid image compression", *IEEE TCSVT*, 2021 [106].
# 10. A. Buades et al., "A non-local algorithm for image denoising", *CVPR*, 2005 [99].
# 11. X. Wang et al., "Non-local neural networks", *CVPR*, 2018 [100].
# 12. D. Liu et al., "Non-local recurrent network for image restoration", *NeurIPS*, 2018 [101].
# 13. Y. Zhang et al., "Residual non-local attention networks for image restoration", *ICLR*, 2019 [102].
# 14. O. Ronneberger et al., "U-Net", *MICCAI*, 2015 [104; 105 is a variant].
