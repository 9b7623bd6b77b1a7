"""The words and numbers of the explorer: what its table, menus, legends and messages say."""

from collections.abc import Sequence

import numpy as np

from lic_course import codec, images
from lic_course.errors import LicError
from lic_course.widgets import views
from lic_course.widgets.trials import EQUAL_BYTES, ORIGINAL, Numbers, Trials

Setting = tuple[str, int]  # a codec's name and its quality


def offered(names: Sequence[str]) -> list[dict]:
    """The entries of the two menus: names, and why one cannot be chosen here, if so."""
    return [
        {
            "name": name,
            "problem": "" if name == ORIGINAL else codec.get(name).unavailable() or "",
            "adjustable": adjustable(name),
        }
        for name in (ORIGINAL, *names)
    ]


def adjustable(name: str) -> bool:
    """Whether a quality changes anything: not for the original and for lossless codecs."""
    return name != ORIGINAL and not codec.get(name).quality_help.startswith("ignored")


def about(name: str) -> dict[str, str]:
    """One sentence on a codec and the lesson that explains it."""
    if name == ORIGINAL:
        return {"summary": "The picture itself, 8 bits a sample, not compressed.", "lesson": "01"}
    member = codec.get(name)
    return {"summary": member.summary, "lesson": member.lesson}


def numbers(trials: Trials, setting: Setting) -> Numbers | str:
    """The numbers of a setting, or the sentence why its codec refuses this picture."""
    try:
        return trials.numbers(*setting)
    except LicError as error:
        return str(error)


def side(trials: Trials, setting: Setting, other: Setting) -> dict:
    """All that the explorer writes about one side: rows of the table, sentence, lesson, problem."""
    own, against = numbers(trials, setting), numbers(trials, other)
    if isinstance(own, str):
        return about(setting[0]) | {"problem": own, "rows": {}}
    percent = "–" if isinstance(against, str) else f"{100 * own.nbytes / against.nbytes:,.0f} %"
    coded = setting[0] != ORIGINAL
    rows = {
        "bytes": f"{own.nbytes:,}",
        "percent": percent,
        "bpp": f"{own.bpp:.3f}",
        "psnr": f"{own.psnr:.2f} dB" if np.isfinite(own.psnr) else "exact",
        "ms_ssim": _ms_ssim(trials, setting),
        "encode": duration(own.encode_seconds) if coded else "–",
        "decode": duration(own.decode_seconds) if coded else "–",
    }
    return about(setting[0]) | {"problem": "", "rows": rows}


def _ms_ssim(trials: Trials, setting: Setting) -> str:
    if not trials.has_ms_ssim:
        return "n/a"
    value = trials.ms_ssim_if_known(*setting)
    return "…" if value is None else f"{value:.4f}"


def duration(seconds: float) -> str:
    """Seconds, or milliseconds below one second."""
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def curve(trials: Trials, setting: Setting) -> dict:
    """The known points (bpp, dB, quality) of a side on this picture, and where it is now."""
    points = [
        [round(n.bpp, 5), round(n.psnr, 3), quality]
        for quality, n in trials.curve(setting[0])
        if np.isfinite(n.psnr)
    ]
    return {"name": setting[0], "points": points, "quality": setting[1]}


def legend(view: str, picture: str, trials: Trials, settings: Sequence[Setting]) -> str:
    """How to read what the stage shows."""
    if view == views.ERROR:
        off = -(-255 // views.GAIN)
        return f"Error: black is exact; the brightest yellow is off by {off} or more of 255."
    if view == views.BITS:
        names = ("Left", "Right")
        return " ".join(
            f"{name}: {_bits(trials, setting)}"
            for name, setting in zip(names, settings, strict=True)
        )
    return f"Picture: {images.BUILTIN[picture]}." if picture in images.BUILTIN else ""


def _bits(trials: Trials, setting: Setting) -> str:
    try:
        bits = trials.bits_per_block(*setting)
    except LicError:
        bits = None
    if bits is None:
        return f"{setting[0]} cannot tell its bits per block, this is its picture."
    return f"from {bits.min():,.0f} bits a block (blue) to {bits.max():,.0f} (yellow)."


def out_of_reach(name: str, quality: int, lock: str, target: float) -> str:
    """That a lock cannot be met, and what is shown instead."""
    aim = f"{target:,} bytes" if lock == EQUAL_BYTES else f"{target:.2f} dB"
    aim = "an exact copy" if np.isinf(target) else aim
    return f"{name} cannot reach {aim} on this picture: quality {quality} is the closest."


def reduced(name: str, image: np.ndarray, fitted: np.ndarray) -> str:
    """That a picture was too large for the explorer, or nothing."""
    if fitted is image:
        return ""
    (h, w), (height, width) = fitted.shape[:2], image.shape[:2]
    return (
        f"{name} has {width} × {height} pixels; it is shown and coded at {w} × {h}, so that each "
        "step is quick."
    )


def unreadable(error: Exception) -> str:
    """One sentence for a picture that could not be opened."""
    if isinstance(error, FileNotFoundError):
        return f"There is no file {error.filename}: check the path, or upload the picture."
    if isinstance(error, OSError):
        return f"{error.filename} cannot be read: {error.strerror}."
    return str(error)
