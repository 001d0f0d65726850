import { Parser } from 'htmlparser2';
import { tooLarge } from './failure.ts';

export type Attributes = Readonly<Record<string, string>>;
/** What is met on the way through a document. Names are without their prefix: `w:p` is `p`. */
export type XmlHandler = {
  readonly open?: (name: string, attributes: Attributes) => void;
  readonly close?: (name: string) => void;
  readonly text?: (text: string) => void;
};

const MAX_DEPTH = 1000;

/**
 * Walks through XML. Entities that a document defines itself are left as they stand and nothing is fetched, so that none can blow up;
 * mistakes in the markup are passed over.
 */
export function walkXml(xml: string, handler: XmlHandler): void {
  walk(xml, handler, true);
}

/** Walks through HTML as browsers read it: tags may be left open. */
export function walkHtml(html: string, handler: XmlHandler): void {
  walk(html, handler, false);
}

function walk(source: string, handler: XmlHandler, xmlMode: boolean): void {
  let depth = 0;
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        if (++depth > MAX_DEPTH) throw tooLarge(`its elements are nested more than ${MAX_DEPTH} deep`);
        handler.open?.(localName(name), attributes);
      },
      onclosetag: (name) => {
        depth--;
        handler.close?.(localName(name));
      },
      ontext: (text) => handler.text?.(text),
    },
    { xmlMode, decodeEntities: true },
  );
  parser.end(source);
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** An attribute whatever prefix it has, the bare name first. */
export function attribute(attributes: Attributes, name: string): string | undefined {
  const bare = attributes[name];
  if (bare !== undefined) return bare;
  return Object.entries(attributes).find(([key]) => localName(key) === name)?.[1];
}
