import { stringify } from 'yaml';
import { shownUrl } from '../config/database-url.js';
import { loadSettings, unknownNames } from '../config/load.js';
import { print, printJson, type AddCommand } from './command.js';

/** `config`: the settings in force, once they have been checked. */
export const addConfig: AddCommand = (program) => {
  program.command('config')
    .description('check the settings and show those in force')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  SCD_VALIDITY_DAYS=45 scd-inbox config')
    .action((options: { json?: true }) => {
      const loaded = loadSettings();
      const settings = { ...loaded, database: shownUrl(loaded.database) };
      for (const name of unknownNames()) process.stderr.write(`scd-inbox: ${name} is in the environment, but there is no such setting\n`);
      if (options.json) printJson(settings);
      else print(stringify(settings).trimEnd());
    });
};
