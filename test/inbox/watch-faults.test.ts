import { EventEmitter } from 'node:events';
import { expect, it, jest } from '@jest/globals';
import type { IngestError } from '../../src/errors.js';

class FakeWatcher extends EventEmitter {
  isClosed = false;

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

const made: FakeWatcher[] = [];
jest.unstable_mockModule('chokidar', () => ({ watch: () => made[made.push(new FakeWatcher()) - 1] }));
const { Watcher } = await import('../../src/inbox/watch.js');

it.each([
  ['ENOSPC', 'no watches left (raise fs.inotify.max_user_watches)'], ['EMFILE', 'no watchers left (raise fs.inotify.max_user_instances)'],
])('tells once what the system has no more of (%s), however often it is started, and takes the watch up when there is', (code, told) => {
  made.splice(0);
  const errors: IngestError[] = [];
  const watcher = new Watcher('/in', () => undefined, (error) => errors.push(error));
  for (let time = 0; time < 3; time += 1) {
    watcher.start();
    made.at(-1)!.emit('error', Object.assign(new Error(code), { code }));
  }
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining(told)]);
  expect(made.map(({ isClosed }) => isClosed)).toEqual([true, true, true]);
  watcher.start();
  watcher.start();
  expect(made).toHaveLength(4);
  expect(made.at(-1)!.isClosed).toBe(false);
});

it('passes over errors of a watch that was given up', () => {
  const errors: IngestError[] = [];
  const watcher = new Watcher('/in', () => undefined, (error) => errors.push(error));
  watcher.start();
  const given = made.at(-1)!;
  given.emit('error', new Error('lost'));
  given.emit('error', new Error('lost again'));
  expect(errors).toHaveLength(1);
});
