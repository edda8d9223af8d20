declare module 'snappyjs' {
  /** @throws Error when the block is damaged, or longer than `maxLength` */
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
}
