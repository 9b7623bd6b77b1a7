"""The errors that a user of the course can meet: each says what is wrong and what to do."""


class LicError(ValueError):
    """Base of all errors that `lic_course` raises on purpose."""


class BitstreamError(LicError):
    """The bytes are not a file that this version can decode."""


class UnsupportedImage(LicError):
    """The picture cannot be coded: wrong type, shape or size."""


class UnavailableCodec(LicError):
    """The codec does not exist, or a library it needs is not installed."""


class UnreachableTarget(LicError):
    """No quality setting of the codec reaches the rate or the PSNR that was asked for."""
