// What was typed before, by the beginning of the line. Kept in memory only, and never a password.

const MOST = 500;

export class History {
  #lines = [];
  #at = null;
  #draft = "";

  /** Remember a line; going back begins with it. */
  add(line) {
    this.leave();
    if (!line.trim()) return;
    if (this.#lines.at(-1) !== line) this.#lines.push(line);
    if (this.#lines.length > MOST) this.#lines.shift();
  }

  /** Something else was typed: going back begins anew. */
  leave() {
    this.#at = null;
  }

  /** The next older (-1) or newer (1) line that begins as the draft does; null if there is none. */
  step(direction, current) {
    if (this.#at === null) {
      if (direction > 0) return null;
      this.#draft = current;
      this.#at = this.#lines.length;
    }
    for (let at = this.#at + direction; at >= 0 && at < this.#lines.length; at += direction) {
      if (this.#lines[at].startsWith(this.#draft) && this.#lines[at] !== current) {
        this.#at = at;
        return this.#lines[at];
      }
    }
    if (direction < 0) return null;
    this.leave();
    return this.#draft;
  }
}
