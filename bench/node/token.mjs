// Who calls: RS256 tokens checked against the issuer's keys once, and known until they end.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER, AUDIENCE } = process.env;
const MOST = 10_000;
const known = new Map();
let keys;

async function keySet() {
  const answer = await fetch(`${ISSUER}/.well-known/openid-configuration`);
  return createRemoteJWKSet(new URL((await answer.json()).jwks_uri));
}

/** Give the claims of an `Authorization` header; throws for a token that is none. */
export function claimsOf(header) {
  const found = known.get(header);
  if (found !== undefined && found.exp > Date.now() / 1000) return found;
  return verify(header);
}

async function verify(header) {
  if (!header?.startsWith('Bearer ')) throw new Error('no token');
  keys ??= keySet();
  const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] };
  const { payload } = await jwtVerify(header.slice(7), await keys, options);
  if (known.size >= MOST) known.clear();
  known.set(header, payload);
  return payload;
}
