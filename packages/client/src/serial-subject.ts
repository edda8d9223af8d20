import { type Observable, ReplaySubject } from 'rxjs';

/**
 * Hot, replays the latest value. A value that is emitted while another one is being delivered (a subscriber closes the
 * client, say) comes after it for everybody.
 */
export class SerialSubject<T> {
  private readonly subject = new ReplaySubject<T>(1);
  private readonly waiting: (() => void)[] = [];
  private isEmitting = false;
  readonly observable: Observable<T> = this.subject.asObservable();

  next(value: T): void {
    this.emit(() => this.subject.next(value));
  }

  complete(): void {
    this.emit(() => this.subject.complete());
  }

  private emit(action: () => void): void {
    this.waiting.push(action);
    if (this.isEmitting) return;
    this.isEmitting = true;
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next();
    } finally {
      this.isEmitting = false;
    }
  }
}
