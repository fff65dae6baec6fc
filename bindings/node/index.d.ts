/// <reference types="node" />

/** A request: an object with WeChat Pay's own member names, or JSON text. */
export type Json = object | string;

/** The answer of a call that succeeded; `data` is what WeChat Pay answered, every member. */
export interface Answer {
  ok: boolean;
  status: number;
  name: string;
  operation?: string;
  out_request_no?: string;
  /** Whether it is the answer of an earlier call, from the journal. */
  recorded?: boolean;
  // Members of WeChat Pay's own.
  data?: any;
  [member: string]: any;
}

/** What every failed call throws. What the till does depends on the class alone. */
export class WxcouponError extends Error {
  readonly status: number;
  readonly statusName: string;
  readonly answer: Partial<Answer>;
  readonly hint?: string;
  /** Short Chinese text for the till's screen. */
  readonly cashier?: string;
  /** JSON pointer of the member at fault. */
  readonly field?: string;
  readonly inDoubt: boolean;
}
/** The program is wrong; nothing was sent. */
export class Misuse extends WxcouponError {}
/** This machine is wrong; nothing was sent. */
export class Local extends WxcouponError {}
/** Nothing took effect; try again with the same number. */
export class NotSent extends WxcouponError {}
/** It may have happened: keep the sale open and settle, or repeat the same request. */
export class InDoubt extends WxcouponError {}
/** WeChat Pay said no; tell the customer. */
export class Refused extends WxcouponError {}
/** Not applied now; wait `answer.retry_after_ms`. */
export class Busy extends WxcouponError {}
/** A defect of the library. */
export class Bug extends WxcouponError {}

/** A call that goes on by itself. */
export class Job {
  /** Waits up to so many milliseconds, blocking. The answer, or null while the call goes on. */
  wait(milliseconds?: number): Answer | null;
  cancel(): void;
  close(): void;
}

/** Keys, hosts, connections and journal of one merchant. The methods block; `async` does not. */
export class Context {
  constructor(config: Json);
  scan(request: Json): Answer;
  query(request: Json): Answer;
  quote(request: Json): Answer;
  use(request: Json): Answer;
  return(request: Json): Answer;
  list(request: Json): Answer;
  send(request: Json): Answer;
  confirm(request: Json): Answer;
  deactivate(request: Json): Answer;
  pending(): Answer;
  settle(request?: Json): Answer;
  call(operation: string, request: Json): Answer;
  request(method: string, pathAndQuery: string, body?: Json): Answer;
  start(operation: string, request: Json): Job;
  /** The operation as a Promise; the event loop stays free. */
  async(operation: string, request: Json): Promise<Answer>;
  openNotification(headers: Json, body: Uint8Array | string): Answer;
  warm(): Answer;
  check(online?: boolean): Answer;
  stats(request?: Json): Answer;
  update(config: Json): Answer;
  close(): void;
}

/** Where the library's messages go, for the whole process; null: nowhere. */
export function logTo(listener: ((level: number, message: string) => void) | null, maxLevel?: number): void;
export function version(): string;
export function abiVersion(): number;
export function statusName(status: number): string;
export function statusText(status: number): string;
export function statusClass(status: number): number;
export function handlesLive(): number;

// Generated from include/wxcoupon.json by make header: numbers
export const ABI_VERSION: 1;
export const CLASS_OK: 0;
export const CLASS_MISUSE: 1;
export const CLASS_LOCAL: 2;
export const CLASS_NOT_SENT: 3;
export const CLASS_IN_DOUBT: 4;
export const CLASS_REFUSED: 5;
export const CLASS_BUSY: 6;
export const CLASS_BUG: 9;
export const OK: 0;
export const E_NULL: 1001;
export const E_HANDLE: 1002;
export const E_ENCODING: 1003;
export const E_JSON: 1004;
export const E_REQUEST: 1005;
export const E_OPERATION: 1006;
export const E_REENTRANT: 1007;
export const E_CONFIG: 2001;
export const E_KEY: 2002;
export const E_JOURNAL: 2003;
export const E_CLOCK: 2004;
export const E_CONNECT: 3001;
export const E_TLS: 3002;
export const E_TIMEOUT_UNSENT: 3003;
export const E_CANCELLED_UNSENT: 3004;
export const E_READ_FAILED: 3005;
export const E_ANSWER_TIMEOUT: 4001;
export const E_CONNECTION_LOST: 4002;
export const E_ANSWER_UNTRUSTED: 4003;
export const E_ANSWER_UNREADABLE: 4004;
export const E_SERVER: 4005;
export const E_CANCELLED_SENT: 4006;
export const E_UNRECORDED: 4007;
export const E_REFUSED: 5001;
export const E_COUPON_STATE: 5002;
export const E_NOT_FOUND: 5003;
export const E_NO_PERMISSION: 5004;
export const E_SIGN_REJECTED: 5005;
export const E_REQUEST_NO_REUSED: 5006;
export const E_NOTIFICATION_UNTRUSTED: 5007;
export const E_RATE_LIMITED: 6001;
export const E_LOCKED: 6002;
export const E_RUNNING: 6003;
export const E_PANIC: 9001;
export const E_INTERNAL: 9002;
export const LOG_OFF: 0;
export const LOG_ERROR: 1;
export const LOG_WARN: 2;
export const LOG_INFO: 3;
export const LOG_DEBUG: 4;
// End of numbers
