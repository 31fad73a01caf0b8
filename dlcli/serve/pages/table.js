const { element, svg, short } = dlcli;
let drawn = null;
const inputs = run.features.map((name, index) => {
  const [low, high] = run.ranges[index];
  const label = element("label", { class: "slider" }, at("sliders"), `${name} `);
  const input = element("input", { type: "range", min: low, max: high, step: (high - low) / 200, value: run.mean[index] }, label);
  return [input, element("span", {}, label)];
});
const values = () => inputs.map(([input]) => Number(input.value));

const predict = latest(async () => {
  const features = values();
  inputs.forEach(([, text], index) => (text.textContent = short(features[index])));
  if (drawn) {
    drawn.clear();
    drawn.dot(features, { r: 6, fill: "#ffffff", stroke: "#000000", "stroke-width": 2 });
  }
  const found = await post("predict", { features });
  if (!found.classes) {
    at("heading").textContent = "prediction";
    at("value").textContent = `${found.target} = ${short(found.value)}`;
    return;
  }
  const order = [...found.classes.keys()].sort((one, other) => found.probabilities[other] - found.probabilities[one]).slice(0, 10);
  dlcli.bars(at("probabilities"), order.map((index) => [found.classes[index], found.probabilities[index]]), 0);
});
const showPlane = latest(async () => {
  const found = await post("plane", {});
  at("plane-part").hidden = false;
  drawn = plane(at("plane"), { x: run.ranges[0], y: run.ranges[1], image: found.image, label: `${run.features[0]} and ${run.features[1]}`, names: run.features });
  run.classes.forEach((name, index) => {
    const entry = element("span", {}, at("legend"));
    element("span", { class: "swatch" }, entry).style.borderTopColor = found.colors[index];
    entry.append(name);
  });
  const choose = (event) => {
    drawn.place(event).forEach((value, index) => (inputs[index][0].value = value));
    predict();
  };
  drawn.picture.addEventListener("pointerdown", choose);
  drawn.picture.addEventListener("pointermove", (event) => event.buttons && choose(event));
  predict();
});
for (const [input] of inputs) input.addEventListener("input", () => predict());
predict();
if (run.actions.includes("plane")) showPlane();
