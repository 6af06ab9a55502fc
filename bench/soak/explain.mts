/** Whether what went wrong with jobs is explained by what was done to them, in kind and in number. */
import type { Behaviour } from '../../test/support/fake-claude.ts';
import type { Kills, ServerKill } from './chaos.mts';
import { nameOf, type Entry, type Journal } from './journal.mts';
import type { Outcome } from './pages.mts';

/** Ends that the chaos explains on any page: a browser or the server may be killed twice during one job. */
const BY_KILLS: readonly Outcome[] = ['browser_crashed'];
/** With `auto` the rules analyst stands in for a Claude that fails, and `rules` does not ask it. */
const BY_CLAUDE: readonly Outcome[] = ['analyst_unavailable', 'analyst_refused'];

/** Ends that neither the page nor the chaos nor the client explains. */
export function unexplained(journal: Journal): string[] {
  return [...journal.entries.values()].flatMap(({ job, order, cancellable, end }) => {
    if (!end) return [];
    const outcome: Outcome = end.error?.code ?? (end.stage === 'cancelled' ? 'cancelled' : 'done');
    const allowed = [...order.page.ends, ...BY_KILLS, ...(order.request.analyst === 'claude' ? BY_CLAUDE : []), ...(cancellable ? ['cancelled'] : [])];
    return allowed.includes(outcome) ? [] : [`${order.page.address} ended as ${nameOf(end)} (${job})`];
  });
}

/** A count that may not pass a bound, with the figures that the bound comes from. */
export interface Bounded {
  kept: boolean;
  words: string;
}

const bounded = (what: string, count: number, most: number, because: string): Bounded => ({ kept: count <= most, words: `${what}: ${count}, at most ${most} (${because})` });

/** Kills that strike what the bounds do not count, such as a page that is just being closed. */
const SLACK = 2;
/** A crashed browser costs a job an attempt; with the second the job fails. */
const ATTEMPTS = 2;

/**
 * Each kill of a process of a browser strikes at most the pages that the browser shows, each kill of the server at most
 * the jobs that it had begun. Pages that crash a browser themselves are left out.
 */
export function crashes(journal: Journal, kills: Kills, serverKills: readonly ServerKill[], pagesPerBrowser: number): Bounded[] {
  const struck = [...journal.entries.values()].filter(({ order }) => !order.page.ends.includes('browser_crashed'));
  const crashed = struck.filter(({ end }) => end?.error?.code === 'browser_crashed');
  const byServer = crashed.filter(({ end }) => end?.error?.reason === 'server_stopped').length;
  const attempts = struck.reduce((sum, { end }) => sum + (end?.attempts ?? 1) - 1, 0) + crashed.length * ATTEMPTS;
  const ofBrowsers = [...kills.values()].reduce((sum, times) => sum + times, 0);
  const running = serverKills.reduce((sum, kill) => sum + kill.running, 0);
  const pages = `${ofBrowsers} kills of browser processes with ${pagesPerBrowser} pages each`;
  const begun = `${running} jobs begun when the server was killed`;
  return [
    bounded('jobs that failed as their browser crashed', crashed.length - byServer, ofBrowsers * pagesPerBrowser + SLACK, `${pages}, and ${SLACK}`),
    bounded('jobs that failed as the server was stopped twice', byServer, running + SLACK, `${begun}, and ${SLACK}`),
    bounded('attempts that were lost', attempts, ofBrowsers * pagesPerBrowser + running + SLACK, `${pages}, ${begun}, and ${SLACK}`),
  ];
}

/**
 * Of good pages that need no Claude, so many end as `done`. A kill of a browser every 17 s strikes about one attempt in
 * ten, and a job fails only when both of its attempts are struck: one in a hundred. But one kill strikes all pages of a
 * browser, so that failures come together: few jobs may have two such kills among them.
 */
const GOOD_SHARE = 0.9;
const UNLUCKY_KILLS = 2;

/** Left out are those whose client cancelled them, and those whose end is bounded by the kills of the server. */
export function goodPages(journal: Journal, pagesPerBrowser: number): Bounded {
  const isGood = ({ order, end }: Entry): boolean => order.page.ends.length === 1 && order.page.ends[0] === 'done' && order.request.analyst !== 'claude'
    && end?.stage !== 'cancelled' && end?.error?.reason !== 'server_stopped';
  const good = [...journal.entries.values()].filter(isGood);
  const done = good.filter(({ end }) => end?.stage === 'done').length;
  const most = Math.max(UNLUCKY_KILLS * pagesPerBrowser, Math.floor(good.length * (1 - GOOD_SHARE)));
  return { kept: done > 0 && good.length - done <= most, words: `${done} of ${good.length} are done, ${most} may fail` };
}

/**
 * Jobs that asked for nothing but Claude and failed by it. A refusal costs one job, and so may a stall, which takes most
 * of its deadline; anything else is called again, and only the third answer that breaks off costs the job.
 */
export function failuresOfClaude(journal: Journal, moods: readonly Behaviour[]): Bounded {
  const failed = [...journal.entries.values()].filter(({ end }) => BY_CLAUDE.some((code) => code === end?.error?.code)).length;
  const fatal = moods.filter(({ kind }) => kind === 'refusal' || kind === 'stall').length;
  const passing = moods.filter(({ kind }) => kind !== 'answer').length - fatal;
  return bounded('jobs that failed by Claude', failed, fatal + Math.ceil(passing / 3), `${moods.length} calls: ${fatal} refusals and stalls, ${passing} other troubles of which a job takes three`);
}
