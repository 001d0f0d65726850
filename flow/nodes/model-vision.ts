import { isArray, type ChatPart, type ImageDetail, type ObjectValue, type Value } from '../../schemas/core.ts';
import type { VisionData } from '../../schemas/index.ts';
import type { Selector } from '../plan/selector.ts';
import { fileDescriptor, isFile, withoutSecretMarks, type Lookup } from '../text/index.ts';

/** Which pictures a model is shown, and how closely it looks. */
export type VisionConfig = { readonly selector: Selector; readonly detail: ImageDetail };

const DETAILS: ReadonlySet<string> = new Set<ImageDetail>(['low', 'high', 'auto']);
const isDetail = (text: string): text is ImageDetail => DETAILS.has(text);

/** Reads a node's vision; null: it is off. */
export function compileVision(vision: VisionData): VisionConfig | null {
  if (vision?.enabled !== true) return null;
  const { variable_selector: selector, detail } = { ...vision.configs };
  return {
    selector: selector === null || selector === undefined || selector.length === 0 ? ['sys', 'files'] : selector,
    detail: typeof detail === 'string' && isDetail(detail) ? detail : 'high',
  };
}

export type Images = { readonly ok: true; readonly images: readonly ChatPart[] } | { readonly ok: false; readonly message: string };

/** The pictures a node shows to its model. No variable, null and an empty list are none. */
export function visionImages(vision: VisionConfig | null, lookup: Lookup): Images {
  const value = vision === null ? null : (lookup(vision.selector) ?? null);
  if (vision === null || value === null) return { ok: true, images: [] };
  const files = filesIn(value);
  if (files === undefined) return { ok: false, message: `the variable ${vision.selector.join('.')} holds no files to be looked at` };
  return { ok: true, images: imageParts(files, vision.detail) };
}

/** A file, or the files of a list; undefined for anything else. */
export function filesIn(value: Value): readonly ObjectValue[] | undefined {
  if (isFile(value)) return [value];
  return isArray(value) && value.every(isFile) ? value : undefined;
}

/** The pictures among files; models are shown no others. */
export const imageParts = (files: readonly ObjectValue[], detail: ImageDetail): readonly ChatPart[] =>
  files.filter((file) => file.get('type') === 'image').map((file) => imagePart(file, detail));

// The address a file was given by is passed on; what lies with us is fetched by the executor of the effect.
function imagePart(file: ObjectValue, detail: ImageDetail): ChatPart {
  const described = fileDescriptor(file);
  const given = textOrNull(file.get('remote_url')) ?? described.url;
  // Secrets are filled into all texts of a request: nothing that a file says may pass for one.
  const url = given === null ? null : withoutSecretMarks(given);
  if (url !== null && (url.startsWith('data:') || described.transferMethod === 'remote_url')) return { type: 'image_url', url, detail };
  return { type: 'image_file', file: { ...described, url }, detail };
}

const textOrNull = (value: Value | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
