import { exportLine, headerLine, parseExportLine, parseHeader } from './format.js';

describe('the export format', () => {
  it.each([
    [{ relative: '', data: null, isEphemeral: false, acl: undefined }, '{"path":"/","data":null}'],
    [
      { relative: '/a', data: new Uint8Array([104, 105]), isEphemeral: true, acl: undefined },
      '{"path":"/a","data":"hi","ephemeral":true}',
    ],
    [
      {
        relative: '/b',
        data: new Uint8Array([255]),
        isEphemeral: false,
        acl: [{ scheme: 'digest', id: 'u:h', perms: 31 }],
      },
      '{"path":"/b","base64":"/w==","acl":[{"scheme":"digest","id":"u:h","perms":"cdrwa"}]}',
    ],
  ])('writes and reads %j', (node, line) => {
    expect(exportLine(node)).toBe(line);
    expect(parseExportLine(line, 2)).toEqual(node);
  });

  it('leaves out an ACL that is open to the world', () => {
    const acl = [{ scheme: 'world', id: 'anyone', perms: 31 }];
    expect(exportLine({ relative: '/a', data: null, isEphemeral: false, acl })).toBe('{"path":"/a","data":null}');
  });

  it('begins with what it is', () => {
    const line = headerLine('/app', '2026-01-03T10:00:00.000Z');
    expect(parseHeader(line)).toEqual({
      format: 'zk-export',
      version: 1,
      root: '/app',
      exportedAt: '2026-01-03T10:00:00.000Z',
    });
  });

  it.each([
    ['{"path":"/a"', 'line 9: '],
    ['[]', 'line 9: not a JSON object'],
    ['{}', 'line 9: "path" is missing'],
    ['{"path":"a"}', 'line 9: Path must start with / character'],
    ['{"path":"/a","data":5}', 'line 9: "data" is neither text nor null'],
    ['{"path":"/a","base64":"%"}', 'line 9: "base64" is not base64'],
    ['{"path":"/a","acl":[{}]}', 'line 9: an entry of "acl" needs "scheme", "id" and "perms"'],
    ['{"path":"/a","acl":[{"scheme":"world","id":"anyone","perms":"rx"}]}', 'line 9: unknown permission x'],
  ])('refuses %s and names the line', (text, message) => {
    expect(() => parseExportLine(text, 9)).toThrow(message);
  });

  it.each([
    ['{}', 'line 1: this is not a zk-export file'],
    ['{"format":"zk-export","version":2,"root":"/"}', 'line 1: version 2 of the format is not known'],
  ])('refuses the beginning %s', (text, message) => {
    expect(() => parseHeader(text)).toThrow(message);
  });
});
