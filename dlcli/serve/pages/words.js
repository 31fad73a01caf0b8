const { element, svg } = dlcli;
for (const word of run.words) element("option", { value: word }, at("suggestions"));
at("word").value = run.first;

const list = (id, found, query) => {
  dlcli.bars(at(id), found.answers.map(([word, cosine]) => [word, Math.max(0, cosine)]), 0);
  const cells = [...at(id).children];
  found.answers.forEach(([word, cosine], index) => {
    cells[3 * index + 2].textContent = cosine.toFixed(3);
    dlcli.onPress(cells[3 * index], () => query(word));
    cells[3 * index].classList.add("link");
  });
};
// Places labels so that none covers another: those without room have only a dot, and their word as a title.
const map = (id, found, query) => {
  const strong = new Set(found.query), answers = new Set(found.answers.map(([word]) => word));
  const across = found.positions.map(([x]) => x), up = found.positions.map(([, y]) => y);
  const limits = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)], pad = 0.12 * (high - low) + 1e-6;
    return [low - pad, high + pad];
  };
  const drawn = plane(at(id), { x: limits(across), y: limits(up), label: "map of words" });
  const taken = [];
  const order = [...found.words.keys()].sort((one, other) => strong.has(found.words[other]) - strong.has(found.words[one]) || answers.has(found.words[other]) - answers.has(found.words[one]));
  for (const index of order) {
    const word = found.words[index], position = found.positions[index];
    const fill = strong.has(word) ? "#D55E00" : answers.has(word) ? "var(--accent)" : "currentColor";
    const faint = strong.has(word) || answers.has(word) ? 1 : 0.55;
    const dot = drawn.dot(position, { r: strong.has(word) ? 5 : 3, fill, "fill-opacity": faint });
    svg("title", {}, dot, word);
    const [x, y] = [drawn.X(position[0]), drawn.Y(position[1])], wide = 6.6 * word.length + 4;
    const box = [[x + 6, y - 7], [x - 6 - wide, y - 7], [x - wide / 2, y - 20], [x - wide / 2, y + 6]]
      .map(([left, top]) => [left, top, left + wide, top + 13])
      .find((one) => one[0] > 10 && one[2] < drawn.width - 10 && taken.every((other) => one[2] < other[0] || one[0] > other[2] || one[3] < other[1] || one[1] > other[3]));
    taken.push([x - 4, y - 4, x + 4, y + 4]);
    if (!box) continue;
    taken.push(box);
    const text = svg("text", { x: box[0] + 2, y: box[3] - 3, fill: "currentColor", "fill-opacity": faint, "font-weight": strong.has(word) ? 700 : 400 }, drawn.layer, word);
    if (query) {
      dlcli.onPress(text, () => query(word));
      text.classList.add("link");
    }
  }
  return drawn;
};

const nearest = latest(async (word) => {
  if (!word) return;
  at("word").value = word;
  const found = await post("nearest", { word });
  list("answers", found, nearest);
  map("map", found, nearest);
});
const analogy = latest(async () => {
  const [first, second, third] = ["first", "second", "third"].map((id) => at(id).value.trim());
  if (!first || !second || !third) return;
  const found = await post("analogy", { first, second, third });
  list("analogy-answers", found, nearest);
  const drawn = map("analogy-map", found, null);
  const where = (word) => found.positions[found.words.indexOf(word)];
  const [one, two, three] = found.query, best = found.answers[0]?.[0];
  for (const [from, to, dashed] of [[one, two, false], [three, best, true]]) {
    if (to === undefined) continue;
    drawn.layer.prepend(drawn.line([where(from), where(to)], { stroke: "#009E73", "stroke-width": 2, "stroke-dasharray": dashed ? "5 4" : "none" }));
  }
});
at("nearest").addEventListener("submit", (event) => {
  event.preventDefault();
  nearest(at("word").value.trim());
});
at("analogy").addEventListener("submit", (event) => {
  event.preventDefault();
  analogy();
});
nearest(run.first);
