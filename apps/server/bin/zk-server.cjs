#!/usr/bin/env node
// Committed so that npm links it before anything is built; the program itself is compiled to dist/.
'use strict';
// A server's garbage is small and dies at once. In a young generation that stays at 1 MiB it is made where the processor's
// cache already is; the default grows to 16 MiB under load, which costs time and never comes back.
require('node:v8').setFlagsFromString('--semi-space-growth-factor=1');
import('../dist/main.js').catch((error) => {
  if (error.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes('dist')) {
    console.error('zk-server is not built yet: run "npm run build" first.');
    process.exit(1);
  }
  console.error(error);
  process.exit(1);
});
