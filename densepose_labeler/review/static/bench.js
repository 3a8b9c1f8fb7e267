// The bench: two canvases over one photograph, moved together; every verdict is on the server's disk before the next
// question comes.
const element = (id) => document.getElementById(id);
const canvases = { left: element("left"), right: element("right") };
const captions = { left: element("left-caption"), right: element("right-caption") };
const view = { scale: 1, x: 0, y: 0, fit: 1 };     // canvas pixels = map pixels * scale + (x, y)
const hidden = new Set();                          // parts that are not drawn
const wrong = new Set();                           // parts marked wrong in the one-by-one mode
let mode = "pairs";
let parts = [];
let asked = null;                                  // the open question with its pictures
let shownAt = 0;
let photographAlone = false;
let pointer = null;                                // {side, x, y} in canvas pixels
let sending = false;

const api = async (path, body) => {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(typeof answer.detail === "string" ? answer.detail : `the server says ${response.status}`);
  return answer;
};

const say = (text) => {
  element("message").textContent = text;
  element("message").hidden = !text;
};

// -- questions

const loadMap = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error((await response.json()).detail);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: "none" });
  const sheet = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
  const indices = new Uint8Array(bitmap.width * bitmap.height);
  for (let i = 0; i < indices.length; i++) indices[i] = pixels[4 * i];
  return { width: bitmap.width, height: bitmap.height, indices, sheet: null };
};

const loadPhotograph = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error((await response.json()).detail);
  return createImageBitmap(await response.blob());
};

const show = async (answer) => {
  element("progress").textContent =
    `${answer.judged} by you` + (answer.all > answer.judged ? `, ${answer.all} by all` : "");
  wrong.clear();
  sayWrong();
  if (!answer.question) {
    asked = null;
    draw();
    say(mode === "pairs" ? "Every pair has been judged on every image. Thank you." : "Every map has been graded. Thank you.");
    return;
  }
  const [photograph, left, right] = await Promise.all([
    loadPhotograph(answer.photograph), loadMap(answer.left), answer.right ? loadMap(answer.right) : null,
  ]);
  asked = { id: answer.question, photograph, maps: { left, right } };
  say("");
  fit();
  document.body.dataset.question = answer.question;
  shownAt = performance.now();
};

const attempt = async (work) => {
  if (sending) return;
  sending = true;
  try { await work(); } catch (error) { say(error.message); } finally { sending = false; }
};

const rater = () => element("rater").value.trim() || "expert";
const seconds = () => Math.min((performance.now() - shownAt) / 1000, 86400);
const start = () => attempt(async () => {
  const path = mode === "pairs" ? "/api/question" : "/api/rating-question";
  await show(await api(`${path}?rater=${encodeURIComponent(rater())}`));
});
const judge = (outcome) => asked && attempt(async () =>
  show(await api("/api/judgment", { rater: rater(), question: asked.id, outcome, seconds: seconds() })));
const rate = (grade) => asked && attempt(async () => show(await api("/api/rating",
  { rater: rater(), question: asked.id, grade, wrong_parts: [...wrong], seconds: seconds() })));
const undo = () => attempt(async () => show(await api("/api/undo", { rater: rater(), mode })));

// -- drawing

const colours = (map) => {
  // The overlay of one map as a canvas of the map's own size, made anew when parts or the outline mode change.
  const state = `${element("outline").checked} ${[...hidden].sort()}`;
  if (map.sheet && map.state === state) return map.sheet;
  const { width, height, indices } = map;
  const image = new ImageData(width, height);
  const outline = element("outline").checked;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const part = indices[i];
      if (!part || hidden.has(part)) continue;
      if (outline && x && y && x < width - 1 && y < height - 1 && part === indices[i - 1] && part === indices[i + 1] &&
          part === indices[i - width] && part === indices[i + width]) continue;
      image.data.set(parts[part].colour, 4 * i);
      image.data[4 * i + 3] = 255;
    }
  }
  map.sheet = new OffscreenCanvas(width, height);
  map.sheet.getContext("2d").putImageData(image, 0, 0);
  map.state = state;
  return map.sheet;
};

const draw = () => {
  for (const [side, canvas] of Object.entries(canvases)) {
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const map = asked && asked.maps[side];
    if (!map) { captions[side].textContent = ""; continue; }
    context.setTransform(view.scale, 0, 0, view.scale, view.x, view.y);
    context.imageSmoothingEnabled = view.scale < 2;
    context.drawImage(asked.photograph, 0, 0, map.width, map.height);
    if (!photographAlone) {
      context.globalAlpha = element("outline").checked ? 1 : element("opacity").value / 100;
      context.imageSmoothingEnabled = false;
      context.drawImage(colours(map), 0, 0);
      context.globalAlpha = 1;
    }
    const part = partUnder(map);
    captions[side].textContent = part ? `${part} ${parts[part].name}` : "";
    if (pointer) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.strokeStyle = "#fff";
      context.strokeRect(Math.round(pointer.x) - 3.5, Math.round(pointer.y) - 3.5, 7, 7);
    }
  }
  element("zoom").textContent = asked ? `${Math.round(100 * view.scale / devicePixelRatio)} %` : "";
};

const partUnder = (map) => {
  if (!pointer) return 0;
  const x = Math.floor((pointer.x - view.x) / view.scale), y = Math.floor((pointer.y - view.y) / view.scale);
  return x >= 0 && y >= 0 && x < map.width && y < map.height ? map.indices[y * map.width + x] : 0;
};

const fit = () => {
  for (const canvas of Object.values(canvases)) {
    canvas.width = Math.max(1, canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.max(1, canvas.clientHeight * devicePixelRatio);
  }
  if (asked) {
    const { width, height } = asked.maps.left, canvas = canvases.left;
    view.scale = view.fit = Math.min(canvas.width / width, canvas.height / height);
    view.x = (canvas.width - width * view.scale) / 2;
    view.y = (canvas.height - height * view.scale) / 2;
  }
  draw();
};

const zoom = (factor, x = canvases.left.width / 2, y = canvases.left.height / 2) => {
  const scale = Math.min(Math.max(view.scale * factor, view.fit / 2), 64);
  view.x = x - (x - view.x) * scale / view.scale;
  view.y = y - (y - view.y) * scale / view.scale;
  view.scale = scale;
  draw();
};

const sayWrong = () => {
  element("wrong").textContent = wrong.size
    ? `wrong: ${[...wrong].sort((a, b) => a - b).map((part) => parts[part].name).join(", ")}`
    : "click on a part that is wrong to mark it";
};

const hideUnderPointer = () => {
  const part = pointer && asked && asked.maps[pointer.side] && partUnder(asked.maps[pointer.side]);
  if (part) hidden.add(part); else hidden.clear();
  draw();
};

const setMode = (name) => {
  mode = name;
  element("mode-pairs").setAttribute("aria-pressed", name === "pairs");
  element("mode-ratings").setAttribute("aria-pressed", name === "ratings");
  element("right-figure").hidden = element("pair-buttons").hidden = name !== "pairs";
  element("rating-buttons").hidden = name !== "ratings";
  start();
};

const setOpacity = (by) => {
  element("opacity").value = Number(element("opacity").value) + by;
  draw();
};

// -- hands

const keys = {
  ArrowLeft: () => mode === "pairs" && judge("left"),
  ArrowRight: () => mode === "pairs" && judge("right"),
  ArrowDown: () => mode === "pairs" && judge("tie"),
  ArrowUp: () => mode === "pairs" && judge("both_bad"),
  1: () => mode === "ratings" && rate("good"),
  2: () => mode === "ratings" && rate("usable"),
  3: () => mode === "ratings" && rate("bad"),
  Backspace: undo,
  " ": () => { photographAlone = true; draw(); },
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit,
  ",": () => setOpacity(-10), ".": () => setOpacity(10),
  o: () => { element("outline").checked = !element("outline").checked; draw(); },
  t: hideUnderPointer,
  a: () => { hidden.clear(); draw(); },
  "?": () => element("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.target === element("rater") || element("help").open || event.ctrlKey || event.metaKey || event.altKey) return;
  const work = keys[event.key] ?? keys[event.key.toLowerCase()];
  if (!work) return;
  event.preventDefault();
  if (!event.repeat || "+-=,.".includes(event.key)) work();
});
document.addEventListener("keyup", (event) => {
  if (event.key === " ") { photographAlone = false; draw(); }
});

for (const [side, canvas] of Object.entries(canvases)) {
  const place = (event) => ({ side, x: event.offsetX * devicePixelRatio, y: event.offsetY * devicePixelRatio });
  let dragged = null, moved = false;
  canvas.addEventListener("pointermove", (event) => {
    pointer = place(event);
    if (dragged) {
      moved ||= Math.hypot(pointer.x - dragged.x, pointer.y - dragged.y) > 4;
      view.x += pointer.x - dragged.x;
      view.y += pointer.y - dragged.y;
      dragged = pointer;
    }
    draw();
  });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    dragged = place(event);
    moved = false;
  });
  canvas.addEventListener("pointerup", () => {
    dragged = null;
    const part = !moved && mode === "ratings" && asked ? partUnder(asked.maps.left) : 0;
    if (part && !wrong.delete(part)) wrong.add(part);
    sayWrong();
  });
  canvas.addEventListener("pointerleave", () => { pointer = null; draw(); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = place(event);
    zoom(Math.exp(-event.deltaY / 500), at.x, at.y);
  }, { passive: false });
}

for (const button of document.querySelectorAll("[data-outcome]"))
  button.addEventListener("click", () => { button.blur(); judge(button.dataset.outcome); });
for (const button of document.querySelectorAll("[data-grade]"))
  button.addEventListener("click", () => { button.blur(); rate(button.dataset.grade); });
element("undo").addEventListener("click", () => { element("undo").blur(); undo(); });
element("help-button").addEventListener("click", () => element("help").showModal());
element("mode-pairs").addEventListener("click", (event) => { event.target.blur(); setMode("pairs"); });
element("mode-ratings").addEventListener("click", (event) => { event.target.blur(); setMode("ratings"); });
element("opacity").addEventListener("input", draw);
element("outline").addEventListener("change", (event) => { event.target.blur(); draw(); });
element("rater").addEventListener("change", (event) => {
  localStorage.setItem("rater", rater());
  event.target.blur();
  start();
});
addEventListener("resize", fit);

element("rater").value = localStorage.getItem("rater") || "expert";
parts = await api("/api/parts");
setMode("pairs");
