const { element, svg, short, color } = dlcli;
const signs = { minimum: "★", saddle: "✖", maximum: "▲", flat: "■" };
let shown = null, drawn = null, start = null, animation = 0;

for (const name of run.surfaces) element("option", { value: name }, at("surface"), name);
const runners = run.optimizers.map((name) => {
  const holder = element("div", { class: "runner" }, at("runners"));
  const label = element("label", {}, holder);
  const box = element("input", { type: "checkbox" }, label);
  const swatch = element("span", { class: "swatch" }, label);
  label.append(name);
  const rate = element("input", { type: "number", min: 0, step: "any", "aria-label": `learning rate of ${name}` }, holder);
  const result = element("span", { class: "note" }, holder);
  box.checked = run.chosen.includes(name);
  return { name, box, rate, swatch, result };
});
const chosen = () => runners.filter(({ box }) => box.checked);
const paint = () => {
  for (const each of runners) {
    each.swatch.style.visibility = each.box.checked ? "visible" : "hidden";
    each.swatch.style.borderTopColor = color(chosen().indexOf(each));
    each.box.disabled = !each.box.checked && chosen().length >= run.most;
  }
};

// The paths up to a step, and f − minimum on a logarithmic axis.
const drawPaths = (paths, step) => {
  drawn.clear();
  at("gaps").replaceChildren();
  const width = dlcli.fitted(at("gaps"));
  const picture = svg("svg", { viewBox: `0 0 ${width} 300`, role: "img", "aria-label": "f minus minimum over the steps" }, at("gaps"));
  const floor = 1e-12, values = paths.flatMap(({ gaps }) => gaps.map((each) => Math.max(each, floor)));
  const { X, Y } = dlcli.axes(picture, { width, height: 300, x: [0, Number(at("steps").value)], y: [Math.min(...values), Math.max(...values)], log: true, xlabel: "step" });
  paths.forEach(({ points, gaps, steps }, index) => {
    const count = Math.max(1, steps.filter((each) => each <= step).length);
    const stroke = color(index);
    drawn.line(points.slice(0, count), { stroke: "#ffffff", "stroke-width": 4, "stroke-opacity": 0.7 });
    drawn.line(points.slice(0, count), { stroke, "stroke-width": 2 });
    drawn.dot(points[count - 1], { r: 5, fill: stroke, stroke: "#ffffff", "stroke-width": 1.5 });
    const d = gaps.slice(0, count).map((each, place) => `${place ? "L" : "M"}${X(steps[place]).toFixed(1)},${Y(Math.max(each, floor)).toFixed(1)}`).join("");
    svg("path", { d, fill: "none", stroke, "stroke-width": 2 }, picture);
  });
  drawn.dot(start, { r: 4, fill: "none", stroke: "#000000", "stroke-width": 2 });
};
const animate = (paths) => {
  cancelAnimationFrame(animation);
  const last = Number(at("steps").value);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return drawPaths(paths, last);
  const began = performance.now();
  const frame = (now) => {
    const share = Math.min(1, (now - began) / 2500);
    drawPaths(paths, share * last);
    if (share < 1) animation = requestAnimationFrame(frame);
  };
  animation = requestAnimationFrame(frame);
};

const race = latest(async () => {
  paint();
  if (!shown || !start || !chosen().length) return;
  const found = await post("descend", {
    surface: shown, start, steps: Number(at("steps").value), momentum: at("momentum").value,
    gradient_noise: Number(at("noise").value), optimizers: chosen().map(({ name, rate }) => ({ name, learning_rate: Number(rate.value) })),
  });
  for (const { result } of runners) result.textContent = "";
  chosen().forEach(({ result }, index) => {
    const { gaps, steps, diverged } = found.paths[index];
    result.textContent = diverged ? `diverged after ${steps.at(-1)} steps` : `f − min = ${short(gaps.at(-1))}`;
  });
  animate(found.paths);
});
const choose = latest(async () => {
  const name = at("surface").value, found = await post("surface", { surface: name });
  cancelAnimationFrame(animation);
  at("gaps").replaceChildren();
  for (const { result } of runners) result.textContent = "";
  shown = name;
  start = found.start;
  at("title").textContent = found.title;
  drawn = plane(at("plane"), { x: found.domain[0], y: found.domain[1], image: found.image, label: found.title, equal: true, names: ["x", "y"] });
  for (const { kind, x, y } of found.stationary) {
    svg("text", { x: drawn.X(x), y: drawn.Y(y) + 5, "text-anchor": "middle", class: "sign" }, drawn.picture, signs[kind]);
  }
  drawn.picture.append(drawn.layer);
  drawn.picture.classList.add("ball");
  drawn.picture.addEventListener("click", (event) => {
    const place = drawn.place(event);
    if (!drawn.inside(place)) return;
    start = place;
    race();
  });
  for (const { name: optimizer, rate } of runners) rate.value = found.rates[optimizer];
  race();
});
at("surface").addEventListener("change", () => choose());
at("race").addEventListener("click", () => race());
for (const id of ["steps", "momentum", "noise"]) at(id).addEventListener("change", () => race());
for (const { box, rate } of runners) {
  box.addEventListener("change", () => race());
  rate.addEventListener("change", () => race());
}
choose();
