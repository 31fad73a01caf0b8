// A reliability diagram: accuracy over confidence, in bins of equal width; the area of a dot is the number of examples.
// data: {confidence, accuracy, count: [bin], error}
widgets.reliability = (root, data) => {
  const holder = element("div", { class: "matrix" }, root);
  const width = fitted(holder);
  const picture = svg("svg", { viewBox: `0 0 ${width} 360`, role: "img", "aria-label": "reliability diagram" }, holder);
  const { X, Y } = axes(picture, { width, height: 360, x: [0, 1], y: [0, 1], xlabel: "confidence (probability of the predicted class)" });
  svg("line", { x1: X(0), y1: Y(0), x2: X(1), y2: Y(1), stroke: "currentColor", "stroke-dasharray": "4 4", "stroke-opacity": 0.6 }, picture);
  const most = Math.max(...data.count, 1);
  let path = "";
  data.count.forEach((examples, bin) => {
    if (!examples) return;
    const [x, y] = [X(data.confidence[bin]), Y(data.accuracy[bin])];
    path += `${path ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
    svg("line", { x1: x, x2: x, y1: y, y2: Y(data.confidence[bin]), stroke: "#D55E00", "stroke-width": 2 }, picture);
    const dot = svg("circle", { cx: x, cy: y, r: 3 + 9 * Math.sqrt(examples / most), fill: "#0072B2", "fill-opacity": 0.8 }, picture);
    const gap = data.confidence[bin] - data.accuracy[bin];
    const text = `confidence ${percent(data.confidence[bin])}\naccuracy ${percent(data.accuracy[bin])}\n${count(examples)} examples\n${percent(Math.abs(gap))} ${gap > 0 ? "overconfident" : "underconfident"}`;
    dot.addEventListener("pointermove", (event) => tooltip.show(text, event));
    dot.addEventListener("pointerleave", tooltip.hide);
  });
  svg("path", { d: path, fill: "none", stroke: "#0072B2", "stroke-width": 1.5 }, picture);
  element("p", { class: "note" }, root, `accuracy (vertical) against confidence; dashed: perfect calibration; expected calibration error ${short(data.error)}`);
};
