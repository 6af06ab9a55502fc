#!/usr/bin/env node
import { Command } from 'commander';
import { analyzeCommand } from './cli/analyze.ts';
import { configReference } from './config.ts';
import packageJson from '../package.json' with { type: 'json' };

const program = new Command('cro').description('Find what costs a web page conversions').version(packageJson.version);

program.command('serve')
  .description('run the server; it is configured by environment variables')
  .action(async () => { await import('./main.ts'); });

program.command('analyze <url>')
  .description('analyse one page with a server of its own, and write the report')
  .option('--json', 'print the result as JSON and nothing else on standard output')
  .option('--goal <goal>', 'what visitors should do: purchase, lead, signup, contact, read')
  .option('--language <tag>', 'language of the findings', 'en')
  .option('--analyst <name>', 'auto, claude or rules', 'auto')
  .option('--out <folder>', 'where the folder with the report is made', 'reports')
  .action(analyzeCommand);

program.command('config-reference')
  .description('print the reference of all variables as Markdown')
  .action(() => { process.stdout.write(configReference()); });

await program.parseAsync();
