"""Running a notebook in a fresh kernel of this interpreter, and normalizing what it stores."""

import asyncio
import base64
import io
import os
import subprocess
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from PIL import Image, UnidentifiedImageError
from traitlets import default

from lic_course.files import ROOT
from lic_course.notebooks.lesson import METADATA

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class CellFailed(Exception):
    """A cell raised, took too long or ended the kernel: `index` of the cell, `reason` in words."""

    def __init__(self, index: int, reason: str):
        super().__init__(reason)
        self.index, self.reason = index, reason


class OwnKernel(AsyncKernelManager):
    """Starts the kernel with this interpreter, whatever kernels are installed on the machine."""

    @default("kernel_spec_manager")
    def _only_the_native_kernel(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


class _Client(NotebookClient):
    """Remembers the cell that is being run, so that a failure can name it."""

    current = 0

    async def async_execute_cell(self, cell, cell_index, *args, **options):
        self.current = cell_index
        return await super().async_execute_cell(cell, cell_index, *args, **options)


def environment(ipython_dir: str, **variables: str) -> dict[str, str]:
    """The variables a kernel starts with: this package, the quick profile, no user settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LIC_GRADE")}
    fixed = {"LIC_PROFILE": "quick", "PYTHONHASHSEED": "0", "IPYTHONDIR": ipython_dir}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | fixed | {"PYTHONPATH": os.pathsep.join(paths)} | variables


def execute(nb: NotebookNode, folder: Path, cell_seconds: int = 600) -> NotebookNode:
    """Run `nb` in `folder` and return it with normalized outputs.

    Raises `CellFailed` for the first cell that raises, is too slow or ends the kernel.
    """
    client = _Client(
        nb,
        kernel_name="python3",
        kernel_manager_class=OwnKernel,
        timeout=cell_seconds,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    with tempfile.TemporaryDirectory() as ipython_dir:
        try:
            client.execute(env=environment(ipython_dir), stderr=subprocess.DEVNULL)
        except CellExecutionError as error:
            words = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
            raise CellFailed(client.current, words) from None
        except CellTimeoutError:
            raise CellFailed(client.current, f"it takes over {cell_seconds} s") from None
        except DeadKernelError:
            words = "it ends the kernel, or the run was interrupted"
            raise CellFailed(client.current, words) from None
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
    return normalized(nb)


def normalized(nb: NotebookNode) -> NotebookNode:
    """Keep what a reader sees and a test can compare: no timestamps, no widget state."""
    nb.metadata = nbformat.from_dict(METADATA)
    count = 0
    for cell in nb.cells:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in ("tags", "nbgrader")}
        )
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = _tidy(cell.outputs, count)
    return nb


def _tidy(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    kept: list[NotebookNode] = []
    for output in outputs:
        last = kept[-1] if kept else None
        if output.output_type == "stream" and last and last.get("name") == output.name:
            last.text += output.text
            continue
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)
            if "image/png" in output.data:
                output.data["image/png"] = smaller_png(output.data["image/png"])
        if "execution_count" in output:
            output.execution_count = count
        output.pop("transient", None)
        kept.append(output)
    return kept


def smaller_png(encoded: str) -> str:
    """The same pixels as a smaller PNG, both in base64: no alpha that is not needed, gray as gray.

    A palette is used only where the picture has at most 256 colors, so nothing is lost.
    """
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
        picture.load()
    except (UnidentifiedImageError, OSError, ValueError):
        return encoded
    if picture.mode == "RGBA" and picture.getextrema()[3] == (255, 255):
        picture = picture.convert("RGB")
    if picture.mode == "RGB":
        picture = _few_channels(picture)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    smaller = base64.b64encode(file.getvalue()).decode()
    return min(encoded, smaller, key=len)


def _few_channels(picture: Image.Image) -> Image.Image:
    red, green, blue = picture.split()
    if red.tobytes() == green.tobytes() == blue.tobytes():
        return red
    if picture.getcolors(256) is None:
        return picture
    exact = picture.quantize(256, dither=Image.Dither.NONE)
    return exact if exact.convert("RGB").tobytes() == picture.tobytes() else picture
