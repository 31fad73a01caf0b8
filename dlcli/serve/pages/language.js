at("text").value = run.example;

const read = latest(async () => {
  const text = at("text").value;
  at("tokens").replaceChildren();
  at("attention").replaceChildren();
  at("attention-part").hidden = true;
  if (!text) return;
  const found = await post("tokens", { text });
  at("tokens").replaceChildren();
  dlcli.widgets.tokens(at("tokens"), found);
  if (!run.actions.includes("attention")) return;
  const weights = await post("attention", { text });
  at("attention").replaceChildren();
  at("attention-part").hidden = false;
  dlcli.widgets.attention(at("attention"), weights);
});

const generate = latest(async () => {
  const found = await post("sample", {
    prompt: at("text").value, max_new_tokens: Number(at("length").value), seed: Number(at("seed").value),
    temperature: Number(at("temperature").value), top_p: Number(at("top-p").value),
  });
  at("sample").replaceChildren();
  dlcli.element("strong", {}, at("sample"), found.prompt);
  at("sample").append(found.text);
});

let pause = 0;
at("text").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(read, 250);
});
at("continue").addEventListener("click", generate);
slider("temperature", (value) => (value ? value.toFixed(2) : "0, greedy"));
slider("top-p", (value) => value.toFixed(2));
read();
