// The exports of the policy in force: run by the clock or on request, one run of each at a time.
import { stat } from 'node:fs/promises';
import type { ExportJob, ExportResult } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { writeDurably } from '../base/durable-file.ts';
import { messageOf, systemCodeOf, VmoatError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Emit } from '../events/events.ts';
import { durationMs } from '../policy/document/words.ts';
import type { Export } from '../policy/sections/exports.ts';
import type { Content } from './content.ts';
import { removeOld, writeWhole } from './destination.ts';
import { type JobState, readState, stateText } from './export-state.ts';
import { fileName, ownFiles } from './file-name.ts';
import { formats } from './registry.ts';
import { cronSchedule, type Schedule, type Scheduled } from './schedule.ts';

export interface ExportsOptions {
  /** Remembers results and next runs. */
  stateFile: string;
  hostName: string;
  clock: Clock;
  log: Log;
  emit: Emit;
  /** `window_ms`: of flows, how far back. */
  content: (what: Export['what'], window_ms: number) => Promise<Content>;
  policyVersion: () => number | null;
  schedule?: Schedule;
}

interface Job {
  config: Export;
  scheduled: Scheduled;
  running: boolean;
  missed: string | null;
}

type Trigger = ExportResult['trigger'];

export class Exports {
  readonly #options: ExportsOptions;
  readonly #states: Map<string, JobState>;
  readonly #jobs = new Map<string, Job>();
  #said = '[]';
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ExportsOptions) {
    this.#options = options;
    this.#states = readState(options.stateFile);
  }

  /** The exports of the document that is live now; a run that is under way goes on. */
  use(exports: readonly Export[]): void {
    const said = JSON.stringify(exports);
    if (said === this.#said) return;
    this.#said = said;
    const before = new Map(this.#jobs);
    for (const { scheduled } of before.values()) scheduled.stop();
    this.#jobs.clear();
    for (const config of exports) this.#add(config, before.get(config.name));
    for (const name of this.#states.keys()) if (!this.#jobs.has(name)) this.#states.delete(name);
    this.#remember();
  }

  list(): ExportJob[] {
    return [...this.#jobs.values()].map((job) => this.#shown(job));
  }

  /** null where there is none. */
  find(name: string): ExportJob | null {
    const job = this.#jobs.get(name);
    return job ? this.#shown(job) : null;
  }

  /** Runs it now; null where there is none. Rejects with `export_running`. What goes wrong is in the result. */
  async run(name: string): Promise<ExportResult | null> {
    const job = this.#jobs.get(name);
    if (!job) return null;
    if (job.running) throw new VmoatError('export_running', `${name} runs already`);
    return this.#run(job, 'request');
  }

  /** Resolves once nothing is being written to its state. */
  async stop(): Promise<void> {
    for (const { scheduled } of this.#jobs.values()) scheduled.stop();
    this.#jobs.clear();
    await this.#turn;
  }

  #add(config: Export, before: Job | undefined): void {
    const { schedule = cronSchedule } = this.#options;
    const scheduled = schedule(
      config,
      () => this.#due(config.name),
      (due) => this.#overslept(config, due.toISOString()),
    );
    const job: Job = { config, scheduled, running: before?.running ?? false, missed: before?.missed ?? null };
    this.#jobs.set(config.name, job);
    const known = this.#states.get(config.name);
    const now = this.#options.clock.now();
    if (!before && known?.next && known.schedule === scheduleOf(config) && Date.parse(known.next) <= now) {
      job.missed = known.next;
      this.#missed(config, known.next, 'vmoat-hostd did not run');
    }
    this.#states.set(config.name, this.#stateOf(job, known?.last ?? null));
  }

  /** Told once: a restart then finds the run after it. */
  #overslept(config: Export, due: string): void {
    const job = this.#jobs.get(config.name);
    if (!job) return;
    job.missed = due;
    this.#missed(config, due, 'vmoat-hostd was busy or asleep');
    this.#states.set(config.name, this.#stateOf(job, this.#states.get(config.name)?.last ?? null));
    this.#remember();
  }

  #due(name: string): void {
    const job = this.#jobs.get(name);
    if (!job) return;
    if (job.running) this.#missed(job.config, this.#now(), 'the run before still goes on');
    else void this.#run(job, 'cron');
  }

  #missed({ name }: Export, due: string, why: string): void {
    const subjects = [{ kind: 'export' as const, id: name, name }];
    this.#options.emit('export-missed', {
      subjects,
      text: `${name} was due ${due} and did not run: ${why}`,
      data: { due },
    });
  }

  async #run(job: Job, trigger: Trigger): Promise<ExportResult> {
    const { config } = job;
    job.running = true;
    const at = this.#now();
    const begun = performance.now();
    const result: ExportResult = {
      ...{ at, trigger, took_ms: 0, error: null, file: null },
      ...{ bytes: 0, removed: [], unexpressed: [] },
    };
    try {
      Object.assign(result, await this.#write(config, at));
    } catch (thrown) {
      result.error = messageOf(thrown);
    }
    result.took_ms = Math.round(performance.now() - begun);
    this.#ended(config, result);
    return result;
  }

  async #write(config: Export, at: string): Promise<Partial<ExportResult>> {
    const { hostName: host, content, policyVersion } = this.#options;
    const { name, what, format: wanted, to, file: template, keep, window } = config;
    const format = formats.find((each) => each.name === wanted);
    if (!format) throw new Error(`there is no format ${wanted}`);
    await requireDirectory(to);
    const written = format.write(await content(what, durationMs(window)), { host, at });
    const version = policyVersion();
    const file = fileName(template, written.extension, { name, at, host, version });
    const bytes = await writeWhole(to, file, written.parts);
    const removed = await removeOld(to, ownFiles(template, written.extension, { name, host }), keep);
    return { file, bytes, removed, unexpressed: written.unexpressed };
  }

  #ended({ name }: Export, result: ExportResult): void {
    const { emit, log } = this.#options;
    const job = this.#jobs.get(name);
    if (job) {
      job.running = false;
      job.missed = null;
      this.#states.set(name, this.#stateOf(job, result));
      this.#remember();
    }
    const { error, file, bytes, trigger, unexpressed } = result;
    const told = {
      subjects: [{ kind: 'export' as const, id: name, name }],
      data: { file, bytes, trigger, unexpressed: unexpressed.length },
    };
    if (error === null) emit('export-done', { ...told, text: `${name}: ${file}, ${bytes} bytes` });
    else {
      log.warn({ export: name, error }, 'an export failed');
      emit('export-failed', { ...told, text: `${name}: ${error}` });
    }
  }

  #shown({ config, scheduled, running, missed }: Job): ExportJob {
    const { name, cron, timezone, what, format, to, keep } = config;
    const last = this.#states.get(name)?.last ?? null;
    const next = scheduled.next()?.toISOString() ?? null;
    return { name, cron, timezone, what, format, to, keep, running, next, last, missed };
  }

  #stateOf({ config, scheduled }: Job, last: ExportResult | null): JobState {
    return { schedule: scheduleOf(config), next: scheduled.next()?.toISOString() ?? null, last };
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  #remember(): void {
    const { stateFile, log } = this.#options;
    const text = stateText(this.#states);
    this.#turn = this.#turn
      .then(() => writeDurably(stateFile, text))
      .catch((error) => log.error({ error: messageOf(error) }, 'the state of exports cannot be written'));
  }
}

/** Throws in words of people. */
async function requireDirectory(to: string): Promise<void> {
  const found = await stat(to).catch((thrown) => {
    throw new Error(systemCodeOf(thrown) === 'ENOENT' ? `${to} is not there` : messageOf(thrown));
  });
  if (!found.isDirectory()) throw new Error(`${to} is no directory`);
}

const scheduleOf = ({ cron, timezone }: Export): string => `${cron} ${timezone}`;
