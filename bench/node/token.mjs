// Who calls: RS256 tokens checked against the issuer's keys once, and known until they end.
import { GraphQLError } from 'graphql';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER, AUDIENCE } = process.env;
const MOST = 10_000;
const known = new Map();
let keys;

async function keySet() {
  const answer = await fetch(`${ISSUER}/.well-known/openid-configuration`);
  return createRemoteJWKSet(new URL((await answer.json()).jwks_uri));
}

class Unauthenticated extends GraphQLError {
  statusCode = 401; // as Fastify reads it; the others read the extension

  constructor() {
    super('Send a valid access token.', { extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } });
  }
}

/** Give the claims of an `Authorization` header; Unauthenticated for a token that is none. */
export function claimsOf(header) {
  const found = known.get(header);
  if (found !== undefined && found.exp > Date.now() / 1000) return found;
  return verify(header);
}

async function verify(header) {
  if (!header?.startsWith('Bearer ')) throw new Unauthenticated();
  keys ??= keySet();
  const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] };
  const keysOfIssuer = await keys;
  const claims = await jwtVerify(header.slice(7), keysOfIssuer, options).then(
    ({ payload }) => payload,
    () => { throw new Unauthenticated(); },
  );
  if (known.size >= MOST) known.clear();
  known.set(header, claims);
  return claims;
}
