import { Session, type Runtime } from 'node:inspector/promises';
import { describe, expect, it } from 'vitest';
import { Auth } from '../../render-server/src/gateway/auth.ts';

const KEYS = ['first-key-of-this-server', 'second-key-of-this-server', 'a-key-with-an-ümlaut-in-it'];

describe('API keys', () => {
  it('are not kept: nothing that is reachable from what checks them holds one, nor a part of one', async () => {
    const auth = new Auth(KEYS);
    for (const key of KEYS) auth.owner(key);
    const held = await everythingIn(auth);
    expect(held.filter((value) => value.length === 32)).toHaveLength(KEYS.length); // the hashes
    for (const key of KEYS) {
      for (const form of [key.slice(0, 8), Buffer.from(key).toString('latin1').slice(0, 8), Buffer.from(key).toString('hex').slice(0, 16), Buffer.from(key).toString('base64').slice(0, 10)]) {
        expect(held.filter((value) => value.includes(form))).toEqual([]);
      }
    }
  });

  it('are told apart whole: no part of one, and nothing longer, stands for it', () => {
    const auth = new Auth(KEYS);
    for (const key of KEYS) {
      for (const wrong of [key.slice(0, -1), key.slice(1), `${key} `, ` ${key}`, `${key}\0`, key.toUpperCase(), `${key}${key}`, '', '\0'.repeat(32)]) {
        expect(() => auth.owner(wrong)).toThrow(expect.objectContaining({ code: 'unauthorized', reason: 'wrong_key' }));
      }
    }
    expect(() => auth.owner(undefined)).toThrow(expect.objectContaining({ code: 'unauthorized', reason: 'no_key' }));
  });

  it('stand for owners that differ and do not show the key', () => {
    const auth = new Auth(KEYS);
    const owners = KEYS.map((key) => auth.owner(key));
    expect(new Set(owners).size).toBe(KEYS.length);
    for (const owner of owners) expect(owner).toMatch(/^[0-9a-f]{16}$/);
    expect(new Auth([...KEYS].reverse()).owner(KEYS[0])).toBe(owners[0]); // jobs stay with their key, whatever else is configured
  });
});

/** Every text, and the bytes of every buffer as Latin-1, that a debugger finds in a value: private fields too, which `inspect` does not show. */
async function everythingIn(value: object): Promise<string[]> {
  const session = new Session();
  session.connect();
  const held: string[] = [];
  const visit = async ({ objectId, type, subtype, value: text }: Runtime.RemoteObject): Promise<void> => {
    if (type === 'string') held.push(String(text));
    if (objectId === undefined || type === 'function') return;
    if (subtype === 'typedarray') {
      const bytes = await session.post('Runtime.callFunctionOn', { objectId, functionDeclaration: 'function () { return Array.from(this, (byte) => String.fromCharCode(byte)).join(""); }' });
      held.push(String(bytes.result.value));
      return;
    }
    const { result, privateProperties = [] }: Runtime.GetPropertiesReturnType & { privateProperties?: Runtime.PropertyDescriptor[] } = await session.post('Runtime.getProperties', { objectId, ownProperties: true });
    for (const property of [...result, ...privateProperties]) if (property.value && property.name !== '__proto__') await visit(property.value);
  };
  const name = 'valueUnderTest';
  Object.assign(globalThis, { [name]: value });
  const { result } = await session.post('Runtime.evaluate', { expression: `globalThis.${name}` });
  Reflect.deleteProperty(globalThis, name);
  await visit(result);
  session.disconnect();
  return held;
}
