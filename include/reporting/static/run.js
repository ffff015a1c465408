"use strict";
/* The page of a run: asks for what is new every three seconds while it trains, and stops when it has ended. */
const PERIOD = 3000, MOST = 3000;
const page = document.getElementById("run");
const charts = new Charts(document.getElementById("charts"), JSON.parse(page.dataset.definitions), JSON.parse(page.dataset.limits));
const lost = document.getElementById("lost");
let cursor = null, failures = 0;

const put = (id, text) => { document.getElementById(id).textContent = text; };
const number = (value, digits = 0) => (value === null ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: digits, minimumFractionDigits: digits }));

function span(seconds) {
  const left = Math.max(0, Math.round(seconds)), units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = units.findIndex(([size]) => left >= size);
  if (at < 0) return "0 s";
  const [size, name] = units[at], next = units[at + 1], rest = left % size;
  return `${Math.floor(left / size)} ${name}${next && rest >= next[0] ? ` ${Math.floor(rest / next[0])} ${next[1]}` : ""}`;
}

function tell(state) {
  document.getElementById("progress").value = state.share;
  put("share", `${Math.round(100 * state.share)}%`);
  put("steps", number(state.timesteps));
  put("episodes", number(state.episodes));
  put("speed", number(state.speed));
  put("left", state.seconds_left === null ? "–" : span(state.seconds_left));
  put("reward", number(state.reward, 2));
  put("kl", number(state.kl, 4));
  put("best", state.best_score === null ? "–" : `${state.best_score < 0 ? "−" : "+"}${number(Math.abs(100 * state.best_score), 2)}%`);
  const status = document.getElementById("status");
  status.textContent = state.status;
  status.className = `chip ${state.status}`;
  document.getElementById("alerts").replaceChildren(...state.alerts.map((alert) => {
    const line = document.createElement("li"), name = document.createElement("b");
    line.className = alert.severity;
    name.textContent = alert.name.replaceAll("_", " ");
    line.append(name, ` ${alert.message}`);
    return line;
  }));
}

function say(text) {
  lost.textContent = text;
  lost.hidden = !text;
}

async function ask() {
  // points that came bit by bit are thinned out again once there are many
  if (charts.charts.some((chart) => chart.x.length > MOST)) cursor = null;
  const answer = await fetch(page.dataset.curves + (cursor ? `?since=${encodeURIComponent(cursor)}` : ""), { cache: "no-store" });
  if (answer.status === 401 || answer.status === 403) { say("You are logged out. Reload the page to log in."); return false; }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const found = await answer.json();
  cursor = found.cursor;
  charts.add(found);
  tell(found.state);
  page.dataset.state = found.state.status;
  return found.state.is_training;
}

async function keepAsking() {
  let goesOn = true;
  try {
    goesOn = await ask();
    if (goesOn || failures) { failures = 0; if (lost.textContent.startsWith("The connection")) say(""); }
  } catch {
    failures += 1;
    say("The connection to Airflow is lost. Trying again …");
  }
  if (goesOn) setTimeout(keepAsking, document.hidden ? 10 * PERIOD : PERIOD * Math.min(10, 1 + failures));
}

keepAsking();
