import { type Task, TaskQueue } from './task-queue.js';

describe('tasks by path', () => {
  function open(limit: number): { readonly queue: TaskQueue; readonly running: Task[] } {
    const running: Task[] = [];
    const queue = new TaskQueue(limit, (task) => {
      running.push(task);
      return Promise.resolve();
    });
    return { queue, running };
  }
  const paths = (tasks: readonly Task[]): string[] => tasks.map(({ path }) => path);

  it('run in the order of asking, so many at a time, and once however often they are asked for', () => {
    const { queue, running } = open(2);
    for (const path of ['/a', '/b', '/c', '/c', '/d']) queue.add(path);
    expect(paths(running)).toEqual(['/a', '/b']);
    expect(queue.done(running[0]!)).toBe(true);
    expect(queue.done(running[1]!)).toBe(true);
    expect(paths(running)).toEqual(['/a', '/b', '/c', '/d']);
    for (const task of running.slice(2)) queue.done(task);
    expect(queue.isIdle).toBe(true);
  });

  it('run once more when they are asked for while they run', () => {
    const { queue, running } = open(1);
    queue.add('/a');
    queue.add('/a', { subtree: true });
    queue.add('/b');
    expect(queue.done(running[0]!)).toBe(false);
    expect(paths(running)).toEqual(['/a', '/b']);
    queue.done(running[1]!);
    expect(running[2]).toMatchObject({ path: '/a', children: true, subtree: true });
    expect(queue.done(running[2]!)).toBe(true);
  });

  it('are taken back as long as they have not begun', () => {
    const { queue, running } = open(1);
    queue.add('/a');
    queue.add('/b');
    queue.drop('/a');
    queue.drop('/b');
    queue.drop('/none');
    queue.done(running[0]!);
    expect(paths(running)).toEqual(['/a']);
    expect(queue.isIdle).toBe(true);
  });

  it('run once more, and are not to be believed, when what they read has been deleted', () => {
    const { queue, running } = open(1);
    queue.add('/a');
    queue.add('/b');
    queue.outdate('/a');
    queue.outdate('/b');
    expect(running[0]!.isOutdated).toBe(true);
    expect(queue.done(running[0]!)).toBe(false);
    expect(paths(running)).toEqual(['/a', '/a']);
    expect(running[1]!.isOutdated).toBe(false);
    queue.done(running[1]!);
    expect(queue.isIdle).toBe(true);
  });

  it('wait while the queue pauses, and one that failed waits again', () => {
    const { queue, running } = open(1);
    queue.add('/a', { children: true });
    queue.pause();
    queue.postpone(running[0]!);
    expect(queue.isIdle).toBe(false);
    queue.resume();
    expect(paths(running)).toEqual(['/a', '/a']);
    queue.clear();
    expect(queue.isIdle).toBe(true);
  });

  it('are forgotten one by one in a long queue', () => {
    const { queue, running } = open(1);
    for (let i = 0; i < 20_000; i++) queue.add(`/${i}`);
    for (let i = 0; i < 20_000; i++) queue.done(running[i]!);
    expect(running).toHaveLength(20_000);
    expect(queue.isIdle).toBe(true);
  });
});
