// One mistake in a file that people write, and how it reads.
import type { ErrorCode } from './error-codes.ts';
import { VmoatError } from './errors.ts';

export interface TextProblem {
  code: ErrorCode;
  file: string;
  /** From 1; 0 where no line is at fault. */
  line: number;
  column: number;
  /** Dotted path of the key, or an empty string. */
  field: string;
  message: string;
  hint?: string;
}

/** `FILE:LINE:COLUMN: message (hint)`, as compilers write it, so that editors can jump to it. */
export function renderProblem(problem: TextProblem): string {
  const place = problem.line ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  return `${place}: ${problem.message}${problem.hint ? ` (${problem.hint})` : ''}`;
}

/** All mistakes as one error, which bears the first one's code and field; `otherwise` is the code of none. */
export function problemsError(problems: readonly TextProblem[], otherwise: ErrorCode): VmoatError {
  const first = problems[0];
  const message = problems.map(renderProblem).join('\n');
  if (!first) return new VmoatError(otherwise, message);
  return new VmoatError(first.code, message, { field: first.field });
}
