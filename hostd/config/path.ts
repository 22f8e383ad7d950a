// Paths in the configuration.
import { z } from 'zod';

export const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, 'an absolute path');
export const optionalFile = absolutePath.nullable().default(null);
