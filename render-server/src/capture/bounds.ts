/** How long the steps of a capture may take, in milliseconds. */
export interface Bounds {
  /** From asking for the address to the first bytes of the document. */
  navigation: number;
  /** One call into the page: measuring, a picture. Longer means that the page's own script holds the browser. */
  step: number;
  /** Waiting for a page to come to rest. Passing it is no error: the page is measured as it stands. */
  settle: number;
}

export const BOUNDS: Bounds = { navigation: 30_000, step: 15_000, settle: 8_000 };
