// Draws every widget of the page from the JSON inside its element; other scripts of a page use the same helpers.
for (const root of document.querySelectorAll("[data-widget]")) {
  const source = root.querySelector('script[type="application/json"]');
  if (source) widgets[root.dataset.widget](root, JSON.parse(source.textContent));
}
globalThis.dlcli = { widgets, element, svg, axes, ticks, fitted, bars, choice, checkbox, onPress, percent, short, color };
