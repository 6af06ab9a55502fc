import type { Check, Device } from '@cro-analyzer/protocol/messages';
import { runChecks } from '../../render-server/src/checks/run.ts';
import type { Evidence } from '../../render-server/src/evidence.ts';

/** The check of this id, on the device named or on the only one. */
export function measure(id: string, evidence: Evidence, device?: Device): Check {
  const found = runChecks(evidence).filter((check) => check.id === id && (device === undefined || check.device === device));
  const [check] = found;
  if (check === undefined || found.length > 1) throw new Error(`${found.length} checks are called ${id}`);
  return check;
}
