"""What is served of each kind of run, against the commands of the same techniques."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

import dlcli
from dlcli.errors import UsageError
from dlcli.optim.surfaces import SURFACES
from dlcli.serve import subject
from dlcli.serve.kinds import diffusion
from dlcli.techniques.opening import open_run


def response(served, name, **body):
    """The response of an entry of the API."""
    action = served.actions[name]
    [found] = action.call([action.model(**body)])
    return found


def pixels(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_a_gan_generates_what_sample_does(gan_run):
    served = subject.of_run(open_run(gan_run))
    found = response(served, "generate", seed=5)
    assert found["classes"] == [str(number) for number in range(10)]
    expected = dlcli.load(gan_run).sample(count=1, seed=5, class_="0")
    np.testing.assert_array_equal(pixels(found["images"][0]), expected[0, ..., 0])
    same = response(served, "generate", latent=found["latent"])
    assert np.abs(pixels(same["images"][3]).astype(int) - pixels(found["images"][3])).max() <= 1


def test_influence_orders_the_latent_dimensions(autoencoder_run):
    served = subject.of_run(open_run(autoencoder_run))
    found = response(served, "influence")
    assert sorted(found["dimensions"]) == [0, 1, 2]
    assert found["change"] == sorted(found["change"], reverse=True)
    assert len(response(served, "generate", seed=1)["images"]) == 1


def test_an_image_is_encoded_and_decoded_as_the_learner_does(plain_autoencoder_run):
    run = open_run(plain_autoencoder_run)
    served = subject.of_run(run)
    found = response(served, "encode", index=3)
    image = pixels(found["original"])[None, ..., None]
    expected = np.asarray(run.learner.reconstruct(image))[0, ..., 0]
    np.testing.assert_array_equal(pixels(found["image"]), expected)
    assert found["error"] == pytest.approx(np.square((image[0, ..., 0] - expected.astype(float)) / 255).mean())
    assert response(served, "encode", image=found["original"])["code"] == found["code"]
    again = pixels(response(served, "decode", code=found["code"])["image"])
    assert np.abs(again.astype(int) - expected).max() <= 1


def test_the_sliders_of_codes_have_the_range_of_the_codes(plain_autoencoder_run):
    run = open_run(plain_autoencoder_run)
    served = subject.of_run(run)
    found = response(served, "dimensions")
    low, high = np.transpose(found["ranges"])
    code = np.array(response(served, "encode", index=7)["code"])[found["dimensions"]]
    assert (low <= code + 1e-3).all()
    assert (code - 1e-3 <= high).all()
    assert len(low) == found["size"] == 3


def test_several_images_have_the_codes_of_single_ones(plain_autoencoder_run):
    action = subject.of_run(open_run(plain_autoencoder_run)).actions["encode"]
    bodies = [action.model(index=each) for each in (0, 4, 2)]
    together, alone = action.call(bodies), [action.call([each])[0] for each in bodies]
    np.testing.assert_allclose([each["code"] for each in together], [each["code"] for each in alone], atol=2e-4)


def test_an_image_outside_the_validation_split_is_an_error(plain_autoencoder_run):
    with pytest.raises(UsageError, match="index must be at most"):
        response(subject.of_run(open_run(plain_autoencoder_run)), "encode", index=10_000)


def test_a_latent_vector_of_another_size_is_an_error(gan_run):
    with pytest.raises(UsageError, match="must have 4 numbers, got 1"):
        response(subject.of_run(open_run(gan_run)), "generate", latent=[0.0])


def test_a_density_is_generated_as_points(gan_density_run):
    served = subject.of_run(open_run(gan_density_run))
    assert np.shape(response(served, "points")["points"]) == (500, 2)
    assert np.shape(response(served, "generate", seed=1)["point"]) == (2,)


def test_the_last_frame_of_a_diffusion_model_is_its_sample(diffusion_run):
    served = subject.of_run(open_run(diffusion_run))
    found = response(served, "denoise", seed=2, sampler_steps=5)
    expected = dlcli.load(diffusion_run).sample(count=1, seed=2, sampler_steps=5)
    difference = pixels(found["x"][-1]).astype(int) - expected[0, ..., 0]
    assert np.abs(difference).max() <= 1
    assert found["timesteps"] == sorted(found["timesteps"], reverse=True)
    assert found["x"][-1] == found["x0"][-1]


def test_waiting_requests_of_a_sampler_are_one_batch_of_a_diffusion_model(diffusion_run, monkeypatch):
    action = subject.of_run(open_run(diffusion_run)).actions["denoise"]
    calls, trajectories = [], diffusion.trajectories

    def counted(learner, config):
        compute = trajectories(learner, config)
        return lambda *given: calls.append((config.sampler, len(given[0]))) or compute(*given)

    monkeypatch.setattr(diffusion, "trajectories", counted)
    bodies = [action.model(seed=seed, sampler="ddpm", sampler_steps=5) for seed in (2, 3, 4)]
    bodies.insert(1, action.model(seed=2, sampler_steps=5))
    together = action.call(bodies)
    assert calls == [("ddpm", diffusion._BATCH), ("ddim", 1)]
    for found, body in zip(together, bodies, strict=True):
        [alone] = action.call([body])
        assert found["timesteps"] == alone["timesteps"]
        for one, other in zip(found["x"] + found["x0"], alone["x"] + alone["x0"], strict=True):
            assert np.abs(pixels(one).astype(int) - pixels(other)).max() <= 1


def test_a_class_needs_a_conditional_run(diffusion_run):
    with pytest.raises(UsageError, match="--conditional"):
        response(subject.of_run(open_run(diffusion_run)), "denoise", class_="1")


def test_the_frames_of_a_density_are_points(diffusion_density_run):
    found = response(subject.of_run(open_run(diffusion_density_run)), "denoise", sampler_steps=5)
    assert np.shape(found["x"]) == (6, 300, 2)
    assert np.shape(found["modes"])[1] == 2


def test_nearest_words_are_those_of_predict(word2vec_run):
    served = subject.of_run(open_run(word2vec_run))
    word = served.kind.data["first"]
    found = response(served, "nearest", word=word, top=4)
    [expected] = dlcli.load(word2vec_run).predict(nearest=[word], top=4)
    assert [each for each, _ in found["answers"]] == [each for each, _ in expected.answers]
    assert set(found["words"]) >= {word, *(each for each, _ in found["answers"])}
    assert np.shape(found["positions"]) == (len(found["words"]), 2)


def test_an_analogy_is_that_of_predict(word2vec_run):
    served = subject.of_run(open_run(word2vec_run))
    words = served.kind.data["words"][:3]
    found = response(served, "analogy", first=words[0], second=words[1], third=words[2], top=2)
    [expected] = dlcli.load(word2vec_run).predict(analogy=words, top=2)
    assert [each for each, _ in found["answers"]] == [each for each, _ in expected.answers]


def test_a_row_gets_the_probabilities_of_predict(mlp_run):
    served = subject.of_run(open_run(mlp_run))
    found = response(served, "predict", features=[0.5, -0.25])
    [expected] = dlcli.load(mlp_run).predict("0.5,-0.25")
    assert dict(zip(found["classes"], found["probabilities"], strict=True)) == pytest.approx(dict(expected.answers))
    assert pixels(response(served, "plane")["image"]).shape[-1] == 3


def test_the_paths_are_those_of_the_figure():
    found = response(
        subject.surfaces(),
        "descend",
        surface="ravine",
        start=[-2.5, 1.0],
        optimizers=[{"name": "momentum", "learning_rate": 0.01}, {"name": "adam", "learning_rate": 0.1}],
        steps=50,
    )
    figure = dlcli.draw("optimizer-surface", surface="ravine", optimizers="momentum:0.01,adam:0.1", steps=50)
    for one, other in zip(found["paths"], figure.numbers["optimizers"], strict=True):
        np.testing.assert_allclose(one["points"][-1], other["end"], atol=1e-4)


def test_a_path_that_diverges_ends_there():
    optimizers = [{"name": "sgd", "learning_rate": 10.0}]
    found = response(subject.surfaces(), "descend", surface="rosenbrock", start=[-1.5, 1.0], optimizers=optimizers)
    assert found["paths"][0]["diverged"]
    assert np.isfinite(found["paths"][0]["points"]).all()


@pytest.mark.parametrize("name", SURFACES)
def test_each_surface_has_a_picture_and_its_minima(name):
    found = response(subject.surfaces(), "surface", surface=name)
    assert pixels(found["image"]).shape == (301, 301, 3)
    kinds = [each["kind"] for each in found["stationary"]]
    assert "minimum" in kinds or "flat" in kinds
