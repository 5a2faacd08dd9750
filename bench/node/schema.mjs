// The part of the gateway's schema that the bench asks for; both servers share it and its resolvers.
import { readFileSync } from 'node:fs';
import * as systems from './mapping.mjs';
import { claimsOf } from './token.mjs';
import { accountId, accountKey } from './values.mjs';

export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8');

const ACCOUNTS = new Map(Object.entries(JSON.parse(process.env.ACCOUNTS)));

/** Who calls, for which accounts, and through which client: one for each request. */
export async function contextOf(authorization, client) {
  const claims = await claimsOf(authorization);
  return { accounts: new Set(claims.memberships.map((entry) => entry.account)), client };
}

// One read of the master record serves all its fields, and waits only where one of them is selected.
const profileField = (name) => async (account, _args, { client }) => {
  account.profile ??= systems.profile(client, account);
  return (await account.profile)?.[name] ?? null;
};
const listField = (list) => (account, args, { client }) => list(client, account, args);

export const resolvers = {
  Query: {
    account(_root, { id }, { accounts }) {
      const key = accountKey(id);
      const natives = accounts.has(key) ? ACCOUNTS.get(key) : undefined;
      return natives === undefined ? null : { key, ...natives };
    },
  },
  Account: {
    id: (account) => accountId(account.key),
    ...Object.fromEntries(
      'number name status currencyCode website phone billingAddress shippingAddress'
        .split(' ').map((name) => [name, profileField(name)]),
    ),
    contacts: listField(systems.contacts),
    invoices: listField(systems.invoices),
    orders: listField(systems.orders),
    tickets: listField(systems.tickets),
  },
  Invoice: {
    lines({ allLines }, { first }) {
      const hasNextPage = allLines.length > first;
      return {
        nodes: hasNextPage ? allLines.slice(0, first) : allLines,
        pageInfo: { hasNextPage, hasPreviousPage: false },
      };
    },
  },
};
