# %% [markdown]
# # What is a codec, and does it run on this machine?
#
# In twenty minutes you compress a picture, look at what it lost, and see where this course goes.
#
# *20 min · CPU · needs nothing but curiosity*

# %% [markdown]
# ## By the end you can
#
# - **check** that this machine is ready, and what to do where it is not;
# - **code** a picture into a real file, **decode** it, and **say** what it cost in bits per pixel;
# - **read** the two numbers that every lesson uses, rate and distortion;
# - **choose** your way through the course.
#
# New to notebooks? Click into a cell and press <kbd>Shift</kbd> + <kbd>Enter</kbd>: it runs, and the
# next one is selected. *Run → Run All Cells* does all of them.

# %% [markdown]
# ## Set-up

# %%
import lic_course
from lic_course import course, exercises, images, machine, metrics, plots, widgets

plots.style()

# %% [markdown]
# ## Is this machine ready?
#
# The course looks for what it needs. A line that begins with `note` tells you what to do; nothing
# else on this page depends on it.

# %% tags=["nbval-ignore-output"]
machine.self_check()

# %% [markdown]
# ## One round trip
#
# A picture is a table of numbers: rows, columns, and three colors of one byte each.

# %%
x = images.builtin("coffee")
print(x.shape, x.dtype, "->", x.nbytes, "bytes")

# %% [markdown]
# **Ask.** How much smaller can it get before you notice? Guess a factor, then run the next cell.
#
# A *codec* is a pair of functions. The **encoder** turns a picture into bytes; the **decoder** turns
# the bytes into a picture again. Here is the oldest one that everybody uses.

# %%
data = lic_course.encode(x, codec="jpeg", quality=50)
x_hat = lic_course.decode(data)
print(len(data), "bytes,", round(x.nbytes / len(data)), "times smaller")

# %%
titles = ["before", "after, jpeg at quality 50"]
plots.show([x, x_hat], titles, crop=(120, 220, 160, 240))

# %% [markdown]
# The two cut-outs look almost the same, although the second one comes from 27 times fewer bytes.
# Look longer: the small bubbles in the coffee are smeared, and the red saucer is no longer quite
# even. What is lost is lost: this is *lossy* compression.

# %% [markdown]
# ## Two numbers
#
# **Rate** is what a picture costs: the bits of the whole file for each pixel, in *bits per pixel*
# (bpp). The uncompressed picture has 24.
#
# **Distortion** is what it lost. The usual measure is the *peak signal-to-noise ratio* (PSNR), in
# decibels: the mean squared error $\mathrm{MSE}$ between the two pictures, on a logarithmic scale,
#
# $$\mathrm{PSNR} = 10 \log_{10} \frac{255^2}{\mathrm{MSE}}.$$
#
# More is better. Above 40 dB few people see a difference; below 25 dB everybody does.

# %%
for quality in (5, 25, 50, 75, 95):
    data = lic_course.encode(x, "jpeg", quality)
    rate = metrics.bpp(len(data), x)
    psnr = metrics.psnr(x, lic_course.decode(data))
    print(f"quality {quality:2}: {rate:5.2f} bpp, {psnr:4.1f} dB")

# %% [markdown]
# Each step buys fewer decibels for more bits. A better codec is one that gets more decibels for the
# same bits, or the same decibels for fewer. That is the whole game, and lesson 01 shows how each of
# the two numbers can fool you.

# %% [markdown]
# ## One slider
#
# **Ask.** At which quality do *you* see the first flaw? Move the slider: with the mouse, or click its
# handle and use the arrow keys. Each step encodes and decodes the picture anew.

# %%
crop = images.builtin("chelsea")[60:220, 100:340]


def squeeze(quality):
    data = lic_course.encode(crop, "jpeg", quality)
    decoded = lic_course.decode(data)
    return decoded, f"{len(data)} bytes, {metrics.psnr(crop, decoded):.1f} dB"


widgets.slider_demo(squeeze, label="quality", values=(1, 100, 20))

# %% [markdown]
# Low qualities show squares of 8 × 8 pixels in the fur: JPEG codes each square alone. Lesson 02 takes
# JPEG apart to the last byte, and the codecs after it are, one way or another, answers to these
# squares.
#
# *No slider here, only a picture? Then the notebook has not run yet, or the self-check above found
# no widgets.*

# %% [markdown]
# ## From picture to bytes and back
#
# In this course a rate is never an estimate. It is the length of a complete file, which has been
# decoded again. The file says which codec wrote it and carries a checksum.

# %%
data = lic_course.encode(x, "webp", quality=60)
print(lic_course.info(data))
print(data[:24].hex(" "))

# %%
assert lic_course.decode(data).shape == x.shape

# %% [markdown]
# The first three bytes spell `LIC`, then come the version, the name of the codec and the size of the
# picture. What happens to a file that was damaged on its way?

# %%
damaged = bytearray(data)
damaged[5000] ^= 1
try:
    lic_course.decode(bytes(damaged))
except lic_course.BitstreamError as error:
    print(error)

# %% [markdown]
# One wrong bit in twenty thousand bytes is noticed. The same works outside a notebook, for any
# picture you have:
#
# ```
# lic encode photo.png photo.lic --codec webp --quality 60
# lic decode photo.lic back.png
# ```

# %% [markdown]
# ## Bitrate explorer
#
# Every lesson has this tool. Two codecs, one picture, and a line between them that you can drag.
#
# - Give each side a codec and a quality, or lock both to **equal bytes** or **equal PSNR**.
# - Zoom into the fur; switch to the error map; follow the two dots on the curve.
# - Load a picture of your own.
#
# **Ask.** At equal bytes, which of the two would you rather look at?

# %%
widgets.explore("jpeg", "webp", picture="chelsea", quality=15, lock="equal bytes")

# %% [markdown]
# At the same number of bytes the right half is smoother and has no squares, and its dot lies above
# the other. Keep that picture in mind: the rest of the course explains how it is done, and how to do
# it better.

# %% [markdown]
# ## The map of the course
#
# Lessons 01 and 02 are for everybody. After them, follow the classical road (03 to 05), the learned
# road (06 to 11), or jump: the column *needs* says which lessons you should know. Lesson 12 is about
# pictures of any size, and lesson 13 holds the numbers of a well-known survey against what runs here.

# %%
course.Map()

# %% [markdown]
# ## Exercises
#
# Every lesson ends with exercises that answer at once. Write your function, run the cell, then run
# the check below it. This first one takes three minutes.
#
# **1. Bits per pixel** (3 min). A file of `nbytes` bytes holds a picture of `height` × `width` pixels.
# How many bits does it spend on each pixel?


# %%
def bits_per_pixel(nbytes, height, width):
    """Rate of a file in bits per pixel."""
    ### BEGIN SOLUTION
    return 8 * nbytes / (height * width)
    ### END SOLUTION


# %%
exercises.check("00.bits_per_pixel", bits_per_pixel)

# %% [markdown]
# ## Check yourself
#
# <details><summary>A photograph of 4000 × 3000 pixels makes a file of 3 MB. How many bits per pixel
# is that?</summary>
#
# 8 · 3 000 000 / 12 000 000 = 2 bpp, a usual rate of cameras and phones.
# </details>
#
# <details><summary>Codec A reaches 36 dB and codec B 33 dB. Which one is better?</summary>
#
# You cannot tell without their rates. Compare at equal bytes, or at equal PSNR.
# </details>
#
# <details><summary>Is a quality of 50 in one codec as good as a quality of 50 in another?</summary>
#
# No. Each codec counts in its own way; even two JPEG programs differ. Only bytes and distortion can
# be compared.
# </details>

# %% [markdown]
# ## In three sentences
#
# A codec is an encoder and a decoder, and the file between them is all that counts. Rate is the bits
# of that file for each pixel; distortion is what the decoded picture has lost. Everything from here
# on is about getting less of the second for less of the first.
#
# **Next:** [How few bits can a picture have, and how wrong may it be?](01_bits_and_distortion.ipynb)
