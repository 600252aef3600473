// Controls the page that one test runs in. Each test has its own; `restore` undoes everything.
// Requests go to the real server, except to paths with a mock response. Responses can be held back.
const originalFetch = window.fetch;
const OriginalRequest = window.Request;
const originalLocalStorage = Object.getOwnPropertyDescriptor(window, "localStorage");
const sent = [];
const gates = new Map();
const locks = new Map();
const mocks = new Map();
let cancelledBodies = 0;

const deferred = () => {
  const result = {};
  result.promise = new Promise((resolve) => (result.resolve = resolve));
  return result;
};

const whenAborted = (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const mockResponse = ({ status, headers, chunks, stays_open: staysOpen }, signal) => {
  signal.throwIfAborted();
  const source = {
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(new Uint8Array(chunk)));
      if (staysOpen) {
        signal.addEventListener("abort", () => controller.error(signal.reason));
      } else {
        controller.close();
      }
    },
    cancel() {
      cancelledBodies += 1;
    },
  };
  return new Response([101, 204, 205, 304].includes(status) ? null : new ReadableStream(source), { status, headers });
};

window.fetch = async (request) => {
  const { host, pathname: path } = new URL(request.url);
  const { method, credentials, cache, mode, redirect, referrerPolicy, keepalive, signal } = request;
  const options = { credentials, cache, mode, redirect, referrer_policy: referrerPolicy, keepalive: keepalive ?? null };
  const entry = { host, path, method, headers: [...request.headers], ...options, body: null, status: 0, signal };
  sent.push(entry);
  request.clone().arrayBuffer().then((bytes) => (entry.body = Array.from(new Uint8Array(bytes))), () => {});
  const mock = mocks.get(path);
  const response = mock ? mockResponse(mock, signal) : await originalFetch.call(window, request);
  entry.status = response.status;
  const gate = gates.get(path);
  if (gate) {
    gate.held += 1;
    await Promise.race([gate.opened, whenAborted(signal)]);
  }
  return response;
};

return {
  sent: () => JSON.stringify(sent.map(({ signal, ...entry }) => ({ ...entry, aborted: signal.aborted }))),
  respond: (path, mock) => mocks.set(path, JSON.parse(mock)),
  cancelledBodies: () => cancelledBodies,
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
  locks: async () => JSON.stringify(await navigator.locks.query()),
  refuseLocks() {
    navigator.locks.request = async () => {
      throw new DOMException("refused", "InvalidStateError");
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
    Object.defineProperty(window, "localStorage", originalLocalStorage);
    delete navigator.locks.request;
    Object.keys(localStorage).filter((key) => key.startsWith("filler.")).forEach((key) => localStorage.removeItem(key));
  },
  // As in a browser without request streams: the body becomes text, which has a content type, and `duplex` is not read.
  disableRequestStreams() {
    window.Request = class extends OriginalRequest {
      constructor(input, init) {
        const hasStream = init && "body" in init && init.body instanceof ReadableStream;
        super(input, hasStream ? { method: init.method, body: String(init.body) } : init);
      }
    };
  },
  supportsRequestStreams() {
    let isDuplexRead = false;
    const init = { method: "POST", body: new ReadableStream(), get duplex() { isDuplexRead = true; return "half"; } };
    const hasContentType = new OriginalRequest("https://localhost", init).headers.has("content-type");
    return isDuplexRead && !hasContentType;
  },
  restore() {
    this.allowStorage();
    window.fetch = originalFetch;
    window.Request = OriginalRequest;
    [...gates.values()].forEach((gate) => gate.open());
    [...locks.values()].forEach((release) => release());
  },
};
