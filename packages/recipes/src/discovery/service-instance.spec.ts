import { readFileSync } from 'node:fs';
import path from 'node:path';
import { utf8 } from '@zk/client-api';
import { type ServiceInstance, javaPayload, serviceInstanceCodec } from './service-instance.js';
import { UriSpec } from './uri-spec.js';

interface Dump {
  readonly steps: readonly {
    readonly step: string;
    readonly nodes?: readonly { readonly path: string; readonly data: string | null }[];
    readonly result?: string;
  }[];
}

const dumps = ['curator-5.4.0', 'curator-main'].map((version) => {
  const file = path.join(__dirname, '../../test/fixtures', version, 'discovery.json');
  return { version, dump: JSON.parse(readFileSync(file, 'utf8')) as Dump };
});

const instances = dumps.flatMap(({ version, dump }) =>
  dump.steps.flatMap((step) =>
    (step.nodes ?? [])
      .filter(({ data }) => data !== null && data !== '')
      .map(({ path: znode, data }) => ({ version, znode, data: Buffer.from(data!, 'hex') })),
  ),
);

const readings = dumps.flatMap(({ version, dump }) =>
  dump.steps
    .filter(({ step }) => step.startsWith('read: '))
    .map(({ step, result }) => ({ version, json: step.slice('read: '.length), result: result! })),
);

const template: ServiceInstance = {
  name: 'api',
  id: 'i',
  address: '10.0.0.9',
  port: 80,
  sslPort: null,
  payload: null,
  registrationTimeMs: 9,
  serviceType: 'DYNAMIC',
  uriSpec: null,
  enabled: true,
};

describe("Curator's JSON of a service instance (recorded from Apache Curator)", () => {
  it.each(instances)('$version: $znode is read, and written again byte by byte', ({ data }) => {
    const withEnabled = data.includes('"enabled"');
    const codec = serviceInstanceCodec({ withEnabled });
    expect(Buffer.from(codec.encode(codec.decode(data))!).toString()).toBe(data.toString());
  });

  it.each(readings)('$version reads $json as $result', ({ json, result }) => {
    const codec = serviceInstanceCodec();
    const data = utf8.encode(json);
    if (result.endsWith('Exception')) {
      expect(() => codec.decode(data)).toThrow(TypeError);
      return;
    }
    const instance = codec.decode(data);
    const said = (name: string): string => new RegExp(`${name}='?([^,'}]*)`).exec(result)![1]!;
    expect(instance.name).toBe(said('name'));
    expect(instance.id).toBe(said('id'));
    expect(String(instance.port)).toBe(said('port'));
    expect(String(instance.registrationTimeMs)).toBe(said('registrationTimeUTC'));
    expect(instance.serviceType).toBe(said('serviceType'));
    expect(String(instance.enabled)).toBe(said('enabled'));
    expect(instance.payload === null).toBe(said('payload') === 'null');
  });

  it.each([
    ['{scheme}://{address}:{port}/{name}/{id}?t={registration-time-utc}&y={service-type}&s={ssl-port}'],
    ['{[}x{]} {unknown}{ name }'],
  ])('the URI template %s gives what Curator gives', (text) => {
    const expected = dumps[1]!.dump.steps.find(({ step }) => step === `uriSpec build ${text}`)!.result!;
    expect(UriSpec.parse(text).build(template)).toBe(expected);
  });

  it('a URI is https when there is an SSL port, and given variables win', () => {
    const uri = UriSpec.parse('{scheme}://{address}:{ssl-port}/{zone}');
    const instance = { ...template, sslPort: 443 };
    expect(uri.build(instance, { zone: 'eu', address: 'host' })).toBe('https://host:443/eu');
    expect(uri.toString()).toBe('{scheme}://{address}:{ssl-port}/{zone}');
    expect(uri.build()).toBe('://:/');
  });

  it.each([['{a{b}}'], ['a}'], ['{a']])('the URI template %s is refused', (text) => {
    expect(() => UriSpec.parse(text)).toThrow(SyntaxError);
  });

  it('payloads of a Java class carry its name first, and lose it when read', () => {
    const codec = serviceInstanceCodec({ payload: javaPayload<{ region: string; weight: number }>('H$Pay') });
    const data = codec.encode({ ...template, payload: { region: 'eu', weight: 3 } })!;
    expect(utf8.decode(data)).toContain('"payload":{"@class":"H$Pay","region":"eu","weight":3}');
    expect(codec.decode(data).payload).toEqual({ region: 'eu', weight: 3 });
    expect(() => codec.decode(utf8.encode('{"payload":7}'))).toThrow(TypeError);
  });

  it.each([['[]'], ['null'], ['7'], ['{"port":"x"}'], ['{"port":{}}'], ['{"name":[]}'], ['{"uriSpec":{"parts":7}}']])(
    '%s is no instance',
    (json) => {
      expect(() => serviceInstanceCodec().decode(utf8.encode(json))).toThrow(TypeError);
    },
  );
});
