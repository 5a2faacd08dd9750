// Mercurius with graphql-jit and undici, as its documentation sets both up for production.
import Fastify from 'fastify';
import { NoSchemaIntrospectionCustomRule } from 'graphql';
import mercurius from 'mercurius';
import { undiciClient } from './client.mjs';
import { contextOf, resolvers, typeDefs } from './schema.mjs';

const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1, // compile an operation when it comes the second time
  path: '/graphql',
  validationRules: [NoSchemaIntrospectionCustomRule],
  context: (request) => contextOf(request.headers.authorization, undiciClient),
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
