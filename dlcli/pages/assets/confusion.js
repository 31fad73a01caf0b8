// A confusion matrix whose cells show their examples.
// data: {classes, counts: [true][predicted], examples: [{truth, prediction, probability, image | text}]}
widgets.confusion = (root, data) => {
  const cut = (text) => (text.length > 11 ? `${text.slice(0, 10)}…` : text);
  const holder = element("div", { class: "matrix" }, root);
  const classes = data.classes.length, size = fitted(holder);
  const margin = 30 + 6 * Math.max(...data.classes.map((each) => cut(each).length)); // room for the names
  const side = (size - margin) / classes;
  const totals = data.counts.map((row) => row.reduce((sum, each) => sum + each, 0));
  const picture = svg("svg", { viewBox: `0 0 ${size} ${size}`, role: "group", "aria-label": "confusion matrix" }, holder);
  svg("text", { x: margin + (size - margin) / 2, y: 12, "text-anchor": "middle" }, picture, "predicted class");
  svg("text", { x: 0, y: 0, transform: `translate(12 ${margin + (size - margin) / 2}) rotate(-90)`, "text-anchor": "middle" }, picture, "true class");
  const heading = element("h4", {}, root), list = element("div", { class: "examples" }, root);
  const all = element("button", { type: "button", hidden: "" }, root, "show the most confident errors");
  let chosen = null;

  const show = (examples, title) => {
    heading.textContent = title;
    list.replaceChildren();
    for (const each of examples.slice(0, 12)) {
      const item = element("div", { class: "example" }, list);
      if (each.image) element("img", { src: each.image, alt: "", class: "pixelated" }, item);
      if (each.text !== undefined) element("blockquote", {}, item, each.text);
      const truth = data.classes[each.truth], prediction = data.classes[each.prediction];
      element("span", {}, item, `${truth} → ${prediction}, probability ${percent(each.probability)}`);
    }
  };
  const showAll = () => {
    chosen?.setAttribute("stroke-width", 0);
    all.hidden = true;
    show(data.examples, data.examples.length ? "most confident errors (true → predicted)" : "no errors");
  };
  const select = (cell, truth, prediction) => {
    chosen?.setAttribute("stroke-width", 0);
    chosen = cell;
    cell.setAttribute("stroke-width", 2);
    all.hidden = false;
    const found = data.examples.filter((each) => each.truth === truth && each.prediction === prediction);
    const kept = found.length && found.length < data.counts[truth][prediction] ? `, the ${found.length} most confident` : "";
    const none = truth === prediction ? " (correct: no examples are kept)" : "";
    show(found, `${data.classes[truth]} → ${data.classes[prediction]}: ${count(data.counts[truth][prediction])} of ${count(totals[truth])}${kept}${none}`);
  };
  for (let truth = 0; truth < classes; truth += 1) {
    const top = margin + truth * side;
    if (side >= 11) {
      svg("text", { x: margin - 5, y: top + side / 2 + 4, "text-anchor": "end" }, picture, cut(data.classes[truth]));
      svg("text", { transform: `translate(${margin + truth * side + side / 2 + 4} ${margin - 5}) rotate(-60)` }, picture, cut(data.classes[truth]));
    }
    for (let prediction = 0; prediction < classes; prediction += 1) {
      const found = data.counts[truth][prediction], share = totals[truth] ? found / totals[truth] : 0;
      const shade = found ? Math.max(0.06, share ** 0.6) : 0;
      const place = { x: margin + prediction * side, y: top, width: side, height: side };
      const label = `true ${data.classes[truth]}, predicted ${data.classes[prediction]}: ${count(found)} (${percent(share)} of the class)`;
      const cell = svg("rect", { ...place, class: "cell", fill: blue(shade), stroke: "#D55E00", "stroke-width": 0, "aria-label": label, "data-cell": `${truth},${prediction}` }, picture);
      if (found && side >= 18) {
        const text = { x: place.x + side / 2, y: top + side / 2 + 4, "text-anchor": "middle", "pointer-events": "none" };
        svg("text", text, picture, String(found)).style.fill = inkOn(shade);
      }
      onPress(cell, () => select(cell, truth, prediction));
      cell.addEventListener("pointermove", (event) => tooltip.show(label, event));
      cell.addEventListener("pointerleave", tooltip.hide);
    }
  }
  svg("rect", { x: margin, y: margin, width: size - margin, height: size - margin, fill: "none", stroke: "currentColor", "stroke-opacity": 0.4 }, picture);
  all.addEventListener("click", showAll);
  showAll();
};
