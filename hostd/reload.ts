// Another configuration while hostd runs: what can change at once does, what needs a restart is named, and a file with a
// mistake changes nothing.
import type { Log } from './base/log.ts';
import { problemsError, renderProblem } from './base/text-problem.ts';
import { configKeys, valueAt } from './config/keys.ts';
import type { CheckedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import type { DeliveryConfig } from './event-delivery.ts';
import type { Emit } from './events/events.ts';

const AT_ONCE: readonly (keyof DeliveryConfig)[] = ['webhooks', 'syslog', 'responses'];
const TEXT_CHARS_MAX = 500;

export interface ReloadOptions {
  config: Config;
  log: Log;
  emit: Emit;
  use: (config: DeliveryConfig) => void;
}

export class Reload {
  readonly #options: ReloadOptions;
  /** As it was when hostd started, but for what was taken since. */
  #inEffect: Config;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#inEffect = options.config;
  }

  take(checked: CheckedConfig): void {
    if (checked.config) this.#accept(checked.config, checked.file);
    else this.#refuse(checked);
  }

  #accept(config: Config, file: string): void {
    const { log, emit, use } = this.#options;
    const changed = configKeys().flatMap(({ path }) => (this.#differs(config, path) ? [path] : []));
    const isAtOnce = (path: string): boolean => AT_ONCE.some((key) => key === path);
    const [now, later] = [changed.filter(isAtOnce), changed.filter((path) => !isAtOnce(path))];
    const { webhooks, syslog, responses } = config;
    if (now.length) use({ webhooks, syslog, responses });
    this.#inEffect = { ...this.#inEffect, webhooks, syslog, responses };
    const text = [
      `${file} was read anew`,
      now.length ? `${now.join(', ')} changed` : 'nothing changed at once',
      ...(later.length ? [`${later.join(', ')} need a restart of vmoat-hostd`] : []),
    ].join('; ');
    log.info({ file, changed: now, needRestart: later }, 'the configuration was read anew');
    emit('config-reloaded', { text, data: { file, changed: now.join(' '), needRestart: later.join(' ') } });
  }

  #refuse({ file, problems }: CheckedConfig): void {
    const { log, emit } = this.#options;
    const hint = `see \`vmoat config check ${file}\``;
    const first = problems[0] ? renderProblem(problems[0]) : file;
    log.error(
      { file, err: problemsError(problems, 'config_unreadable') },
      `the configuration is not taken: ${hint}`,
    );
    const text = `the configuration stays as it was: ${first.slice(0, TEXT_CHARS_MAX)}; ${hint}`;
    emit('config-refused', { text, data: { file, mistakes: problems.length } });
  }

  #differs(config: Config, path: string): boolean {
    const [before, after] = [this.#inEffect, config].map((each) => JSON.stringify(valueAt(each, path)));
    return before !== after;
  }
}
