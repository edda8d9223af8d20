import { describeBackpressure, describeDelivery } from './transport-bytes.js';
import { describeClosing } from './transport-closing.js';
import type { AddressOptions } from './transport-listening.js';
import { describeAddresses, describeDialling, describeListening } from './transport-listening.js';
import type { TransportUnderTest } from './transport-rig.js';
import { Rig } from './transport-rig.js';

export interface TransportSuiteOptions extends AddressOptions {
  /** A fresh transport for each case. */
  create(): TransportUnderTest | Promise<TransportUnderTest>;
}

/**
 * What every `Transport` has to do. Each case also checks, for every event it causes: none happens inside a call of
 * the connection or inside another event, and none follows `onClose`.
 */
export function describeTransport(name: string, options: TransportSuiteOptions): void {
  describe(`${name}, as a transport,`, () => {
    let current: Rig | undefined;
    const rig = (): Rig => {
      if (!current) throw new Error('the suite asked for a transport outside a case');
      return current;
    };

    beforeEach(async () => {
      current = new Rig(await options.create());
    });

    afterEach(async () => {
      const { breaches } = rig();
      await rig().close();
      current = undefined;
      expect(breaches).toEqual([]);
    });

    describe('delivering', () => describeDelivery(rig));
    describe('holding back', () => describeBackpressure(rig));
    describe('closing', () => describeClosing(rig));
    describe('listening', () => describeListening(rig));
    describe('dialling', () => describeDialling(rig));
    describe('naming the ends', () => describeAddresses(rig, options));
  });
}
