// The refresh token in an HttpOnly cookie, with rotation and reuse detection in memory. `node server.mjs`; ACCESS_SECONDS sets the lifetime of
// access tokens, PORT the port, PAGES the origins of pages, separated by spaces.
import express from "express";
import jwt from "jsonwebtoken";
import { randomBytes, randomUUID } from "node:crypto";

const key = randomBytes(32);
const lifetime = Number(process.env.ACCESS_SECONDS ?? 900);
const pages = (process.env.PAGES ?? "http://localhost:8080 http://127.0.0.1:8080").split(" ");
const users = new Map([["ada", "lovelace"]]); // In a real server: salted hashes.
const sessions = new Map(); // Session id → its user and its newest refresh token.
const settings = { httpOnly: true, secure: true, sameSite: "strict", path: "/auth" };

// Sets a new refresh token as the cookie, and answers an access token.
function grant(response, id, user) {
  const refresh = `${id}.${randomBytes(32).toString("base64url")}`;
  sessions.set(id, { user, refresh });
  response.cookie("refresh", refresh, { ...settings, maxAge: 7 * 24 * 3600 * 1000 });
  const access_token = jwt.sign({ sub: user, session: id, username: user }, key, { expiresIn: lifetime });
  response.set("cache-control", "no-store").json({ access_token, expires_in: lifetime });
}

function refuse(response, status) {
  response.clearCookie("refresh", settings).sendStatus(status);
}

function cookie(request) {
  return request.headers.cookie?.match(/(?:^|; )refresh=([^;]+)/)?.[1] ?? "";
}

function guard(request, response, next) {
  try {
    request.user = jwt.verify(request.headers.authorization?.replace(/^Bearer /, "") ?? "", key, { algorithms: ["HS256"] });
  } catch {
    return response.sendStatus(401);
  }
  return sessions.has(request.user.session) ? next() : response.sendStatus(401);
}

const app = express();
app.use(express.json());

// A page of another site can make the browser send the cookie, but not this header.
app.use("/auth", (request, response, next) => (pages.includes(request.headers.origin) ? next() : response.sendStatus(403)));

app.post("/auth/login", (request, response) => {
  const { username, password } = request.body ?? {};
  if (!password || users.get(username) !== password) return response.status(401).json({ message: "Wrong username or password." });
  grant(response, randomUUID(), username);
});

app.post("/auth/refresh", (request, response) => {
  const token = cookie(request);
  const id = token.split(".")[0];
  const session = sessions.get(id);
  if (session?.refresh === token) return grant(response, id, session.user);
  sessions.delete(id); // Unknown, or used twice: end the session.
  refuse(response, 401);
});

app.post("/auth/logout", (request, response) => {
  const id = cookie(request).split(".")[0];
  sessions.delete(id);
  refuse(response, 204);
});

app.get("/notes", guard, (request, response) => response.json([`a note of ${request.user.sub}`]));

const port = Number(process.env.PORT ?? 4000);
app.listen(port, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${port}`));
