import { attention } from './attention.ts';
import { forms } from './forms.ts';
import { interruption } from './interruption.ts';
import { mobile } from './mobile.ts';
import { speed } from './speed.ts';
import { trust } from './trust.ts';
import type { WordingTable } from './wording.ts';

/** How each check that warns or fails is put into words. */
export const WORDINGS: WordingTable = { ...attention, ...trust, ...forms, ...interruption, ...speed, ...mobile };
