import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createLogDestination, MAX_WAITING_LOG_BYTES } from './log-destination.js';

const probe = mkdtempSync(join(tmpdir(), 'log-destination-'));
const mounts = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', probe]).status === 0;
if (mounts) spawnSync('umount', [probe]);
rmSync(probe, { recursive: true });
const mounted = mounts ? it : it.skip;

describe('createLogDestination on a full disk', () => {
  let directory = '';
  afterEach(() => {
    if (directory) execFileSync('umount', ['-l', directory]);
    if (directory) rmSync(directory, { recursive: true });
    directory = '';
  });

  mounted(
    `keeps lines, drops and counts further ones, and goes on when there is space${mounts ? '' : ' (no mount here)'}`,
    async () => {
      directory = mkdtempSync(join(tmpdir(), 'log-destination-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory]);
      const fd = openSync(join(directory, 'app.log'), 'a');
      const onRecovered = jest.fn();
      const logger = pino(createLogDestination({ fd, onRecovered }));
      logger.info('before');
      expect(() => writeFileSync(join(directory, 'filler'), Buffer.alloc(8_000_000))).toThrow('ENOSPC');
      const line = 'x'.repeat(10_000);
      const lines = Math.ceil((2 * MAX_WAITING_LOG_BYTES) / line.length);
      for (let each = 0; each < lines; each += 1) logger.info({ each }, line);
      rmSync(join(directory, 'filler'));
      logger.info('after');
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      closeSync(fd);
      const written = readFileSync(join(directory, 'app.log'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((each) => JSON.parse(each) as { msg: string; each?: number });
      expect(written[0]?.msg).toBe('before');
      const kept = written.filter(({ msg }) => msg === line);
      // The first ones, without a gap; the line that found the buffer full is lost, whatever it says.
      expect(kept.map(({ each }) => each)).toEqual(kept.map((_, index) => index));
      expect(kept.length).toBeGreaterThan(90);
      expect(onRecovered).toHaveBeenCalledTimes(1);
      expect(lines - kept.length).toBeGreaterThan(90);
    },
  );
});
