"use strict";
// What the pages share: requests to the API, one at a time, of which only the latest waits.
const run = JSON.parse(document.getElementById("run").textContent);
const at = (id) => document.getElementById(id);

const post = async (action, body) => {
  const response = await fetch(`/api/${action}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const found = await response.json().catch(() => ({ error: { message: `the server answered with status ${response.status}` } }));
  if (!response.ok) throw new Error([found.error.message, found.error.hint].filter(Boolean).join("; "));
  return found;
};

// Returns a function that computes the latest arguments, and skips those that were replaced while it was busy.
const latest = (compute) => {
  let busy = false, waiting = null;
  return async (...given) => {
    waiting = given;
    if (busy) return;
    busy = true;
    while (waiting) {
      const next = waiting;
      waiting = null;
      try {
        await compute(...next);
        at("problem").hidden = true;
      } catch (error) {
        at("problem").textContent = error.message;
        at("problem").hidden = false;
      }
    }
    busy = false;
  };
};

const slider = (id, show, action) => {
  const write = () => (at(`${id}-value`).textContent = show(Number(at(id).value)));
  at(id).addEventListener("input", () => {
    write();
    action?.();
  });
  write();
};
