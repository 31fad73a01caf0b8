// Tokens coloured by their surprisal; a click shows the most likely tokens at a position.
// data: {tokens, probabilities, top: [[token, probability], …] per token}
widgets.tokens = (root, data) => {
  const bits = data.probabilities.map((each) => -Math.log2(Math.max(each, 1e-30)));
  const total = bits.reduce((sum, each) => sum + each, 0);
  element("p", { class: "note" }, root, `${count(bits.length)} ${bits.length === 1 ? "token" : "tokens"}, ${total.toFixed(1)} bits, ${(total / bits.length).toFixed(2)} bits per token; darker: more surprising; click a token for the alternatives`);
  const holder = element("div", { class: "tokens" }, root);
  const heading = element("h4", {}, root), list = element("div", { class: "bars" }, root);
  const shown = data.tokens.map((token, index) => {
    const share = Math.min(bits[index] / 12, 1);
    const made = element("span", { class: "token" }, holder, token);
    made.style.backgroundColor = blue(share);
    made.style.color = inkOn(share);
    made.title = `${percent(data.probabilities[index])}, ${bits[index].toFixed(2)} bits`;
    onPress(made, () => select(index));
    return made;
  });
  const select = (index) => {
    shown.forEach((each, place) => each.setAttribute("aria-pressed", String(place === index)));
    heading.textContent = `token ${index + 1}: “${data.tokens[index]}”, probability ${percent(data.probabilities[index])}, ${bits[index].toFixed(2)} bits`;
    const rows = [...data.top[index]];
    if (!rows.some(([token]) => token === data.tokens[index])) rows.push([data.tokens[index], data.probabilities[index]]);
    bars(list, rows, rows.findIndex(([token]) => token === data.tokens[index]));
  };
  select(bits.indexOf(Math.max(...bits)));
};
