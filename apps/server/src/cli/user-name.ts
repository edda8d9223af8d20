import { userInfo } from 'node:os';
import { codeOf } from '../errors.js';

/** Who runs this process. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // In a container the user id may have no name.
    if (codeOf(error) === undefined) throw error;
    return 'user';
  }
}
