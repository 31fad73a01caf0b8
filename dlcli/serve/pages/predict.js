at("text").value = run.example;

const read = latest(async () => {
  const text = at("text").value;
  at("answers").replaceChildren();
  at("attention").replaceChildren();
  at("attention-part").hidden = true;
  if (!text) return;
  const found = await post("predict", { text });
  dlcli.bars(at("answers"), found.predictions.map((each) => [each.label || "(empty)", each.probability]), 0);
  if (!run.actions.includes("attention")) return;
  const weights = await post("attention", { text });
  at("attention").replaceChildren();
  at("attention-part").hidden = false;
  dlcli.widgets.attention(at("attention"), weights);
});

let pause = 0;
at("text").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(read, 250);
});
read();
