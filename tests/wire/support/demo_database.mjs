// node demo_database.mjs FILE: makes the demo venue in a database for the servers of all tests to begin with. FILE is then told
// to them as DEMO_DATABASE; without it each draws its own.
import { copyFileSync } from 'node:fs';
import path from 'node:path';

import { startFoyer } from './foyer.mjs';

const foyer = await startFoyer();
await foyer.stop();
copyFileSync(path.join(foyer.folder, 'foyer.db'), process.argv[2]);
await foyer.end();
