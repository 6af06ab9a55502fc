import { RenderClientError } from '@cro-analyzer/protocol/client';
import type { AnalysisRequestInput } from '@cro-analyzer/protocol/messages';
import type { FieldType, IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { validateFieldType } from 'n8n-workflow';
import { analyzeProperties, optionProperties } from './analyze.properties.ts';
import type { OutputOptions } from './output.ts';

/** What the parameters ask for one item. */
export interface Task {
  readonly request: AnalysisRequestInput;
  readonly output: OutputOptions;
  /** Kinds of artifacts to attach. */
  readonly files: readonly string[];
}

/** The collection "Options": only what the user added. */
type Options = Omit<AnalysisRequestInput, 'url' | 'deadlineMs'> & { deadlineSeconds?: number };

/**
 * Reads every parameter of an item and checks what expressions made of it, so that a wrong one costs nothing.
 * @throws RenderClientError bad_request that names the parameter
 */
export function readTask(this: IExecuteFunctions, itemIndex: number): Task {
  const read = (name: string): unknown => check(analyzeProperties, name, this.getNodeParameter(name, itemIndex, null));
  const url = readUrl(this.getNodeParameter('url', itemIndex, null));
  const files = read('files') as string[];
  const given = Object.entries(this.getNodeParameter('options', itemIndex, {}) as IDataObject)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => [name, check(optionProperties, name, value)]);
  const { deadlineSeconds, ...options } = Object.fromEntries(given) as Options;
  return {
    request: {
      ...options,
      url,
      screenshots: files.includes('screenshot'),
      ...(deadlineSeconds === undefined ? {} : { deadlineMs: Math.round(deadlineSeconds * 1000) }),
    },
    output: { per: read('output') as OutputOptions['per'], simplify: read('simplify') as boolean },
    files,
  };
}

function readUrl(value: unknown): string {
  if (Array.isArray(value)) throw badParameter(`URL: is a list of ${value.length}, not one address: use Split Out before this node`);
  if (typeof value !== 'string') throw badParameter(`URL: is ${value === null ? 'null' : typeof value}, not an address`);
  if (value.trim() === '') throw badParameter('URL: is empty');
  return value.trim();
}

/** The value in the type of its property; the property's default for none. An unknown property is left to the server. */
function check(properties: readonly INodeProperties[], name: string, value: unknown): unknown {
  const property = properties.find((candidate) => candidate.name === name);
  if (!property) return value;
  if (property.type === 'multiOptions') return [value ?? []].flat().map((entry: unknown) => checkOne(property, 'options', entry));
  return checkOne(property, property.type as FieldType, value ?? property.default);
}

function checkOne({ displayName, options, typeOptions }: INodeProperties, type: FieldType, value: unknown): unknown {
  const valueOptions = options?.filter((option) => 'value' in option) ?? [];
  const { valid, newValue, errorMessage } = validateFieldType(displayName, value, type, { valueOptions, parseStrings: true }) as
    { valid: boolean; newValue?: unknown; errorMessage?: string };
  if (!valid) throw badParameter(errorMessage ?? `${displayName}: is not valid`);
  const { minValue = -Infinity, maxValue = Infinity } = typeOptions ?? {};
  if (typeof newValue === 'number' && (newValue < minValue || newValue > maxValue)) {
    throw badParameter(`'${displayName}' must be from ${minValue} to ${maxValue}, not ${newValue}`);
  }
  return newValue;
}

function badParameter(message: string): RenderClientError {
  return new RenderClientError({ code: 'bad_request', message, retryable: false });
}
