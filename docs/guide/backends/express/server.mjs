// Two tokens, rotation and reuse detection in memory. `node server.mjs`; ACCESS_SECONDS sets the lifetime of access tokens, PORT the port.
import express from "express";
import jwt from "jsonwebtoken";
import { randomBytes, randomUUID } from "node:crypto";

const key = randomBytes(32);
const lifetime = Number(process.env.ACCESS_SECONDS ?? 900);
const users = new Map([["ada", "lovelace"]]); // In a real server: salted hashes.
const sessions = new Map(); // Session id → the newest generation of its refresh token.

function pair(session, sub, generation) {
  sessions.set(session, generation);
  const sign = (claims, expiresIn) => jwt.sign({ sub, session, ...claims }, key, { expiresIn });
  return {
    accessToken: sign({ kind: "access", username: sub }, lifetime),
    refreshToken: sign({ kind: "refresh", generation }, "7d"),
    expiresIn: lifetime,
  };
}

// The claims of a token of this kind, or null.
function claims(token, kind) {
  try {
    const read = jwt.verify(token ?? "", key, { algorithms: ["HS256"] });
    return read.kind === kind && sessions.has(read.session) ? read : null;
  } catch {
    return null;
  }
}

function guard(request, response, next) {
  request.user = claims(request.headers.authorization?.replace(/^Bearer /, ""), "access");
  return request.user ? next() : response.sendStatus(401);
}

const app = express();
app.use(express.json());

app.post("/auth/login", (request, response) => {
  const { username, password } = request.body ?? {};
  if (!password || users.get(username) !== password) return response.status(401).json({ message: "Wrong username or password." });
  response.set("cache-control", "no-store").json(pair(randomUUID(), username, 0));
});

app.post("/auth/refresh", (request, response) => {
  const read = claims(request.body?.refreshToken, "refresh");
  if (!read) return response.sendStatus(401);
  if (read.generation !== sessions.get(read.session)) {
    sessions.delete(read.session); // A token was used twice: end the session.
    return response.sendStatus(401);
  }
  response.set("cache-control", "no-store").json(pair(read.session, read.sub, read.generation + 1));
});

app.post("/auth/logout", (request, response) => {
  const read = claims(request.body?.refreshToken, "refresh");
  if (read) sessions.delete(read.session);
  response.sendStatus(204);
});

app.get("/notes", guard, (request, response) => response.set("cache-control", "no-store").json([`a note of ${request.user.sub}`]));

const port = Number(process.env.PORT ?? 4000);
app.listen(port, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${port}`));
