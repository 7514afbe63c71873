import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/errors.js';
import { Database } from '../../src/store/database.js';
import { Cluster } from '../support/cluster.js';

/** A server that speaks TLS, with a certificate for `localhost` alone, of an authority that nobody knows. */

const canMake = spawnSync('openssl', ['version']).status === 0;
if (!canMake) process.stderr.write('openssl is not installed: TLS to PostgreSQL is not tested\n');

let folder: string;
let server: Cluster;
let plain: Cluster;

(canMake ? describe : describe.skip)('a connection by TLS', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scd-tls-'));
    authority('ours');
    authority('other');
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
    await writeFile(join(folder, 'names'), 'subjectAltName=DNS:localhost\n');
    openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ours.pem', '-CAkey', 'ours.key', '-CAcreateserial', '-out', 'server.crt', '-days', '2', '-extfile', 'names');
    [server, plain] = [await Cluster.create(), await Cluster.create()];
    const [certificate, key] = await Promise.all(['server.crt', 'server.key'].map(async (name) => readFile(join(folder, name), 'utf8')));
    await server.useTls(certificate!, key!);
    await Promise.all([server.start(), plain.start()]);
  });
  afterAll(async () => {
    await Promise.all([server.remove(), plain.remove()]);
    await rm(folder, { recursive: true });
  });

  function openssl(...args: string[]): void {
    const made = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
  }

  function authority(name: string): void {
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`);
  }

  /** Whether a session speaks TLS, or why there is none. */
  async function connected(cluster: Cluster, host: string, options: string): Promise<unknown> {
    const url = `${cluster.url('postgres').replace('127.0.0.1', host)}?${options}`;
    const database = await Database.open(url).catch(messageOf);
    if (typeof database === 'string') return database.slice(database.indexOf('its cert'));
    try {
      const [session] = await database.reader.rows<{ ssl: number }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
      return session!.ssl === 1;
    } finally {
      await database.close();
    }
  }

  const trusting = (name: string): string => `sslrootcert=${join(folder, `${name}.pem`)}`;

  test('is made where it is required, whoever has signed the certificate', async () => {
    expect(await connected(server, '127.0.0.1', 'sslmode=require')).toBe(true);
    expect(await connected(server, '127.0.0.1', '')).toBe(false);
  });

  test('is made to the host that the certificate names, of an authority that is trusted', async () => {
    expect(await connected(server, 'localhost', `sslmode=verify-full&${trusting('ours')}`)).toBe(true);
    expect(await connected(server, '127.0.0.1', `sslmode=verify-ca&${trusting('ours')}`)).toBe(true);
  });

  test('is refused with a certificate for another host, be it an address', async () => {
    expect(await connected(server, '127.0.0.1', `sslmode=verify-full&${trusting('ours')}`)).toMatch(/^its certificate is for another host/u);
  });

  test.each(['verify-ca', 'verify-full'])('is refused where another authority is trusted, or none (%s)', async (mode) => {
    for (const trust of [`&${trusting('other')}`, '']) {
      expect(await connected(server, 'localhost', `sslmode=${mode}${trust}`)).toMatch(/^its certificate is of no authority that is trusted here/u);
    }
  });

  test('is refused by a server that speaks none: nothing is said in the clear', async () => {
    await expect(Database.open(`${plain.url('postgres')}?sslmode=require`)).rejects.toThrow('the server speaks no TLS: turn it on there');
  });
});
