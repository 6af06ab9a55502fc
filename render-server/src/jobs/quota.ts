import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import type { Logger } from 'pino';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Budget } from '../analysis/analyst.ts';
import type { Limits } from '../config.ts';
import { RenderError } from '../errors.ts';
import type { Caller, Job } from '../store/jobs.ts';
import { dayOf, type Used, type UsageStore } from '../store/usage.ts';

export interface QuotaOptions {
  total: Limits;
  perKey: Limits;
  perIp: Limits;
  /** Most that one job may cost, in US dollars; null means no limit. */
  jobBudgetUsd: number | null;
  usage: UsageStore;
  logger: Logger;
}

/** One scope that a job counts in. */
interface Scope {
  /** `total`, `key:` and the owner, or `ip:` and the address. */
  name: string;
  limits: Limits;
  rate: RateLimiterMemory | undefined;
  /** How the scope is called in an error. */
  who: string;
}

const DAY_MS = 86_400_000;
const MINUTE_S = 60;

/** What the server as a whole, each key and each client address may use: open jobs, jobs a minute and a day, dollars a day. */
export class Quota {
  readonly #options: QuotaOptions;
  readonly #rates: { total: RateLimiterMemory | undefined; perKey: RateLimiterMemory | undefined; perIp: RateLimiterMemory | undefined };
  /** Open jobs by scope. */
  readonly #open = new Map<string, number>();
  /** What was used today by scope; dollars set aside for calls under way are in it. */
  #used = new Map<string, Used>();
  #day = dayOf(Date.now());

  constructor(options: QuotaOptions) {
    this.#options = options;
    this.#rates = { total: rateOf(options.total), perKey: rateOf(options.perKey), perIp: rateOf(options.perIp) };
  }

  /** Takes over what was used today before this start. */
  async load(): Promise<void> {
    this.#used = await this.#options.usage.of(this.#today());
  }

  /** The scopes that a caller's jobs count in. */
  scopesOf(caller: Caller): string[] {
    return this.#scopes(caller).map(({ name }) => name);
  }

  /**
   * Counts jobs against the rates.
   * @throws RenderError rate_limited, reason minute; then nothing is counted
   */
  async consume(caller: Caller, jobs: number): Promise<void> {
    const counted: Scope[] = [];
    for (const scope of this.#scopes(caller)) {
      try {
        await scope.rate?.consume(scope.name, jobs);
        counted.push(scope);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        for (const { name, rate } of [...counted, scope]) await rate?.reward(name, jobs);
        throw limited(scope, 'minute', `may submit ${scope.limits.minute} jobs a minute`, refusal.msBeforeNext);
      }
    }
  }

  /**
   * Counts jobs as open and as used today; synchronous, so that submits of the same moment cannot share a place.
   * @param retryAfterMs asked for a refusal: when a job is expected to end
   * @returns takes all of it back, for jobs that were not stored after all
   * @throws RenderError rate_limited with reason open or day, budget_exceeded with reason day, too_large for a batch that
   *   no waiting would ever let in
   */
  enter(caller: Caller, requests: readonly Pick<AnalysisRequest, 'analyst'>[], retryAfterMs: () => number): () => void {
    const scopes = this.#scopes(caller);
    const jobs = requests.length;
    for (const scope of scopes) {
      const { open = Infinity, minute = Infinity, day = Infinity, usd = Infinity } = scope.limits;
      const most = Math.min(open, minute, day);
      if (jobs > most) throw new RenderError('too_large', `${scope.who} may submit ${most} jobs at a time; these are ${jobs}.`, { reason: 'limits' });
      const used = this.#usedBy(scope.name);
      if (this.#openIn(scope.name) + jobs > open) throw limited(scope, 'open', `may have ${open} jobs open`, retryAfterMs());
      if (used.jobs + jobs > day) throw limited(scope, 'day', `may submit ${day} jobs a day`, msToMidnight());
      if (used.usd >= usd && requests.some(({ analyst }) => analyst === 'claude')) throw spent(scope, usd);
    }
    const day = this.#today();
    this.#count(scopes, jobs);
    for (const { name } of scopes) this.#usedBy(name).jobs += jobs;
    return () => {
      this.#count(scopes, -jobs);
      if (this.#today() === day) for (const { name } of scopes) this.#usedBy(name).jobs -= jobs;
    };
  }

  /** Counts a job as open that an earlier server took in. */
  resume(caller: Caller): void {
    this.#count(this.#scopes(caller), 1);
  }

  /** A job has ended. */
  leave(caller: Caller): void {
    this.#count(this.#scopes(caller), -1);
  }

  /** What one job may still spend on its analyst. What is set aside is stored before it is spent, so that no crash forgets it. */
  budgetOf(job: Pick<Job, 'id' | 'owner' | 'ip' | 'spentUsd'>, request: Pick<AnalysisRequest, 'budgetUsd'>): Budget {
    const scopes = this.#scopes(job);
    const most = Math.min(request.budgetUsd ?? Infinity, this.#options.jobBudgetUsd ?? Infinity);
    let mine = job.spentUsd;
    return {
      reserve: async (usd) => {
        if (mine + usd > most) throw new RenderError('budget_exceeded', `The next call to Claude could cost ${usd.toFixed(3)} US dollars, and of the job's budget ${Math.max(0, most - mine).toFixed(3)} are left.`, { reason: 'job' });
        for (const scope of scopes) {
          const limit = scope.limits.usd ?? Infinity;
          if (this.#usedBy(scope.name).usd + usd > limit) throw spent(scope, limit);
        }
        const day = this.#today();
        const add = (amount: number): void => {
          mine += amount;
          if (this.#today() === day) for (const { name } of scopes) this.#usedBy(name).usd += amount;
        };
        add(usd);
        const stored = await this.#store(day, scopes, job.id, usd);
        return (spentUsd) => {
          add(spentUsd - usd);
          void this.#store(day, scopes, job.id, stored ? spentUsd - usd : spentUsd);
        };
      },
    };
  }

  /** A store that takes no writes does not keep Claude from answering: what is spent is counted here all the same. */
  async #store(day: string, scopes: readonly Scope[], job: string, usd: number): Promise<boolean> {
    const { usage, logger } = this.#options;
    try {
      await usage.reserve(day, scopes.map(({ name }) => name), job, usd);
      return true;
    } catch (error) {
      logger.error({ job, err: error, usd }, 'what Claude costs could not be stored');
      return false;
    }
  }

  #scopes({ owner, ip }: Caller): Scope[] {
    const { total, perKey, perIp } = this.#options;
    return [
      { name: 'total', limits: total, rate: this.#rates.total, who: 'All callers together' },
      { name: `key:${owner}`, limits: perKey, rate: this.#rates.perKey, who: 'This key' },
      { name: `ip:${ip}`, limits: perIp, rate: this.#rates.perIp, who: 'This address' },
    ];
  }

  #count(scopes: readonly Scope[], jobs: number): void {
    for (const { name } of scopes) {
      const open = this.#openIn(name) + jobs;
      if (open > 0) this.#open.set(name, open);
      else this.#open.delete(name);
    }
  }

  #openIn(name: string): number {
    return this.#open.get(name) ?? 0;
  }

  #usedBy(name: string): Used {
    this.#today();
    let used = this.#used.get(name);
    if (!used) this.#used.set(name, used = { jobs: 0, usd: 0 });
    return used;
  }

  /** The day of UTC; a new one begins with nothing used. */
  #today(): string {
    const day = dayOf(Date.now());
    if (day !== this.#day) {
      this.#day = day;
      this.#used = new Map();
    }
    return day;
  }
}

function rateOf({ minute }: Limits): RateLimiterMemory | undefined {
  return minute === undefined ? undefined : new RateLimiterMemory({ points: minute, duration: MINUTE_S });
}

function limited({ who }: Scope, reason: string, may: string, retryAfterMs: number): RenderError {
  return new RenderError('rate_limited', `${who} ${may}, no more.`, { reason, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) });
}

function spent({ who }: Scope, usd: number): RenderError {
  return new RenderError('budget_exceeded', `${who} may spend ${usd} US dollars a day on Claude, and the next call could pass it.`, { reason: 'day', retryAfterMs: msToMidnight() });
}

function msToMidnight(): number {
  return DAY_MS - (Date.now() % DAY_MS);
}
