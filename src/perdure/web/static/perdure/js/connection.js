// The connection to the game: a WebSocket that comes back by itself, and says how it is.
//
// Events: "state" (detail: {state, text}) with state connecting, connected, waiting (for the next try) or lost (the game
// has ended it; nothing is tried until somebody asks); "message" (detail: {name, args, kwargs}).

const PROTOCOL = "v1.evennia.com";
const KEEP_ALIVE = 30_000;
const FIRST_WAIT = 1;
const LONGEST_WAIT = 30;
const TICKET_WAIT = 10_000;
// 1000: the game has said good-bye. 1008: it does not want this client.
const FOR_GOOD = new Set([1000, 1008]);

export class Connection extends EventTarget {
  #socket = null;
  #wait = FIRST_WAIT;
  #timer = 0;
  #keepAlive = 0;
  #attempt = 0;
  #serving = true;
  #options;

  /** options: {socket, ticket, csrf, account}: addresses, the token for forms, and who is logged in to the website. */
  constructor(options) {
    super();
    this.#options = options;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    addEventListener("pagehide", () => this.#socket?.close(1000));
  }

  get connected() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connect now. */
  async open() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const attempt = ++this.#attempt;
    this.#close();
    this.#say("connecting", "Connecting…");
    let ticket = "";
    try {
      ticket = await this.#ticket();
    } catch {
      if (attempt === this.#attempt) this.#retry();
      return;
    }
    if (attempt !== this.#attempt) return;
    const address = new URL(this.#options.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (ticket) address.searchParams.set("ticket", ticket);
    const socket = new WebSocket(address, PROTOCOL);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (event) => this.#received(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event));
  }

  /** Send a message; false if there is no connection. */
  send(name, args = [], kwargs = {}) {
    if (!this.connected) return false;
    this.#socket.send(JSON.stringify([name, args, kwargs]));
    return true;
  }

  /** A ticket that logs in who is logged in to the website; throws if the site cannot be reached. */
  async #ticket() {
    const { account, csrf, ticket } = this.#options;
    if (!account) return "";
    const answer = await fetch(ticket, {
      method: "POST",
      headers: { "X-CSRFToken": csrf },
      credentials: "same-origin",
      signal: AbortSignal.timeout(TICKET_WAIT),
    });
    if (answer.status >= 500) throw new Error(`the site answers ${answer.status}`);
    const data = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
    if (!data.ticket) {
      const text = data.error ?? `The website's login of ${account} has ended. Log in here, or load the page again.`;
      this.dispatchEvent(new CustomEvent("notice", { detail: text }));
    }
    return data.ticket ?? "";
  }

  #opened() {
    this.#serving = true;
    this.#say("connected", "Connected");
    this.#keepAlive = setInterval(() => this.send("text", ["idle"]), KEEP_ALIVE);
  }

  #received(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (!Array.isArray(message) || typeof message[0] !== "string") return;
    this.#wait = FIRST_WAIT;
    const [name, args, kwargs] = message;
    if (name === "world") this.#serving = args?.[0] === "serving";
    const detail = { name, args: Array.isArray(args) ? args : [], kwargs: kwargs ?? {} };
    this.dispatchEvent(new CustomEvent("message", { detail }));
  }

  #closed(event) {
    this.#close();
    // A game that is being stopped says good-bye too, and may be started again.
    if (FOR_GOOD.has(event.code) && this.#serving) {
      this.#say("lost", event.reason ? `Disconnected: ${event.reason}` : "Disconnected");
    } else {
      this.#retry();
    }
  }

  #close() {
    clearInterval(this.#keepAlive);
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null && socket.readyState < WebSocket.CLOSING) socket.close(1000);
  }

  #retry() {
    const seconds = this.#wait;
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
    this.#say("waiting", `Connection lost. Next try in ${seconds} s`);
    // Not all clients of a game at the same moment.
    this.#timer = setTimeout(() => this.open(), seconds * (750 + 500 * Math.random()));
  }

  /** Try at once, when a try is due later anyway. */
  #hurry() {
    if (this.#timer) this.open();
  }

  #say(state, text) {
    this.dispatchEvent(new CustomEvent("state", { detail: { state, text } }));
  }
}
