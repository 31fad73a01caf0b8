// Attention weights: the query token under the pointer, or the one that was clicked, colours the keys.
// data: {queries, keys, shape: [layer, head, query, key], weights: flat, in thousandths, same}
// `same`: queries and keys are the tokens of one text.
widgets.attention = (root, data) => {
  const [layers, heads, queries, keys] = data.shape;
  const at = { layer: "mean", head: "mean" };
  let pinned = Math.min(data.start ?? 0, queries - 1);
  const weight = (layer, head, query, key) => data.weights[((layer * heads + head) * queries + query) * keys + key] / 1000;
  const row = (query) => {
    const chosen = (name, size) => (at[name] === "mean" ? [...Array(size).keys()] : [Number(at[name])]);
    const pairs = chosen("layer", layers).flatMap((layer) => chosen("head", heads).map((head) => [layer, head]));
    return data.keys.map((_, key) => pairs.reduce((sum, [layer, head]) => sum + weight(layer, head, query, key), 0) / pairs.length);
  };
  const controls = element("div", { class: "controls" }, root);
  const numbered = (size) => [["mean", "mean of all"], ...Array.from({ length: size }, (_, index) => [index, index + 1])];
  for (const [name, size] of [["layer", layers], ["head", heads]]) {
    choice(controls, name, numbered(size), (value) => {
      at[name] = value;
      show(pinned);
    });
  }
  element("p", { class: "note" }, root, `query: click or hover a token${data.same ? "" : " of the output"}`);
  const line = (tokens, label) => {
    const holder = element("div", { class: "tokens", "aria-label": label }, root);
    return tokens.map((token) => element("span", { class: "token plain" }, holder, token));
  };
  const asked = line(data.queries, "queries");
  element("p", { class: "note" }, root, data.same ? "its attention to each key" : "its attention to each token of the input");
  const answered = line(data.keys, "keys");
  const summary = element("p", { class: "note", "aria-live": "polite" }, root);
  const show = (query) => {
    asked.forEach((each, index) => each.setAttribute("aria-pressed", String(index === pinned)));
    const weights = row(query), most = Math.max(...weights, 1e-9);
    answered.forEach((each, key) => {
      const share = Math.sqrt(weights[key] / most);
      each.style.backgroundColor = blue(share);
      each.style.color = inkOn(share);
      each.title = `${data.keys[key]}: ${percent(weights[key])}`;
    });
    const best = [...weights.keys()].sort((one, other) => weights[other] - weights[one]).slice(0, 3);
    summary.textContent = `“${data.queries[query]}” attends to ${best.map((key) => `“${data.keys[key]}” ${percent(weights[key])}`).join(", ")}`;
  };
  asked.forEach((each, query) => {
    onPress(each, () => {
      pinned = query;
      show(query);
    });
    each.addEventListener("pointerenter", () => show(query));
    each.addEventListener("pointerleave", () => show(pinned));
  });
  show(pinned);
};
