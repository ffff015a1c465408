"use strict";
/* Keeps the part on what runs now up to date; the rest of the desk changes slowly and is loaded with the page. */
const PERIOD = 4000;
const part = document.getElementById("running"), lost = document.getElementById("lost");
let failures = 0, shown = null;

async function refresh() {
  try {
    const answer = await fetch(part.dataset.source, { cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) {
      lost.textContent = "You are logged out. Reload the page to log in.";
      lost.hidden = false;
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { html } = await answer.json();
    // what has the keyboard's focus is not torn away
    if (html !== shown && !part.contains(document.activeElement)) { part.innerHTML = html; shown = html; }
    failures = 0;
    lost.hidden = true;
  } catch {
    failures += 1;
    lost.textContent = "The connection to Airflow is lost. Trying again …";
    lost.hidden = false;
  }
  setTimeout(refresh, (document.hidden ? 10 : Math.min(10, 1 + failures)) * PERIOD);
}

setTimeout(refresh, PERIOD);
