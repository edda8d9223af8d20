/** What is to be done for one path. */
export interface Task {
  readonly path: string;
  /** List the children too, and look at those that are new. */
  children: boolean;
  /** Look at every child, known or not. */
  subtree: boolean;
  state: 'queued' | 'running' | 'dropped';
  /** Asked for again while it was running: what it reads may be older than the reason for asking. */
  again: boolean;
  /** What it reads, if it is running, is not to be used: it may be what has been deleted since. */
  isOutdated: boolean;
}

/**
 * At most one task per path, in the order of asking, and a bounded number of them running. Asking again for a path that
 * waits changes nothing, so a burst of events on one znode costs two readings: the one under way and one after it.
 */
export class TaskQueue {
  readonly #tasks = new Map<string, Task>();
  readonly #limit: number;
  readonly #run: (task: Task) => Promise<void>;
  #order: Task[] = [];
  #head = 0;
  #running = 0;
  #isPaused = false;

  /** @param run never rejects; ends with a call of {@link done} or {@link postpone} for its task */
  constructor(limit: number, run: (task: Task) => Promise<void>) {
    this.#limit = limit;
    this.#run = run;
  }

  get isIdle(): boolean {
    return this.#tasks.size === 0;
  }

  add(path: string, what: { readonly children?: boolean; readonly subtree?: boolean } = {}): void {
    let task = this.#tasks.get(path);
    if (task === undefined) {
      task = { path, children: false, subtree: false, state: 'queued', again: false, isOutdated: false };
      this.#tasks.set(path, task);
      this.#order.push(task);
    } else if (task.state === 'running') {
      task.again = true;
    }
    task.children ||= what.children === true || what.subtree === true;
    task.subtree ||= what.subtree === true;
    this.pump();
  }

  /** What a task that is running reads is no longer wanted: it runs once more. Takes back one that has not begun. */
  outdate(path: string): void {
    const task = this.#tasks.get(path);
    if (task?.state !== 'running') return this.drop(path);
    task.again = true;
    task.isOutdated = true;
  }

  /** Takes back what has not begun. */
  drop(path: string): void {
    const task = this.#tasks.get(path);
    if (task === undefined || task.state === 'running') return;
    task.state = 'dropped';
    this.#tasks.delete(path);
  }

  /** True when the task is over; false when it was asked for again, and then is at the end of the queue. */
  done(task: Task): boolean {
    this.#running--;
    if (task.again) {
      this.#requeue(task);
      this.pump();
      return false;
    }
    this.#tasks.delete(task.path);
    this.pump();
    return true;
  }

  /** Ends a run that failed: the task waits as if it had never begun. */
  postpone(task: Task): void {
    this.#running--;
    this.#requeue(task);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  clear(): void {
    this.#tasks.clear();
    this.#order = [];
    this.#head = 0;
  }

  pump(): void {
    while (!this.#isPaused && this.#running < this.#limit && this.#head < this.#order.length) {
      const task = this.#order[this.#head++]!;
      if (this.#head > 4096 && this.#head * 2 > this.#order.length) {
        this.#order = this.#order.slice(this.#head);
        this.#head = 0;
      }
      if (task.state === 'dropped') continue;
      task.state = 'running';
      task.isOutdated = false;
      this.#running++;
      void this.#run(task);
    }
  }

  #requeue(task: Task): void {
    task.again = false;
    task.state = 'queued';
    this.#order.push(task);
  }
}

/** What one run of a task does. */
export interface Look {
  readonly children: boolean;
  readonly subtree: boolean;
}

/** What a run was to do and did not: the next one does it. */
export function keep(task: Task, what: Look): void {
  task.children ||= what.children;
  task.subtree ||= what.subtree;
}
