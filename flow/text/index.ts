/** Text as Python and Dify make it from values: printing, templates with variables, secrets in rendered text. */
export { codePointLength, compareCodePoints, isOneUnitPerCodePoint, sliceCodePoints } from './code-points.ts';
export { fileAttribute, fileDescriptor, isFile } from './file-value.ts';
export { lookupIn, type Lookup } from './lookup.ts';
export { jsonObjectsIn, parseLooseJson } from './loose-json.ts';
export {
  comparable,
  isPythonNumber,
  isTruthy,
  MAX_INTEGER_DIGITS,
  numbersEqual,
  parsePythonFloat,
  parsePythonInteger,
  PYTHON_SPACE,
  pythonEquals,
  pythonLeftStrip,
  pythonRightStrip,
  pythonStrip,
  type PythonNumber,
} from './python-numbers.ts';
export { pythonFloat, pythonJson, pythonRepr, pythonStr, type PythonJsonOptions } from './python-text.ts';
export { renderMarkdown, renderText, secretsOf, withCleanTexts, type RenderMode } from './render.ts';
export { fillSecrets, hasSecrets, secretPlaceholder, secretsIn, withoutSecretMarks } from './secret-text.ts';
export {
  compileVariableTemplate,
  findLiteralSelectors,
  renderTemplate,
  templateSelectors,
  type RenderedTemplate,
  type TemplateSegment,
  type VariableTemplate,
} from './variable-template.ts';
