"use strict";

const by = (id) => document.getElementById(id);
const canvas = by("canvas"), paper = canvas.getContext("2d");
let parts = [];        // number, name, colour of each part
let shown = null;      // { picture, width, height, map, owner, people, colours }: map and owner hold a number for each pixel
let lit = 0;           // the part that is pointed at; 0 for none
let asked = 0;         // number of the newest request: an answer to an older one is dropped
let current = null;    // the file shown

start();

async function start() {
  try {
    const [names, models] = await Promise.all([get("/v1/parts"), get("/v1/models")]);
    parts = names;
    for (const one of models) by("model").append(new Option(one.name, one.name, one.default, one.default));
    setThreshold(models.find((one) => one.default).threshold);
    drawLegend();
  } catch (error) {
    say(`The service does not answer: ${error.message}`, true);
  }
}

async function get(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return answer.json();
}

async function label(file) {
  const number = ++asked;
  current = file;
  say("Looking for people …");
  const query = new URLSearchParams({ encoding: "rle", model: by("model").value, threshold: by("threshold").value });
  try {
    const headers = { "Content-Type": "application/octet-stream", Accept: "application/json" };
    const answer = await fetch(`/v1/densepose?${query}`, { method: "POST", body: file, headers });
    const found = await answer.json();
    if (number !== asked) return;
    if (!answer.ok) throw new Error(found.detail);
    const picture = await createImageBitmap(file);
    if (number !== asked) return;
    show(picture, found);
    say("");
  } catch (error) {
    if (number === asked) say(error.message, true);
  }
}

function show(picture, found) {
  const { width, height } = found;
  const map = new Uint8Array(width * height), owner = new Uint16Array(width * height);
  const people = found.instances.map((one, index) => ({ ...one, index })).sort((a, b) => a.score - b.score);
  for (const one of people) paint(one, map, owner, width, height);  // the surest last, so that it lies on top
  const colours = new ImageData(width, height);
  for (let i = 0; i < map.length; i++) {
    if (!map[i]) continue;
    const [red, green, blue] = parts[map[i]].colour;
    colours.data.set([red, green, blue, 255], 4 * i);
  }
  shown = { picture, width, height, map, owner, found };
  shown.layer = layerOf(colours);
  canvas.width = width;
  canvas.height = height;
  by("drop").hidden = true;
  by("view").hidden = by("another").hidden = false;
  const count = found.persons === 1 ? "1 person" : `${found.persons || "No"} people`;
  const scores = found.instances.map((one) => one.score.toFixed(2)).join(", ");
  by("found").textContent = `${count}${scores ? ` (score ${scores})` : ""} · ${found.model}`;
  lit = 0;
  draw();
  drawLegend();
}

function paint(one, map, owner, width, height) {
  const [x0, y0, boxWidth] = one.iuv_box;
  let place = 0;
  for (let i = 0; i < one.parts_rle.length; i += 2) {
    const part = one.parts_rle[i], end = place + one.parts_rle[i + 1];
    if (!part) { place = end; continue; }
    for (; place < end; place++) {
      const x = x0 + place % boxWidth, y = y0 + Math.floor(place / boxWidth);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      map[y * width + x] = part;
      owner[y * width + x] = one.index + 1;
    }
  }
}

function layerOf(pixels) {
  const layer = document.createElement("canvas");
  layer.width = pixels.width;
  layer.height = pixels.height;
  layer.getContext("2d").putImageData(pixels, 0, 0);
  return layer;
}

function draw() {
  if (!shown) return;
  const { width, height } = shown;
  paper.globalAlpha = 1;
  paper.drawImage(shown.picture, 0, 0, width, height);
  paper.globalAlpha = Number(by("opacity").value);
  paper.drawImage(shown.layer, 0, 0);
  if (lit) {
    const bright = new ImageData(width, height);
    for (let i = 0; i < shown.map.length; i++) {
      if (shown.map[i] === lit) bright.data.set([255, 255, 255, 255], 4 * i);
    }
    paper.globalAlpha = 0.55;
    paper.drawImage(layerOf(bright), 0, 0);
  }
}

function drawLegend() {
  const pixels = new Array(parts.length).fill(0);
  if (shown) for (const part of shown.map) pixels[part]++;
  by("legend").replaceChildren(...parts.slice(1).map((part) => {
    const item = document.createElement("li"), swatch = document.createElement("canvas");
    swatch.width = swatch.height = 1;
    const brush = swatch.getContext("2d");
    brush.fillStyle = colourOf(part.number);
    brush.fillRect(0, 0, 1, 1);
    const name = document.createElement("span"), count = document.createElement("data");
    name.textContent = `${part.number} ${part.name}`;
    count.textContent = pixels[part.number] ? pixels[part.number].toLocaleString("en") : "";
    item.append(swatch, name, count);
    item.dataset.part = part.number;
    item.classList.toggle("absent", shown !== null && !pixels[part.number]);
    item.addEventListener("pointerenter", () => light(part.number));
    item.addEventListener("pointerleave", () => light(0));
    return item;
  }));
}

function light(part) {
  if (part === lit) return;
  lit = part;
  for (const item of by("legend").children) item.classList.toggle("here", Number(item.dataset.part) === part);
  draw();
}

function colourOf(part) {
  return `rgb(${parts[part].colour.join(" ")})`;
}

function point(event) {
  if (!shown) return;
  const frame = canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - frame.left) * shown.width / frame.width);
  const y = Math.floor((event.clientY - frame.top) * shown.height / frame.height);
  const place = y * shown.width + x;
  const inside = x >= 0 && y >= 0 && x < shown.width && y < shown.height;
  const part = inside ? shown.map[place] : 0;
  const tip = by("tip");
  tip.hidden = !part;
  if (part) {
    const mark = document.createElement("i");
    mark.style.background = colourOf(part);
    const many = shown.found.persons > 1 ? ` · person ${shown.owner[place]}` : "";
    tip.replaceChildren(mark, `${parts[part].name}${many}`);
    tip.style.left = `${event.clientX - frame.left}px`;
    tip.style.top = `${event.clientY - frame.top}px`;
  }
  light(part);
}

function leave() {
  by("tip").hidden = true;
  light(0);
}

function say(text, problem = false) {
  by("status").textContent = text;
  by("status").classList.toggle("problem", problem);
}

function setThreshold(value) {
  by("threshold").value = value;
  by("threshold-value").textContent = Number(value).toFixed(2);
}

function take(files) {
  const picture = [...files].find((file) => file.type.startsWith("image/")) ?? files[0];
  if (picture) label(picture);
}

canvas.addEventListener("pointermove", point);
canvas.addEventListener("pointerdown", point);
canvas.addEventListener("pointerleave", leave);
by("file").addEventListener("change", () => { take(by("file").files); by("file").value = ""; });
by("another").addEventListener("click", () => by("file").click());
by("example").addEventListener("click", async () => label(await (await fetch("/page/example.jpg")).blob()));
by("opacity").addEventListener("input", draw);
by("threshold").addEventListener("input", () => setThreshold(by("threshold").value));
for (const id of ["threshold", "model"]) by(id).addEventListener("change", () => { if (current) label(current); });
document.addEventListener("paste", (event) => take(event.clipboardData.files));
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
document.addEventListener("dragleave", () => document.body.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  take(event.dataTransfer.files);
});
