import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Database, openReader, type Transaction } from '../../src/store/database.js';
import { connectPostgres } from '../../src/store/postgres-connection.js';
import { POSTGRES } from '../support/engines.js';

describe('a session', () => {
  const asked = async (db: Pick<Transaction, 'rows'>, name: string): Promise<unknown> => (await db.rows<{ value: string }>('select current_setting(?) as value', [name]))[0]!.value;

  test('asks the server to free what it holds when its program is gone, and one for questions to change nothing', async () => {
    const url = await POSTGRES.create();
    const [database, reader] = [await Database.open(url, Date.now, 1.5), await openReader(url)];
    await database.write(async (tx) => {
      expect([await asked(tx, 'tcp_keepalives_idle'), await asked(tx, 'idle_in_transaction_session_timeout')]).toEqual(['10', '1500ms']);
    });
    expect([await asked(reader, 'tcp_keepalives_idle'), await asked(reader, 'default_transaction_read_only')]).toEqual(['10', 'on']);
    await Promise.all([database.close(), reader.close()]);
    await POSTGRES.remove(url);
  });

  test('begins with nothing that a pooler would refuse, and a server that is silent from then on is given up', async () => {
    const greeted: string[][] = [];
    const silent = createServer((socket) => {
      socket.on('error', () => undefined).once('data', (startup) => {
        greeted.push(startup.toString('latin1', 8).split('\0').filter((_, index) => index % 2 === 0));
        // That it is let in, and that the server is ready.
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]));
      });
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await expect(connectPostgres(`postgres://scd@127.0.0.1:${port}/scd`, 1, {}, 100)).rejects.toThrow('the server does not answer');
    expect(greeted[0]!.filter((name) => name !== '')).toEqual(['user', 'database', 'application_name', 'client_encoding']);
    silent.close();
  });
});
