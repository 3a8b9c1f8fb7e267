// The live page: the ranking as the verdicts stand, refreshed while somebody judges.
const element = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const number = (value, digits = 2) => value === null ? "–" : value.toFixed(digits);
const percent = (value) => value === null ? "–" : `${Math.round(100 * value)} %`;

const row = (cells) => {
  const made = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    td.append(cell);
    made.append(td);
  }
  return made;
};

const bar = (model, low, high) => {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 8");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${percent(model.low)} to ${percent(model.high)}`);
  const x = (value) => 2 + 96 * (value - low) / (high - low || 1);
  const line = (a, b, y0, y1, name) => {
    const made = document.createElementNS(SVG, "line");
    for (const [key, value] of Object.entries({ x1: x(a), x2: x(b), y1: y0, y2: y1, class: name })) made.setAttribute(key, value);
    svg.append(made);
  };
  if (low < 0.5 && high > 0.5) line(0.5, 0.5, 0, 8, "zero");
  line(model.low, model.high, 4, 4, "interval");
  const dot = document.createElementNS(SVG, "circle");
  for (const [key, value] of Object.entries({ cx: x(model.win_share), cy: 4, r: 2 })) dot.setAttribute(key, value);
  svg.append(dot);
  return svg;
};

const outlook = (standing) => {
  if (!standing.judgments) return "Nothing has been judged yet.";
  const sure = `The best ${standing.top} are settled with a probability of ${percent(standing.settled)}`;
  if (standing.needed === 0) return `${sure}: more verdicts are unlikely to change them.`;
  if (standing.needed === null) return `${sure}. They are too close to be told apart with a reasonable number of verdicts.`;
  return `${sure}. About ${standing.needed} more verdicts are likely needed to reach ${percent(standing.settled_from)}.`;
};

const refresh = async () => {
  const chosen = element("stratum").value;
  const response = await fetch(`/api/ranking${chosen ? `?stratum=${encodeURIComponent(chosen)}` : ""}`);
  if (!response.ok) { element("outlook").textContent = (await response.json()).detail; return; }
  const standing = await response.json();
  element("outlook").textContent = `${standing.judgments} verdicts. ${outlook(standing)}`;
  const names = [...element("stratum").options].map((option) => option.value);
  for (const stratum of standing.strata) if (!names.includes(stratum)) element("stratum").append(new Option(stratum, stratum));
  const low = Math.min(...standing.models.map((model) => model.low)), high = Math.max(...standing.models.map((model) => model.high));
  element("models").replaceChildren(...standing.models.map((model) => row([
    String(model.rank), model.model, percent(model.win_share), bar(model, low, high),
    `${model.best_rank}–${model.worst_rank}`, percent(model.top_probability),
  ])));
  element("raters").replaceChildren(...standing.raters.self.map((one) => row([
    "", one.rater, String(one.judgments), String(one.repeats), percent(one.agreed), number(one.kappa),
  ])));
  element("alpha").textContent = standing.raters.alpha === null ? "" :
    `Krippendorff's alpha between the raters: ${number(standing.raters.alpha)}`;
};

element("stratum").addEventListener("change", refresh);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(() => document.hidden || refresh(), 3000);
refresh();
