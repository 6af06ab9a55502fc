/**
 * What was seen of a page: filled by capture; read by checks, analysis and report.
 * All boxes are CSS pixels from the page's top left corner. Text is cut to the limits named here.
 */
import type { Box, BusinessType, Device } from '@cro-analyzer/protocol/messages';

/** Where `PageText.full` is cut: a page that reaches it has text that was not seen. */
export const TEXT_LIMIT = 20_000;

/** Elements listed of one view at most: where it is reached, those of least weight are not there. */
export const ELEMENTS_LIMIT = 150;

export interface Evidence {
  requestedUrl: string;
  /** The address after redirects. */
  url: string;
  status: number;
  title: string;
  metaDescription: string | null;
  /** `<html lang>`, lower case; null where the page does not say. */
  language: string | null;
  businessType: BusinessType;
  /** One for each device asked for, in that order. */
  views: View[];
  /** What could not be seen, in words: a cut page, a frame of another origin, a canvas. */
  limits: string[];
}

/** The page as one device shows it. */
export interface View {
  device: Device;
  viewport: { width: number; height: number; scale: number };
  /** The document's size in CSS pixels. */
  page: { width: number; height: number; clientWidth: number };
  /** What the first screen shows of the page: larger than the viewport where a phone zooms out to show a wide page. */
  screen: { width: number; height: number };
  unseen: Unseen;
  tiles: Tile[];
  elements: PageElement[];
  headings: Heading[];
  forms: Form[];
  overlays: Overlay[];
  text: PageText;
  images: { total: number; broken: BrokenImage[] };
  structuredData: StructuredData;
  /** `<meta name=viewport>` content; null when there is none. */
  metaViewport: string | null;
  axe: AxeViolation[];
  /** Ids of the axe rules that ran to an end: a rule that is not here is unknown, not passed. */
  axeRan: string[];
  network: Network;
  /** `foreignErrors`: uncaught errors of scripts from other sites, or of nobody knows whose. */
  console: { errors: string[]; pageErrors: string[]; foreignErrors: string[] };
}

/** Parts of the page that may hold what was not found: where there are any, nothing is absent. */
export interface Unseen {
  /** It was still loading or changing while it was measured. */
  unrest: boolean;
  /** Characters of text below the first screen that are transparent until a visitor scrolls there. */
  transparent: number;
  /** Hosts of visible frames, which are not looked into. */
  frames: string[];
}

/** A part of the page as Claude and the report see it. Never rescaled after it was taken. */
export interface Tile {
  index: number;
  /** The part of the page it shows. */
  box: Box;
  /** The picture's own size in pixels. */
  width: number;
  height: number;
  contentType: 'image/jpeg' | 'image/png';
  data: Buffer;
}

export type ElementKind = 'button' | 'link' | 'field' | 'heading' | 'image' | 'price' | 'other';

/** A numbered thing on the page that matters to conversion. Ids are unique over all views: d1, d2 ... and m1, m2 ... */
export interface PageElement {
  id: string;
  kind: ElementKind;
  tag: string;
  role: string;
  /** Accessible name, 120 characters at most. */
  name: string;
  /** Visible text, 160 characters at most. */
  text: string;
  /** Finds exactly this element again in the same page. */
  selector: string;
  box: Box;
  /** Seen by a visitor: has a size, is not hidden or transparent. */
  visible: boolean;
  /** In the first screen, at scroll 0. */
  inFirstScreen: boolean;
  /** Share of five probe points (centre and corners, drawn in by a tenth) where something else lies on top; null if it is outside the first screen. */
  covered: number | null;
  href: string | null;
  style: {
    color: string;
    /** The effective background colour; null where an image or gradient lies behind. */
    background: string | null;
    fontSize: number;
    fontWeight: number;
  };
  /** A call to action: `primary` by wording and visual weight, `secondary` by wording or weight alone. */
  cta: 'primary' | 'secondary' | null;
  /** In the header, navigation, footer, main content or an overlay. */
  landmark: 'header' | 'nav' | 'main' | 'footer' | 'overlay';
}

export interface Heading {
  level: number;
  text: string;
  visible: boolean;
  fontSize: number;
  box: Box;
  /** Id in the inventory, where it is listed there. */
  element: string | null;
}

export interface Form {
  selector: string;
  /** Absolute address it is sent to. */
  action: string;
  purpose: 'search' | 'login' | 'newsletter' | 'checkout' | 'lead' | 'purchase' | 'other';
  visible: boolean;
  box: Box;
  fields: FormField[];
}

export interface FormField {
  element: string | null;
  selector: string;
  tag: string;
  type: string;
  name: string;
  /** Visible label text; empty when there is none. */
  label: string;
  placeholder: string;
  autocomplete: string;
  inputMode: string;
  required: boolean;
  visible: boolean;
  /** What it asks for, by name, label, type and placeholder; null when that cannot be told. */
  asks: 'email' | 'phone' | 'name' | 'address' | 'postcode' | 'card' | 'password' | 'search' | 'quantity' | null;
}

/** Something that lies over the content, as found when the page had settled. */
export interface Overlay {
  selector: string;
  kind: 'dialog' | 'cookie' | 'chat' | 'bar' | 'other';
  box: Box;
  /** Share of the viewport, 0-1. */
  coverage: number;
  /** Share of a 10 x 10 grid of viewport points that hit it, 0-1. */
  blocked: number;
  /** Text at its start, 160 characters at most. */
  text: string;
  close: { selector: string; name: string; box: Box } | null;
  /** Names of what can be pressed in it, 30 at most; empty strings for what has no name. */
  controls: string[];
  /** Holds frames, which are not looked into. */
  frames: boolean;
  /** The page's own header or menu along the upper edge: it stands where it belongs and covers nothing at scroll 0. */
  inPlace: boolean;
}

export interface PageText {
  /** All visible text, TEXT_LIMIT characters at most, whitespace folded. */
  full: string;
  /** Visible text that starts in the first screen. */
  firstScreen: string;
  /** Characters of visible text in all, and those set smaller than 12 px. */
  characters: number;
  smallCharacters: number;
}

export interface BrokenImage {
  selector: string;
  src: string;
  inFirstScreen: boolean;
}

export interface StructuredData {
  /** Parsed JSON-LD nodes, graphs flattened, 50 at most. */
  nodes: Record<string, unknown>[];
  /** Messages of blocks that do not parse. */
  errors: string[];
}

export interface AxeViolation {
  rule: string;
  impact: 'minor' | 'moderate' | 'serious' | 'critical';
  help: string;
  nodes: { selector: string; element: string | null; summary: string }[];
}

export interface Network {
  requests: number;
  /** Encoded bytes received. */
  bytes: number;
  failed: { url: string; status: number | null; type: string; sameOrigin: boolean }[];
  /** Plain http requests of a page that came over https. */
  mixedContent: string[];
}

