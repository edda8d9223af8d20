import type { RandomSource } from '@zk/contracts';

/** 32 hexadecimal digits in lower case: a random (version 4) UUID without dashes, as kazoo writes it. */
export function hex32(random: RandomSource): string {
  const digits = Array.from({ length: 4 }, () => word(random)).join('');
  const variant = '89ab'[Number.parseInt(digits[16]!, 16) & 3]!;
  return `${digits.slice(0, 12)}4${digits.slice(13, 16)}${variant}${digits.slice(17)}`;
}

/** A random (version 4) UUID in its canonical form of 36 characters. */
export function uuid36(random: RandomSource): string {
  const digits = hex32(random);
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}

function word(random: RandomSource): string {
  return Math.floor(random.next() * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0');
}
