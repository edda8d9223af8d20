import { ConnectionLossError, OperationTimeoutError, errorOfCode } from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import type { Request } from './request.js';

/** Whether a request that gets no reply may have had an effect. */
export function maybeApplied(request: Request): boolean {
  return request.stage === 'sent' && !request.kind.isRepeatable;
}

export function timeoutOf(request: Request): Error {
  return new OperationTimeoutError(request.path, request.timeoutMs, maybeApplied(request));
}

/** The connection goes on; only this reply is not read. */
export function replyTooLong({ path, kind }: Request, lengthBytes: number, allowedBytes: number): Error {
  const cause = new RangeError(`a reply of ${lengthBytes} bytes, ${allowedBytes} are allowed (maxReplyBytes)`);
  const error = new ConnectionLossError(path, !kind.isRepeatable, { cause });
  error.message = `${cause.message}; it was not read: ${path}`;
  return error;
}

export function noRequest(path: string, reason: unknown): Error {
  const error = errorOfCode(ErrorCode.BADARGUMENTS, path);
  error.message += `: the arguments are no request: ${reason instanceof Error ? reason.message : String(reason)}`;
  error.cause = reason;
  return error;
}

export function tooLong(path: string, lengthBytes: number, allowedBytes: number): Error {
  const error = errorOfCode(ErrorCode.BADARGUMENTS, path);
  error.message += `: the request takes ${lengthBytes} bytes, servers accept ${allowedBytes} (jute.maxbuffer)`;
  return error;
}

/** What a codec threw, with the path it was about. */
export function withPath(thrown: unknown, path: string): unknown {
  if (thrown instanceof Error && !('path' in thrown) && Object.isExtensible(thrown)) {
    Object.defineProperty(thrown, 'path', { value: path, enumerable: true });
  }
  return thrown;
}
