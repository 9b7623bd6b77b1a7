"""The map of the course: which lesson answers which question, how long it takes, what it needs.

`python -m lic_course.course` writes the table of lessons into README.md.
"""

from dataclasses import dataclass
from pathlib import Path

from lic_course.files import ROOT, notebooks_dir, write_atomically

BEGIN, END = "<!-- lessons: made by python -m lic_course.course -->", "<!-- end of lessons -->"


@dataclass(frozen=True)
class Lesson:
    """One lesson: its file (without suffix), its question, minutes for a learner, prerequisites."""

    name: str
    question: str
    minutes: int
    needs: tuple[str, ...]
    builds: str

    @property
    def number(self) -> str:
        """Two digits, such as "02"."""
        return self.name[:2]

    @property
    def exists(self) -> bool:
        """Whether its notebook is part of this version of the course."""
        return (notebooks_dir() / f"{self.name}.ipynb").is_file()


LESSONS = (
    Lesson(
        "00_start_here",
        "What is a codec, and does it run on this machine?",
        20,
        (),
        "nothing yet: one round trip, one slider, this map",
    ),
    Lesson(
        "01_bits_and_distortion",
        "How few bits can a picture have, and how wrong may it be?",
        90,
        ("00",),
        "Huffman, range coder, rANS; PSNR, SSIM, MS-SSIM, BD-rate",
    ),
    Lesson(
        "02_dct_and_jpeg",
        "How does JPEG throw away what you cannot see?",
        75,
        ("01",),
        "a baseline JPEG whose files any viewer opens",
    ),
    Lesson(
        "03_wavelets_and_jpeg2000",
        "Why do wavelets fail more gracefully than blocks?",
        90,
        ("02",),
        "JPEG 2000 with bit-planes and progressive files; today's codecs beside it",
    ),
    Lesson(
        "04_pca_and_vector_quantization",
        "Can the data choose their own transform?",
        75,
        ("02",),
        "KLT and codebook codecs, hyperspectral cubes",
    ),
    Lesson(
        "05_fuzzy_transforms",
        "What do fuzzy partitions and fitted curves add?",
        60,
        ("02",),
        "F-transform, fuzzy c-means, hyperbolic fitting",
    ),
    Lesson(
        "06_autoencoders",
        "Can a network learn the transform?",
        90,
        ("01", "04"),
        "a learned codec with a factorized prior",
    ),
    Lesson(
        "07_vae_and_hyperprior",
        "Who tells the decoder how likely a latent is?",
        90,
        ("06",),
        "scale and mean-scale hyperprior, one network for every quality",
    ),
    Lesson(
        "08_convolutional_codecs",
        "What do attention, mixtures and side information buy?",
        90,
        ("07",),
        "the parts of the largest family, and restoration of plain JPEG files",
    ),
    Lesson(
        "09_recurrent_codecs",
        "Can one file be cut anywhere and still decode?",
        75,
        ("06",),
        "a progressive ConvLSTM codec",
    ),
    Lesson(
        "10_generative_codecs",
        "May a decoder invent detail?",
        90,
        ("07",),
        "an adversarial codec at extreme rates",
    ),
    Lesson(
        "11_context_models",
        "Is parallel decoding of context models impossible?",
        90,
        ("07",),
        "raster, wavefront, checkerboard and channel-wise priors",
    ),
    Lesson(
        "12_full_resolution",
        "How large may a picture be?",
        75,
        ("07",),
        "exact tiles, streaming, cures for stripes and aliasing",
    ),
    Lesson(
        "13_the_survey_measured",
        "Which of the printed numbers can be right?",
        90,
        ("01",),
        "every table of the survey beside what runs here",
    ),
)


class Map:
    """The table of lessons; a notebook shows it with links, `print` shows it as plain text."""

    def rows(self, prefix: str = "") -> list[str]:
        """The table in Markdown; links go to `prefix` + the notebook's file name."""
        head = ["| | question | you build | minutes | needs |", "|---|---|---|---|---|"]
        return head + [self._row(lesson, prefix) for lesson in LESSONS]

    def _row(self, lesson: Lesson, prefix: str) -> str:
        question = lesson.question
        if lesson.exists:
            question = f"[{question}]({prefix}{lesson.name}.ipynb)"
        needs = ", ".join(lesson.needs) or "–"
        minutes = lesson.minutes if lesson.exists else "in preparation"
        return f"| {lesson.number} | {question} | {lesson.builds} | {minutes} | {needs} |"

    def _repr_markdown_(self) -> str:
        return "\n".join(self.rows())

    def __repr__(self) -> str:
        return "\n".join(f"{lesson.number}  {lesson.question}" for lesson in LESSONS)


def with_table(readme: str) -> str:
    """The text of README.md with the table of lessons as it should be."""
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join(Map().rows("notebooks/"))
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def main(path: Path = ROOT / "README.md") -> None:
    """Bring the table of lessons in README.md up to date."""
    write_atomically(path, with_table(path.read_text("utf-8")).encode())


if __name__ == "__main__":
    main()
