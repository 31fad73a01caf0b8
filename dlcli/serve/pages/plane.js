// A plane with axes, whose names are shown if there are any: draws points and paths in the coordinates of data, and reads the place of a pointer.
const plane = (root, { x, y, image, label, equal = false, names = null }) => {
  const { svg, short, ticks, fitted } = dlcli;
  const left = names ? 64 : 8, bottom = names ? 44 : 8, top = 6, right = 8;
  const width = fitted(root);
  const ratio = (y[1] - y[0]) / (x[1] - x[0]);
  const inner = width - left - right;
  const height = top + bottom + (equal ? inner * Math.min(1.2, Math.max(0.5, ratio)) : inner);
  root.replaceChildren();
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, root);
  const X = (at) => left + ((at - x[0]) / (x[1] - x[0])) * inner;
  const Y = (at) => top + ((y[1] - at) / (y[1] - y[0])) * (height - top - bottom);
  if (image) {
    svg("image", { href: image, x: left, y: top, width: inner, height: height - top - bottom, preserveAspectRatio: "none" }, picture);
  }
  svg("rect", { x: left, y: top, width: inner, height: height - top - bottom, fill: "none", stroke: "currentColor", "stroke-opacity": 0.3 }, picture);
  if (names) {
    for (const at of ticks(...x, 5)) svg("text", { x: X(at), y: height - bottom + 18, "text-anchor": "middle" }, picture, short(at));
    for (const at of ticks(...y, 5)) svg("text", { x: left - 6, y: Y(at) + 4, "text-anchor": "end" }, picture, short(at));
    svg("text", { x: left + inner / 2, y: height - 6, "text-anchor": "middle" }, picture, names[0]);
    svg("text", { transform: `translate(14 ${Y((y[0] + y[1]) / 2)}) rotate(-90)`, "text-anchor": "middle" }, picture, names[1]);
  }
  const clip = `clip-${Math.random().toString(36).slice(2)}`;
  svg("rect", { x: left, y: top, width: inner, height: height - top - bottom }, svg("clipPath", { id: clip }, picture));
  const layer = svg("g", { "clip-path": `url(#${clip})` }, picture);
  const inside = ([across, up]) => across >= x[0] && across <= x[1] && up >= y[0] && up <= y[1];
  return {
    picture, layer, X, Y, inside, width,
    clear: () => layer.replaceChildren(),
    dot: ([across, up], attributes) => svg("circle", { cx: X(across), cy: Y(up), r: 3, ...attributes }, layer),
    line: (points, attributes) => svg("path", { d: points.map(([across, up], index) => `${index ? "L" : "M"}${X(across).toFixed(1)},${Y(up).toFixed(1)}`).join(""), fill: "none", ...attributes }, layer),
    place(event) {
      const frame = picture.getBoundingClientRect();
      const [across, down] = [((event.clientX - frame.left) / frame.width) * width, ((event.clientY - frame.top) / frame.height) * height];
      return [x[0] + ((across - left) / inner) * (x[1] - x[0]), y[1] - ((down - top) / (height - top - bottom)) * (y[1] - y[0])];
    },
  };
};
// The square around points, with a margin up to a round number.
const around = (points) => {
  const all = points.flat().map(Math.abs).filter(Number.isFinite);
  const largest = 1.05 * Math.max(...all, 1e-6), power = 10 ** Math.floor(Math.log10(largest));
  const most = power * [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((each) => each * power >= largest);
  return { x: [-most, most], y: [-most, most] };
};
