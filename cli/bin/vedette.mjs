#!/usr/bin/env node
/** Finds the project's own Node 26, since the one on PATH may be older, and hands over to the command line. */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(realpathSync(fileURLToPath(import.meta.url)))));
const own = join(root, 'node_modules', 'node', 'bin', 'node');
const { status } = spawnSync(existsSync(own) ? own : process.execPath, [join(root, 'cli', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
