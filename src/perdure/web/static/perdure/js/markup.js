// HTML of the server, copied into the page: only the elements, classes and attributes that perdure.text.html makes.
// The server sends nothing else; should it ever, what is not known here becomes plain text.

const CLASS = /^(?:(?:bg)?color-(?:[01]\d\d|2[0-4]\d|25[0-5])|underline|italic|strike|blink|bold|inverse|command)$/;
const COLOUR = /^#[0-9a-f]{6}$/;
const DEEPEST = 8;

/** A document fragment with what the server's HTML shows. */
export function fragmentOf(html) {
  const template = document.createElement("template");
  template.innerHTML = String(html);
  const fragment = document.createDocumentFragment();
  copyChildren(template.content, fragment, DEEPEST);
  return fragment;
}

function copyChildren(from, to, depth) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      to.append(node.data);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      const copy = depth > 0 ? elementLike(node) : null;
      if (copy === null) {
        to.append(node.textContent);
        continue;
      }
      copyChildren(node, copy, depth - 1);
      to.append(copy);
    }
  }
}

function elementLike(node) {
  switch (node.localName) {
    case "br":
      return document.createElement("br");
    case "span":
      return withColours(withClasses(document.createElement("span"), node), node);
    case "a":
      return linkLike(node);
    default:
      return null;
  }
}

function withClasses(copy, node) {
  const names = [...node.classList].filter((name) => CLASS.test(name));
  if (names.length) copy.classList.add(...names);
  return copy;
}

function withColours(copy, node) {
  for (const name of ["fg", "bg"]) {
    const colour = node.dataset[name];
    if (colour !== undefined && COLOUR.test(colour)) copy.dataset[name] = colour;
  }
  paint(copy);
  return copy;
}

function linkLike(node) {
  const copy = document.createElement("a");
  const command = node.dataset.cmd;
  if (command !== undefined) {
    copy.className = "command";
    copy.dataset.cmd = command;
    copy.title = command;
    copy.tabIndex = 0;
    copy.setAttribute("role", "button");
    return copy;
  }
  const address = node.getAttribute("href") ?? "";
  if (!/^https?:\/\//i.test(address)) return document.createElement("span");
  copy.href = address;
  copy.rel = "noopener noreferrer";
  copy.target = "_blank";
  return copy;
}

// --- true colours: set through the object model, since the page's policy forbids styles in HTML

const light = matchMedia("(prefers-color-scheme: light)");
light.addEventListener("change", () => document.querySelectorAll("[data-fg], [data-bg]").forEach(paint));

function paint(element) {
  const { fg, bg } = element.dataset;
  if (bg) {
    element.style.backgroundColor = bg;
    if (!fg && !/(^| )color-/.test(element.className)) element.style.color = brightness(parts(bg)) > 0.18 ? "#000" : "#fff";
  }
  if (fg) {
    const alone = !bg && !element.className.includes("bgcolor-");
    element.style.color = alone ? readable(parts(fg)) : fg;
  }
}

/** The colour, or one like it that can be read on the page; as perdure.web.ansi_css works out the others. */
function readable(colour) {
  const page = light.matches ? [239, 236, 228] : [16, 18, 22];
  const target = light.matches ? 0 : 255;
  let shown = colour;
  if (light.matches) {
    const low = Math.min(...colour);
    const grey = Math.max(...colour) - low < 24;
    shown = colour.map((part) => (grey ? 255 - part : part - Math.round(low * 0.7)));
  }
  for (let step = 0; step <= 100; step += 4) {
    const mixed = shown.map((part) => Math.round(part + ((target - part) * step) / 100));
    if (contrast(mixed, page) >= 4.5) return `rgb(${mixed.join(" ")})`;
  }
  return `rgb(${target} ${target} ${target})`;
}

function parts(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function contrast(one, other) {
  const [low, high] = [brightness(one), brightness(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function brightness(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
