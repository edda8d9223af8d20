#!/usr/bin/env node
// Committed so that npm links it before anything is built; the program itself is compiled to dist/.
'use strict';
// Whoever listens keeps Node from opening its debugger, which any user of the machine could then enter.
process.on('SIGUSR1', () => undefined);
require('./young-generation.cjs');
import('../dist/main.js').catch((error) => {
  if (error.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes('dist')) {
    console.error('zk-server is not built yet: run "npm run build" first.');
    process.exit(1);
  }
  console.error(error);
  process.exit(1);
});
