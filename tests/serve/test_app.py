import asyncio
import base64
import io
import threading

import jax
import numpy as np
import pytest
from PIL import Image

import dlcli
from dlcli.errors import UsageError
from dlcli.serve import subject
from dlcli.serve.action import Action, NoBody
from dlcli.serve.options import Serve
from dlcli.serve.worker import WAITING, Busy, Worker
from dlcli.techniques.opening import open_run
from dlcli.text_models.generation import Generator

testclient = pytest.importorskip("starlette.testclient")
app = pytest.importorskip("dlcli.serve.app")


def client(folder, **options):
    served = app.application(Serve(run=str(folder), **options), subject.of_run(open_run(folder)))
    base = "http://testserver" if options.get("host") else "http://127.0.0.1"
    return testclient.TestClient(served, base_url=base)


@pytest.fixture(scope="module")
def digits(cnn_run):
    return client(cnn_run)


def image(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_an_image_gets_the_probabilities_of_predict(digits, cnn_run):
    pixels = np.random.default_rng(0).integers(256, size=(8, 8), dtype=np.uint8)
    found = digits.post("/api/explain", json={"image": image(pixels)}).json()
    [expected] = dlcli.load(cnn_run).predict(pixels, top=10)
    by_class = dict(zip(found["classes"], found["probabilities"], strict=True))
    assert by_class == pytest.approx(dict(expected.answers), abs=1e-5)
    assert found["explained"] == expected.answers[0][0]
    assert found["grad_cam"].startswith("data:image/png;base64,")


def test_tokens_get_the_probabilities_of_score(rnn_run):
    found = client(rnn_run).post("/api/tokens", json={"text": "the slithy toves"}).json()
    [expected] = dlcli.load(rnn_run).score("the slithy toves")
    np.testing.assert_allclose(np.log(found["probabilities"]), expected.log_probabilities, rtol=1e-4, atol=1e-4)


def test_a_continuation_is_that_of_sample(rnn_run):
    body = {"prompt": "the", "max_new_tokens": 5, "seed": 3, "temperature": 1.0, "top_p": 0.9}
    found = client(rnn_run).post("/api/sample", json=body).json()
    assert [found["prompt"] + found["text"]] == dlcli.load(rnn_run).sample(**body)


def test_a_translation_has_an_attention(transformer_run):
    served = client(transformer_run)
    found = served.post("/api/predict", json={"text": "twenty"}).json()
    weights = served.post("/api/attention", json={"text": "twenty"}).json()
    assert found["predictions"]
    assert len(weights["weights"]) == np.prod(weights["shape"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"image": "no base64"},
        {"image": image(np.zeros((8, 8), np.uint8)), "class_": "x"},
        {"image": "", "run": "/"},
        [],
    ],
)
def test_an_invalid_body_is_answered_with_an_error(digits, body):
    response = digits.post("/api/explain", json=body)
    assert response.status_code == 400
    assert set(response.json()["error"]) == {"kind", "message", "hint"}


def test_another_host_name_is_refused(digits):
    assert digits.get("/", headers={"host": "attacker.example:8000"}).status_code == 421


def test_a_body_that_is_not_json_is_refused_before_it_is_read(digits):
    assert digits.post("/api/explain", content="{}", headers={"content-type": "text/plain"}).status_code == 415


def test_a_large_body_is_refused(digits):
    response = digits.post("/api/explain", content=b"x" * (5 * 2**20), headers={"content-type": "application/json"})
    assert response.status_code == 413


def test_a_large_body_without_a_length_is_refused(digits):
    parts = (b"x" * 2**20 for _ in range(6))
    response = digits.post("/api/explain", content=parts, headers={"content-type": "application/json"})
    assert response.status_code == 400


def test_no_response_allows_another_origin(digits):
    response = digits.get("/api/run", headers={"origin": "http://attacker.example"})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


def test_a_token_is_needed_in_the_header_the_address_or_the_cookie(cnn_run):
    served = client(cnn_run, host="0.0.0.0", token="a-token-of-24-characters")
    assert served.get("/api/run").status_code == 401
    assert served.get("/api/run", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert served.get("/api/run", headers={"authorization": "Bearer a-token-of-24-characters"}).status_code == 200
    assert served.get("/?token=a-token-of-24-characters").status_code == 200
    assert served.get("/api/run").status_code == 200  # the cookie of the response before


def test_the_description_of_the_api_has_every_action(digits, cnn_run):
    found = digits.get("/openapi.json").json()
    assert set(found["paths"]) == {"/api/run", *(f"/api/{name}" for name in subject.of_run(open_run(cnn_run)).actions)}
    schema = found["paths"]["/api/explain"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["image"]


def test_the_page_loads_only_its_own_files(digits):
    page = digits.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/page.css", "/widgets.js", "/page.js"):
        assert f'"{path}"' in page.text
        assert digits.get(path).status_code == 200


def test_a_run_that_is_no_network_is_a_usage_error(tokenizer_run):
    with pytest.raises(UsageError, match="a run of a network"):
        subject.of_run(open_run(tokenizer_run))


def test_a_full_queue_is_refused():
    async def main():
        worker, gate = Worker(), threading.Event()
        action = Action("", NoBody, lambda bodies: [{} for _ in bodies if gate.wait()])
        running = asyncio.create_task(worker.run(action, NoBody()))
        await asyncio.sleep(0.1)
        waiting = [asyncio.create_task(worker.run(action, NoBody())) for _ in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await worker.run(action, NoBody())
        gate.set()
        assert await asyncio.gather(running, *waiting) == [{}] * (1 + WAITING)
        worker.close()

    asyncio.run(main())


def test_waiting_requests_of_one_action_are_computed_at_once():
    async def main():
        worker, gate, sizes = Worker(), threading.Event(), []

        def call(bodies):
            gate.wait()
            sizes.append(len(bodies))
            return [{"number": body} for body in bodies]

        action, other = Action("", NoBody, call, batch=3), Action("", NoBody, call, batch=3)
        tasks = [asyncio.create_task(worker.run(action, -1))]
        await asyncio.sleep(0.1)
        tasks += [asyncio.create_task(worker.run(other if number == 1 else action, number)) for number in range(5)]
        await asyncio.sleep(0)
        gate.set()
        assert await asyncio.gather(*tasks) == [{"number": number} for number in range(-1, 5)]
        assert sizes == [1, 3, 1, 1]
        worker.close()

    asyncio.run(main())


def test_an_invalid_body_does_not_spoil_its_batch():
    async def main():
        worker = Worker()

        def call(bodies):
            if "bad" in bodies:
                raise UsageError("bad")
            return [{} for _ in bodies]

        action = Action("", NoBody, call, batch=8)
        found = await asyncio.gather(
            *(worker.run(action, each) for each in ("good", "bad", "good")), return_exceptions=True
        )
        assert [type(each) for each in found] == [dict, UsageError, dict]
        worker.close()

    asyncio.run(main())


def test_predictions_of_several_requests_are_those_of_one(digits, cnn_run):
    images = np.random.default_rng(1).integers(256, size=(3, 8, 8), dtype=np.uint8)
    body = subject.of_run(open_run(cnn_run)).actions["predict"]
    together = body.call([body.model(image=image(each)) for each in images])
    alone = [digits.post("/api/predict", json={"image": image(each)}).json() for each in images]
    for one, other in zip(together, alone, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)


def test_waiting_texts_are_one_batch_with_the_texts_of_single_requests(rnn_run, monkeypatch):
    action = subject.of_run(open_run(rnn_run)).actions["sample"]
    sizes, blocks = [], Generator.blocks
    monkeypatch.setattr(
        Generator, "blocks", lambda self, prompts, *rest: sizes.append(len(prompts)) or blocks(self, prompts, *rest)
    )
    common = {"temperature": 1.0, "top_p": 0.9}
    bodies = [
        {"prompt": "the", "max_new_tokens": 5, "seed": 3, **common},
        {"prompt": "all mimsy", "max_new_tokens": 40, "seed": 1, **common},
        {"prompt": "", "max_new_tokens": 7, "seed": 3, "temperature": 0.5, "top_p": 0.99},
        {"prompt": "the", "max_new_tokens": 4, "temperature": 0.0},
    ]
    found = action.call([action.model(**each) for each in bodies])
    assert sizes == [8, 1]  # three texts are sampled, one is greedy
    run = dlcli.load(rnn_run)
    for each, body in zip(found, bodies, strict=True):
        assert [each["prompt"] + each["text"]] == run.sample(**body)


def test_another_text_and_other_settings_compile_nothing(rnn_run, compilations):
    served = client(rnn_run)
    body = {"prompt": "the", "max_new_tokens": 3, "top_p": 0.9}
    served.post("/api/tokens", json={"text": "the slithy toves"})
    served.post("/api/sample", json=body)
    jax.jit(lambda x: x * 3 + 1)(2.0)  # a compilation, to see that they are logged
    before = compilations()
    assert before
    served.post("/api/tokens", json={"text": "all mimsy"})
    served.post("/api/sample", json={**body, "prompt": "all mimsy", "temperature": 0.5, "top_p": 0.7})
    assert compilations() == before


def test_a_port_in_use_is_a_usage_error(dlcli, cnn_run):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = dlcli("serve", cnn_run, "--port", taken.getsockname()[1])
    assert code == 2
    assert "in use" in err
