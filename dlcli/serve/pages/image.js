const canvas = at("canvas"), pen = canvas.getContext("2d");
let drawing = null;

const show = (found) => {
  const { element, bars } = dlcli;
  const order = [...found.classes.keys()].sort((one, other) => found.probabilities[other] - found.probabilities[one]).slice(0, 10);
  bars(at("probabilities"), order.map((index) => [found.classes[index], found.probabilities[index]]), order.findIndex((index) => found.classes[index] === found.explained));
  if (at("class").options.length === 1) for (const name of found.classes) element("option", { value: name }, at("class"), name);
  at("explained").textContent = found.explained;
  at("layer").textContent = found.layer;
  at("input").src = found.input;
  at("cam").src = found.grad_cam;
  at("activations").replaceChildren();
  for (const [name, maps] of Object.entries(found.activations)) {
    element("h4", {}, at("activations"), name);
    const row = element("div", { class: "examples" }, at("activations"));
    maps.forEach((map, index) => element("img", { src: map, alt: `channel ${index} of ${name}`, class: "pixelated map" }, row));
  }
  at("result").hidden = false;
};
const explain = latest(async () => show(await post("explain", { image: canvas.toDataURL("image/png"), class_: at("class").value })));

const clear = () => {
  pen.fillStyle = at("ink").value === "white" ? "#000000" : "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  at("result").hidden = true;
  at("probabilities").replaceChildren();
};
const place = (event) => {
  const frame = canvas.getBoundingClientRect();
  return [((event.clientX - frame.left) / frame.width) * canvas.width, ((event.clientY - frame.top) / frame.height) * canvas.height];
};
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  drawing = place(event);
});
canvas.addEventListener("pointermove", (event) => {
  if (!drawing) return;
  const next = place(event);
  pen.lineWidth = Number(at("pen").value);
  pen.lineCap = "round";
  pen.strokeStyle = at("ink").value;
  pen.beginPath();
  pen.moveTo(...drawing);
  pen.lineTo(...next);
  pen.stroke();
  drawing = next;
  explain();
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, () => {
    if (drawing) explain();
    drawing = null;
  });
}

const open = async (file) => {
  const picture = await createImageBitmap(file);
  const scale = Math.max(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  pen.imageSmoothingEnabled = scale < 1;
  pen.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  explain();
};
at("file").addEventListener("change", () => at("file").files[0] && open(at("file").files[0]));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
});
at("clear").addEventListener("click", clear);
at("ink").addEventListener("change", clear);
at("class").addEventListener("change", explain);
slider("pen", (value) => `${value} px`);
clear();
