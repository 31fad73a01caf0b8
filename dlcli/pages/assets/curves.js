// Curves over training steps, a panel per metric.
// data: {lines: [{name, run, dashed}], panels: [{metric, series: [{line, steps, values, best}]}], xlabel}
widgets.curves = (root, data) => {
  const hidden = new Set();
  let log = false;
  const controls = element("div", { class: "controls legend" }, root);
  data.lines.forEach((line, index) => {
    const button = element("button", { type: "button", "aria-pressed": "true", "data-line": line.name }, controls);
    element("span", { class: line.dashed ? "swatch dashed" : "swatch" }, button).style.borderColor = color(line.run);
    button.append(line.name);
    button.addEventListener("click", () => {
      hidden.has(index) ? hidden.delete(index) : hidden.add(index);
      button.setAttribute("aria-pressed", String(!hidden.has(index)));
      draw();
    });
  });
  checkbox(controls, "logarithmic axis", (checked) => {
    log = checked;
    draw();
  });
  const panels = element("div", { class: "panels" }, root);
  const draw = () => {
    panels.replaceChildren();
    for (const panel of data.panels) drawPanel(panel);
  };

  const drawPanel = (panel) => {
    const holder = element("div", { class: "panel" }, panels);
    const shown = panel.series.filter((each) => !hidden.has(each.line));
    const useLog = log && panel.series.every((each) => each.values.every((value) => value === null || value > 0));
    element("h4", {}, holder, panel.metric + (log && !useLog ? " (not positive: linear axis)" : ""));
    const width = fitted(holder);
    const picture = svg("svg", { viewBox: `0 0 ${width} 260`, role: "img", "aria-label": panel.metric }, holder);
    const values = shown.flatMap((each) => each.values).filter((value) => value !== null);
    if (!values.length) return;
    const steps = shown.flatMap((each) => each.steps);
    const box = axes(picture, {
      width, x: [Math.min(...steps), Math.max(...steps)], y: [Math.min(...values), Math.max(...values)], log: useLog, xlabel: data.xlabel,
    });
    for (const series of shown) drawSeries(picture, box, series);
    followPointer(picture, box, shown);
  };

  const drawSeries = (picture, { X, Y }, series) => {
    const line = data.lines[series.line];
    let path = "", pen = "M";
    series.steps.forEach((step, index) => {
      if (series.values[index] === null) pen = "M";
      else {
        path += `${pen}${X(step).toFixed(1)},${Y(series.values[index]).toFixed(1)}`;
        pen = "L";
      }
    });
    const look = line.dashed ? { "stroke-dasharray": "5 4", "stroke-width": 1.4 } : { "stroke-width": 2 };
    svg("path", { d: path, fill: "none", stroke: color(line.run), "data-line": line.name, ...look }, picture);
    if (series.values.length === 1) svg("circle", { cx: X(series.steps[0]), cy: Y(series.values[0]), r: 3, fill: color(line.run) }, picture);
    const best = series.steps.indexOf(series.best);
    if (best >= 0 && series.values[best] !== null) {
      svg("circle", { cx: X(series.best), cy: Y(series.values[best]), r: 5, fill: "none", stroke: color(line.run), "stroke-width": 2 }, picture);
    }
  };

  const followPointer = (picture, box, shown) => {
    const rule = svg("line", { y1: box.top, y2: box.height - box.bottom, stroke: "currentColor", "stroke-opacity": 0.5, visibility: "hidden" }, picture);
    const dots = shown.map((each) => svg("circle", { r: 4, fill: color(data.lines[each.line].run), visibility: "hidden" }, picture));
    picture.addEventListener("pointermove", (event) => {
      const frame = picture.getBoundingClientRect();
      const at = box.invert(((event.clientX - frame.left) / frame.width) * box.width);
      const text = shown.map((series, index) => {
        let nearest = 0;
        series.steps.forEach((step, place) => {
          if (Math.abs(step - at) < Math.abs(series.steps[nearest] - at)) nearest = place;
        });
        const step = series.steps[nearest], value = series.values[nearest];
        if (value !== null) {
          dots[index].setAttribute("cx", box.X(step));
          dots[index].setAttribute("cy", box.Y(value));
        }
        dots[index].setAttribute("visibility", value === null ? "hidden" : "visible");
        rule.setAttribute("x1", box.X(step));
        rule.setAttribute("x2", box.X(step));
        const best = series.best === step ? ", best" : "";
        return `${data.lines[series.line].name}: ${short(value)} at ${data.xlabel} ${count(step)}${best}`;
      });
      rule.setAttribute("visibility", "visible");
      tooltip.show(text.join("\n"), event);
    });
    picture.addEventListener("pointerleave", () => {
      for (const each of [rule, ...dots]) each.setAttribute("visibility", "hidden");
      tooltip.hide();
    });
  };
  draw();
};
