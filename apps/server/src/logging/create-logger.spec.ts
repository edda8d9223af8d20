import { createLogger } from './create-logger.js';
import type { LogFormat, LogLevel } from './levels.js';

async function record(format: LogFormat, level: LogLevel = 'info', hasColours = false) {
  const lines: string[] = [];
  const logger = await createLogger({ level, format, hasColours, sink: { write: (line) => void lines.push(line) } });
  return { lines, logger };
}

describe('createLogger', () => {
  describe('as json', () => {
    it('writes one object per line with an ISO time and a readable level', async () => {
      const { lines, logger } = await record('json');
      logger.info({ path: '/a', count: 2 }, 'created');
      expect(lines).toHaveLength(1);
      const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
      expect(line).toMatchObject({ level: 'info', path: '/a', count: 2, msg: 'created' });
      expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    });

    it.each([
      ['a zxid', 0x100000002n, '0x100000002'],
      ['a session id with its top bit set', -1n, '0xffffffffffffffff'],
      ['zero', 0n, '0x0'],
    ])('shows %s in hexadecimal', async (_title, value, expected) => {
      const { lines, logger } = await record('json');
      logger.warn({ zxid: value }, 'x');
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ zxid: expected });
    });

    it('says what caused an error once', async () => {
      const { lines, logger } = await record('json');
      const cause = new Error('the file is gone');
      logger.error({ err: new Error('no certificate: the file is gone', { cause }) }, 'x');
      const { err } = JSON.parse(lines[0] ?? '') as { err: { message: string; stack: string } };
      expect(err.message).toBe('no certificate: the file is gone');
      expect(err.stack).toContain('caused by: Error: the file is gone');
    });

    it('keeps the stack of an error', async () => {
      const { lines, logger } = await record('json');
      logger.error({ error: new Error('broken') }, 'x');
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { message: 'broken', stack: expect.any(String) } });
    });
  });

  describe('pretty', () => {
    it('writes one readable line with fields behind the message', async () => {
      const { lines, logger } = await record('pretty');
      logger.info({ zxid: 0x1fn, path: '/a b', count: 2, nothing: null }, 'created');
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: created zxid=0x1f path="\/a b" count=2 nothing=null\n$/,
      );
    });

    it('puts the stack of an error below the line', async () => {
      const { lines, logger } = await record('pretty');
      logger.error({ error: new Error('broken') }, 'stopped');
      expect(lines[0]).toMatch(/ERROR: stopped\n {4}Error: broken\n {8}at /);
    });

    it('uses colours only when asked to', async () => {
      const plain = await record('pretty');
      plain.logger.info({}, 'x');
      const coloured = await record('pretty', 'info', true);
      coloured.logger.info({}, 'x');
      expect(plain.lines[0]).not.toContain('\u001b[');
      expect(coloured.lines[0]).toContain('\u001b[');
    });
  });

  it('drops what is below the level', async () => {
    const { lines, logger } = await record('json', 'warn');
    logger.info({}, 'x');
    logger.warn({}, 'y');
    expect(lines).toHaveLength(1);
  });

  it('gives children their fields', async () => {
    const { lines, logger } = await record('json');
    logger.child({ session: 0x10n }).info({}, 'x');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ session: '0x10' });
  });
});
