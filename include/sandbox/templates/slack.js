"use strict";

// Show the newest message, as Slack does, unless the address points at one.
const messages = document.getElementById("messages");
const { channel, state } = document.body.dataset;
const remembered = sessionStorage.getItem(`scroll-${channel}`);
function settle() {
  if (!location.hash) messages.scrollTop = remembered === null ? messages.scrollHeight : Number(remembered);
}
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
