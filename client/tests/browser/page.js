// What a test sees of the page and does to it. Made anew for each test; `restore` puts everything back.
// Requests go to the real server, and its answers come back as they are; they can only be held back for a while.
const fetch = window.fetch;
const sent = [];
const gates = new Map();
const locks = new Map();
const localStorageOfOld = Object.getOwnPropertyDescriptor(window, "localStorage");

window.fetch = async (request) => {
  const { host, pathname: path } = new URL(request.url);
  const { method, headers, redirect, signal } = request;
  const note = { host, path, method, authorization: headers.get("authorization"), content_type: headers.get("content-type"), body: null, redirect, status: 0, signal };
  sent.push(note);
  request.clone().arrayBuffer().then((bytes) => (note.body = Array.from(new Uint8Array(bytes))), () => {});
  const response = await fetch.call(window, request);
  note.status = response.status;
  const gate = gates.get(path);
  if (gate) {
    gate.held += 1;
    await gate.opened;
  }
  return response;
};

const deferred = () => {
  const it = {};
  it.promise = new Promise((resolve) => (it.resolve = resolve));
  return it;
};

return {
  sent: () => JSON.stringify(sent.map(({ signal, ...note }) => ({ ...note, aborted: signal.aborted }))),
  hold(path) {
    const { promise, resolve } = deferred();
    gates.set(path, { held: 0, opened: promise, open: resolve });
  },
  held: (path) => gates.get(path)?.held ?? 0,
  release(path) {
    gates.get(path)?.open();
    gates.delete(path);
  },
  lock: (name) =>
    new Promise((granted) => {
      const { promise, resolve } = deferred();
      locks.set(name, resolve);
      navigator.locks.request(name, () => (granted(), promise)).catch(() => {});
    }),
  unlock(name) {
    locks.get(name)?.();
    locks.delete(name);
  },
  locks: async () => {
    const { held, pending } = await navigator.locks.query();
    return JSON.stringify([...held, ...pending].map((lock) => lock.name));
  },
  refuseLocks() {
    navigator.locks.request = async () => {
      throw new DOMException("not here", "InvalidStateError");
    };
  },
  denyStorage() {
    const get = () => {
      throw new DOMException("denied", "SecurityError");
    };
    Object.defineProperty(window, "localStorage", { configurable: true, get });
    // Browsers deny both together.
    navigator.locks.request = async () => get();
  },
  fillStorage() {
    // Each character is written once: rewriting megabytes would keep the browser busy for seconds.
    for (let size = 1 << 22; size >= 1; size >>= 1) {
      try {
        localStorage.setItem(`filler.${size}`, "x".repeat(size));
      } catch {}
    }
  },
  allowStorage() {
    Object.defineProperty(window, "localStorage", localStorageOfOld);
    delete navigator.locks.request;
    Object.keys(localStorage).filter((key) => key.startsWith("filler.")).forEach((key) => localStorage.removeItem(key));
  },
  restore() {
    delete navigator.locks.request;
    window.fetch = fetch;
    [...gates.values()].forEach((gate) => gate.open());
    [...locks.values()].forEach((release) => release());
  },
};
