// Hive Gateway for the one-record query: its own call to the one system, our names for what comes back.
import { readFileSync } from 'node:fs';
import { defineConfig } from '@graphql-hive/gateway';
import { toProfile } from './records.mjs';
import { claimsOf } from './token.mjs';
import { accountId, accountKey, own } from './values.mjs';

const FIELDS = ['Id', 'IsDeleted', 'AccountNumber', 'Name', 'Portal_Status__c', 'CurrencyIsoCode', 'Website',
  'Phone', 'BillingStreet', 'BillingCity', 'BillingState', 'BillingPostalCode', 'BillingCountryCode'];
const ACCOUNTS = new Map(Object.entries(JSON.parse(process.env.ACCOUNTS)));

async function account(root, { id }, context, info) {
  const key = accountKey(id);
  const { crm } = context.claims.memberships.some((entry) => entry.account === key) ? ACCOUNTS.get(key) : {};
  if (crm === undefined) return null;
  const [row] = await context.crm.Query.retrieve({
    root, context, info, args: { input: { ids: [crm], fields: FIELDS } }, selectionSet: `{ ${FIELDS.join(' ')} }`,
  });
  if (row === null || row.IsDeleted !== false) return null;
  own(row.Id, crm);
  return Object.assign(toProfile(row), { id: accountId(key) });
}

export const gatewayConfig = defineConfig({
  supergraph: './supergraph.graphql',
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  fork: 1,
  logging: 'error',
  jit: true,
  graphiql: false,
  landingPage: false,
  transportEntries: { crm: { location: process.env.UPSTREAM } },
  genericAuth: {
    mode: 'protect-all',
    contextFieldName: 'claims',
    resolveUserFn: (context) => claimsOf(context.headers.authorization),
  },
  additionalTypeDefs: readFileSync('./account.graphql', 'utf8'),
  additionalResolvers: { Query: { account } },
});
