// A pair of axes with ticks: maps data to the coordinates of an SVG element.
const ticks = (low, high, wanted) => {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= raw);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
};
const logTicks = (low, high) => {
  const powers = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    for (const digit of high - low > 3 ? [1] : high - low > 1 ? [1, 3] : [1, 2, 3, 5]) {
      const at = power + Math.log10(digit);
      if (at >= low - 1e-9 && at <= high + 1e-9) powers.push(at);
    }
  }
  const every = Math.ceil(powers.length / 7);
  return powers.filter((_, index) => index % every === 0);
};

const axes = (root, { width = 480, height = 260, x, y, log = false, xlabel = "", xticks = 5, yticks = 5 }) => {
  const left = 56, right = 10, top = 8, bottom = xlabel ? 42 : 26;
  const value = (at) => (log ? Math.log10(at) : at);
  let [low, high] = [value(y[0]), value(y[1])];
  // A constant is drawn in the middle: between half and one and a half of its value, or on a linear axis of 0, ±0.5.
  const room = (log ? 0 : Math.abs(low) / 2) || 0.5;
  if (high - low <= 1e-9 * room) [low, high] = [low - room, high + room];
  const pad = (high - low) * 0.04;
  [low, high] = [low - pad, high + pad];
  const [first, last] = x[0] === x[1] ? [x[0] - 1, x[1] + 1] : x;
  const X = (at) => left + ((at - first) / (last - first)) * (width - left - right);
  const Y = (at) => top + ((high - value(at)) / (high - low)) * (height - top - bottom);
  const grid = svg("g", { "aria-hidden": "true" }, root);
  for (const at of log ? logTicks(low, high) : ticks(low, high, yticks)) {
    const place = top + ((high - at) / (high - low)) * (height - top - bottom);
    svg("line", { x1: left, x2: width - right, y1: place, y2: place, stroke: "currentColor", "stroke-opacity": 0.15 }, grid);
    svg("text", { x: left - 6, y: place + 4, "text-anchor": "end" }, grid, short(log ? 10 ** at : at));
  }
  for (const at of ticks(first, last, xticks)) {
    svg("text", { x: X(at), y: height - bottom + 18, "text-anchor": "middle" }, grid, at >= 1000 ? count(at) : short(at));
  }
  if (xlabel) svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, grid, xlabel);
  const invert = (place) => first + ((place - left) / (width - left - right)) * (last - first);
  return { X, Y, invert, width, height, left, right, top, bottom };
};
