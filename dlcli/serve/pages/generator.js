const { element } = dlcli;
let latent = [], sliders = [], density = null;

// A slider keeps its place while it moves; the sliders follow a new seed.
const place = (found) => {
  latent = found.latent;
  for (const [dimension, input, value] of sliders) {
    input.value = latent[dimension];
    value.textContent = latent[dimension].toFixed(2);
  }
};
const show = (found) => {
  if (found.point) {
    density.moving.replaceChildren();
    dlcli.svg("circle", { cx: density.X(found.point[0]), cy: density.Y(found.point[1]), r: 6, fill: "#D55E00", stroke: "#ffffff", "stroke-width": 1.5 }, density.moving);
    at("sample-value").textContent = `G(z) = (${found.point.map((each) => each.toFixed(2)).join(", ")})`;
    return;
  }
  if (found.classes.length && at("class").options.length === 0) {
    for (const name of found.classes) element("option", { value: name }, at("class"), name);
    at("class-part").hidden = at("classes-part").hidden = false;
  }
  const chosen = Math.max(0, found.classes.indexOf(at("class").value));
  at("sample").replaceChildren();
  element("img", { src: found.images[chosen], alt: "generated image", class: "pixelated generated" }, at("sample"));
  at("classes").replaceChildren();
  found.classes.forEach((name, index) => {
    const holder = element("div", { class: "example" }, at("classes"));
    element("img", { src: found.images[index], alt: `class ${name}`, class: "pixelated" }, holder);
    element("span", {}, holder, name);
  });
};
const generate = latest(async (body) => {
  const found = await post("generate", body);
  if (!body.latent) place(found);
  show(found);
});
const again = () => generate({ seed: Number(at("seed").value) });

const start = latest(async () => {
  const found = await post("influence", {});
  if (run.density) {
    const samples = await post("points", {});
    density = plane(at("sample"), { ...around([...samples.points, ...samples.modes]), label: "generated points", equal: true, names: ["x", "y"] });
    for (const point of samples.points) density.dot(point, { r: 1.8, fill: "var(--accent)", "fill-opacity": 0.6 });
    for (const mode of samples.modes) density.dot(mode, { r: 4, fill: "none", stroke: "currentColor" });
    density.moving = dlcli.svg("g", {}, density.picture);
    element("p", { class: "note", id: "sample-value" }, at("sample"));
    element("p", { class: "note" }, at("sample"), "blue: points of random z; circles: modes of the data; orange: the point of this z");
  }
  if (found.size <= found.dimensions.length) at("note").textContent = "all dimensions, the most influential first";
  for (const dimension of found.dimensions) {
    const label = element("label", { class: "slider" }, at("sliders"), `z${dimension + 1} `);
    const input = element("input", { type: "range", min: -3, max: 3, step: 0.05, "aria-label": `latent dimension ${dimension + 1}` }, label);
    const value = element("span", {}, label);
    sliders.push([dimension, input, value]);
    input.addEventListener("input", () => {
      value.textContent = Number(input.value).toFixed(2);
      latent[dimension] = Number(input.value);
      generate({ latent: [...latent] });
    });
  }
  again();
});
at("random").addEventListener("click", () => {
  at("seed").value = Math.floor(Math.random() * 2 ** 31);
  again();
});
at("seed").addEventListener("change", again);
at("class").addEventListener("change", () => generate({ latent }));
start();
