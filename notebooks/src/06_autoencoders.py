# %% [markdown]
# # Can a network learn the transform?
#
# Lesson 04 let the data choose a linear transform, and won little. Now the transform may bend, and learns together with
# the price of its output. Only rounding stands in the way.
#
# *90 min · no GPU needed · needs [lesson 01](01_bits_and_distortion.ipynb) and
# [lesson 04](04_pca_and_vector_quantization.ipynb)*

# %% [markdown]
# ## By the end you can
#
# - **follow** a picture through transform, rounding, rate and synthesis;
# - **explain** why rounding cannot be trained, and what replaces it;
# - **say** what GDN divides by, and **predict** where noise misjudges the rate;
# - **train** a codec for `bpp + lambda * MSE`, and **start** it from the KLT;
# - **tell** what ten early learned codecs tried, and what came out here.
#
# You will build: the codec `factorized`.

# %% [markdown]
# ## Set-up

# %%
import numpy as np
import torch

from lic_course import codec, evaluate, exercises, images, metrics, plots, widgets

plots.style()

# %% [markdown]
# ## What could a network add to the KLT?
#
# **Ask.** A block codec multiplies the 768 numbers of 16×16 pixels by a matrix. Is that a neural network? Guess
# first.
#
# The KLT is *one convolution* with 16×16 filters and stride 16. `PlusLinear` has it as a path `P` beside a network
# `g_a` that bends: $y = g_a(x) + P x$. We fit `P` to four pictures, and
# look at a fifth:

# %%
from lic_course.neural import transforms
from lic_course.training import Crops

photo = images.builtin("astronaut")[:256, 96:352]
pictures = [images.builtin(name) for name in ("chelsea", "coffee", "china", "flower")]
blocks = Crops(pictures, 16, 1, seed=0).blocks(2000, 16)
torch.manual_seed(0)
klt = transforms.PlusLinear(transforms.Balle2017(N=16, M=32))
sigma = klt.start_from_blocks(blocks)
print("deviations of y:", sigma[[0, 1, 2, 8, 16, 31]].numpy().round(1))

# %% [markdown]
# Now a picture, a tensor (1, 3, height, width) from 0 to 1, step by step: transform, rounding, synthesis, and the rate,
# here the entropy of each channel.

# %%
x = torch.tensor(photo).permute(2, 0, 1)[None] / 255
with torch.no_grad():
    y = klt.P((x - transforms.MEAN) / transforms.SPREAD)
    y_hat = torch.round(y)
    x_hat = (transforms.SPREAD * klt.Q(y_hat) + transforms.MEAN).clamp(0, 1)

# %%
from lic_course.neural.variants.small import entropy

bits = sum(entropy(channel) * channel.numel() for channel in y_hat[0])
mse = 255**2 * torch.mean((x - x_hat) ** 2).item()
print(f"y {tuple(y.shape)}: {x.numel() / y.numel():.0f} times fewer numbers than x")
print(f"{bits / 256**2:.2f} bpp, {10 * np.log10(255**2 / mse):.1f} dB")
plots.show([y[0, k].numpy() for k in (0, 1, 2, 8)], ["y: channel 0", "1", "2", "8"])

# %% [markdown]
# **So.** It is a network, of one layer, with a small picture per channel; the first is a thumbnail. Bends add the rest:
# layers that look at layers. `g_a` begins near zero and keeps what helps.

# %% [markdown]
# ## How can rounding be trained?
#
# **Ask.** Training follows slopes. What is the slope of a staircase?

# %%
from lic_course.neural.layers import straight_through_round
from lic_course.neural.quantizers import add_noise

for rule in (torch.round, straight_through_round):
    t = torch.tensor([0.3, 1.6], requires_grad=True)
    (rule(t) ** 2).sum().backward()
    print(f"{rule.__name__:24} slope {t.grad.numpy()}")

# %% [markdown]
# Zero: nothing would learn. Each early paper has a *surrogate*:
#
# | | in training | for whom |
# |---|---|---|
# | noise [1] | $y + u$, $u$ uniform in $\pm\frac12$ | rate and decoder |
# | straight-through [2] | round; pretend slope 1 | decoder |
# | mixed | noise for the rate, round for the decoder | both |
# | soft-to-hard [3] | a mixture of centers, ever harder | both |
#
# **Ask.** And if we train as if nothing were rounded? Take a tiny codec, $\hat x = b\,\mathrm{round}(a x)$ for a
# Gaussian $x$, priced by a Gaussian of deviation $s$; all three are learned.

# %%
from lic_course.neural.priors import gaussian_likelihood


def price(y, s):
    return -torch.log2(gaussian_likelihood(y, s).clamp(min=1e-9)).mean()


def train_scalar(surrogate, lmbda=10, steps=300):
    torch.manual_seed(0)
    w = torch.zeros(3, requires_grad=True)
    adam = torch.optim.Adam([w], 0.03)
    for _ in range(steps):
        (a, b, s), x = w.exp(), torch.randn(500)
        for_rate, y_hat = surrogate(a * x)
        loss = price(for_rate, s) + lmbda * torch.mean((b * y_hat - x) ** 2)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return w.detach().exp(), loss.item()


# %%
surrogates = {
    "none": lambda y: (y, y),
    "noise": lambda y: [add_noise(y)] * 2,
    "straight-through": lambda y: [straight_through_round(y)] * 2,
    "mixed": lambda y: (add_noise(y), straight_through_round(y)),
}
z = torch.randn(100_000, generator=torch.Generator().manual_seed(1))
print("                  step 1/a   loss in training   with true rounding")
for name, surrogate in surrogates.items():
    (a, b, s), seen = train_scalar(surrogate)
    y_hat = torch.round(a * z)
    loss = price(y_hat, s) + 10 * torch.mean((b * y_hat - z) ** 2)
    print(f"{name:16} {1 / a:9.2f} {seen:15.1f} {loss:19.1f}")

# %% [markdown]
# **So.** Without a surrogate the codec cheats: it shrinks $y$ until everything is "0" and free, for the decoder to blow
# up. True rounding leaves nothing. The honest ones are near the step of theory, $\sqrt{6/(\lambda\ln 2)} = 0.93$.
#
# **Ask.** Does a real network cheat too? Recorded with $\lambda = 0.01$, after 1800 steps from the KLT, the mean of two
# seeds:

# %%
from lic_course.neural.variants import recorded

print("                  loss as trained   with rounding")
for name, row in recorded("surrogates").items():
    print(f"{name:16} {row['loss_as_trained']:12.2f} {row['loss']:15.2f}")

# %% [markdown]
# **So.** It does: "none" promises the least and keeps the worst, 13 % above its promise. The others end within 0.2 % of
# each other, less than two seeds differ: that there is a surrogate matters, which one hardly.
#
# ### Where noise misjudges the rate
#
# **Ask.** Noise spreads $y + u$ over more than one bin, even when $y$ is nearly 0. What does a nearly dead channel cost
# in training, and what in truth?


# %%
def rounded_and_noisy(sigma):
    k, v = torch.arange(-40.0, 41), torch.linspace(-40, 40, 16001)
    p, density = (gaussian_likelihood(t, torch.tensor(sigma)) for t in (k, v))
    h = [-(q * torch.log2(q.clamp(min=1e-30))).sum().item() for q in (p, density)]
    return h[0], 0.005 * h[1]


sigmas = np.geomspace(0.08, 2, 25)
rates = np.array([rounded_and_noisy(s) for s in sigmas]).T
lines = {"entropy of round(y)": rates[0], "of y + noise, in training": rates[1]}
plots.curves(sigmas, lines, "σ of y", "bits", log="x")

# %% [markdown]
# **So.** Above σ = 0.5 both agree. Below, training sees up to 0.4 bits that no file will contain: it overcharges
# channels that are almost silent. At low rates many are.

# %% [markdown]
# ## What does GDN divide by?
#
# Most networks bend by `max(x, 0)`. Codecs use *generalized divisive normalization* [1]: each channel is divided by the
# activity of all channels at the same place,
#
# $$v_i = \frac{u_i}{\sqrt{\beta_i + \sum_j \gamma_{ij}\, u_j^2}}.$$
#
# **Ask.** The KLT made channels uncorrelated. If channel 5 is large somewhere, do you know anything about channel 6
# there?

# %%
with torch.no_grad():
    u = klt.P((blocks - transforms.MEAN) / transforms.SPREAD).flatten(1)[:, 1:]
    activity = torch.sqrt(0.2 + 0.05 * torch.sum(u**2, dim=1, keepdim=True))
    v = u / activity


# %%
def spread_given(t, i=4, j=5):
    groups = t[:, i].abs().argsort().chunk(8)
    spreads = np.array([t[group, j].std().item() for group in groups])
    return spreads / spreads[0]


lines = {"KLT": spread_given(u), "divided by the activity": spread_given(v)}
plots.curves(
    range(1, 9), lines, "blocks, from small to large |channel 5|", "σ of channel 6"
)

# %% [markdown]
# **So.** Uncorrelated, yet not independent: where channel 5 is large, channel 6 is twice as wide, for there is an edge.
# Division takes most of that away, so that one price per channel fits.
#
# **Ask.** Is it worth more than a plain `max(x, 0.01 x)`? And must the decoder *multiply* by the activity, as the inverse
# would? Recorded: 1800 steps from noise, without the path `P`.

# %%
for name, row in recorded("gdn").items():
    print("{:20} {bpp:.2f} bpp {psnr:.2f} dB, loss {loss:.2f}".format(name, **row))

# %% [markdown]
# **So.** At nearly equal rates GDN gains 2.5 dB. A division in the decoder does as well here: with each of the two seeds
# another one wins. (The paper multiplies.)

# %% [markdown]
# ## How does the whole learn?
#
# The *factorized prior* has one density per channel, here three logistic curves, everywhere the same; the probability of
# $\hat y$ is its integral over a width of 1. All parts together:

# %%
from lic_course.neural.composition import Composition
from lic_course.neural.objectives import mse_255
from lic_course.neural.priors import Factorized
from lic_course.neural.quantizers import Mixed
from lic_course.neural.sparse_gates import NoGate


def small_codec():
    torch.manual_seed(0)
    transform = transforms.PlusLinear(transforms.Balle2017(N=16, M=32))
    return Composition(transform, Mixed(), NoGate(), Factorized(32))


# %%
def train(network, steps, lmbda=0.01):
    crops, losses = Crops(pictures, 64, 4, seed=0), []
    adam = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(steps):
        x = crops.next()
        coded = network(x, torch.zeros(len(x)))
        loss = (coded.rate + lmbda * mse_255(x, coded.x_hat)).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# **Ask.** $\lambda$ says how many bits per pixel one unit of squared error is worth. Which start is ahead after a few
# seconds: random weights, or the KLT?

# %%
starts = {"from noise": small_codec(), "from the KLT": small_codec()}
sigma = starts["from the KLT"].transform.start_from_blocks(blocks)

# %% tags=["nbval-ignore-output"]
losses = {name: train(network, 150) for name, network in starts.items()}
smooth = {name: np.reshape(v, (15, 10)).mean(axis=1) for name, v in losses.items()}
plots.curves(range(5, 150, 10), smooth, "step", "bpp + λ MSE", log="y")

# %% [markdown]
# **So.** From noise the loss falls steeply: the network discovers that pictures are smooth. The KLT knows that, and its
# slow progress hides in the differences of small batches. **Ask.** Does noise catch up? Recorded: 1800 steps, 363 photographs, two seeds:

# %%
found = recorded("start")
curves = {f"from {name}": row["curve"] for name, row in found.items()}
plots.curves(range(45, 1800, 90), curves, "step", "bpp + λ MSE", log="y")
for name, row in found.items():
    print(
        "{:5} {bpp:.2f} bpp {psnr:.2f} dB, loss {loss:.2f} on tests".format(name, **row)
    )

# %% [markdown]
# **So.** What the KLT has in its first 90 steps, noise reaches after some 700. In the end noise is still 5 % behind, with
# both seeds. The KLT buys time; a long training forgets where it began. The weights of our codecs started there too.

# %% [markdown]
# ## What else did they try?
#
# Ten methods, each trained for at most 1800 steps; the papers trained for days. Experiments, not a ranking. Numbers are
# means of two seeds, and the order that we tell holds for both.
#
# **One network, many rates.** Theis et al. [2] freeze a residual network (`CompressiveAutoencoder`) and learn a
# *vector of scales* for each rate; Dumas et al. [4] learn a step per channel and later *multiply* all steps. Live, with
# the network from above:

# %% tags=["nbval-ignore-output"]
from lic_course.neural import early_transforms, quantizers, sparse_gates
from lic_course.neural.variants import small

network = starts["from the KLT"]
network.gate = quantizers.LearnedStep(32)
for factor in (0.5, 1, 2, 4):
    network.gate.multiplier = factor
    row = small.measure(network, x, 0.01)
    print("steps times {:3}: {bpp:.2f} bpp {psnr:.1f} dB".format(factor, **row))

# %% [markdown]
# **Ask.** How much does such a network lose against one of its own for each rate?

# %%
for name, row in recorded("scale-vectors").items():
    if name.endswith("0.0025"):
        print("{:23} {bpp:.3f} bpp, loss {loss:.3f}".format(name, **row))
for name, row in list(recorded("learned-step").items())[1:]:
    print("{:20} {bpp:.3f} bpp {psnr:.2f} dB".format(name, **row))

# %% [markdown]
# **So.** Little. Trained for $\lambda = 0.02$ and used for an eighth of it, scales cost 1.4 % more than a network of its
# own, one common factor 2 %. Multiplied steps stay on the line of the networks trained for a rate, up to the factor 4.
#
# **Soft to hard.** Agustsson et al. [3] mix six centers by their distance, and let the mixture harden. **Ask.** Why not
# stay soft?

# %%
centers = torch.linspace(-2, 2, 6)[:, None]
soft_to_hard = quantizers.SoftToHard(centers, hardness=(1.0, 50.0))
z, stairs = torch.linspace(-2.5, 2.5, 200), {}
for share in (0.0, 0.5, 1.0):
    soft_to_hard.anneal(share)
    stairs[f"hardness {soft_to_hard.hardness:.0f}"] = soft_to_hard.soft(z)[0].detach()
plots.curves(z, stairs, "z", "what the decoder sees")

# %%
found = recorded("soft-to-hard")
for name in ("annealed", "constant"):
    print(name, "soft loss {soft_loss:.2f}, hard {hard_loss:.2f}".format(**found[name]))
for name, gain in found["vectors_against_scalars_db"].items():
    print(f"pairs of {name}: vectors gain {gain:.1f} dB")

# %% [markdown]
# **So.** Soft stairs have slopes, hard ones fit in files. The codec that stays soft promises 5.7, and pays 9.6 when
# assignments turn hard; the annealed one keeps its promise within 4 %, and wins with both seeds. And centers for two
# numbers at once, *vectors*, lie better, above all where the numbers are correlated.
#
# **Fewer numbers.** Three gates choose *which* numbers are sent: the largest of all (winner-take-all [5]), as many as a
# learned map says (importance [6, 7]), or the first $k$ of a tile (variable size [8]). Live, on the KLT of the first
# section:

# %%
winners = sparse_gates.WinnerTakeAll()(y, share=0.1)
p = winners.mean(dim=1, keepdim=True) ** 0.5  # a map drawn by hand
first = sparse_gates.ImportanceMap(32, 32).mask(p)
maps = [mask[0].sum(dim=0).numpy() for mask in (winners, first)]
plots.show(maps, ["the largest tenth", "the first k, by a map"], width=5)

# %% [markdown]
# **So.** Global winners sit on edges: their mask *is* an importance map. (A map must be paid for, a list of places too.)
# **Ask.** Does a choice by place beat a constant number? Recorded:

# %%
found = recorded("winner-take-all")
for name in ("all shares", "only 0.08"):
    print(name, {share: round(row["psnr"], 1) for share, row in found[name].items()})
found = {name: found[name] for name in ("one winner everywhere", "as many, anywhere")}
for name, row in (found | recorded("importance-map")).items():
    print("{:26} {bpp:.3f} bpp {psnr:.2f} dB".format(name, **row))
for name, row in recorded("variable-size").items():
    print(f"{name:10}", {k: round(v, 1) for k, v in row.items()})

# %% [markdown]
# **So.** One network serves five shares (PSNR in dB); a specialist for 8 % is ahead there, and behind at 1 %. Choosing by
# place pays: winners anywhere gain 0.5 dB, a map 0.4 dB at equal bits, its own included, a size for each tile 0.5 dB from
# the KLT. From noise it gains nothing: late channels never learn. And only nested training survives a cut.
#
# **Turned and added.** Cheng et al. [9] rotate the latent to its principal axes. Live, with the network that began as
# noise:

# %% tags=["nbval-ignore-output"]
latent = starts["from noise"].transform.analysis(x).detach()
turned = early_transforms.Rotation(latent)(latent)
for name, t in {"as it is": latent, "turned": turned}.items():
    print(name, f"{sum(map(small.entropy, torch.round(4 * t[0]))) / 256:.2f} bpp")

# %% [markdown]
# The error is the same. Rippel and Bourdev [10] add features of several scales, and code bit-planes adaptively.
# **Ask.** Does training with a rate leave a rotation anything to save?

# %%
for name, rows in recorded("pca-rotation").items():
    before, after = (rows[key]["bpp"] for key in ("as they are", "rotated"))
    print(f"trained {name:14} {before:.2f} bpp, rotated {after:.2f} bpp")
for name, row in recorded("multi-scale").items():
    print(f"{name:12} loss {row['loss']:.2f}, analysis {row['analysis_ms']:.0f} ms")

# %% [markdown]
# **So.** After training for the error alone a rotation saves 44 % of the bits; a rate in the loss leaves it 29 %, for the
# network does some of that itself. Three scales beat one, but not GDN (one seed, 240 steps).
#
# **A filter that learns.** A Kalman filter [11] keeps the covariance of all weights. **Ask.** Does one pass over
# the data suffice? Live, 100 digits of 8×8, 4 codes:

# %%
from lic_course.neural.kalman import KalmanTrainer, TinyAutoencoder
from lic_course.neural.variants.handwriting import adam, handwritten

train_digits, test_digits = (part[:100] / 16 for part in handwritten(seed=0))
networks = {"Kalman": TinyAutoencoder(64, 4), "Adam": TinyAutoencoder(64, 4)}
trainer = KalmanTrainer(networks["Kalman"])
for sample in train_digits:
    trainer.learn(sample)
adam(networks["Adam"], train_digits, epochs=1, rate=3e-3, seed=0)
for name, network in networks.items():
    error = torch.mean((network(test_digits) - test_digits) ** 2)
    print(f"{name}: squared error {error:.3f} after one pass")
print({name: round(row["mse"], 4) for name, row in recorded("kalman").items()})

# %% [markdown]
# **So.** (The last line: 8 codes, 1200 digits, one seed.) In one pass the filter learns as much as Adam in eight,
# and less than PCA knows. Its price is a covariance of (weights)²: for a million weights, terabytes.
#
# **What is an error worth?** Ollivier [12] counts all a decoder lacks: the codes, and the difference to the picture.
# Digits without loss, from $k$ principal components:

# %%
for k, row in recorded("code-length").items():
    line = f"k = {k:>2}: squared error {row['mse']:5.2f}, codes"
    print(line, f"{row['bits_of_codes']:5.1f} bits, in all {row['bits']:.1f} bits")

# %% [markdown]
# **So.** The error falls with every component. The total is least at 30 of 64, with both seeds: past it, a code costs
# more than the error it saves. To reconstruct is not to compress.

# %% [markdown]
# ## Break it once
#
# **Ask.** A deviation must stay positive, so many write `clamp(min=0.11)`. What if it starts below, while the data have
# 0.7?

# %%
from lic_course.neural.layers import lower_bound


def fit_deviation(bound):
    torch.manual_seed(0)
    v, s = torch.round(0.7 * torch.randn(2000)), torch.tensor(0.02, requires_grad=True)
    adam = torch.optim.Adam([s], 0.02)
    for _ in range(100):
        loss = price(v, bound(s, 0.11))
        adam.zero_grad()
        loss.backward()
        adam.step()
    return s.item(), loss.item()


# %%
for bound in (torch.clamp, lower_bound):
    s, rate = fit_deviation(bound)
    print(f"{bound.__name__:12} σ = {s:.2f}, {rate:.2f} bits a value")

# %% [markdown]
# **So.** Below the bound a clamp has slope 0: the channel stays dead, at several times the cost. `lower_bound` lets
# gradients pass that would raise it. No error message tells them apart.

# %% [markdown]
# ## From picture to bytes and back
#
# Now the trained codec: more channels, and a gain per channel and quality (lesson 07).

# %%
coder = codec.get("factorized")
model = coder.model
latent = model.analyze(photo, level=128)
energy = np.sum(latent.y**2, axis=(1, 2)) / np.sum(latent.y**2)
strongest = np.argsort(energy)[::-1]
print(latent.y.shape, f"channel {strongest[0]} has {energy.max():.0%} of the energy")

# %%
ranks = strongest[[0, 1, 2, 3, 8, 16, 32, 48]]
plots.show([latent.y[k] for k in ranks], [f"channel {k}" for k in ranks], 4)

# %% [markdown]
# **So.** Which ones carry the bits? The price list is *one integer table per channel*, so both sides agree exactly. A
# busy picture wants wider tables than a calm one: the file names one of 34 sets, and channels that want another one.

# %%
from lic_course.neural.codec import read_streams

segments = coder.encode(photo, quality=50)
level, coded = read_streams(model, segments, photo.shape)
spent = np.sort(coded.bits["y"].sum(axis=(1, 2)))[::-1]
(chosen,), moves = model.coder.best_sets(coded.y_hat.astype(int))
share = np.mean(moves != 0)
print(f"set {chosen} of {model.coder.sets}; {share:.0%} of the channels move")
print(f"20 of {len(spent)} channels take {spent[:20].sum() / spent.sum():.0%}")

# %% [markdown]
# **So.** Energy gathers in few channels; bits do not, for they count its logarithm. Does the file keep the estimate's
# promise?

# %%
import lic_course

data = lic_course.encode(photo, codec="factorized", quality=50)
decoded = lic_course.decode(data)
print(lic_course.info(data))
estimate = sum(bits.sum() for bits in coded.bits.values()) / 8
print(f"estimate {estimate:.0f} bytes, segment {len(segments['y'])} bytes")

# %%
jpeg = codec.find_quality(photo, "jpeg", target_bytes=len(data)).image
print(f"factorized {metrics.psnr(photo, decoded):.2f} dB")
print(f"jpeg       {metrics.psnr(photo, jpeg):.2f} dB at as many bytes")
names = ["original", "factorized", "jpeg"]
plots.show([photo, decoded, jpeg], names, crop=(40, 80, 96, 96))

# %% [markdown]
# **So.** The bytes are the estimate, within a fraction of a percent. At as many bytes JPEG shows blocks, in hair and
# cheeks; the network shows none, and softens. The file names its weights by a fingerprint: a decoder with others refuses.

# %% [markdown]
# ## The growing figure
#
# **Ask.** Where will a first learned codec lie, on 24 photographs it never saw?

# %%
from lic_course import results

wanted = ("jpeg", "jpeg2000", "pca", "webp", "avif", "factorized")
names = [name for name in wanted if name in results.measured("kodak")]
for row in evaluate.bd_table("kodak", "jpeg", names[1:]):
    print(f"{row.codec:10} BD-rate against jpeg {row.psnr}")
plots.rate_distortion(names, highlight=names[-1])

# %% [markdown]
# **So.** AVIF adapts its prices to each place. `factorized` has one per channel, everywhere the same.

# %% [markdown]
# ## Bitrate explorer
#
# One network, 256 levels: the slider is continuous. With both sides locked to *equal bytes*, go down.

# %%
widgets.explore(left="factorized", right="jpeg", quality=30, lock="equal bytes")

# %% [markdown]
# **So.** JPEG breaks into blocks; the learned codec turns soft.

# %% [markdown]
# ## Full resolution
#
# Convolutions do not care about the size. **Ask.** How much longer does a megapixel take than an eighth of one?

# %% tags=["nbval-ignore-output"]
astronaut = images.builtin("astronaut")
large = np.tile(astronaut, (2, 2, 1))
for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
    model.network.to(device)
    model.device = device
    for picture in (astronaut[:256], large):
        model.analyze(picture, level=128)  # the first run of a size prepares
        with evaluate.cost(gpu=device == "cuda") as cost:
            latent = model.analyze(picture, level=128)
        print(f"{device}: {picture.size / 3e6:.2f} megapixels, {cost.seconds:.2f} s")

# %% [markdown]
# **So.** Time grows with the pixels. On another device the latents differ in their last digits; only the encoder sees
# that. Lesson 07 shows where it would hurt.

# %% [markdown]
# ## Exercises
#
# ### 1 · The loss (8 min)
#
# `bits` were spent on `x`, (height, width, 3) from 0 to 1; `x_hat` came back. Return bits per pixel plus `lmbda` times
# the mean squared error on the 8-bit scale.
#
# <details><summary>Hint</summary>A pixel has three colors. Values from 0 to 255 are 255 times as large.</details>


# %%
def codec_loss(bits, x, x_hat, lmbda):
    """Bits per pixel plus lmbda times the 8-bit squared error."""
    ### BEGIN SOLUTION
    height, width, _ = x.shape
    return bits / (height * width) + lmbda * 255**2 * np.mean((x - x_hat) ** 2)
    ### END SOLUTION


# %%
exercises.check("06.codec_loss", codec_loss)

# %% [markdown]
# ### 2 · GDN (10 min)
#
# Write the formula above for NumPy arrays: `u` (channels, h, w), `beta` (channels), `gamma` (channels, channels).
#
# <details><summary>Hint</summary>np.einsum("ij,jhw->ihw", gamma, u**2).</details>


# %%
def gdn(u, beta, gamma):
    """Each channel divided by the activity of all channels."""
    ### BEGIN SOLUTION
    activity = beta[:, None, None] + np.einsum("ij,jhw->ihw", gamma, u**2)
    return u / np.sqrt(activity)
    ### END SOLUTION


# %%
exercises.check("06.gdn", gdn)

# %% [markdown]
# ### 3 · A soft staircase (12 min)
#
# The share of center $c$ in the mixture for $z$ is proportional to $\exp(-h\,(z - c)^2)$, with the hardness $h$. Return
# the mixture for each of `z` (n).
#
# <details><summary>Hint</summary>np.subtract.outer(z, centers) has shape (n, centers).</details>


# %%
def soft_value(z, centers, hardness):
    """The mixture of centers for each z."""
    ### BEGIN SOLUTION
    score = np.exp(-hardness * np.subtract.outer(z, centers) ** 2)
    return score @ centers / score.sum(axis=1)
    ### END SOLUTION


# %%
exercises.check("06.soft_value", soft_value)

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. Why may the decoder of a learned codec never see y, only round(y)?</summary>
#
# Real numbers have no finite code; the file holds integers.
# </details>
#
# <details><summary>2. Twice the λ. What happens to rate and error?</summary>
#
# An error is worth twice as many bits: the rate rises, the error falls, steps shrink by about √2.
# </details>
#
# <details><summary>3. Why should a long training with a rate make a rotation of the latent useless?</summary>
#
# Channels that repeat each other cost bits; the network itself learns to avoid that.
# </details>

# %% [markdown]
# ## What the survey says, and what we measured
#
# | the survey | here |
# |---|---|
# | [29]: the most widely used model. | GDN is 2.5 dB ahead of LeakyReLU. |
# | [41]: trained on Kodak, better than JPEG 2000. | *Tested* on Kodak; by PSNR below JPEG 2000. |
# | [42]: vectors, not scalars. | 4 dB on correlated pairs, 0.3 dB on others. |
# | [43]: sparsity steers the rate. | One network, five shares; specialists do better. |
# | [46]: importance. | A paid map gains 0.4 dB; our transform is a KLT. |
# | [44]: GDN "to boost up the training". | Its point, many steps for one transform, holds. |
# | [45]: "grayscale images only". | It codes RGB. Rotation pays. |
# | [40]: limited to gray pictures. | The filter learns fast, and cannot grow. |

# %% [markdown]
# Our runs are small; numbers and commands are in `data/results/variants`. The map of [46], the sizes of [35], the scales
# of [31] and the filter of [40] are in their spirit.

# %% [markdown]
# ## In three sentences
#
# A learned codec is a KLT with bends, trained for bits plus error. Rounding has no slope, so training needs a surrogate.
# With one table per channel files decode exactly; what it lacks is a price for each place.
#
# Next: lesson 07, where a second latent tells the prices.

# %% [markdown]
# ## References
#
# 1. J. Ballé, V. Laparra and E. P. Simoncelli, "End-to-end optimized image compression", *ICLR*, 2017 [the survey's 29].
# 2. L. Theis et al., "Lossy image compression with compressive autoencoders", *ICLR*, 2017 [41].
# 3. E. Agustsson et al., "Soft-to-hard vector quantization for end-to-end learning compressible representations", *NeurIPS*, 2017 [42].
# 4. T. Dumas et al., "Autoencoder based image compression: can the learning be quantization independent?", *ICASSP*, 2018 [44].
# 5. T. Dumas et al., "Image compression with stochastic winner-take-all auto-encoder", *ICASSP*, 2017 [43].
# 6. M. Li et al., "Learning convolutional networks for content-weighted image compression", *CVPR*, 2018 [37].

# %% [markdown]
# 7. D. Alexandre et al., "An autoencoder-based learned image compressor", *CVPRW*, 2018 [46].
# 8. A. K. Ashok and N. Palani, "Autoencoders with variable sized latent vector for image compression", *CVPRW*, 2018 [35].
# 9. Z. Cheng et al., "Deep convolutional autoencoder-based lossy image compression", *PCS*, 2018 [45].
# 10. O. Rippel and L. Bourdev, "Real-time adaptive image compression", *ICML*, 2017 [31].
# 11. A. Sento, "Image compression with auto-encoder algorithm using deep neural network", *MITicon*, 2016 [40].
# 12. Y. Ollivier, "Auto-encoders: reconstruction versus compression", 2014 [39].
