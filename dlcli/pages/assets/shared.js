"use strict";
// What all widgets share. A widget is a function of its element and its data; each file adds one to `widgets`.
const widgets = {};

// Okabe and Ito: distinguishable with every kind of colour blindness; the lines of dlcli's figures have the same order.
const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "currentColor", "#F0E442"];
const color = (number) => COLORS[number % COLORS.length];

const element = (name, attributes, parent, text) => {
  const made = document.createElement(name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
};

const svg = (name, attributes, parent, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
};

// The width of a drawing: that of its element on a phone, so that text keeps its size, and at most 480.
const fitted = (holder) => Math.min(480, Math.max(280, holder.clientWidth));

// Numbers with four digits; very large and very small ones in scientific notation.
const short = (value) => {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3)) return value.toExponential(2).replace(/\.?0+e/, "e");
  return String(+value.toPrecision(4));
};
const count = (value) => Math.round(value).toLocaleString("en");
const percent = (value) => (value > 0 && value < 0.001 ? "< 0.1 %" : `${(100 * value).toFixed(1)} %`);

// One tooltip for the whole page.
const tooltip = (() => {
  let box = null;
  return {
    show(text, event) {
      box ??= element("div", { class: "tooltip", role: "status" }, document.body);
      box.textContent = text;
      box.hidden = false;
      const left = Math.min(event.clientX + 14, window.innerWidth - box.offsetWidth - 8);
      const below = event.clientY + 16 + box.offsetHeight < window.innerHeight;
      box.style.left = `${Math.max(8, left)}px`;
      box.style.top = `${below ? event.clientY + 16 : event.clientY - box.offsetHeight - 12}px`;
    },
    hide() {
      if (box) box.hidden = true;
    },
  };
})();

// Blues of ColorBrewer: from white for 0 to dark blue for 1; the colour of a text on it.
const BLUES = [[255, 255, 255], [198, 219, 239], [107, 174, 214], [33, 113, 181], [8, 48, 107]];
const blue = (share) => {
  const at = Math.min(Math.max(share, 0), 1) * (BLUES.length - 1);
  const low = Math.min(Math.floor(at), BLUES.length - 2);
  const mixed = BLUES[low].map((value, channel) => value + (at - low) * (BLUES[low + 1][channel] - value));
  return `rgb(${mixed.map(Math.round).join(", ")})`;
};
const inkOn = (share) => (share > 0.55 ? "#ffffff" : "#000000");

// A click, or Enter and the space bar on the focused element.
const onPress = (target, action) => {
  target.setAttribute("tabindex", "0");
  target.setAttribute("role", "button");
  target.addEventListener("click", action);
  target.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      action(event);
    }
  });
};

// A checkbox or a choice with its label; `action` gets the new value.
const checkbox = (parent, label, action) => {
  const box = element("input", { type: "checkbox" }, element("label", {}, parent));
  box.after(label);
  box.addEventListener("change", () => action(box.checked));
  return box;
};
const choice = (parent, label, options, action) => {
  const holder = element("label", {}, parent, label);
  const select = element("select", {}, holder);
  for (const [value, text] of options) element("option", { value }, select, text);
  select.addEventListener("change", () => action(select.value));
  return select;
};

// Rows of a name, a bar and a number in [0, 1]; `chosen` is the index of the row in bold.
const bars = (parent, rows, chosen) => {
  parent.replaceChildren();
  rows.forEach(([name, share], index) => {
    const kind = index === chosen ? "chosen" : "";
    element("span", { class: kind }, parent, name);
    element("span", { class: "bar" }, element("span", {}, parent)).style.width = `${100 * Math.min(share, 1)}%`;
    element("span", { class: kind }, parent, percent(share));
  });
};
