/** Bytes that are not the record they should be. A server answers it with MARSHALLINGERROR and stays connected. */
export class MarshallingError extends Error {
  override readonly name = 'MarshallingError';

  /**
   * @param detail what was expected and what was found
   * @param offset where, as an index into the byte array that was read
   */
  constructor(
    readonly detail: string,
    readonly offset: number,
  ) {
    super(`${detail} at byte ${offset}`);
  }
}
