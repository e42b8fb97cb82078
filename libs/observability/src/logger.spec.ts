import { describe, expect, it } from '@jest/globals';
import { runWithContext } from './context.js';
import { createLogger, NestLogger } from './logger.js';

const context = { traceId: 'a'.repeat(32), workspace: 'clinic', actor: 'key' };

function recorder(level = 'trace') {
  const lines: string[] = [];
  const logger = createLogger('catalog', level, { write: (line) => void lines.push(line) });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('a log line', () => {
  it('is one JSON object with app, level, time and message', () => {
    const { logger, lines, last } = recorder();
    logger.info('two\nlines');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(last()).toMatchObject({ app: 'catalog', level: 'info', msg: 'two\nlines', pid: process.pid });
    expect(Date.parse(String(last()['time']))).toBeGreaterThan(0);
  });

  it('carries trace id and workspace of what it belongs to, and of nothing else', async () => {
    const { logger, last } = recorder();
    await runWithContext(context, async () => {
      await Promise.resolve();
      logger.info('inside');
    });
    expect(last()).toMatchObject({ traceId: context.traceId, workspace: 'clinic' });
    runWithContext({ ...context, workspace: '' }, () => logger.info('without a workspace'));
    expect(last()).not.toHaveProperty('workspace');
    logger.info('outside');
    expect(last()).not.toHaveProperty('traceId');
  });

  it.each([
    [{ authorization: 'Bearer s3cret' }],
    [{ key: 's3cret' }],
    [{ headers: { 'training-key': 's3cret' } }],
    [{ request: { headers: { authorization: 's3cret' } } }],
    [{ request: { key: 's3cret' } }],
    [{ config: { secret: 's3cret', password: 's3cret' } }],
    [{ body: { text: 's3cret' } }],
    [{ request: { body: 's3cret' } }],
    [{ job: { payload: { text: 's3cret' } } }],
    [{ err: Object.assign(new Error('ReplyError'), { command: { name: 'set', args: ['s3cret'] } }) }],
    [{ err: Object.assign(new Error('E11000'), { keyValue: { name: 's3cret' } }) }],
    [{ err: Object.assign(new Error('fetch'), { response: { text: 's3cret' } }) }],
  ])('of %j shows no key and no body', (fields) => {
    const { logger, lines } = recorder();
    logger.error(fields, 'failed');
    expect(lines[0]).toContain('[cut]');
    expect(lines[0]).not.toContain('s3cret');
  });

  it('below the level is not written', () => {
    const { logger, lines } = recorder('warn');
    logger.info('no');
    logger.warn('yes');
    expect(lines).toHaveLength(1);
  });
});

describe('NestLogger', () => {
  it("writes Nest's chatter below its own level, and failures with their stack", () => {
    const { logger, last } = recorder();
    const nest = new NestLogger(logger);
    nest.log('Mapped', 'Router');
    expect(last()).toMatchObject({ level: 'debug', context: 'Router', msg: 'Mapped' });
    nest.debug('detail', 'Injector');
    expect(last()).toMatchObject({ level: 'trace', msg: 'detail' });
    nest.warn('careful', 'Injector');
    expect(last()).toMatchObject({ level: 'warn', context: 'Injector' });
    nest.error(new TypeError('broken'));
    expect(last()).toMatchObject({
      level: 'error',
      err: { type: 'TypeError', stack: expect.stringContaining('broken') },
    });
    nest.error('failed', 'the stack', 'Handler');
    expect(last()).toMatchObject({ level: 'error', stack: 'the stack', context: 'Handler' });
    nest.fatal('over');
    expect(last()).toMatchObject({ level: 'fatal', msg: 'over' });
  });
});
