// When exports run: node-cron behind the little that is needed of it.
import { schedule } from 'node-cron';

export interface Scheduled {
  /** null: never again */
  next(): Date | null;
  stop(): void;
}

/** `missed`: the process was too busy, or asleep, to run it in time. */
export type Schedule = (
  job: { cron: string; timezone: string },
  run: () => void,
  missed: (due: Date) => void,
) => Scheduled;

export const cronSchedule: Schedule = ({ cron, timezone }, run, missed) => {
  const task = schedule(cron, run, { timezone });
  task.on('execution:missed', ({ date }) => missed(date));
  return { next: () => task.getNextRun(), stop: () => void task.destroy() };
};
