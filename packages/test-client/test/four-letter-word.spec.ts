import { utf8Bytes } from '@zk/jute';
import { fourLetterWord } from '../src/index.js';
import { FakeTransport } from './fake-transport.js';

describe('a four-letter word', () => {
  it('is answered with text until the server closes', async () => {
    const transport = new FakeTransport(3);
    await transport.listen({ port: 0 }, (connection) => {
      let word = '';
      return {
        onData: (bytes, start, end) => {
          word += String.fromCharCode(...bytes.subarray(start, end));
          if (word !== 'srvr') return;
          const text = utf8Bytes('Mode: ständig\n');
          connection.write(text, 0, text.length);
          connection.end();
        },
        onDrain: () => undefined,
        onClose: () => undefined,
      };
    });
    expect(await fourLetterWord(transport, 'fake', 1, 'srvr')).toBe('Mode: ständig\n');
  });
});
