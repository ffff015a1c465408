"use strict";

// Show the newest message, as Slack does, unless the address points at one.
const messages = document.getElementById("messages");
const { channel, state } = document.body.dataset;
const remembered = sessionStorage.getItem(`scroll-${channel}`);
function settle() {
  if (!location.hash) messages.scrollTop = remembered === null ? messages.scrollHeight : Number(remembered);
}
// A thread stays as the reader left it, and opens for an address that points into it.
for (const thread of document.querySelectorAll("details.thread")) {
  const key = `thread-${channel}-${thread.dataset.ts}`;
  const kept = sessionStorage.getItem(key);
  if (kept !== null) thread.open = kept === "open";
  thread.addEventListener("toggle", () => sessionStorage.setItem(key, thread.open ? "open" : "closed"));
}
function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const thread = target && target.closest("details.thread");
  if (thread) thread.open = true;
  if (target) target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();
settle();
addEventListener("load", settle); // again when the images have their height

// Remember where the reader was; at the end of the channel means: follow it.
messages.addEventListener("scroll", () => {
  const isAtEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 40;
  if (isAtEnd) sessionStorage.removeItem(`scroll-${channel}`);
  else sessionStorage.setItem(`scroll-${channel}`, String(messages.scrollTop));
});

// Load the page again only when the channel has changed.
setInterval(async () => {
  try {
    const answer = await fetch(`/slack/state?channel=${channel}`, { cache: "no-store" });
    if ((await answer.json()).state !== state) location.reload();
  } catch {
    // the sandbox is restarting: the next poll sees it
  }
}, 3000);
