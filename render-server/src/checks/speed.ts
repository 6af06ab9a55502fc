/** Weight and breakage. Timings need a fixed profile and are not measured here. */
import type { Network } from '../evidence.ts';
import { fail, pass, perDevice, unknown, warn, type Rule } from './rule.ts';

const KIB = 1024;

const weight = perDevice({
  id: 'weight',
  title: 'The page is light',
  category: 'speed',
  threshold: 'up to 2,667 KiB, never over 4,000 KiB',
  method: 'encoded bytes of all responses until the page had settled',
  source: 'Lighthouse total-byte-weight p10/median',
}, ({ network }) => {
  if (network.requests === 0) return unknown('no request was seen');
  const kib = network.bytes / KIB;
  const value = `${Math.round(kib).toLocaleString('en')} KiB in ${network.requests} ${network.requests === 1 ? 'request' : 'requests'}`;
  if (kib > 4000) return fail(value);
  return kib > 2667 ? warn(value) : pass(value);
});

const broken = perDevice({
  id: 'broken',
  title: 'Nothing on the page is broken',
  category: 'speed',
  threshold: 'no broken picture, no failed request of the site itself, no script that ends in an error',
  method: 'pictures without content after loading, failed requests, uncaught errors; console messages are counted only, scripts asking who is signed in are left out',
  source: 'heuristic',
}, (view) => {
  const { images, network } = view;
  const { pageErrors, foreignErrors, errors } = view.console;
  const failedUrls = new Set(network.failed.filter((request) => request.sameOrigin && !isRefusal(request)).map((request) => request.url));
  for (const image of images.broken) failedUrls.delete(image.src); // one fault, said once
  const faults = [
    ...(images.broken.length === 0 ? [] : [`broken pictures: ${images.broken.length} of ${images.total} (${images.broken.slice(0, 3).map((image) => fileName(image.src)).join(', ')})`]),
    ...(failedUrls.size === 0 ? [] : [`failed requests: ${failedUrls.size} (${[...failedUrls].slice(0, 3).map(fileName).join(', ')})`]),
    ...(pageErrors.length === 0 ? [] : [`script errors: ${pageErrors.length} (${pageErrors[0]})`]),
    ...(foreignErrors.length === 0 ? [] : [`errors in scripts of others: ${foreignErrors.length} (${foreignErrors[0]})`]),
  ];
  if (faults.length === 0) return pass(`none; console messages: ${errors.length}`);
  const cited = view.elements.filter((element) => images.broken.some((image) => image.selector === element.selector));
  const serious = images.broken.some((image) => image.inFirstScreen) || pageErrors.length > 0;
  return serious ? fail(faults.join('; '), cited) : warn(faults.join('; '), cited);
});

/** The answer to a script that asks for what belongs to a signed-in customer: right for an anonymous visitor. */
function isRefusal({ status, type }: Network['failed'][number]): boolean {
  return (status === 401 || status === 403) && (type === 'fetch' || type === 'xhr');
}

function fileName(address: string): string {
  const path = URL.canParse(address) ? new URL(address).pathname : address;
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 60) || path.slice(0, 60);
}

export const speed: Rule[] = [weight, broken];
