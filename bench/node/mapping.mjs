// The five systems' lists and records as the gateway reads them: the same calls, whose each record is, and
// what of it customers see. `client` reads and asks (client.mjs), `account` names the key and its natives.
import { toContact, toInvoice, toOrder, toProfile, toTicket } from './records.mjs';
import { idHead, own } from './values.mjs';

const SALESFORCE = '/services/data/v66.0';
const TRYTON = '/bench/rest/model';
const PROFILE = [
  'Id', 'IsDeleted', 'AccountNumber', 'Name', 'Portal_Status__c', 'CurrencyIsoCode', 'Website', 'Phone',
  ...['Billing', 'Shipping'].flatMap((kind) =>
    ['Street', 'City', 'State', 'PostalCode', 'CountryCode'].map((name) => kind + name),
  ),
];

/** Read each row; one that is broken stands as its error in its own place, one that is hidden nowhere. */
function read(rows, first, one) {
  const nodes = [];
  for (const row of rows) {
    if (nodes.length === first) break;
    try {
      const found = one(row);
      if (found !== null) nodes.push(found);
    } catch (error) {
      nodes.push(error);
    }
  }
  return nodes;
}

const connection = (nodes, hasNextPage) => ({ nodes, pageInfo: { hasNextPage, hasPreviousPage: false } });

export async function profile(client, account) {
  const rows = await client.ask(`${SALESFORCE}/composite/sobjects/Account`, {
    ids: [account.crm], fields: PROFILE,
  });
  const [row] = rows;
  if (row === null || row.IsDeleted !== false) return null;
  own(row.Id, account.crm);
  return toProfile(row);
}

export async function contacts(client, account, { first }) {
  const fields = 'Id,Name,Email,Phone,Title,CreatedDate,AccountId,IsDeleted,Portal_Left__c';
  const where = `AccountId IN ('${account.crm}') AND IsDeleted = false AND Portal_Left__c = false`;
  const order = 'LastName, FirstName NULLS FIRST, Id';
  const query = `SELECT ${fields} FROM Contact WHERE ${where} ORDER BY ${order} LIMIT ${first + 1}`;
  const { records, done } = await client.read(`${SALESFORCE}/query?q=${encodeURIComponent(query)}`);
  const head = idHead('Contact', 'crm', account.key);
  const nodes = read(records, first, (row) => {
    own(row.AccountId, account.crm);
    return row.IsDeleted || row.Portal_Left__c ? null : toContact(row, head);
  });
  return connection(nodes, records.length > first || !done);
}

const STATUS = new Map([['PAID', 'paid'], ['VOID', 'void'], ['UNCOLLECTIBLE', 'uncollectible']]);

/** The filters that Stripe has; none of the bench's queries has another. */
function statusOf(filter) {
  const status = filter?.status;
  if (status == null) return '';
  const word = status.length === 1 ? STATUS.get(status[0]) : status.length === 2 ? 'open' : undefined;
  if (word === undefined) throw new Error('filter.status: not a filter of this system');
  return `&status=${word}`;
}

export async function invoices(client, account, { first, filter }) {
  const path = `/v1/invoices?customer=${account.billing}${statusOf(filter)}&limit=${first}`;
  const { data, has_more: more } = await client.read(path);
  const head = idHead('Invoice', 'billing', account.key);
  const nodes = read(data, first, (row) => {
    own(row.customer, account.billing);
    return row.status === 'draft' ? null : toInvoice(row, head);
  });
  return connection(nodes, more);
}

export async function tickets(client, account, { first }) {
  const query = `sort=-updated_at&include=users&page%5Bsize%5D=${first}`;
  const body = await client.read(`/api/v2/organizations/${account.helpdesk}/tickets?${query}`);
  const users = new Map(body.users.map((user) => [user.id, user]));
  const head = idHead('Ticket', 'helpdesk', account.key);
  const organization = Number(account.helpdesk);
  const nodes = read(body.tickets, first, (row) => {
    own(row.organization_id, organization);
    return row.status === 'deleted' || row.is_public === false ? null : toTicket(row, head, users);
  });
  return connection(nodes, body.meta.has_more);
}

const ORDER_FIELDS = [
  'number', 'state', 'shipment_state', 'invoice_state', 'state:string', 'reference', 'sale_date',
  'create_date', 'currency.code', 'untaxed_amount', 'tax_amount', 'total_amount', 'party.id',
];
const ORDERED = ['confirmed', 'processing', 'done'];
const wrapped = (value) => Buffer.from(JSON.stringify(value)).toString('base64');

export async function orders(client, account, { first }) {
  const domain = [
    ['party', 'in', [account.erp]], ['company', '=', 1], ['state', 'in', ORDERED],
  ];
  const query = new URLSearchParams([
    ...ORDER_FIELDS.map((name) => ['f', name]),
    ['d', wrapped(domain)], ['o', wrapped([['sale_date', 'DESC NULLS LAST'], ['id', 'DESC']])],
    ['s', String(first + 1)],
  ]);
  const rows = await client.read(`${TRYTON}/sale.sale?${query}`);
  const head = idHead('Order', 'erp', account.key);
  const nodes = read(rows, first, (row) => {
    own(row.party.id, account.erp);
    return ORDERED.includes(row.state) ? toOrder(row, head) : null;
  });
  return connection(nodes, rows.length > first);
}
