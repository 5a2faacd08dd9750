// One subgraph out of a description of the one call that the one-record query needs.
import { defineConfig } from '@graphql-mesh/compose-cli';
import { loadOpenAPISubgraph } from '@omnigraph/openapi';

export const composeConfig = defineConfig({
  output: 'supergraph.graphql',
  subgraphs: [{
    sourceHandler: loadOpenAPISubgraph('crm', {
      source: './openapi.json',
      endpoint: 'http://localhost', // the gateway's configuration says where it is
      selectQueryOrMutationField: [{ fieldName: 'retrieve', type: 'query' }],
    }),
  }],
});
