import type { ClientRuntime } from '@zk/client-api';
import type { Timer } from '@zk/contracts';

/**
 * Time and chance of the machine, by what Node and browsers have in common. The timers keep a process alive: while a
 * client is open, it is at work.
 */

const RANDOM_WORDS = 256;
const words = new Uint32Array(RANDOM_WORDS);
let wordsLeft = 0;

/** Uniform in [0, 1), and unpredictable: SASL needs that. */
function next(): number {
  if (wordsLeft < 2) {
    globalThis.crypto.getRandomValues(words);
    wordsLeft = RANDOM_WORDS;
  }
  const hi = words[--wordsLeft]! >>> 5;
  const lo = words[--wordsLeft]! >>> 6;
  return (hi * 0x400_0000 + lo) / 0x20_0000_0000_0000;
}

const atTurnEnd: (callback: () => void) => void =
  typeof setImmediate === 'function' ? (callback) => void setImmediate(callback) : messageLoop();

/** A message to oneself is the nearest thing to the end of a turn where there is no setImmediate. */
function messageLoop(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const callbacks: (() => void)[] = [];
  port1.addEventListener('message', () => callbacks.shift()?.());
  port1.start();
  return (callback) => {
    callbacks.push(callback);
    port2.postMessage(undefined);
  };
}

/** The longest that setTimeout can wait; with more it rings at once. */
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

/** Waits for any time, in parts if need be. */
function after(delayMs: number, callback: () => void): Timer {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number): void => {
    timer =
      leftMs > LONGEST_TIMEOUT_MS
        ? setTimeout(() => wait(leftMs - LONGEST_TIMEOUT_MS), LONGEST_TIMEOUT_MS)
        : setTimeout(callback, leftMs);
  };
  wait(delayMs);
  return { cancel: () => clearTimeout(timer) };
}

export const systemRuntime: ClientRuntime = {
  clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
  scheduler: { after, atTurnEnd },
  random: { next },
};
