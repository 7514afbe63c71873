import { linkSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faults, mend, mockFileSystem } from './faulty-fs.js';
import { Folders, filesIn } from './support.js';

mockFileSystem();
const { linkFreely, placePart, refusesLinks } = await import('../../src/inbox/place.js');
const folders = new Folders();
let folder = '';
let part = '';
beforeEach(() => {
  folder = folders.make();
  part = put('.part', 'mine');
});
afterEach(() => { mend(); folders.clear(); });

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const NAMES = ['a', 'b', 'c'];
const place = async (names = NAMES): Promise<string> => placePart(part, folder, () => names);
const withoutLinks = (verb: string): string | undefined => (verb === 'link' ? 'ENOTSUP' : undefined);

describe('a further name for a file', () => {
  it('is the first that is free; what has the others, be it a folder, stays', async () => {
    put('a', 'theirs');
    mkdirSync(join(folder, 'b'));
    expect(await linkFreely(part, folder, NAMES)).toBe(join(folder, 'c'));
    expect(filesIn(folder)).toEqual({ [part]: 'mine', [join(folder, 'a')]: 'theirs', [join(folder, 'c')]: 'mine' });
  });

  it('is the one that it got before a kill', async () => {
    put('a', 'theirs');
    linkSync(part, join(folder, 'b'));
    expect(await linkFreely(part, folder, NAMES)).toBe(join(folder, 'b'));
    expect(statSync(part).nlink).toBe(2);
  });

  it('is none where all are taken, and that is said', async () => {
    put('a', 'theirs');
    await expect(linkFreely(part, folder, ['a'])).rejects.toThrow(`every name in ${folder} is taken`);
    expect(filesIn(folder)).toEqual({ [part]: 'mine', [join(folder, 'a')]: 'theirs' });
  });

  it.each(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])('may be refused by the system (%s): then there are other ways', async (code) => {
    faults.refuse = (verb) => (verb === 'link' ? code : undefined);
    const error: unknown = await linkFreely(part, folder, NAMES).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(refusesLinks(error)).toBe(true);
  });

  it('is not refused so where it lies on another file system, the disk is full, or anything else fails', () => {
    for (const code of ['EXDEV', 'ENOSPC', 'ENOENT']) expect(refusesLinks(Object.assign(new Error(code), { code }))).toBe(false);
    expect(refusesLinks(new Error('no code of the system'))).toBe(false);
  });
});

describe('a part file', () => {
  it('gets the first visible name that is free, and keeps the hidden one, by which a later try knows it', async () => {
    put('a', 'theirs');
    expect(await place()).toBe(join(folder, 'b'));
    expect(filesIn(folder)).toEqual({ [part]: 'mine', [join(folder, 'a')]: 'theirs', [join(folder, 'b')]: 'mine' });
  });

  it('has its visible name alone where there are no links; nothing is overwritten there either', async () => {
    faults.refuse = withoutLinks;
    put('a', 'theirs');
    expect(await place()).toBe(join(folder, 'b'));
    expect(filesIn(folder)).toEqual({ [join(folder, 'a')]: 'theirs', [join(folder, 'b')]: 'mine' });
  });

  it('leaves at worst an empty file under the visible name where it is killed and there are no links', async () => {
    faults.refuse = (verb) => { if (verb === 'rename') throw new Error('killed'); return withoutLinks(verb); };
    await expect(place()).rejects.toThrow('killed');
    expect(filesIn(folder)).toEqual({ [part]: 'mine', [join(folder, 'a')]: '' });
  });

  it('does not share a name with another that is placed at once, where there are no links', async () => {
    faults.refuse = withoutLinks;
    const another = put('.another', 'other');
    const paths = await Promise.all([place(), placePart(another, folder, () => NAMES)]);
    expect([...paths].sort()).toEqual([join(folder, 'a'), join(folder, 'b')]);
    expect(filesIn(folder)).toEqual({ [paths[0]]: 'mine', [paths[1]]: 'other' });
  });

  it('gets no name where the system says no for another reason, and is still there', async () => {
    faults.refuse = (verb) => (verb === 'link' ? 'ENOSPC' : undefined);
    await expect(place()).rejects.toMatchObject({ code: 'ENOSPC' });
    faults.refuse = (verb) => withoutLinks(verb) ?? (verb === 'writeFile' ? 'EROFS' : undefined);
    await expect(place()).rejects.toMatchObject({ code: 'EROFS' });
    expect(readdirSync(folder)).toEqual(['.part']);
  });
});
