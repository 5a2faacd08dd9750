// Apollo Server with RESTDataSource, as its documentation sets both up for production.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { VendorSource } from './client.mjs';
import { contextOf, resolvers, typeDefs } from './schema.mjs';

const server = new ApolloServer({ typeDefs, resolvers, introspection: false });
await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT) },
  context: ({ req }) => contextOf(req.headers.authorization, new VendorSource({ cache: server.cache })),
});
