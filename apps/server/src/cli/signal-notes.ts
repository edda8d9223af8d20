import type { Logger } from '@zk/contracts';
import type { ProcessHost } from './io.js';

/** Answers the signals that stop nothing, each with a line of the log. @returns how to stop answering */
export function answerSignals(processes: ProcessHost, logger: Logger, stateOf: () => string): () => void {
  return processes.onNote((signal) => {
    switch (signal) {
      case 'SIGQUIT':
        return logger.info({ state: stateOf(), ...processes.diagnosis() }, 'diagnosis, as SIGQUIT asks for');
      case 'SIGUSR1':
        return logger.info({ signal }, 'a signal without effect: the debugger of Node.js is switched off');
      case 'SIGUSR2':
        return logger.info({ signal }, 'a signal without effect');
      case 'SIGHUP':
        return logger.info({ signal }, 'a signal without effect: the server was started to outlive its terminal');
    }
  });
}
