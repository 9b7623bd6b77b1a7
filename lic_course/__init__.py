"""Lossy image compression from JPEG to neural codecs: a course whose every method runs.

    data = lic_course.encode(image, codec="jpeg", quality=60)  # bytes: a complete .lic file
    image = lic_course.decode(data)  # the file names its codec
    print(lic_course.info(data))  # codec, size, segments and their bytes

A picture is a NumPy array of `uint8`, `(height, width, 3)` in sRGB or `(height, width)` in gray.
Importing this module costs nothing: everything else is loaded when it is first used.
"""

import importlib

__version__ = "0.1.0"

_WHERE = {
    "encode": "codec",
    "decode": "codec",
    "codecs": "codec",
    "info": "bitstream",
    "LicError": "errors",
    "BitstreamError": "errors",
    "UnsupportedImage": "errors",
    "UnavailableCodec": "errors",
    "UnreachableTarget": "errors",
}
_MODULES = [
    "bitstream",
    "classical",
    "codec",
    "datasets",
    "entropy",
    "errors",
    "evaluate",
    "exercises",
    "files",
    "images",
    "industry",
    "metrics",
    "notebooks",
    "plots",
    "widgets",
]

__all__ = ["__version__", *_WHERE]


def __getattr__(name):
    """Load a function or a module of the package when it is first asked for."""
    if name in _WHERE:
        return getattr(importlib.import_module("lic_course." + _WHERE[name]), name)
    if name in _MODULES:
        return importlib.import_module("lic_course." + name)
    raise AttributeError("module 'lic_course' has no attribute {!r}".format(name))


def __dir__():
    return sorted(set(globals()) | set(__all__) | set(_MODULES))
