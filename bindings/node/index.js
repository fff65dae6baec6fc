"use strict";

/**
 * wxcoupon for Node.js: redeem WeChat Pay product coupons (微信支付商品券).
 *
 * Requests are objects (or JSON text) with WeChat Pay's own member names; answers are objects. Times are
 * milliseconds. Failed calls throw by class (errors.js).
 *
 * Threads: the methods block the event loop until their deadline, which suits a till's script. A server calls
 * `async(operation, request)`, a Promise over a job of the library: the event loop stays free. Do not call the
 * functions through koffi's own `.async` while a log sink is set: a sink runs on the thread inside a call, and
 * JavaScript has one.
 *
 * Ownership: close contexts and jobs, or declare them with `using`. What is forgotten is freed some time after it
 * was collected.
 */

const numbers = require("./numbers");
const errors = require("./errors");
const { lib, logSink, register, unregister } = require("./library");
const { check } = errors;

const POLL_MS = 5;
const dispose = Symbol.dispose || Symbol.for("Symbol.dispose");

/** C ends a text at its first NUL: one inside would cut it short without a word. */
function text(value, what) {
  if (typeof value !== "string" || value.includes("\0")) {
    throw new TypeError(`${what}: text without NUL expected`);
  }
  return value;
}

function json(value) {
  return text(typeof value === "string" ? value : JSON.stringify(value), "request");
}

/** Calls with a buffer as the last argument; answers the status and what the buffer holds. */
function call(run, ...given) {
  const buf = lib.wxcoupon_buf_new();
  try {
    const status = run(...given, buf);
    const answer = lib.wxcoupon_buf_data(buf);
    return { status, answer: answer ? JSON.parse(answer) : {} };
  } finally {
    lib.wxcoupon_buf_free(buf);
  }
}

function answered(run, ...given) {
  const { status, answer } = call(run, ...given);
  return check(status, answer);
}

const forgottenContexts = new FinalizationRegistry((handle) => lib.wxcoupon_ctx_free(handle));
const forgottenJobs = new FinalizationRegistry((handle) => lib.wxcoupon_job_free(handle));

/** A call that goes on by itself. Made by `Context.start`. */
class Job {
  constructor(handle) {
    this.handle = handle;
    forgottenJobs.register(this, handle, this);
  }

  /** Waits up to so many milliseconds, blocking. The answer, or null while the call goes on. */
  wait(milliseconds = 0) {
    const { status, answer } = call(lib.wxcoupon_job_wait, this.handle, milliseconds);
    return status === numbers.E_RUNNING ? null : check(status, answer);
  }

  /** Calls the job off. What was sent already goes on to its answer. */
  cancel() {
    check(lib.wxcoupon_job_cancel(this.handle));
  }

  /** Frees the job; the call goes on. */
  close() {
    forgottenJobs.unregister(this);
    lib.wxcoupon_job_free(this.handle);
    this.handle = null;
  }
}

/** Keys, hosts, connections and journal of one merchant. The configuration is an object or JSON text. */
class Context {
  constructor(config) {
    const out = [null];
    answered((buf) => lib.wxcoupon_ctx_new(json(config), out, buf));
    this.handle = out[0];
    forgottenContexts.register(this, this.handle, this);
  }

  /** Replaces the configuration; calls that are under way end with the old one. */
  update(config) {
    return answered(lib.wxcoupon_ctx_update, this.handle, json(config));
  }

  /** Frees the context; calls that are under way end by themselves. */
  close() {
    forgottenContexts.unregister(this);
    const handle = this.handle;
    this.handle = null;
    check(lib.wxcoupon_ctx_free(handle));
  }

  /** What may have happened and is not known yet. */
  pending() {
    return answered(lib.wxcoupon_pending, this.handle);
  }

  /** Makes known what may have happened: one request, or everything. */
  settle(request) {
    return answered(lib.wxcoupon_settle, this.handle, request === undefined ? null : json(request));
  }

  /** Any operation by its name. */
  call(operation, request) {
    return answered(lib.wxcoupon_call, this.handle, text(operation, "operation"), json(request));
  }

  /** Any path of WeChat Pay. */
  request(method, pathAndQuery, body) {
    const content = body === undefined ? null : json(body);
    const path = text(pathAndQuery, "pathAndQuery");
    return answered(lib.wxcoupon_request, this.handle, text(method, "method"), path, content);
  }

  /** Starts an operation and returns at once. */
  start(operation, request) {
    const out = [null];
    check(lib.wxcoupon_start(this.handle, text(operation, "operation"), json(request), out));
    return new Job(out[0]);
  }

  /** The operation as a Promise; the event loop stays free. */
  async async(operation, request) {
    const job = this.start(operation, request);
    try {
      for (;;) {
        const answer = job.wait(0);
        if (answer !== null) {
          return answer;
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    } finally {
      job.close();
    }
  }

  /** Proves and opens what WeChat Pay sent: its headers (object), its body byte for byte (Buffer). */
  openNotification(headers, body) {
    const bytes = Buffer.from(body);
    return answered(lib.wxcoupon_notification_open, this.handle, json(headers), bytes, bytes.length);
  }

  /** Opens connections before the first customer comes. */
  warm() {
    return answered(lib.wxcoupon_warm, this.handle);
  }

  /** Looks whether this machine and configuration can work; online: asks WeChat Pay too. */
  check(online = false) {
    return answered(lib.wxcoupon_check, this.handle, json({ online }));
  }

  /** Counters since the context was made; {format: "prometheus"}: text for its file collector. */
  stats(request = {}) {
    return answered(lib.wxcoupon_stats, this.handle, json(request));
  }
}

const operations = {
  scan: lib.wxcoupon_scan,
  query: lib.wxcoupon_query,
  quote: lib.wxcoupon_quote,
  use: lib.wxcoupon_use,
  return: lib.wxcoupon_return,
  list: lib.wxcoupon_list,
  send: lib.wxcoupon_send,
  confirm: lib.wxcoupon_confirm,
  deactivate: lib.wxcoupon_deactivate,
};
for (const [name, run] of Object.entries(operations)) {
  Context.prototype[name] = function operation(request) {
    return answered(run, this.handle, json(request));
  };
}
for (const kind of [Context, Job]) {
  kind.prototype[dispose] = kind.prototype.close;
}

let sink = null;

/** Where the library's messages go: sink(level, message), or null for nowhere. It must not throw. */
function logTo(listener, maxLevel = numbers.LOG_WARN) {
  const forward = (_, level, message) => listener(level, message);
  const fresh = listener ? register(forward, logSink) : null;
  const status = lib.wxcoupon_log_set(fresh, null, listener ? maxLevel : numbers.LOG_OFF);
  const unused = status === numbers.OK ? sink : fresh;
  if (status === numbers.OK) {
    sink = fresh;
  }
  if (unused) {
    unregister(unused);
  }
  check(status);
}

module.exports = {
  ...numbers,
  ...errors,
  Context,
  Job,
  logTo,
  version: lib.wxcoupon_version,
  abiVersion: lib.wxcoupon_abi_version,
  statusName: lib.wxcoupon_status_name,
  statusText: lib.wxcoupon_status_text,
  statusClass: lib.wxcoupon_status_class,
  handlesLive: lib.wxcoupon_handles_live,
};
