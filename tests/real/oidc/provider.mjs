// A certified OpenID provider for tests on this machine: authorization code with PKCE, JWT access tokens (RFC 9068).
//
//   node provider.mjs settings.json
//
// Settings: {port, audience, resource, client_id, redirect_uri, jwks, accounts: {subject: {name, email, memberships}}}.
// The first key of `jwks` signs. There is no form to sign in: the subject in `login_hint` is signed in, so that
// whoever reaches it may be anybody; it listens on 127.0.0.1 only.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `http://127.0.0.1:${settings.port}`;
const alg = settings.jwks.keys[0].alg;
const account = (subject) => (Object.hasOwn(settings.accounts, subject) ? settings.accounts[subject] : undefined);

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: settings.client_id,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: alg,
      redirect_uris: [settings.redirect_uri],
    },
  ],
  jwks: settings.jwks,
  cookies: { keys: [randomBytes(32).toString('hex')] },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => settings.resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        audience: resource === settings.resource ? settings.audience : resource,
        scope: 'portal',
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg } },
      }),
    },
  },
  scopes: ['openid'],
  extraTokenClaims: (_, token) => account(token.accountId),
  findAccount: (_, subject) => account(subject) && { accountId: subject, claims: () => ({ sub: subject }) },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
});

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(' '));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

const callback = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    callback(request, response);
    return;
  }
  interact(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
}).listen(settings.port, '127.0.0.1');
