import type {
  Attributes,
  Context,
  Meter,
  ObservableCallback,
  Span,
  SpanOptions,
  SpanStatus,
  Tracer,
} from '@opentelemetry/api';

/** A span as it was ended. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: number | undefined;
  readonly parent: Context | undefined;
  readonly attributes: Attributes;
  status: SpanStatus | undefined;
}

/** Keeps the spans that are ended, in that order. */
export function recordingTracer(): { readonly tracer: Tracer; readonly spans: RecordedSpan[] } {
  const spans: RecordedSpan[] = [];
  const startSpan = (name: string, options: SpanOptions = {}, parent?: Context): Span => {
    const recorded: RecordedSpan = {
      name,
      kind: options.kind,
      parent,
      attributes: { ...options.attributes },
      status: undefined,
    };
    const span: Partial<Span> = {
      setAttribute(key, value) {
        recorded.attributes[key] = value;
        return span as Span;
      },
      setStatus(status) {
        recorded.status = status;
        return span as Span;
      },
      end: () => void spans.push(recorded),
    };
    return span as Span;
  };
  return { tracer: { startSpan } as unknown as Tracer, spans };
}

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly attributes: Attributes | undefined;
}

/** Keeps what is recorded and added; `observe` asks the gauges. */
export function recordingMeter() {
  const measured: Measurement[] = [];
  const gauges = new Map<string, Set<ObservableCallback>>();
  const note = (name: string) => (value: number, attributes?: Attributes) =>
    void measured.push({ name, value, attributes });
  const meter = {
    createHistogram: (name: string) => ({ record: note(name) }),
    createCounter: (name: string) => ({ add: note(name) }),
    createObservableGauge(name: string) {
      const callbacks = new Set<ObservableCallback>();
      gauges.set(name, callbacks);
      return {
        addCallback: (callback: ObservableCallback) => void callbacks.add(callback),
        removeCallback: (callback: ObservableCallback) => void callbacks.delete(callback),
      };
    },
  } as unknown as Meter;
  const observe = (): Record<string, number> => {
    const values: Record<string, number> = {};
    for (const [name, callbacks] of gauges) {
      for (const callback of callbacks) void callback({ observe: (value) => void (values[name] = value) });
    }
    return values;
  };
  return { meter, measured, observe };
}
