"""Training: it learns, survives a kill, skips what is not finite, and runs in several processes."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import lic_course
from lic_course import cli, images, training
from lic_course.errors import LicError
from lic_course.neural import recipes, weights
from lic_course.neural.export import arrays_of
from lic_course.neural.recipes import Parts, Recipe

SMALL = Parts(N=8, M=12, hyper_N=4)
QUICK = Recipe("hyperprior", SMALL, steps=6, crop=64, batch=2, warm_up=2)
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def pictures():
    return [images.dead_leaves(96, 128, seed) for seed in range(4)]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_loss_falls_from_noise(pictures):
    recipe = Recipe("x", SMALL, steps=80, crop=64, batch=4, start="noise")
    recipe = replace(recipe, warm_up=5, learning_rate=1e-2)
    losses = []
    training.fit(recipe, pictures, report=lambda p: losses.append(p.loss))
    assert len(losses) == 80 and losses[-1] < 0.8 * losses[0]


def test_a_start_from_blocks_is_far_ahead(pictures):
    def first_loss(start):
        recipe = Recipe("x", Parts(N=8, M=48, hyper_N=4), steps=1, crop=64, batch=4, start=start)
        return training.fit(recipe, pictures).progress().loss

    assert first_loss("blocks") < 0.5 * first_loss("noise")


def test_a_start_from_two_weights_takes_what_the_second_lacks_from_the_first(
    pictures, tmp_path, monkeypatch
):
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    (tmp_path / "weights").mkdir()
    context = replace(SMALL, prior="context", width=8, hidden=(10,))
    for seed, (name, parts) in enumerate({"context": context, "hyperprior": SMALL}.items()):
        torch.manual_seed(seed)
        arrays = arrays_of(recipes.build(parts), parts, [torch.rand(1, 3, 64, 64)] * 2)
        weights.store(weights.path_of(name), arrays, {"prior": parts.prior})
    recipe = Recipe("context", context, crop=64, batch=2, start="context+hyperprior")
    own = training.Trainer(recipe, pictures).network.state_dict()
    first, second = (weights.load(weights.path_of(n)).arrays for n in ("context", "hyperprior"))
    assert any(name not in second for name in first if name.startswith("net."))
    for name in (name for name in first if name.startswith("net.")):
        wanted = second.get(name, first[name]).astype(np.float32)
        assert np.array_equal(own[name.removeprefix("net.")].numpy(), wanted)


def test_the_same_seed_gives_the_same_network(pictures):
    one, other = (training.fit(QUICK, pictures).average for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_kill_loses_nothing(pictures, tmp_path):
    """Three steps, a checkpoint, a new process of the mind: the same as six steps at once."""
    whole = training.fit(QUICK, pictures)
    first = training.Trainer(QUICK, pictures)
    for _ in range(3):
        first.advance()
    first.save(tmp_path / "x.pt")
    torch.manual_seed(999)
    resumed = training.fit(QUICK, pictures, tmp_path / "x.pt")
    assert resumed.step == 6
    for name, value in whole.average.items():
        assert torch.equal(resumed.average[name], value), name
    assert os.listdir(tmp_path) == ["x.pt"]  # nothing half-written beside it


def test_a_larger_budget_goes_on(pictures, tmp_path):
    training.fit(QUICK, pictures, tmp_path / "x.pt")
    more = training.fit(replace(QUICK, steps=8), pictures, tmp_path / "x.pt")
    assert more.step == 8


def test_a_checkpoint_of_other_settings_is_refused(pictures, tmp_path):
    training.fit(QUICK, pictures, tmp_path / "x.pt")
    other = replace(QUICK, learning_rate=1e-5)
    with pytest.raises(LicError, match="other settings"):
        training.fit(other, pictures, tmp_path / "x.pt")


def test_a_checkpoint_from_before_a_setting_existed_goes_on(pictures, tmp_path):
    path = tmp_path / "x.pt"
    training.fit(QUICK, pictures, path)
    state = torch.load(path, weights_only=True)
    card = json.loads(state["recipe"])
    del card["parts"]["width"], card["distortion"]
    torch.save(state | {"recipe": json.dumps(card)}, path)
    assert training.fit(replace(QUICK, steps=7), pictures, path).step == 7


def test_a_damaged_checkpoint_is_said(pictures, tmp_path):
    path = tmp_path / "x.pt"
    training.fit(QUICK, pictures, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(LicError, match="cannot be read"):
        training.fit(QUICK, pictures, path)


def test_a_checkpoint_of_another_format_is_said(pictures, tmp_path):
    path = tmp_path / "x.pt"
    training.fit(QUICK, pictures, path)
    torch.save(torch.load(path, weights_only=True) | {"recipe": "Recipe(name='x')"}, path)
    with pytest.raises(LicError, match="cannot be read"):
        training.fit(QUICK, pictures, path)


def test_polishing_lowers_the_rate_and_leaves_the_transform(pictures):
    """Scales that are e times too large come down again."""

    @torch.no_grad()
    def rate(network):
        x = training.Crops(pictures, 64, 8, seed=5).next()
        return network.eval()(x, torch.full((8,), 3.5)).rate.mean().item()

    trainer = training.fit(replace(QUICK, steps=1), pictures)
    spoiled = trainer.result().requires_grad_(False)
    spoiled.prior.h_s[-1].bias[12:] += 1.0
    trainer.average = {k: v.clone() for k, v in spoiled.state_dict().items()}
    trainer.recipe = replace(QUICK, steps=60, polish=1.0, learning_rate=2e-2)
    polished = training.polish(trainer, pictures).result()
    assert rate(polished) < 0.9 * rate(spoiled)
    before, after = spoiled.state_dict(), polished.state_dict()
    changed = {name.split(".")[0] for name in after if not torch.equal(before[name], after[name])}
    assert changed == {"prior"}


def test_polishing_resumes_too(pictures, tmp_path):
    recipe = replace(QUICK, polish=1.0)
    whole = training.polish(training.fit(recipe, pictures), pictures)
    first = training.fit(recipe, pictures)
    begun = training.PriorTrainer(recipe, pictures, "cpu", first.result())
    for _ in range(3):
        begun.advance()
    begun.save(tmp_path / "x.prior.pt")
    resumed = training.polish(first, pictures, tmp_path / "x.pt")
    assert resumed.step == 6
    for name, value in whole.average.items():
        assert torch.equal(resumed.average[name], value), name


def test_no_budget_is_no_step(pictures):
    assert training.fit(replace(QUICK, steps=0, minutes=0.0), pictures).step == 0


def test_a_card_tells_of_the_polishing(tmp_path):
    target = tmp_path / "hyperprior.safetensors"
    training.train_weights(replace(QUICK, polish=1.0), None, target, tmp_path / "x.pt")
    card = weights.load(target).card
    assert (card["steps"], card["prior_steps"]) == (6, 6)


def test_steps_that_are_not_finite_are_skipped_and_counted(pictures, monkeypatch):
    trainer = training.Trainer(QUICK, pictures)
    trainer.advance()
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    loss_of = trainer.loss_of
    monkeypatch.setattr(trainer, "loss_of", lambda x: (loss_of(x)[0] * math.nan, 1.0, 30.0))
    trainer.advance()
    assert trainer.skipped == 1 and trainer.step == 2
    after = trainer.network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_averages_follow_the_network(pictures):
    trainer = training.Trainer(QUICK, pictures)
    start = {name: value.clone() for name, value in trainer.average.items()}
    trainer.advance()
    name = "transform.g_a.1.weight"
    now, average = trainer.network.state_dict()[name], trainer.average[name]
    keep = min(QUICK.ema, 1 / 10)
    torch.testing.assert_close(average, keep * start[name] + (1 - keep) * now)


def test_weights_come_with_a_card(pictures, tmp_path, monkeypatch):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, picture in enumerate(pictures):
        images.write(folder / f"{number}.png", np.tile(picture, (3, 3, 1)))
    (tmp_path / "photos.csv").write_text("file,licence\n0.png,CC0\n1.png,CC0\n2.png,MIT\n3.png,\n")
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    target = weights.path_of("hyperprior")
    mark = training.train_weights(QUICK, folder, target, tmp_path / "x.pt")
    card = json.loads(target.with_suffix(".json").read_text())
    assert card["fingerprint"] == mark and card["steps"] == 6 and card["seconds"] >= 0
    assert card["data"]["licenses"] == {"CC0": 2, "MIT": 1, "?": 1}
    assert card["recipe"]["parts"]["N"] == 8 and card["package"] == lic_course.__version__
    assert recipes.build(card["recipe"]).transform.M == 12
    assert weights.load(target).fingerprint.hex() == mark


def test_training_goes_on_from_weights(pictures, tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    large = [np.tile(picture, (3, 3, 1)) for picture in pictures]
    monkeypatch.setattr(training, "pictures_in", lambda folder: large)
    path = weights.path_of("hyperprior")
    training.train_weights(QUICK, None, path, tmp_path / "x.pt")
    recipe = Recipe("factorized", Parts(N=8, M=12, prior="factorized"), start="hyperprior")
    network = training.Trainer(recipe, large).network
    stored = weights.load(path).arrays["net.transform.P.1.weight"]
    assert np.array_equal(network.transform.P[1].weight.detach().numpy(), stored.astype("f4"))


def test_pictures_that_do_not_fit_are_said(tmp_path):
    with pytest.raises(LicError, match="no color pictures"):
        training.pictures_in(tmp_path)
    with pytest.raises(LicError, match="as large as a crop"):
        training.Crops([np.zeros((50, 300, 3), np.uint8)], 64, 1, 0)


def test_crops_show_all_of_a_picture_in_all_eight_positions():
    picture = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    crops = training.Crops([picture], 16, 1, 0)
    assert len({crops.crop(16).tobytes() for _ in range(200)}) == 8


def test_the_queue_shows_what_is_missing_first(tmp_path, monkeypatch, capsys):
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("LIC_DATA", str(tmp_path))
    assert cli.main(["train", "--list"]) == 0
    assert capsys.readouterr().out.count("missing") == len(recipes.RECIPES)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "telepathy"],
        ["train", "hyperprior", "--data", "no-such-folder"],
        ["train", "hyperprior", "--output", "no-such-folder/x.safetensors"],
        ["check-exact", "--codec", "jpeg"],
    ],
)
def test_mistakes_get_one_sentence(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


SCRIPT = """
import sys, torch
from lic_course import images, training
from lic_course.neural.recipes import Parts, Recipe
torch.set_num_threads(1)
pictures = [images.dead_leaves(96, 128, seed) for seed in range(4)]
recipe = Recipe("x", Parts(N=8, M=12, hyper_N=4), steps=3, crop=64, batch=4, warm_up=2)
trainer = training.fit(recipe, pictures)
assert trainer.processes == 2 and trainer.crops.batch == 2
torch.save(trainer.network.state_dict(), f"{sys.argv[1]}/{trainer.rank}.pt")
"""


def test_two_processes_train_one_network(tmp_path):
    """torchrun: each process has its own crops, and both end with the same weights."""
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        str(script), str(tmp_path),
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    one, other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(one[name], other[name]) for name in one)
