// Questions to the sandbox.

import { current, t } from './i18n.js';

export async function ask(method, path, body) {
  const options = { method, headers: { Accept: 'application/json', 'Accept-Language': current() === 'zh' ? 'zh-CN' : 'en' } };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = typeof body === 'string' ? body : JSON.stringify(body);
  }
  // The browser's own words for it are English everywhere.
  const response = await fetch(path, options).catch(() => { throw new Error(t('not.live')); });
  const text = await response.text();
  let answer = text;
  if ((response.headers.get('Content-Type') ?? '').includes('json') && text) answer = JSON.parse(text);
  if (!response.ok) throw new Error(answer?.error ?? `${response.status} ${text}`);
  return answer;
}

export const get = (path) => ask('GET', path);
export const post = (path, body = {}) => ask('POST', path, body);
export const remove = (path) => ask('DELETE', path);

// A part of a path, whatever stands in it.
export const part = (text) => encodeURIComponent(text);
