// GET and POST of JSON over kept connections: undici's pool, or the data source that Apollo's users write.
import { RESTDataSource } from '@apollo/datasource-rest';
import { Pool } from 'undici';

const BASE = process.env.UPSTREAM;
const HEADERS = { accept: 'application/json', authorization: 'Bearer stub' };
const JSON_HEADERS = { ...HEADERS, 'content-type': 'application/json' };

const pool = new Pool(BASE, { connections: 64, pipelining: 1 });

async function request(method, path, headers, body) {
  const answer = await pool.request({ method, path, headers, body });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    throw new Error(`HTTP ${answer.statusCode}`);
  }
  return answer.body.json();
}

/** One client serves all requests. */
export const undiciClient = {
  read: (path) => request('GET', path, HEADERS),
  ask: (path, body) => request('POST', path, JSON_HEADERS, JSON.stringify(body)),
};

/** One for each request, with the server's cache, as its documentation says. */
export class VendorSource extends RESTDataSource {
  baseURL = `${BASE}/`;

  willSendRequest(_path, augmented) {
    Object.assign(augmented.headers, HEADERS);
  }

  read(path) {
    return this.get(path.slice(1));
  }

  ask(path, body) {
    return this.post(path.slice(1), { body });
  }
}
