// One capture file through the engine, as an async sequence of flow batches that ends with the summary.
import type { Addon, FallbackLibrary, OfflineSummary } from './addon.ts';
import { FlowBatch } from './flow-batch.ts';
import type { OperatorApplication } from './operator-applications.ts';

export interface CaptureReader {
  /** Called for each batch; the file is not read further until it resolves. Absent: flows are only counted. */
  flows?: (batch: FlowBatch) => Promise<void>;
  /** Bytes read, bytes in all (0 = unknown). */
  progress?: (done: number, total: number) => void;
  /** The operator's own. */
  applications?: OperatorApplication[];
  fallback?: FallbackLibrary;
}

/** Reads a capture to its end. Rejects where it cannot be opened or is no capture. */
export async function readCapture(
  addon: Addon,
  path: string,
  reader: CaptureReader,
): Promise<OfflineSummary> {
  const run = new addon.Offline(path, {
    batches: reader.flows !== undefined,
    applications: reader.applications ?? [],
    fallback: reader.fallback ?? 'none',
  });
  try {
    for (;;) {
      const item = await run.next();
      if (item.kind === 'summary') return item;
      if (item.kind === 'flows') await reader.flows?.(new FlowBatch(new Uint8Array(item.body)));
      else reader.progress?.(item.done, item.total);
    }
  } finally {
    run.close();
  }
}
