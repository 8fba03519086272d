// What somebody has chosen in the settings, kept in this browser.

const KEY = "perdure-client";
const DEFAULTS = { fontSize: 16, echo: true, keep: false, screenreader: false, announce: true };

/** The choices; where the browser keeps nothing they last as long as the page. */
export function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const known = Object.entries(DEFAULTS).map(([name, value]) => [name, typeof kept[name] === typeof value ? kept[name] : value]);
    const choices = Object.fromEntries(known);
    choices.fontSize = Math.max(12, Math.min(28, Math.round(choices.fontSize)));
    return choices;
  } catch {
    return { ...DEFAULTS };
  }
}

/** Keep the choices. */
export function save(choices) {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // A browser that keeps nothing: the choices are good for this page.
  }
}
