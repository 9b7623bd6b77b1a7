"""The command line: round trips, help, and one sentence for every mistake."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lic_course
from lic_course import cli, images, launch
from lic_course.files import ROOT


@pytest.fixture
def folder(tmp_path, monkeypatch, color_picture):
    """A folder of the learner, with a photograph in it."""
    monkeypatch.chdir(tmp_path)
    images.write("photo.png", color_picture)
    return tmp_path


def ok(capsys, *arguments: str) -> str:
    """What a command that succeeds prints."""
    assert cli.main(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def mistake(capsys, *arguments: str) -> str:
    """The sentence that a command with a mistake in it prints."""
    before = set(Path().rglob("*"))
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    assert set(Path().rglob("*")) == before, "a file was left behind"
    return err


def test_round_trip(folder, capsys, color_picture):
    said = ok(capsys, "encode", "photo.png", "photo.lic", "--codec", "jpeg", "--quality", "60")
    data = Path("photo.lic").read_bytes()
    assert data == lic_course.encode(color_picture, "jpeg", 60)
    assert f"{len(data)} bytes" in said
    ok(capsys, "decode", "photo.lic", "back.png")
    assert np.array_equal(images.read("back.png"), lic_course.decode(data))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "tif", "gif", "ppm"])
def test_any_picture_that_pillow_reads(folder, capsys, gray_picture, suffix):
    Image.fromarray(gray_picture).save(f"other.{suffix}")
    ok(capsys, "encode", f"other.{suffix}", "other.lic", "--codec", "png")
    ok(capsys, "decode", "other.lic", "back.png")
    assert np.array_equal(images.read("back.png"), images.read(f"other.{suffix}"))


def test_targets(folder, capsys, color_picture):
    ok(capsys, "encode", "photo.png", "a.lic", "--target-bpp", "1.5")
    assert Path("a.lic").stat().st_size * 8 <= 1.5 * color_picture[..., 0].size
    ok(capsys, "encode", "photo.png", "b.lic", "--target-psnr", "30")
    assert (
        lic_course.metrics.psnr(color_picture, lic_course.decode(Path("b.lic").read_bytes())) >= 30
    )


def test_info_adds_up_to_the_file(folder, capsys):
    ok(capsys, "encode", "photo.png", "photo.lic")
    said = ok(capsys, "info", "photo.lic")
    info = lic_course.info(Path("photo.lic").read_bytes())
    assert "96×120 color" in said
    for number in (info.header, *info.segments.values(), info.nbytes):
        assert str(number) in said


def test_codecs_are_a_table(capsys):
    said = ok(capsys, "codecs")
    for codec in lic_course.codecs():
        assert codec.name in said


def test_codecs_say_why_one_cannot_run(capsys, monkeypatch):
    codec = lic_course.codec.get("avif")
    monkeypatch.setattr(type(codec), "unavailable", lambda self: "no library")
    assert "no library" in ok(capsys, "codecs").replace("│", "").replace("\n", "")


def test_evaluate_writes_results(folder, capsys):
    arguments = ("--codec", "jpeg", "--folder", ".", "--quality", "20,50", "--output", "x.json")
    said = ok(capsys, "evaluate", *arguments)
    results = json.loads(Path("x.json").read_text())
    assert results["codec"] == "jpeg" and "means of 1 pictures" in said
    assert "20" in said and "50" in said


def test_evaluate_times(capsys):
    arguments = ("--codec", "jpeg", "--timing", "--repetitions", "1")
    assert "encode" in ok(capsys, "evaluate", *arguments)


def test_data(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LIC_CACHE", str(tmp_path))
    monkeypatch.delenv("LIC_DATASETS", raising=False)
    said = ok(capsys, "data", "list")
    for name in lic_course.datasets.DATASETS:
        assert name in said
    assert "lic data fetch kodak" in mistake(capsys, "data", "path", "kodak")
    mistake(capsys, "data", "fetch", "no-such-set")


def test_build_check_says_that_all_is_well_or_what_differs(capsys, monkeypatch):
    monkeypatch.setattr(lic_course.notebooks, "build", lambda lessons, check: [])
    assert "as their sources say" in ok(capsys, "build", "--check")
    monkeypatch.setattr(lic_course.notebooks, "build", lambda lessons, check: ["02 differs"])
    assert cli.main(["build", "--check"]) == 1
    assert capsys.readouterr().out == "02 differs\n"
    assert cli.main(["build", "02"]) == 0


def test_release(folder, capsys):
    said = ok(capsys, "release", "01", "--output", "assignments")
    assert all(Path(line).is_file() for line in said.splitlines())


def test_grade(folder, capsys, monkeypatch):
    Path("handed_in.ipynb").write_text("not a notebook")
    said = ok(capsys, "grade", "handed_in.ipynb", "--output", "marks.csv")
    assert said.startswith("marks.csv: ") and Path("marks.csv").is_file()


COMMANDS = [[name] for name in cli.commands.commands if name != "data"]
COMMANDS += [["data", name] for name in cli.data.commands]


@pytest.mark.parametrize("command", [[], ["data"], *COMMANDS], ids=" ".join)
def test_help_has_an_example(capsys, command):
    said = ok(capsys, *command, "--help")
    assert said.startswith("Usage: lic") and "Example" in said
    assert "".join(f" {word}" for word in ["lic", *command]) in said.split("Example")[1].replace(
        "\n", " "
    )


def test_without_a_command_there_is_help(capsys):
    assert "Commands:" in ok(capsys)


MISTAKES = [
    ["encode", "missing.png", "out.lic"],
    ["encode", "notes.txt", "out.lic"],
    ["encode", "empty.png", "out.lic"],
    ["encode", "photo.png", "no/such/folder/out.lic"],
    ["encode", "photo.png", "."],
    ["encode", "photo.png", "out.lic", "--codec", "no-such-codec"],
    ["encode", "photo.png", "out.lic", "--quality", "0"],
    ["encode", "photo.png", "out.lic", "--quality", "nan"],
    ["encode", "photo.png", "out.lic", "--quality", "many"],
    ["encode", "photo.png", "out.lic", "--quality", "5", "--target-bpp", "1"],
    ["encode", "photo.png", "out.lic", "--target-bpp", "0.0001"],
    ["encode", "photo.png", "out.lic", "--target-psnr", "99"],
    ["encode", "photo.png", "out.lic", "--no-such-option"],
    ["encode", "photo.png"],
    ["decode", "missing.lic", "out.png"],
    ["decode", "photo.png", "out.png"],
    ["decode", "damaged.lic", "out.png"],
    ["decode", "photo.lic", "out.jpg"],
    ["decode", "photo.lic", "out.png", "--max-pixels", "100"],
    ["info", "missing.lic"],
    ["info", "damaged.lic"],
    ["info", "."],
    ["evaluate", "--codec", "jpeg", "--folder", "missing"],
    ["evaluate", "--codec", "jpeg", "--folder", ".", "--quality", "a,b"],
    ["evaluate", "--codec", "no-such-codec"],
    ["evaluate", "--codec", "jpeg", "--folder", ".", "--output", "no/such/folder/x.json"],
    ["data", "path", "no-such-set"],
    ["build", "no-such-lesson"],
    ["release", "no-such-lesson", "--output", "assignments"],
    ["grade", "missing.ipynb", "--output", "marks.csv"],
    ["no-such-command"],
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_mistakes_are_one_sentence_and_leave_nothing(folder, capsys, arguments):
    Path("notes.txt").write_text("words")
    Path("empty.png").touch()
    data = lic_course.encode(images.read("photo.png"))
    Path("photo.lic").write_bytes(data)
    Path("damaged.lic").write_bytes(data[:100] + b"?" + data[101:])
    sentence = mistake(capsys, *arguments)
    assert sentence.strip().endswith((".", "--help"))


def test_a_full_disk_is_one_sentence(folder, capsys, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(lic_course.files, "write_atomically", full)
    assert "No space left" in mistake(capsys, "encode", "photo.png", "out.lic")


def test_control_c_is_quiet(capsys, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(lic_course.codec, "codecs", stopped)
    assert cli.main(["codecs"]) == 130
    assert capsys.readouterr().err.strip().endswith("Stopped.")


def test_lab_and_test_pass_everything_on(monkeypatch, capsys):
    started = []
    monkeypatch.setattr(launch, "run", lambda command, *rest: started.append(command) or 3)
    monkeypatch.setattr("os.geteuid", lambda: 1000, raising=False)
    assert cli.main(["lab", "--no-browser", "--port", "8890"]) == 3
    assert started[0][-3:] == ["--no-browser", "--port", "8890"]
    assert cli.main(["test", "-k", "jpeg", "--durations=3"]) == 3
    assert {"-k", "jpeg", "--durations=3"} < set(started[1])


def test_test_says_why_numbers_are_not_compared(monkeypatch, capsys):
    monkeypatch.setattr(launch, "run", lambda *arguments: 0)
    monkeypatch.setattr(launch, "other_versions", lambda: ["numpy is 3.0, not 2.4.6"])
    assert "not compared: numpy is 3.0, not 2.4.6." in ok(capsys, "test")


def test_lab_as_root_needs_the_option(folder, monkeypatch, capsys):
    monkeypatch.setattr("os.geteuid", lambda: 0, raising=False)
    assert "--allow-root" in mistake(capsys, "lab")


def test_a_module_run_from_the_clone_is_the_same_program(tmp_path):
    command = [sys.executable, "-m", "lic_course", "encode", "missing.png", str(tmp_path / "x.lic")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr == "missing.png: No such file or directory.\n"


def test_a_closed_pipe_is_no_error():
    command = [sys.executable, "-m", "lic_course.cli", "codecs"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait()


def test_the_command_itself_loads_nothing_heavy():
    code = "import sys; from lic_course import cli; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert not {"numpy", "torch", "PIL", "rich"} & set(result.stdout.split())
