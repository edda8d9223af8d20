import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as server from '@zk/server';
import { COMPATIBLE_VERSION, PRODUCT_VERSION } from './version.js';

describe('the version', () => {
  it('is the one of the package', () => {
    const manifest = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string };
    expect(PRODUCT_VERSION).toBe(manifest.version);
  });

  it('is the one the server shows', () => {
    expect([PRODUCT_VERSION, COMPATIBLE_VERSION]).toEqual([server.PRODUCT_VERSION, server.COMPATIBLE_VERSION]);
  });
});
