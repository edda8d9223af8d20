import { userInfo } from 'node:os';

/** Who runs this process. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // In a container the user id may have no name.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return 'user';
  }
}
