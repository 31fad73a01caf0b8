const { element } = dlcli;
let code = [], sliders = [];

const picture = (holder, source, name) => {
  at(holder).replaceChildren();
  element("img", { src: source, alt: name, class: "pixelated generated" }, at(holder));
};
const place = () => {
  for (const [dimension, input, value] of sliders) {
    input.value = code[dimension];
    value.textContent = code[dimension].toFixed(2);
  }
};
const encode = latest(async (body) => {
  const found = await post("encode", body);
  code = found.code;
  place();
  picture("original", found.original, "image");
  picture("decoded", found.image, "decoded image");
  at("error").textContent = `mean squared error ${found.error.toFixed(4)} (pixels from 0 to 1)`;
});
const decode = latest(async (body) => {
  picture("decoded", (await post("decode", body)).image, "decoded image");
  at("error").textContent = "decoded from a changed code";
});
const again = () => encode({ index: Number(at("index").value) });

const start = latest(async () => {
  const found = await post("dimensions", {});
  const all = found.size <= found.dimensions.length;
  at("note").textContent = `${all ? "all dimensions" : "dimensions"} by variance, largest first; range: that of ${run.count} images`;
  found.dimensions.forEach((dimension, index) => {
    const [low, high] = found.ranges[index];
    const label = element("label", { class: "slider" }, at("sliders"), `z${dimension + 1} `);
    const input = element("input", { type: "range", min: low, max: high, step: (high - low) / 200 || 0.01, "aria-label": `latent dimension ${dimension + 1}` }, label);
    const value = element("span", {}, label);
    sliders.push([dimension, input, value]);
    input.addEventListener("input", () => {
      value.textContent = Number(input.value).toFixed(2);
      code[dimension] = Number(input.value);
      decode({ code: [...code] });
    });
  });
  again();
});
at("index").max = run.count - 1;
at("index").addEventListener("change", again);
at("random").addEventListener("click", () => {
  at("index").value = Math.floor(Math.random() * run.count);
  again();
});
at("file").addEventListener("change", () => {
  const reader = new FileReader();
  reader.addEventListener("load", () => encode({ image: reader.result }));
  if (at("file").files.length) reader.readAsDataURL(at("file").files[0]);
});
start();
