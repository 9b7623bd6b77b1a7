"""The bitrate explorer: two codecs under one wipe, with locks, numbers and their curves.

The Python half holds the state, codes and measures; `explorer.js` shows it and reports what the
learner does. A step sends the picture, the bytes and the PSNR at once; what takes longer (MS-SSIM,
more points of the curves) follows in the background while the learner looks.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from lic_course import codec, images
from lic_course.errors import LicError
from lic_course.widgets import describe, still, views
from lic_course.widgets.trials import EQUAL_BYTES, FREE, LOCKS, ORIGINAL, Trials

HERE = Path(__file__).parent
SCRIPTS = ("stage.js", "curve.js", "explorer.js")  # one module for the browser
LEFT, RIGHT = SIDES = ("left", "right")
OTHER = {LEFT: RIGHT, RIGHT: LEFT}
COARSE = (50, 10, 90, 25, 75, 5, 95, 35, 65, 17, 82)  # of the curves that fill in by themselves
PAUSE = 0.25  # seconds without a step before MS-SSIM is computed, and again before the curves
PICTURES_KEPT = 4


class Explorer(anywidget.AnyWidget):
    """Two codecs on one picture; set the first seven traits from Python or in the browser."""

    _esm = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    _css = (HERE / "explorer.css").read_text("utf-8")

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
    left_image = traitlets.Bytes().tag(sync=True)  # rows of gray or RGB samples
    right_image = traitlets.Bytes().tag(sync=True)
    curves = traitlets.Dict().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    legend = traitlets.Unicode().tag(sync=True)
    answers = traitlets.Int(0).tag(sync=True)  # how many steps were answered

    def __init__(self, codecs: Sequence[str] | None = None):
        self._busy = False
        self._seen = False  # by a browser
        self._task: asyncio.Task | None = None
        self._images: dict[str, np.ndarray] = {}
        self._notes: dict[str, str] = {}
        self._trials: dict[str, Trials] = {}
        super().__init__(pictures=list(images.BUILTIN))
        self.codecs = describe.offered(codec.names() if codecs is None else codecs)
        self.on_msg(self._heard)

    def start(
        self,
        left: str,
        right: str,
        picture: str | os.PathLike | np.ndarray,
        quality: int | tuple[int, int],
        lock: str,
    ) -> None:
        """Set everything at once; what cannot be had is replaced, and the message says why."""
        with self._working():
            self.left_quality, self.right_quality = np.broadcast_to(quality, 2).tolist()
            self.lock = lock
            problems = [self._choose_codec(LEFT, left), self._choose_codec(RIGHT, right)]
            problems.append(self._choose_picture(picture))
        self._refresh(LEFT, " ".join(filter(None, problems)))

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
        """Set the picture by name, path or pixels, or keep the present one and say why."""
        try:
            if isinstance(picture, np.ndarray):
                self._add("your picture", images.check(picture))
            elif picture in images.BUILTIN:
                self.picture = str(picture)
            else:
                self._open(Path(picture).expanduser())
        except (LicError, OSError) as error:
            self.picture = self.picture or next(iter(images.BUILTIN))
            return describe.unreadable(error)
        return ""

    def _open(self, path: Path) -> None:
        if path.is_dir():
            raise LicError(f"{path} is a folder: give the path of a picture in it.")
        self._add(path.name, images.read(path))

    def _add(self, name: str, image: np.ndarray) -> None:
        """Offer a picture under this name, reduced to what codes quickly, and choose it."""
        name = f"{name} (yours)" if name in images.BUILTIN else name
        self._images[name] = views.fit(image)
        self._notes[name] = describe.reduced(name, image, self._images[name])
        self._trials.pop(name, None)
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
        if content["kind"] == "seen":
            self._seen = True
            self._fill_in_later()
            return
        with self.hold_sync():
            with self._working():
                if content["kind"] == "path":
                    problem = self._choose_picture(content["path"].strip())
                else:
                    problem = self._take_upload(content["name"], bytes(buffers[0]))
            self._refresh(LEFT, problem)

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

    def _refresh(self, moved: str, problem: str = "") -> None:
        """Answer to a step: follow the lock, then show both sides."""
        with self._working():
            trials = self.trials
            locked = self._follow(moved) if self.lock != FREE else ""
            self.message = " ".join(
                filter(None, [problem, locked, self._notes.get(self.picture, "")])
            )
            height, width = trials.image.shape[:2]
            self.size = [width, height]
            for side in SIDES:
                self._describe(side)
                setattr(self, f"{side}_image", self._viewed(side).tobytes())
            settings = [self._setting(side) for side in SIDES]
            self.legend = describe.legend(self.view, self.picture, trials, settings)
            self._draw_curves()
            self.answers += 1
        self._fill_in_later()

    def _describe(self, side: str) -> None:
        settings = self._setting(side), self._setting(OTHER[side])
        setattr(self, side, describe.side(self.trials, *settings))

    def _draw_curves(self) -> None:
        self.curves = {side: describe.curve(self.trials, self._setting(side)) for side in SIDES}

    def _follow(self, leader: str) -> str:
        """Search the other side's quality for the leader's bytes or PSNR; say what is wrong."""
        follower = OTHER[leader]
        name = getattr(self, f"{follower}_codec")
        if not describe.adjustable(name):
            return f"A lock needs a quality to search, and {name} has none."
        try:
            led = self.trials.numbers(*self._setting(leader))
            target = led.nbytes if self.lock == EQUAL_BYTES else led.psnr
            quality, reached = self.trials.search(name, self.lock, target)
        except LicError:
            return ""  # the side whose codec refuses the picture says so itself
        setattr(self, f"{follower}_quality", quality)
        return "" if reached else describe.out_of_reach(name, quality, self.lock, target)

    def _viewed(self, side: str) -> np.ndarray:
        """What a side shows: its picture, its error map, or its bits per block."""
        trials, setting = self.trials, self._setting(side)
        try:
            image = trials.picture(*setting)
            bits = trials.bits_per_block(*setting) if self.view == views.BITS else None
        except LicError:
            return trials.image
        if self.view == views.ERROR:
            return views.error_map(trials.image, image)
        return image if bits is None else views.bits_map(trials.image, bits)

    def _fill_in_later(self) -> None:
        """Start the slow work once the learner pauses; a new step cancels it."""
        if self._task is not None:
            self._task.cancel()
        if self._seen:
            with suppress(RuntimeError):  # outside a kernel nothing runs in the background
                self._task = asyncio.get_running_loop().create_task(self.fill_in())

    async def fill_in(self) -> None:
        """Compute MS-SSIM of both sides, then more points of both curves, in a second thread."""
        trials = self.trials
        await asyncio.sleep(PAUSE)
        for side in SIDES:
            setting = self._setting(side)
            if trials.has_ms_ssim and trials.ms_ssim_if_known(*setting) is None:
                await _in_thread(trials.ms_ssim, *setting)
                self._describe(side)
        await asyncio.sleep(PAUSE)
        names = {self._setting(side)[0] for side in SIDES}
        for quality in COARSE:
            for name in filter(describe.adjustable, sorted(names)):
                if quality not in dict(trials.curve(name)):
                    await _in_thread(trials.numbers, name, quality)
                    self._draw_curves()

    def __repr__(self) -> str:
        left, right = (f"{name} at {quality}" for name, quality in map(self._setting, SIDES))
        return f"Explorer({left} | {right}, on {self.picture}): run this cell to use it"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        halves = [self._half(side) for side in SIDES]
        footer = f"The bitrate explorer on {self.picture}: run this cell to use it."
        png = still.wiped(*halves, footer)
        return still.bundle(super()._repr_mimebundle_(**kwargs) or {}, repr(self), png)

    def _half(self, side: str) -> still.Half:
        name, quality = self._setting(side)
        rows = getattr(self, side)["rows"]
        lines = [f"{rows['bytes']} bytes", f"{rows['bpp']} bpp", rows["psnr"]] if rows else []
        title = name if name == ORIGINAL else f"{name}, quality {quality}"
        return still.Half(self._viewed(side), title, lines)


async def _in_thread(function: Callable[[str, int], object], *setting: object) -> None:
    """Run slow work beside the kernel; a codec that refuses has said so already."""
    with suppress(LicError):
        await asyncio.to_thread(function, *setting)


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
    the right side's quality is then searched. codecs: the names to offer beside these; all if None.
    """
    offered = None
    if codecs is not None:
        registered = codec.names()
        offered = [name for name in registered if name in {left, right, *codecs}]
    explorer = Explorer(offered)
    explorer.start(left, right, picture, quality, lock)
    return explorer
