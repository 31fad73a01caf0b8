const { element } = dlcli;
let frames = null, playing = 0, planes = {};

const options = (id, values, chosen) => {
  for (const value of values) element("option", { value }, at(id), value);
  if (values.includes(chosen)) at(id).value = chosen;
};
options("class", run.classes, run.classes[0]);
options("sampler", run.samplers, "ddim");
options("steps", run.steps, 25);
options("scale", run.scales, 1);
at("class-part").hidden = at("scale-part").hidden = run.classes.length === 0;
if (run.classes.length) at("class").options[0].remove();

const draw = () => {
  if (!frames) return;
  const number = Number(at("frame").value);
  at("frame-value").textContent = `${number} of ${frames.timesteps.length - 1}, t = ${frames.timesteps[number]}`;
  for (const name of ["x", "x0"]) {
    if (run.density) {
      planes[name] ??= plane(at(name), { ...around([...frames.x[0], ...frames.modes]), label: name, equal: true, names: ["x", "y"] });
      planes[name].clear();
      for (const mode of frames.modes) planes[name].dot(mode, { r: 5, fill: "none", stroke: "currentColor" });
      for (const point of frames[name][number]) planes[name].dot(point, { r: 2, fill: "var(--accent)", "fill-opacity": 0.7 });
      continue;
    }
    const image = at(name).querySelector("img") ?? element("img", { class: "pixelated generated", alt: name === "x" ? "state of the reverse process" : "predicted x_0" }, at(name));
    image.src = frames[name][number];
  }
};
const stop = () => {
  clearInterval(playing);
  playing = 0;
  at("play").textContent = "play";
};
const play = () => {
  if (playing) return stop();
  const frame = at("frame");
  if (Number(frame.value) >= Number(frame.max)) frame.value = 0;
  at("play").textContent = "pause";
  playing = setInterval(() => {
    frame.value = Number(frame.value) + 1;
    draw();
    if (Number(frame.value) >= Number(frame.max)) stop();
  }, Math.max(60, 3000 / Math.max(1, Number(frame.max))));
  draw();
};
const denoise = latest(async () => {
  stop();
  frames = await post("denoise", {
    seed: Number(at("seed").value), class_: run.classes.length ? at("class").value : "", sampler: at("sampler").value,
    sampler_steps: Number(at("steps").value), guidance_scale: Number(at("scale").value),
  });
  planes = {};
  at("frame").max = frames.timesteps.length - 1;
  at("frame").value = frames.timesteps.length - 1;
  draw();
});
at("frame").addEventListener("input", () => {
  stop();
  draw();
});
at("play").addEventListener("click", play);
for (const id of ["class", "sampler", "steps", "scale", "seed"]) at(id).addEventListener("change", () => denoise());
at("random").addEventListener("click", () => {
  at("seed").value = Math.floor(Math.random() * 2 ** 31);
  denoise();
});
denoise();
