// The text of the game: newest below, scrolled along unless somebody reads further up, and of bounded length.

import { fragmentOf } from "./markup.js";

const MOST_LINES = 5000;
const KIND = /^[a-z_-]{1,20}$/i;

export class Output {
  #element;
  #below;
  #lines = 0;
  #pinned = true;
  #top = 0;
  #unseen = 0;
  #frame = 0;

  /** element: where the text goes; below: the button that tells of lines out of sight. */
  constructor(element, below) {
    this.#element = element;
    this.#below = below;
    element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    below.addEventListener("click", () => this.toEnd());
    document.addEventListener("visibilitychange", () => document.hidden || this.#schedule());
    new ResizeObserver(() => this.#schedule()).observe(element);
  }

  /** Show HTML of the server. */
  html(html, kind = "") {
    this.#append(fragmentOf(html), KIND.test(kind) ? kind : "");
  }

  /** Show plain text of the client: what was typed ("typed"), or a notice ("notice"). */
  text(text, name) {
    const fragment = document.createDocumentFragment();
    fragment.append(text);
    this.#append(fragment, "", name);
  }

  /** Take all text away. */
  clear() {
    this.#element.replaceChildren();
    this.#lines = 0;
    this.toEnd();
  }

  /** Scroll down to the newest line. */
  toEnd() {
    this.#pinned = true;
    this.#draw();
  }

  /** Scroll by pages. */
  page(direction) {
    this.#element.scrollBy({ top: direction * this.#element.clientHeight * 0.9 });
  }

  /** How many columns and lines of text there is room for. */
  size() {
    const probe = document.createElement("span");
    probe.className = "hidden";
    probe.textContent = "0".repeat(100);
    probe.setAttribute("aria-hidden", "true");
    const ruler = this.#element.parentElement.appendChild(probe);
    const style = getComputedStyle(this.#element);
    ruler.style.font = style.font;
    ruler.style.width = "auto";
    const width = ruler.getBoundingClientRect().width / 100;
    ruler.remove();
    const room = this.#element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const columns = width > 0 ? Math.floor(room / width) : 80;
    const rows = Math.floor(this.#element.clientHeight / parseFloat(style.lineHeight));
    return { columns: Math.max(20, Math.min(columns, 132)), rows: Math.max(5, Math.min(rows || 24, 200)) };
  }

  #append(fragment, kind, name = "") {
    const message = document.createElement("div");
    message.className = name ? `message ${name}` : "message";
    message.dir = "auto";
    if (kind) message.dataset.kind = kind;
    const lines = 1 + fragment.querySelectorAll("br").length;
    message.lines = lines;
    message.append(fragment);
    if (!message.hasChildNodes()) message.append("\u00a0");
    this.#element.append(message);
    this.#lines += lines;
    if (!this.#pinned) this.#unseen += lines;
    if (document.hidden) this.#trim();
    this.#schedule();
  }

  #trim() {
    while (this.#lines > MOST_LINES && this.#element.firstElementChild !== this.#element.lastElementChild) {
      const oldest = this.#element.firstElementChild;
      this.#lines -= oldest.lines;
      oldest.remove();
    }
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** Once for all that has come in this frame: cut, scroll, tell of what is below. */
  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#trim();
    if (this.#pinned) {
      this.#element.scrollTop = this.#element.scrollHeight;
      this.#unseen = 0;
    }
    this.#top = this.#element.scrollTop;
    this.#below.hidden = this.#pinned || this.#unseen === 0;
    this.#below.textContent = this.#unseen === 1 ? "1 new line below" : `${this.#unseen} new lines below`;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#element;
    if (scrollTop + clientHeight >= scrollHeight - 8) {
      this.#pinned = true;
      this.#unseen = 0;
    } else if (scrollTop < this.#top - 1) {
      this.#pinned = false;
    }
    this.#top = scrollTop;
    this.#below.hidden = this.#pinned || this.#unseen === 0;
  }
}
