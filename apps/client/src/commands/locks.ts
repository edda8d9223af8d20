import type { Command } from './command.js';

const COMMON = [
  { letter: 'k', name: 'kill-after', value: 'seconds', summary: 'SIGKILL so long after SIGTERM; default 10' },
  { letter: 'p', name: 'purpose', value: 'text', summary: 'for people who look who holds it' },
  {
    letter: 'l',
    name: 'loss',
    value: 'session|connection',
    summary: 'when it counts as lost: with the session (default), or at once with the connection',
  },
] as const;

const ENVIRONMENT = `
The command finds in its environment ZK_LOCK_PATH, ZK_LOCK_NODE (its node), ZK_FENCING_TOKEN (a number that grows from
holder to holder: let the resource refuse smaller ones), ZK_SESSION_ID and ZK_SERVERS.
The exit code is the command's; 128 + n when signal n ended it; 76 when the lock was lost and the command was ended for
that.`;

const lock: Command = {
  name: 'lock',
  usage: '[-w seconds] path -- command [args…]',
  summary: 'hold a lock while a command runs, and end the command when the lock is lost',
  details: `
Waits for its turn, runs the command, and gives the lock back when that has ended. Shares its queue with Curator's
InterProcessMutex, or with kazoo's Lock (--kazoo).
${ENVIRONMENT}

  zk-cli -server zk:2181 lock /locks/nightly -- ./backup.sh
  zk-cli lock -n /locks/deploy -- make deploy        do nothing when somebody else deploys (exit code 75)`,
  options: [
    { letter: 'w', name: 'wait', value: 'seconds', summary: 'wait so long at most; exit code 75 then' },
    { letter: 'n', name: 'no-wait', summary: 'do not wait' },
    { name: 'kazoo', summary: "kazoo's names and rules instead of Curator's" },
    ...COMMON,
  ],
  args: { min: 1, max: 1 },
  takesProgram: true,
  run: async (call) => (await import('../recipes/hold.js')).runLock(call),
};

const elect: Command = {
  name: 'elect',
  usage: '[-w seconds] [-a] path -- command [args…]',
  summary: 'run a command while leader, and end it when leadership is lost',
  details: `
Takes part in an election (Curator's LeaderLatch layout) and runs the command once this process leads.
With --again it stands for election again when leadership was lost, for as long as it takes, and ends when the command
ends by itself.
${ENVIRONMENT}

  zk-cli elect --again /leaders/scheduler -- ./scheduler`,
  options: [
    { letter: 'w', name: 'wait', value: 'seconds', summary: 'wait so long at most; exit code 75 then' },
    { letter: 'a', name: 'again', summary: 'stand again after a loss' },
    { letter: 'i', name: 'id', value: 'text', summary: 'as whom; default: host and pid' },
    ...COMMON,
  ],
  args: { min: 1, max: 1 },
  takesProgram: true,
  run: async (call) => (await import('../recipes/hold.js')).runElect(call),
};

const recipes: Command = {
  name: 'recipes',
  usage: '[path…]',
  summary: 'say who holds and who waits: locks, elections, semaphores, queues below a path',
  details: `
Recognises by the names of znodes what Curator, kazoo and this product make: locks (lock-, __lock__), read/write locks
(__READ__, __WRIT__, __rlock__), leader latches (latch-), elections of kazoo, semaphores (leases/), queues (queue-,
entry-), double barriers (ready). What is not unmistakable is told with "perhaps".`,
  options: [{ letter: 'a', name: 'all', summary: 'also what nobody holds or waits for' }],
  args: { min: 0 },
  globs: 'all',
  completes: 'all',
  run: async (call) => (await import('../recipes/show.js')).runRecipes(call),
};

export const lockCommands: readonly Command[] = [lock, elect, recipes];
