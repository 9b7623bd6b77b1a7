"""The bitrate explorer: two codecs under one wipe, with locks, numbers and their curves.

The Python half holds the state, codes and measures; `explorer.js` shows it and reports what the
learner does. A step sends the picture, the bytes and the PSNR at once; what takes longer (MS-SSIM,
more points of the curves) follows in the background while the learner looks.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from lic_course import codec, images
from lic_course.errors import LicError
from lic_course.widgets import still, views
from lic_course.widgets.trials import EQUAL_BYTES, FREE, LOCKS, ORIGINAL, Numbers, Trials

HERE = Path(__file__).parent
SIDES = LEFT, RIGHT = "left", "right"
COARSE = (50, 10, 90, 25, 75, 5, 95, 35, 65, 17, 82)  # of the curves that fill in by themselves
PAUSE = 0.15  # seconds without a step before the slow work begins
PICTURES_KEPT = 4


class Explorer(anywidget.AnyWidget):
    """Two codecs on one picture, side by side; set its traits from Python or in the browser."""

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"

    left_codec = traitlets.Unicode(ORIGINAL).tag(sync=True)
    right_codec = traitlets.Unicode(ORIGINAL).tag(sync=True)
    left_quality = traitlets.Int(50, min=1, max=100).tag(sync=True)
    right_quality = traitlets.Int(50, min=1, max=100).tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    lock = traitlets.Enum(LOCKS, FREE).tag(sync=True)
    view = traitlets.Enum(views.VIEWS, views.PICTURE).tag(sync=True)

    # what the browser shows
    pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    codecs = traitlets.List(traitlets.Dict()).tag(sync=True)
    size = traitlets.List(traitlets.Int(), [1, 1]).tag(sync=True)  # width, height
    left = traitlets.Dict().tag(sync=True)
    right = traitlets.Dict().tag(sync=True)
    left_image = traitlets.Bytes().tag(sync=True)
    right_image = traitlets.Bytes().tag(sync=True)
    curves = traitlets.Dict().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    legend = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        left: str,
        right: str,
        picture: str | os.PathLike | np.ndarray,
        quality: int | tuple[int, int],
        lock: str,
        codecs: Sequence[str] | None,
    ):
        self._busy = True
        self._seen = False  # by a browser
        self._task: asyncio.Task | None = None
        self._images: dict[str, np.ndarray] = {}
        self._notes: dict[str, str] = {}
        self._trials: dict[str, Trials] = {}
        super().__init__(pictures=list(images.BUILTIN), lock=lock)
        self.codecs = _offered([left, right] if codecs is None else [left, right, *codecs], codecs)
        self.left_quality, self.right_quality = np.broadcast_to(quality, 2).tolist()
        problems = [self._choose_codec(LEFT, left), self._choose_codec(RIGHT, right)]
        problems.append(self._choose_picture(picture))
        self.on_msg(self._heard)
        self._busy = False
        self._refresh(LEFT)
        self.message = " ".join(filter(None, [*problems, self.message]))

    def _choose_codec(self, side: str, name: str) -> str:
        """Set a side's codec, or the original and a sentence why not."""
        try:
            if name != ORIGINAL:
                codec.available(name)
        except LicError as error:
            return f"{error} The {side} side shows the original."
        setattr(self, f"{side}_codec", name)
        return ""

    def _choose_picture(self, picture: str | os.PathLike | np.ndarray) -> str:
        try:
            if isinstance(picture, np.ndarray):
                self._add("your picture", images.check(picture))
            elif picture in images.BUILTIN:
                self.picture = str(picture)
            else:
                self._open(picture)
        except (LicError, OSError) as error:
            self.picture = self.picture or "astronaut"
            return _sentence(error)
        return ""

    def _open(self, path: str | os.PathLike) -> None:
        path = Path(path).expanduser()
        if path.is_dir():
            raise LicError(f"{path} is a folder: give the path of a picture in it.")
        self._add(path.name, images.read(path))

    def _add(self, name: str, image: np.ndarray) -> None:
        """Offer a picture under this name, reduced to what codes quickly, and choose it."""
        fitted = views.fit(image)
        self._images[name] = fitted
        self._trials.pop(name, None)
        (h, w), (height, width) = fitted.shape[:2], image.shape[:2]
        reduced = f"{name} has {width} × {height} pixels; it is shown and coded at {w} × {h}, "
        self._notes[name] = reduced + "so that each step is quick." if fitted is not image else ""
        if name not in self.pictures:
            self.pictures = [*self.pictures, name]
        self.picture = name

    @property
    def trials(self) -> Trials:
        """What was tried on the present picture."""
        name = self.picture
        if name not in self._trials:
            image = self._images.get(name)
            self._trials[name] = Trials(images.builtin(name) if image is None else image)
            while len(self._trials) > PICTURES_KEPT:
                del self._trials[next(iter(self._trials))]
        return self._trials[name]

    def _heard(self, _widget: object, content: dict, buffers: list) -> None:
        """A message of the browser: it shows the explorer, or the learner gave a picture."""
        kind = content.get("kind")
        if kind == "seen":
            self._seen = True
            self._fill_in_later()
            return
        with self._working():
            if kind == "path":
                problem = self._choose_picture(content["path"].strip())
            else:
                problem = self._take_upload(content["name"], bytes(buffers[0]))
        self._refresh(LEFT)
        self.message = problem or self.message

    def _take_upload(self, name: str, data: bytes) -> str:
        try:
            self._add(name, images.read(data))
        except LicError:
            return f"{name} is not a picture that can be read: try a PNG, JPEG, WebP or TIFF file."
        return ""

    @traitlets.observe(
        "left_codec", "left_quality", "right_codec", "right_quality", "picture", "lock", "view"
    )
    def _changed(self, change: dict) -> None:
        if not self._busy:
            self._refresh(RIGHT if change["name"].startswith(RIGHT) else LEFT)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Change traits without answering to each change; send them together."""
        self._busy = True
        try:
            with self.hold_sync():
                yield
        finally:
            self._busy = False

    def _setting(self, side: str) -> tuple[str, int]:
        return getattr(self, f"{side}_codec"), getattr(self, f"{side}_quality")

    def _refresh(self, moved: str) -> None:
        """Answer to a step: follow the lock, then show both sides."""
        with self._working():
            self.message = self._notes.get(self.picture, "")
            if self.lock != FREE:
                self._follow(moved, RIGHT if moved == LEFT else LEFT)
            numbers = [self._numbers(side) for side in SIDES]
            height, width = self.trials.image.shape[:2]
            self.size = [width, height]
            for side, own, other in zip(SIDES, numbers, numbers[::-1], strict=True):
                setattr(self, side, self._described(side, own, other))
                setattr(self, f"{side}_image", views.to_bmp(self._viewed(side, own)))
            self.legend = self._legend()
            self.curves = self._curves()
        self._fill_in_later()

    def _follow(self, leader: str, follower: str) -> None:
        """Search the follower's quality for the leader's bytes or PSNR."""
        name = getattr(self, f"{follower}_codec")
        if ORIGINAL in (name, getattr(self, f"{leader}_codec")):
            self.message = "A lock needs a codec on both sides: the original has no quality."
            return
        try:
            target = self.trials.numbers(*self._setting(leader))
            value = target.nbytes if self.lock == EQUAL_BYTES else target.psnr
            quality, reached = self.trials.search(name, self.lock, value)
        except LicError:
            return  # the side that fails says so itself
        setattr(self, f"{follower}_quality", quality)
        if not reached:
            aim = f"{value:,} bytes" if self.lock == EQUAL_BYTES else f"{value:.2f} dB"
            self.message = f"{name} cannot reach {aim} here: quality {quality} is the closest."

    def _numbers(self, side: str) -> Numbers | str:
        """The numbers of a side, or the sentence why its codec refuses this picture."""
        try:
            return self.trials.numbers(*self._setting(side))
        except LicError as error:
            return str(error)

    def _described(self, side: str, own: Numbers | str, other: Numbers | str) -> dict:
        name, quality = self._setting(side)
        about = _about(name)
        if isinstance(own, str):
            return about | {"problem": own, "rows": {}}
        known = self.trials.ms_ssim_if_known(name, quality)
        waiting = "…" if self.trials.has_ms_ssim else "too small"
        percent = "" if isinstance(other, str) else f"{100 * own.nbytes / other.nbytes:,.0f} %"
        coded = name != ORIGINAL
        return about | {
            "problem": "",
            "rows": {
                "bytes": f"{own.nbytes:,}",
                "percent": percent,
                "bpp": f"{own.bpp:.3f}",
                "psnr": f"{own.psnr:.2f} dB" if np.isfinite(own.psnr) else "exact",
                "ms_ssim": waiting if known is None else f"{known:.4f}",
                "encode": _duration(own.encode_seconds) if coded else "–",
                "decode": _duration(own.decode_seconds) if coded else "–",
            },
        }

    def _viewed(self, side: str, own: Numbers | str) -> np.ndarray:
        """What a side shows: its picture, its error map, or its bits per block."""
        trials = self.trials
        if isinstance(own, str):
            return trials.image
        image = trials.picture(*self._setting(side))
        if self.view == views.ERROR:
            return views.error_map(trials.image, image)
        if self.view == views.BITS:
            bits = trials.bits_per_block(*self._setting(side))
            return image if bits is None else views.bits_map(trials.image, bits)
        return image

    def _legend(self) -> str:
        if self.view == views.ERROR:
            off = -(-255 // views.GAIN)
            return f"Error: black is exact, the brightest yellow is off by {off} or more of 255."
        if self.view == views.PICTURE:
            return ""
        return " ".join(f"{side.capitalize()}: {self._bits_legend(side)}" for side in SIDES)

    def _bits_legend(self, side: str) -> str:
        name, quality = self._setting(side)
        try:
            bits = self.trials.bits_per_block(name, quality)
        except LicError:
            bits = None
        if bits is None:
            return f"{name} cannot tell its bits per block, so this is its picture."
        return f"{name} spends {bits.min():.0f} (blue) to {bits.max():.0f} bits (yellow) a block."

    def _curves(self) -> dict:
        """For each side, the known (bpp, dB, quality) of its codec and where it is now."""
        curves = {}
        for side in SIDES:
            name, quality = self._setting(side)
            points = [
                [round(n.bpp, 5), round(n.psnr, 3), q]
                for q, n in self.trials.curve(name)
                if np.isfinite(n.psnr)
            ]
            curves[side] = {"name": name, "points": points, "quality": quality}
        return curves

    def _fill_in_later(self) -> None:
        """Start the slow work once the learner pauses; a new step cancels it."""
        if self._task is not None:
            self._task.cancel()
        if self._seen:
            self._task = asyncio.get_running_loop().create_task(self.fill_in())

    async def fill_in(self) -> None:
        """Compute MS-SSIM of both sides, then more points of both curves, in a second thread."""
        trials = self.trials
        await asyncio.sleep(PAUSE)
        for side in SIDES:
            name, quality = self._setting(side)
            if trials.has_ms_ssim and name != ORIGINAL:
                await _in_thread(trials.ms_ssim, name, quality)
                numbers = [self._numbers(s) for s in (side, RIGHT if side == LEFT else LEFT)]
                setattr(self, side, self._described(side, *numbers))
        names = {self._setting(side)[0] for side in SIDES} - {ORIGINAL}
        for quality in COARSE:
            for name in sorted(names):
                if quality not in dict(trials.curve(name)):
                    await _in_thread(trials.numbers, name, quality)
                    self.curves = self._curves()
                    await asyncio.sleep(0.02)

    def __repr__(self) -> str:
        sides = [f"{name} at {q}" for name, q in map(self._setting, SIDES)]
        return f"Explorer({' | '.join(sides)}, on {self.picture}): run this cell to use it"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        halves = [self._half(side) for side in SIDES]
        footer = f"The bitrate explorer on {self.picture}: run this cell to use it."
        png = still.wiped(*halves, footer)
        return still.bundle(super()._repr_mimebundle_(**kwargs) or {}, repr(self), png)

    def _half(self, side: str) -> still.Half:
        name, quality = self._setting(side)
        rows = getattr(self, side)["rows"]
        lines = (
            [f"{rows['bytes']} bytes", f"{rows['bpp']} bpp", f"PSNR {rows['psnr']}"] if rows else []
        )
        title = name if name == ORIGINAL else f"{name}, quality {quality}"
        return still.Half(self._viewed(side, self._numbers(side)), title, lines)


async def _in_thread(function, *arguments: object) -> None:
    """Run slow work beside the kernel; a codec that refuses has said so already."""
    with suppress(LicError):
        await asyncio.to_thread(function, *arguments)


def _offered(wanted: Sequence[str], only: Sequence[str] | None) -> list[dict]:
    """What the two menus list: a codec's name, and why it cannot be chosen here, if so."""
    offered = [{"name": ORIGINAL, "problem": "", "adjustable": False}]
    for name in codec.names():
        if only is None or name in wanted:
            member = codec.get(name)
            adjustable = not member.quality_help.startswith("ignored")
            problem = member.unavailable() or ""
            offered.append({"name": name, "problem": problem, "adjustable": adjustable})
    return offered


def _about(name: str) -> dict:
    if name == ORIGINAL:
        return {"summary": "The picture itself, 8 bits a sample, not compressed.", "lesson": "01"}
    member = codec.get(name)
    return {"summary": member.summary, "lesson": member.lesson}


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _sentence(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no file {error.filename}: check the path, or upload the picture."
    if isinstance(error, OSError):
        return f"{error.filename} cannot be read: {error.strerror}."
    return str(error)


def explore(
    left: str = "jpeg",
    right: str = ORIGINAL,
    picture: str | os.PathLike | np.ndarray = "astronaut",
    quality: int | tuple[int, int] = 50,
    lock: str = FREE,
    codecs: Sequence[str] | None = None,
) -> Explorer:
    """The bitrate explorer: two codecs (or the original) on one picture, under one wipe.

    left, right: names of codecs, or "original". picture: a built-in name, a path, or an array.
    quality: from 1 to 100, one for both sides or two. lock: "free", "equal bytes" or "equal PSNR":
    the right side's quality is searched at the start. codecs: the names to offer; all when None.
    """
    return Explorer(left, right, picture, quality, lock, codecs)
