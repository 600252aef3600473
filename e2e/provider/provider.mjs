// npm's oidc-provider for the end-to-end tests: one public client, its own sign-in page, tokens kept in a file so that a restart keeps them.
//
// Arguments: the folder of node_modules, and JSON with { port, pages, data, rotate, accessTtl, algorithm, dpop, nonces, grace, revocation, keysMaxAge,
// resource, knownResource, signOutPage }.
// It prints its issuer when it listens.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, json] = process.argv.slice(2);
const options = JSON.parse(json);
const { default: Provider, errors } = await import(pathToFileURL(join(modules, 'oidc-provider/lib/index.js')));

const stored = existsSync(options.data) ? JSON.parse(readFileSync(options.data, 'utf8')) : { entries: {}, keys: newKeys() };
const save = () => writeFileSync(options.data, JSON.stringify(stored));
save();

function newKeys() {
  const jwk = (pair) => ({ ...pair.privateKey.export({ format: 'jwk' }), use: 'sig' });
  return [
    jwk(generateKeyPairSync('rsa', { modulusLength: 2048 })),
    jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
    jwk(generateKeyPairSync('ed25519')),
  ];
}

class FileAdapter {
  constructor(model) {
    this.model = model;
  }

  upsert(id, payload) {
    stored.entries[`${this.model}:${id}`] = payload;
    save();
  }

  // For `grace` seconds after its use, a refresh token can be used again, as at Auth0 and Okta.
  find(id) {
    const entry = stored.entries[`${this.model}:${id}`];
    const isForgiven = entry?.consumed && this.model === 'RefreshToken' && Date.now() / 1000 - entry.consumed < (options.grace ?? 0);
    return isForgiven ? { ...entry, consumed: undefined } : entry;
  }

  findByUid(uid) {
    return Object.entries(stored.entries).find(([key, entry]) => key.startsWith('Session:') && entry.uid === uid)?.[1];
  }

  consume(id) {
    stored.entries[`${this.model}:${id}`].consumed = Math.floor(Date.now() / 1000);
    save();
  }

  destroy(id) {
    delete stored.entries[`${this.model}:${id}`];
    save();
  }

  revokeByGrantId(grantId) {
    remove((_, entry) => entry.grantId === grantId);
  }
}

function remove(matches) {
  for (const [key, entry] of Object.entries(stored.entries)) {
    if (matches(key, entry)) delete stored.entries[key];
  }
  save();
}

const entries = (model) => Object.entries(stored.entries).filter(([key]) => key.startsWith(`${model}:`)).map(([, entry]) => entry);

let losesNextAnswer = false;
const signOuts = [];
const counts = { codes: 0, refreshed: 0, refused: 0, reused: 0, nonces: 0, lost: 0 };
const server = createServer();
await new Promise((resolve) => server.listen(options.port, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  adapter: FileAdapter,
  jwks: { keys: stored.keys },
  cookies: { keys: ['for tests only'] },
  clients: [{
    client_id: 'wugan-example',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${options.pages}/callback`],
    post_logout_redirect_uris: [`${options.pages}/`],
    dpop_bound_access_tokens: options.dpop === true,
    id_token_signed_response_alg: options.algorithm ?? 'RS256',
  }],
  claims: { profile: ['name', 'preferred_username'] },
  clientBasedCORS: (_, origin) => origin === options.pages,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id }) }),
  rotateRefreshToken: options.rotate,
  ttl: { AccessToken: options.accessTtl, Grant: 86400, IdToken: 3600, Interaction: 3600, RefreshToken: 86400, Session: 86400 },
  features: {
    revocation: { enabled: options.revocation !== false },
    rpInitiatedLogout: { enabled: options.signOutPage !== false },
    // Access tokens for the API are JWTs, whose audience a test can read.
    resourceIndicators: {
      enabled: options.resource !== undefined,
      getResourceServerInfo: (ctx, uri) => {
        if (uri !== (options.knownResource ?? options.resource)) throw new errors.InvalidTarget();
        return { scope: 'notes', audience: uri, accessTokenFormat: 'jwt', accessTokenTTL: options.accessTtl, jwt: { sign: { alg: 'ES256' } } };
      },
    },
    dPoP: { enabled: options.dpop === true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => options.nonces === true },
    devInteractions: { enabled: true },
  },
});

provider.on('grant.success', (ctx) => {
  counts[ctx.oidc.params.grant_type === 'refresh_token' ? 'refreshed' : 'codes'] += 1;
});
provider.on('grant.error', (ctx, error) => {
  counts[error.error === 'use_dpop_nonce' ? 'nonces' : 'refused'] += 1;
  if (error.error_detail === 'refresh token already used') counts.reused += 1;
});
provider.on('userinfo.error', (ctx, error) => {
  if (error.error === 'use_dpop_nonce') counts.nonces += 1;
});
provider.on('server_error', (_, error) => console.error(error));

// Controls for tests; a real provider has no such routes.
const controls = {
  '/test/counts': () => counts,
  '/test/requests': () => entries('Interaction').map((entry) => entry.params),
  '/test/refresh-tokens': () => entries('RefreshToken').filter((entry) => !entry.consumed).length,
  '/test/sign-outs': () => signOuts,
  '/test/replace-keys': () => {
    stored.keys = newKeys();
    save();
  },
  '/test/expire': () => remove((key) => key.startsWith('AccessToken:')),
  '/test/lose': () => {
    losesNextAnswer = true;
  },
  '/test/revoke': () => remove((key) => /^(AccessToken|RefreshToken|Grant):/.test(key)),
};
provider.use(async (ctx, next) => {
  const control = controls[ctx.path];
  if (!control) {
    if (ctx.path === '/session/end') signOuts.push({ ...ctx.query });
    await next();
    if (ctx.path === '/jwks' && options.keysMaxAge) ctx.set('cache-control', `max-age=${options.keysMaxAge}`);
    if (losesNextAnswer && ctx.path === '/token' && ctx.status === 200) {
      losesNextAnswer = false;
      counts.lost += 1;
      ctx.req.socket.destroy();
    }
    return;
  }
  ctx.body = control() ?? {};
});

server.on('request', provider.callback());
console.log(`issuer ${issuer}`);
