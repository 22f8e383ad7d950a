// Makes the root of the machine that the package is installed on: `node --import tsx test/package/make-root.ts`.
import { rootArchive } from './machine.ts';

await rootArchive('host');
