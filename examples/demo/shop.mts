/** The demo shop: one product page with known conversion defects, served on loopback. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEFECTS } from './defects.mts';
import { faultlessPage } from './model.mts';
import { renderPage } from './page.mts';
import { PICTURES } from './pictures.mts';

export { DEFECTS, type Defect } from './defects.mts';

const PRODUCT_PATH = '/lamps/halden-table-lamp';

export interface DemoShopOptions {
  /** Ids of the defects that the page has; all of them when left out. */
  defects?: readonly string[];
  /** A free port when left out. */
  port?: number;
}

/**
 * Serves the shop on 127.0.0.1 until it is closed. `url` is the product page.
 * @throws Error for a defect that does not exist; what listen() throws for a port that is taken
 */
export async function startDemoShop(options: DemoShopOptions = {}): Promise<{ url: string; close(): Promise<void> }> {
  const page = faultlessPage();
  for (const id of options.defects ?? DEFECTS.map((defect) => defect.id)) {
    const defect = DEFECTS.find((known) => known.id === id);
    if (defect === undefined) throw new Error(`The demo shop has no defect called ${id}.`);
    defect.apply(page);
  }

  const server = createServer((request, response) => {
    const origin = `http://${request.headers.host ?? '127.0.0.1'}`;
    const [path = '/'] = (request.url ?? '/').split('?');
    const picture = path.startsWith('/pictures/') ? PICTURES[path.slice('/pictures/'.length)] : undefined;
    if (picture !== undefined) {
      response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(picture);
    } else if (path === PRODUCT_PATH) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(renderPage(page, origin));
    } else if (path === '/') {
      response.writeHead(302, { location: PRODUCT_PATH }).end();
    } else {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('The demo shop has one page only.\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${PRODUCT_PATH}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
