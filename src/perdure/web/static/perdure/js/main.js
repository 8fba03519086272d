// The browser client: puts the parts together.
//
// A game's own scripts hear of all messages ("perdure:message" on the document, detail {name, args, kwargs}) and can send
// some ("perdure:send", detail [name, args, kwargs]).

import { Connection } from "./connection.js";
import { History } from "./history.js";
import { fragmentOf } from "./markup.js";
import { Output } from "./output.js";
import { load, save } from "./preferences.js";

const find = (id) => document.getElementById(id);
const client = find("client");
const input = find("input");
const label = find("input-label");
const prompt = find("prompt");
const status = find("status");
const choices = load();
const history = new History();
const output = new Output(find("output"), find("below"));
const connection = new Connection(client.dataset);
const title = document.title;

let hiddenInput = false;
let loggedIn = false;
let unread = 0;
let sentSize = "";

// --- what comes

const receivers = {
  text: (args, kwargs) => {
    output.html(args.join(""), String(kwargs.type ?? ""));
    if (document.hidden) document.title = `(${++unread}) ${title}`;
  },
  prompt: (args) => prompt.replaceChildren(fragmentOf(args.join(""))),
  echo: (args) => hideInput(args[0] === false),
  typing: (args) => hideInput(args[0] === false),
  world: (args) => tellOfWorld(args[0]),
  logged_in: () => {
    loggedIn = true;
    hideInput(false);
  },
  logged_out: () => {
    loggedIn = false;
  },
};

/** The game is being started anew behind the connection, which stays: what is typed waits, and nothing is lost. */
function tellOfWorld(state) {
  if (!connection.connected) return;
  status.dataset.state = state === "serving" ? "connected" : "connecting";
  find("status-text").textContent = WORLD_STATES[state] ?? WORLD_STATES.reloading;
}

const WORLD_STATES = {
  serving: "Connected",
  starting: "The world is starting; what you type waits for it",
  reloading: "The world is changing over; what you type waits for it",
  stopping: "The game is closing",
  down: "The world is not there; what you type waits for it",
};

connection.addEventListener("message", ({ detail }) => {
  if (Object.hasOwn(receivers, detail.name)) receivers[detail.name](detail.args, detail.kwargs);
  document.dispatchEvent(new CustomEvent("perdure:message", { detail }));
});
document.addEventListener("perdure:send", ({ detail }) => connection.send(...detail));
connection.addEventListener("notice", ({ detail }) => output.text(detail, "notice"));

let before = "";
connection.addEventListener("state", ({ detail: { state, text } }) => {
  status.dataset.state = state;
  find("status-text").textContent = text;
  find("reconnect").hidden = state === "connecting" || state === "connected";
  if (state === "connected") {
    loggedIn = false;
    prompt.replaceChildren();
    hideInput(false);
    if (before) output.text("You are connected again.", "notice");
    sentSize = "";
    sendOptions(true);
  } else if (before === "connected") {
    const text = state === "lost" ? "You have been disconnected." : "The connection is lost; it is tried again by itself.";
    output.text(text, "notice");
  }
  if (state !== "connecting") before = state;
});

// --- what goes

find("line").addEventListener("submit", (event) => {
  event.preventDefault();
  const line = input.value;
  if (!send(line)) return;
  if (choices.keep && !hiddenInput) input.select();
  else input.value = "";
  input.focus();
});

/** Send a line as if it had been typed; false if it could not be sent. */
function send(line) {
  if (!connection.send("text", [line])) {
    const text = find("status-text");
    // Said anew, so that a screen reader tells it again.
    text.textContent = "";
    text.textContent = "Not connected: the line was not sent";
    return false;
  }
  prompt.replaceChildren();
  if (!hiddenInput) {
    const shown = withoutSecrets(line);
    if (shown === line) history.add(line);
    if (choices.echo && shown.trim()) output.text(shown, "typed");
  }
  output.toEnd();
  return true;
}

/** The line without the password in it, if it looks like one that has one. */
function withoutSecrets(line) {
  const secret = loggedIn ? /^\s*[@&/+]*passw\w*\b/i : /^\s*[@&/+]*(?:con?n?e?c?t?|cre?a?t?e?)\b(?=.*\S\s+\S)/i;
  const found = secret.exec(line);
  return found !== null && found[0].length < line.trimEnd().length ? `${found[0]} …` : line;
}

function hideInput(hide) {
  hiddenInput = hide;
  input.type = hide ? "password" : "text";
  label.textContent = hide ? "Password (not shown)" : "Command";
  input.placeholder = hide ? "Password (not shown)" : "";
  history.leave();
}

/** Tell the game how much room there is, when that has changed. */
function sendOptions(all = false) {
  const { columns, rows } = output.size();
  const size = `${columns}x${rows}`;
  const options = size === sentSize ? {} : { screenwidth: columns, screenheight: rows };
  if (all) {
    const about = { client: "Perdure web client", version: client.dataset.version, screenreader: choices.screenreader };
    Object.assign(options, about);
  }
  if (Object.keys(options).length && connection.send("client_options", [], options)) sentSize = size;
}

let resizing = 0;
new ResizeObserver(() => {
  clearTimeout(resizing);
  resizing = setTimeout(sendOptions, 400);
}).observe(find("output"));

// --- keys and clicks

const KEYS = {
  ArrowUp: () => recall(-1),
  ArrowDown: () => recall(1),
  PageUp: () => output.page(-1),
  PageDown: () => output.page(1),
  Escape: () => {
    input.value = "";
    history.leave();
  },
};

input.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
  const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
  if (act === null) return;
  event.preventDefault();
  act();
});
input.addEventListener("input", () => history.leave());

function recall(direction) {
  if (hiddenInput) return;
  const line = history.step(direction, input.value);
  if (line === null) return;
  input.value = line;
  input.setSelectionRange(line.length, line.length);
}

function follow(event) {
  const link = event.target.closest?.("a[data-cmd]");
  if (!link) return false;
  event.preventDefault();
  send(link.dataset.cmd);
  return true;
}

for (const place of [find("output"), prompt]) {
  place.addEventListener("click", (event) => {
    const followed = follow(event);
    // A click into the text goes on with typing, unless something is being selected, or a screen keyboard would open.
    const mouse = matchMedia("(pointer: fine)").matches && getSelection().isCollapsed && !event.target.closest("a");
    if (followed || mouse) input.focus({ preventScroll: true });
  });
  place.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") follow(event);
  });
}

document.addEventListener("keydown", (event) => {
  const typed = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  // The key itself goes where the cursor is now.
  if (typed && !event.target.closest("input, textarea, select, dialog")) input.focus();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
});
find("reconnect").addEventListener("click", () => {
  connection.open();
  input.focus();
});

// --- settings

const boxes = { echo: "option-echo", keep: "option-keep", screenreader: "option-screenreader", announce: "option-announce" };

function apply() {
  client.style.setProperty("--font-size", `${choices.fontSize}px`);
  find("output").setAttribute("aria-live", choices.announce ? "polite" : "off");
  find("font-size").value = choices.fontSize;
  find("font-size-shown").textContent = choices.fontSize;
  for (const [name, id] of Object.entries(boxes)) find(id).checked = choices[name];
}

function choose(name, value) {
  choices[name] = value;
  save(choices);
  apply();
  sendOptions(name === "screenreader");
}

find("settings-button").addEventListener("click", () => find("settings").showModal());
find("clear").addEventListener("click", () => output.clear());
find("font-size").addEventListener("input", (event) => choose("fontSize", Number(event.target.value)));
for (const [name, id] of Object.entries(boxes)) {
  find(id).addEventListener("change", (event) => choose(name, event.target.checked));
}

apply();
if (matchMedia("(pointer: fine)").matches) input.focus();
connection.open();
