import { main } from './cli/main.js';
import { nodeIo } from './cli/node-io.js';

// The exit is explicit: a connection that lingers must not keep the process.
process.exit(await main(nodeIo()));
