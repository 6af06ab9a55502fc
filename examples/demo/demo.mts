/** `npm run demo`: a small shop with known defects, analysed over the real socket by a server of its own. */
import { analyze } from '../../render-server/src/cli/analyze.ts';
import { findingsTable } from '../../render-server/src/cli/output.ts';
import { loadConfig } from '../../render-server/src/config.ts';
import { DEFECTS, startDemoShop } from './shop.mts';

const config = loadConfig();
const shop = await startDemoShop();
try {
  console.error(`A demo shop with ${DEFECTS.length} conversion defects is at ${shop.url} while this runs.`);
  console.error(config.ANTHROPIC_API_KEY
    ? `Claude (${config.CRO_MODEL}) will write the findings.`
    : 'There is no ANTHROPIC_API_KEY, so the rules analyst will write the findings: measured facts in plain words, without Claude.');
  const { result, folder } = await analyze({ url: shop.url, goal: 'purchase', maxFindings: 30 }, { out: 'reports', allowHosts: new URL(shop.url).host });
  process.stdout.write(findingsTable(result, folder));
  console.log('Next        npm run analyze -- https://your-page.example, or npm start for the server');
} finally {
  await shop.close();
}
