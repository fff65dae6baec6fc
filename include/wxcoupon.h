/*
 * wxcoupon.h - redeem WeChat Pay product coupons from a point-of-sale program
 *
 * Generated from the library's sources; tests/c_boundary compares it with them
 * and `make header` rewrites it. Do not edit it by hand.
 *
 * ==========================================================================
 * What this is
 * ==========================================================================
 *
 * A till scans a coupon and asks what it is (wxcoupon_query) and what it takes
 * off (wxcoupon_quote), takes the net amount, and reports the redemption with
 * the payment's number (wxcoupon_use). Asking and redeeming block until there
 * is one true answer or the time is up: redeemed, not redeemed, or not yet
 * known. The library signs each request, writes it down before its first byte
 * leaves, repeats exactly those bytes on both hosts of WeChat Pay while the
 * answer is open, and proves each answer. What is still open at the end
 * becomes known with wxcoupon_settle, after a power cut too, and nothing is
 * redeemed twice.
 *
 *     #include <stdio.h>
 *     #include "wxcoupon.h"
 *
 *     int main(int argc, char **argv)
 *     {
 *         wxcoupon_ctx *ctx = NULL;
 *         wxcoupon_buf *buf = wxcoupon_buf_new();
 *         int32_t status;
 *
 *         if (argc != 3)
 *             return 2;
 *         status = wxcoupon_ctx_new(argv[1], &ctx, buf);
 *         if (status == WXCOUPON_OK)
 *             status = wxcoupon_use(ctx, argv[2], buf);
 *         puts(wxcoupon_status_text(status));
 *         puts(wxcoupon_buf_data(buf));
 *         wxcoupon_ctx_free(ctx);
 *         wxcoupon_buf_free(buf);
 *         return wxcoupon_status_class(status);
 *     }
 *
 * ==========================================================================
 * Seven conventions
 * ==========================================================================
 *
 * 1. Statuses. Functions that can fail return an int32_t: 0 is done, anything
 *    else is one of the codes below. What the till does depends on the class
 *    alone, which is status / 1000:
 *
 *      0  OK        done and proven          print the receipt
 *      1  MISUSE    the program is wrong     fix the program; nothing was sent
 *      2  LOCAL     this machine is wrong    fix the machine; nothing was sent
 *      3  NOT_SENT  nothing took effect      try again with the same number
 *      4  IN_DOUBT  it may have happened     keep the sale open and settle, or
 *                                            repeat the same request unchanged;
 *                                            never use a new number
 *      5  REFUSED   WeChat Pay said no       tell the customer
 *      6  BUSY      not applied now          wait retry_after_ms, then again
 *                                            with the same number
 *      9  BUG       a defect of the library  look at wxcoupon_buf_in_doubt,
 *                                            settle, report it
 *
 *    Later versions may add codes; they never renumber one. Meet a code you do
 *    not know by its class.
 *
 * 2. Text. Everything in and out is UTF-8 and ends with NUL, unless the
 *    configuration says "text_encoding": "gbk" or "gb18030". Requests and
 *    answers are JSON objects with WeChat Pay's own member names. Text in is at
 *    most 64 KiB and 32 levels deep; the library keeps no pointer to it.
 *
 * 3. Who owns what. What a wxcoupon_..._new function made is freed once, with
 *    the wxcoupon_..._free function of the same kind. No function returns text
 *    that the caller must free: answers live in a wxcoupon_buf, which the
 *    caller makes once and hands to every call. Requests that write are kept in
 *    the journal: a file when journal_path names one, else memory, which ends
 *    with the context.
 *
 * 4. Handles. A wxcoupon_ctx *, _buf * or _job * is a number in the shape of a
 *    pointer: never read through it, and keep all of its bits (64 on a 64-bit
 *    system). A handle that is NULL, freed, freed twice, of the wrong kind, cut
 *    short or made up gives a status (or an empty answer), never a crash.
 *
 * 5. NULL. An argument may be NULL only where its description says so;
 *    elsewhere NULL gives WXCOUPON_E_NULL. Every out_buf may be NULL.
 *
 * 6. Threads. Every function may be called from any thread on any handle at any
 *    time, and a handle may be freed while a call uses it: the call finishes.
 *    The library starts no thread that calls the program. The one restriction
 *    is inside the log sink, where wxcoupon_log_set gives WXCOUPON_E_REENTRANT;
 *    every other function may be called there.
 *
 * 7. Time. Every call that uses the network has a deadline for all of it: name
 *    look-up, connecting, sending, waiting and repeating. It is timeout_ms of
 *    the configuration, or of one request: {"_options": {"timeout_ms": 3000}}.
 *
 * The library never ends the process, never writes to standard output or
 * error, installs no signal handler and changes no environment variable. In a
 * forked child every context and job of the parent is a dead handle
 * (WXCOUPON_E_HANDLE), and freeing it there does nothing; a child makes
 * contexts of its own.
 *
 * ==========================================================================
 * The configuration (wxcoupon_ctx_new)
 * ==========================================================================
 *
 * One JSON object. A member that nobody knows is refused.
 *
 *   mchid                       the service provider's number
 *   merchant_serial_no          serial number of its API certificate, 40 hex
 *                               digits
 *   private_key_path            file with the certificate's private key, or
 *   private_key_pem             its text; PKCS#8 or PKCS#1, PEM or Base64
 *   private_key_passphrase      where the key is encrypted
 *
 * and one way or more to prove what WeChat Pay answers:
 *
 *   wechatpay_public_key_id     "PUB_KEY_ID_..." with
 *   wechatpay_public_key_path   the file of that key, or
 *   wechatpay_public_key_pem    its text
 *   platform_certificates       list of files
 *   apiv3_key                   32 characters; alone it will do where WeChat
 *                               Pay gives the merchant platform certificates:
 *                               they are downloaded. It opens notifications,
 *                               too
 *
 * The others may be left out. docs/configuration.md has bounds and sources.
 *
 *   mode                        "partner", or "brand" where a brand signs for
 *                               itself, with
 *   brand_id                    the brand's number in place of mchid;
 *                               or "till" where a hub asks WeChat Pay, with
 *                               nothing of the merchant's, but
 *   hub_urls                    list of the hubs' addresses
 *   till_id                     the till's name at the hub
 *   till_key                    its key, or
 *   till_key_path               the file that keeps its key, and once
 *   till_code                   the code that the hub has shown
 *   merchant_certificate_path   file of the API certificate, or
 *   merchant_certificate_pem    its text: serial number and key are compared
 *   defaults                    {"appid", "brand_id", "store_id"}: used where
 *                               a request leaves them out; "sub_appid" and
 *                               "sub_mch_id" for wxcoupon_scan
 *   apiv2_key                   32 characters, another secret than
 *                               apiv3_key: wxcoupon_scan looks up payment
 *                               codes with it
 *   apiv2_sign_type             "HMAC-SHA256" or "MD5"
 *   apiv2_appid                 the app id of the look-up, where it is not
 *                               the one of the coupons
 *   quote                       {"rounding", "threshold_on", "past_midnight",
 *                               "bundle_index_base"}: how wxcoupon_quote reads
 *                               what is not documented
 *   timeout_ms                  whole call, 10000
 *   connect_timeout_ms          connecting, 3000
 *   attempt_timeout_ms          one attempt, 5000
 *   text_encoding               "utf-8", "gbk" or "gb18030"
 *   base_urls                   list of hosts, WeChat Pay's two
 *   journal_path                file for what may have happened; set it
 *   directory                   true: whose coupons this machine was told of
 *                               is kept, for wxcoupon_scan; false
 *   journal_keep_days           how long finished requests are kept, 90
 *   journal_replays             answer a repeated success from there, true
 *   log_path                    folder for log files, one a day and process
 *   max_rate_per_s              requests a second of this process, 500
 *   ca_path                     file with further trusted roots, PEM
 *   proxy                       "http://[user:password@]host:port"
 *   user_agent_suffix           added to User-Agent
 *
 * ==========================================================================
 * The answer (wxcoupon_buf_data)
 * ==========================================================================
 *
 * One JSON object, after every call that was given a buffer:
 *
 *   {"ok": true, "status": 0, "name": "WXCOUPON_OK", "class": 0,
 *    "in_doubt": false, "operation": "use", "out_request_no": "...",
 *    "attempts": 1, "host": "...", "elapsed_ms": 42, "http_status": 200,
 *    "request_id": "...", "data": { what WeChat Pay answered, every member }}
 *
 * A failure has no data, and instead:
 *
 *   message         English, for the programmer
 *   hint            what to do about it
 *   cashier         short Chinese text for the till's screen
 *   field           JSON pointer of the member at fault, such as "/stock_id"
 *   wechat          {"code", "message", "detail", "subcode"}, where WeChat Pay
 *                   said something
 *   verification    why the answer is not proven
 *   retry_after_ms  how long to wait, in class 6
 *
 * Where it applies, on success too:
 *
 *   recorded        true: the answer of an earlier call, from the journal
 *   settled_by      "query": doubt was settled by asking about the coupon
 *   clock_offset_s  what was added to this machine's time for signing
 *
 * Members may be added; none is removed or becomes another type.
 *
 * ==========================================================================
 * From other languages
 * ==========================================================================
 *
 * Every function is cdecl. Only int32_t, uint32_t and pointers cross; there is
 * no struct, enum, bool, float or size_t.
 *
 *   C                     Delphi          C#                     VB.NET
 *   int32_t               Integer         int                    Integer
 *   uint32_t              Cardinal        uint                   UInteger
 *   handle                Pointer         IntPtr                 IntPtr
 *   handle ** (out)       var Pointer     out IntPtr             ByRef IntPtr
 *   const char * (in)     PAnsiChar       byte[], NUL at the end Byte()
 *   const char * (result) PAnsiChar       IntPtr, never string   IntPtr
 *
 *   Delphi function wxcoupon_use(ctx: Pointer; json_in: PAnsiChar;
 *            out_buf: Pointer): Integer; cdecl; external 'wxcoupon.dll';
 *   C#     [DllImport("wxcoupon", CallingConvention = CallingConvention.Cdecl)]
 *          static extern int wxcoupon_use(IntPtr ctx, byte[] json, IntPtr buf);
 *
 * Delphi: pass UTF8String through PAnsiChar(). A result declared as string in
 * C# makes .NET free memory that is not its own: take IntPtr, or let
 * wxcoupon_buf_copy_utf16 fill a char[].
 *
 * Visual Basic 6, PowerBuilder and EPL know stdcall only. In the Windows DLLs
 * every function also exists as stdcall, with the same parameters, under its
 * name with _std behind it, undecorated: wxcoupon_use_std. The sink of
 * wxcoupon_log_set_std is stdcall too. They are found by name at run time
 * (Declare, GetProcAddress); this header does not declare them.
 */

#ifndef WXCOUPON_H
#define WXCOUPON_H

/*
 * Fixed-width integers. Visual C++ has <stdint.h> since 2010; a program that
 * brings a replacement for older ones includes it first.
 */
#if defined(_MSC_VER) && _MSC_VER < 1600 && !defined(INT32_MAX)
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
#elif !defined(_MSC_VER) || _MSC_VER >= 1600
#include <stdint.h>
#endif

/*
 * Marks what the library exports. Programs on Windows that link the static
 * library define WXCOUPON_STATIC before including this header.
 */
#if defined(_WIN32) && !defined(WXCOUPON_STATIC)
#define WXCOUPON_API __declspec(dllimport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define WXCOUPON_API __attribute__((visibility("default")))
#else
#define WXCOUPON_API
#endif

/* The calling convention of every function here, the log sink included. */
#if defined(_WIN32)
#define WXCOUPON_CALL __cdecl
#else
#define WXCOUPON_CALL
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ==========================================================================
 * Version
 * ========================================================================== */

/* Version of this header; wxcoupon_version answers that of the library. */
#define WXCOUPON_VERSION                   "0.1.0"

/* WXCOUPON_VERSION as one number: major * 1000000 + minor * 1000 + patch. */
#define WXCOUPON_VERSION_NUMBER            1000

/*
 * Number of the binary interface that this header describes. It changes only
 * when a program built against an older header would break;
 * wxcoupon_abi_version answers the library's.
 */
#define WXCOUPON_ABI_VERSION               1

/*
 * Version of the library, such as "0.1.0".
 *
 *   Returns  a constant text, never NULL; do not free it.
 *   Threads  any.
 */
WXCOUPON_API const char *WXCOUPON_CALL wxcoupon_version(void);

/*
 * Number of the library's binary interface. A program that was built with this
 * header works with the library if the answer equals WXCOUPON_ABI_VERSION.
 *
 *   Returns  the number.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_abi_version(void);

/* ==========================================================================
 * Statuses
 * ========================================================================== */

/*
 * status / 1000: done, and proven by a verified answer. The till prints the
 * receipt.
 */
#define WXCOUPON_CLASS_OK                  0

/* status / 1000: the caller is wrong and nothing was sent. Fix the program. */
#define WXCOUPON_CLASS_MISUSE              1

/*
 * status / 1000: this machine is wrong and nothing was sent. Fix the machine.
 */
#define WXCOUPON_CLASS_LOCAL               2

/*
 * status / 1000: nothing took effect. The till may try again with the same
 * number.
 */
#define WXCOUPON_CLASS_NOT_SENT            3

/*
 * status / 1000: sent, and no trustworthy answer came: it may have taken
 * effect. Keep the sale open and settle; never use a new number.
 */
#define WXCOUPON_CLASS_IN_DOUBT            4

/* status / 1000: WeChat Pay said no. Tell the customer. */
#define WXCOUPON_CLASS_REFUSED             5

/*
 * status / 1000: not applied now. Wait retry_after_ms, then the same number
 * again.
 */
#define WXCOUPON_CLASS_BUSY                6

/* status / 1000: a defect of this library. Look at in_doubt, settle, report. */
#define WXCOUPON_CLASS_BUG                 9

/* Done, and proven by a verified answer. */
#define WXCOUPON_OK                        0

/* ---- WXCOUPON_CLASS_MISUSE ---- */

/* A pointer that must not be NULL is NULL. */
#define WXCOUPON_E_NULL                    1001

/*
 * A handle is not alive: freed, of another kind, cut short, or never made by
 * this library.
 */
#define WXCOUPON_E_HANDLE                  1002

/*
 * A text is not valid in the context's text encoding; message names the offset
 * of the first bad byte.
 */
#define WXCOUPON_E_ENCODING                1003

/*
 * A text is not one JSON object: syntax, duplicate key, trailing text, over 64
 * KiB or 32 levels.
 */
#define WXCOUPON_E_JSON                    1004

/*
 * A member of the request is missing or breaks a documented rule; field names
 * it.
 */
#define WXCOUPON_E_REQUEST                 1005

/*
 * No operation has that name, or the method is not one of GET, POST, PUT, PATCH
 * and DELETE.
 */
#define WXCOUPON_E_OPERATION               1006

/* The call is not allowed inside the log sink. */
#define WXCOUPON_E_REENTRANT               1007

/* ---- WXCOUPON_CLASS_LOCAL ---- */

/* The configuration is incomplete or wrong; field names the member. */
#define WXCOUPON_E_CONFIG                  2001

/*
 * A key or certificate cannot be read or cannot fit; message says what was
 * found and expected.
 */
#define WXCOUPON_E_KEY                     2002

/* The journal cannot be opened or written. */
#define WXCOUPON_E_JOURNAL                 2003

/* This machine's clock is so wrong that TLS fails; message names both times. */
#define WXCOUPON_E_CLOCK                   2004

/* ---- WXCOUPON_CLASS_NOT_SENT ---- */

/* No connection to WeChat Pay: name look-up, routing, refused, proxy. */
#define WXCOUPON_E_CONNECT                 3001

/*
 * The TLS handshake failed: unknown authority, wrong name, expired certificate,
 * not TLS at all.
 */
#define WXCOUPON_E_TLS                     3002

/* The time was up before the request was sent. */
#define WXCOUPON_E_TIMEOUT_UNSENT          3003

/* Cancelled before the request was sent. */
#define WXCOUPON_E_CANCELLED_UNSENT        3004

/* An operation that only reads got no trustworthy answer. */
#define WXCOUPON_E_READ_FAILED             3005

/* ---- WXCOUPON_CLASS_IN_DOUBT ---- */

/* Sent, and no answer came in time. */
#define WXCOUPON_E_ANSWER_TIMEOUT          4001

/* Sent, and the connection broke before the whole answer was here. */
#define WXCOUPON_E_CONNECTION_LOST         4002

/*
 * An answer came whose signature does not prove it, or that is about something
 * else.
 */
#define WXCOUPON_E_ANSWER_UNTRUSTED        4003

/* An answer came that cannot be understood: not HTTP, not JSON, too large. */
#define WXCOUPON_E_ANSWER_UNREADABLE       4004

/* WeChat Pay answered with a fault of its own (5xx). */
#define WXCOUPON_E_SERVER                  4005

/* Cancelled after the request was sent. */
#define WXCOUPON_E_CANCELLED_SENT          4006

/*
 * The request has a verdict, but the journal could not take it: settling may
 * send it again. Settle it.
 */
#define WXCOUPON_E_UNRECORDED              4007

/* ---- WXCOUPON_CLASS_REFUSED ---- */

/* WeChat Pay refused the request. */
#define WXCOUPON_E_REFUSED                 5001

/*
 * The coupon cannot be used now: used, expired, deleted, not yet confirmed,
 * outside its hours.
 */
#define WXCOUPON_E_COUPON_STATE            5002

/* The coupon, stock or product does not exist or belongs to somebody else. */
#define WXCOUPON_E_NOT_FOUND               5003

/* The service provider may not do this for this brand. */
#define WXCOUPON_E_NO_PERMISSION           5004

/* WeChat Pay did not accept the request's signature. */
#define WXCOUPON_E_SIGN_REJECTED           5005

/* The request number was used before with other content. */
#define WXCOUPON_E_REQUEST_NO_REUSED       5006

/* A notification is not proven to come from WeChat Pay. */
#define WXCOUPON_E_NOTIFICATION_UNTRUSTED  5007

/* ---- WXCOUPON_CLASS_BUSY ---- */

/* Too many requests; wait retry_after_ms. */
#define WXCOUPON_E_RATE_LIMITED            6001

/*
 * Another call is working on this coupon or this number; wait retry_after_ms.
 */
#define WXCOUPON_E_LOCKED                  6002

/* The job is still running. */
#define WXCOUPON_E_RUNNING                 6003

/* ---- WXCOUPON_CLASS_BUG ---- */

/* The library panicked; the panic was stopped at the boundary. */
#define WXCOUPON_E_PANIC                   9001

/* An invariant of the library does not hold. */
#define WXCOUPON_E_INTERNAL                9002

/*
 * Name of a status, such as "WXCOUPON_E_HANDLE".
 *
 *   status   any number; one that this version does not know is named
 *            "WXCOUPON_E_UNKNOWN".
 *
 *   Returns  a constant text, never NULL; do not free it.
 *   Threads  any.
 */
WXCOUPON_API const char *WXCOUPON_CALL wxcoupon_status_name(int32_t status);

/*
 * What a status means, in one English sentence.
 *
 *   status   any number.
 *
 *   Returns  a constant text, never NULL; do not free it.
 *   Threads  any.
 */
WXCOUPON_API const char *WXCOUPON_CALL wxcoupon_status_text(int32_t status);

/*
 * Class of a status: status / 1000, one of WXCOUPON_CLASS_*. Says what the till
 * does.
 *
 *   status   any number.
 *
 *   Returns  the class.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_status_class(int32_t status);

/* ==========================================================================
 * Result buffer: made once, filled by every call
 * ========================================================================== */

/*
 * Holds the answer of the last call that was given it. Made by
 * wxcoupon_buf_new.
 */
typedef struct wxcoupon_buf wxcoupon_buf;

/*
 * Makes a result buffer.
 *
 * A buffer is made once, filled by any number of calls and freed once. Each
 * call replaces what the call before left in it.
 *
 *   Returns  the buffer, or NULL when more buffers are alive than fit (about a
 *            million, on 32-bit systems 16384).
 *   Owns     the caller; free it with wxcoupon_buf_free.
 *   Threads  any. Give each thread a buffer of its own: two calls that fill one
 *            buffer at the same time are safe, but only the later answer stays.
 */
WXCOUPON_API wxcoupon_buf *WXCOUPON_CALL wxcoupon_buf_new(void);

/*
 * The text that the last call left in the buffer: one JSON object, ended by
 * NUL.
 *
 *   buf      the buffer; NULL and stale handles give "".
 *
 *   Returns  never NULL. The text belongs to the buffer and is valid until the
 *            next call that fills or frees it. Callers with a garbage collector
 *            should use wxcoupon_buf_copy.
 *   Threads  any, but the text must not be read while another thread fills or
 *            frees the buffer.
 */
WXCOUPON_API const char *WXCOUPON_CALL wxcoupon_buf_data(
    const wxcoupon_buf *buf);

/*
 * Length of the text in bytes, without the NUL.
 *
 *   buf      the buffer; NULL and stale handles give 0.
 *
 *   Returns  the length.
 *   Threads  any.
 */
WXCOUPON_API uint32_t WXCOUPON_CALL wxcoupon_buf_len(const wxcoupon_buf *buf);

/*
 * Copies the text to the caller's memory, like snprintf.
 *
 *   buf      the buffer; NULL and stale handles give an empty text.
 *   dst      where to write, or NULL to ask for the length only.
 *   cap      size of dst in bytes. When it is not 0, dst is always ended by
 *            NUL, if need be shortened. A shortened text may end within a
 *            character: compare the result with cap.
 *
 *   Returns  length of the whole text in bytes, without the NUL.
 *   Owns     nothing.
 *   Threads  any.
 */
WXCOUPON_API uint32_t WXCOUPON_CALL wxcoupon_buf_copy(
    const wxcoupon_buf *buf, char *dst, uint32_t cap);

/*
 * Copies the text to the caller's memory as UTF-16, for .NET, VB6, Delphi and
 * Windows.
 *
 *   buf, dst, cap  as in wxcoupon_buf_copy; cap counts 16-bit units.
 *
 *   Returns        length of the whole text in 16-bit units, without the NUL.
 *   Owns           nothing.
 *   Threads        any.
 */
WXCOUPON_API uint32_t WXCOUPON_CALL wxcoupon_buf_copy_utf16(
    const wxcoupon_buf *buf, uint16_t *dst, uint32_t cap);

/*
 * Status of the call that filled the buffer: the same number that the call
 * returned.
 *
 *   buf      the buffer.
 *
 *   Returns  the status; WXCOUPON_E_NULL or WXCOUPON_E_HANDLE when buf is not a
 *            live buffer, and WXCOUPON_E_HANDLE while no call has filled it.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_buf_status(const wxcoupon_buf *buf);

/*
 * Whether what the call asked for may have happened without being proven.
 *
 *   buf      the buffer; NULL and stale handles give 0.
 *
 *   Returns  1 if it may have happened (class 4, and class 9 after the request
 *            was sent), else 0.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_buf_in_doubt(
    const wxcoupon_buf *buf);

/*
 * Frees a buffer. Its text is gone with it.
 *
 *   buf      the buffer; NULL and stale handles are ignored.
 *
 *   Threads  any, during a call that fills the buffer too: that call finishes
 *            normally.
 */
WXCOUPON_API void WXCOUPON_CALL wxcoupon_buf_free(wxcoupon_buf *buf);

/* ==========================================================================
 * Context: keys, hosts, connections and journal of one merchant
 * ========================================================================== */

/* Keys, hosts and connections of one merchant. Made by wxcoupon_ctx_new. */
typedef struct wxcoupon_ctx wxcoupon_ctx;

/*
 * Makes a context from a configuration. Never uses the network.
 *
 * Keys and serial numbers are read and checked for form and mix-ups here, so
 * that most mistakes show at start-up and not at the first customer. Whether a
 * private key belongs to merchant_serial_no only WeChat Pay can say.
 *
 *   config_json  one JSON object; its members are listed at the top of this
 *                header. Read as UTF-8, or in the encoding that its own member
 *                text_encoding names.
 *   out_ctx      receives the context, or NULL on failure.
 *   out_buf      receives the answer (on failure: which member, what was found,
 *                what was expected); may be NULL.
 *
 *   Returns      WXCOUPON_OK; a status of class 1 where an argument is wrong
 *                (WXCOUPON_E_HANDLE: too many contexts are alive), or of class
 *                2 where a member, a key or the journal is wrong.
 *   Owns         the caller owns the context and frees it with
 *                wxcoupon_ctx_free; the text stays the caller's.
 *   Threads      any; the context may be used by any number of threads at once.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_ctx_new(
    const char *config_json, wxcoupon_ctx **out_ctx, wxcoupon_buf *out_buf);

/*
 * Gives a context another configuration: rotated keys, other hosts, other
 * limits. Never uses the network.
 *
 * Calls and jobs that are running keep the configuration they began with; the
 * next ones use the new one. The journal goes on when mchid and journal_path
 * stay the same. When the new configuration is refused, the context stays as it
 * is.
 *
 *   ctx          the context.
 *   config_json  the whole new configuration, as in wxcoupon_ctx_new.
 *   out_buf      receives the answer, as in wxcoupon_ctx_new; may be NULL.
 *
 *   Returns      WXCOUPON_OK, or a status of class 1 or 2 as in
 *                wxcoupon_ctx_new.
 *   Owns         nothing; the text stays the caller's.
 *   Threads      any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_ctx_update(
    wxcoupon_ctx *ctx, const char *config_json, wxcoupon_buf *out_buf);

/*
 * Frees a context. Calls that are running on it finish normally; its keys are
 * dropped when the last ends.
 *
 * Jobs that were started on it are cancelled, and waited for: at most as long
 * as one attempt (attempt_timeout_ms) and a second. Without jobs it does not
 * wait.
 *
 *   ctx      the context.
 *
 *   Returns  WXCOUPON_OK, WXCOUPON_E_NULL, or WXCOUPON_E_HANDLE when it is not
 *            alive (freed before).
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_ctx_free(wxcoupon_ctx *ctx);

/* ==========================================================================
 * At the till
 * ========================================================================== */

/*
 * Finds the coupons that a scan leads to, with what each takes off the basket
 * and the request that redeems it. Nothing is redeemed.
 *
 * A scanned code is looked for among the coupons that this machine was told of
 * ("directory": true), and every one that is found is asked for at WeChat Pay.
 * An unknown text in the shape of a payment code is taken for one and looked up
 * (apiv2_key); then, and for an openid, all coupons of the user are listed.
 * After a look-up the payment code can be charged by this merchant only, until
 * it refreshes within a minute: look up, choose, charge, redeem, all with one
 * scan.
 *
 *   ctx      the context.
 *   json_in  exactly one of scan (what the scanner gave), openid and auth_code
 *            (a payment code); optionally the basket as for wxcoupon_quote
 *            (amount and the rest, without coupon), products (an object:
 *            product coupon or stock to product_amount, product_quantity,
 *            product_unit_price, stock_store_ids of its own), appid and
 *            brand_id, which fall back to the configuration's defaults,
 *            product_coupon_id and stock_id (only these), belong_merchant
 *            (coupons of the older family (busifavor) of this merchant's stocks
 *            are listed, too), and for payment codes apiv2_appid, sub_appid,
 *            sub_mch_id. "_options" as in wxcoupon_use; other members are
 *            refused.
 *   out_buf  receives the answer: data.kind ("coupon_code", "openid",
 *            "auth_code"), data.coupons, the best for the customer first, each
 *            with coupon, quote (null without a basket), operation ("use",
 *            "busifavor_use") and use (its request, which lacks only the number
 *            and the order), data.unusable with coupon, reason and cashier,
 *            data.cashier for the whole, data.read_as where the text was read
 *            otherwise than it came, data.openid for a payment code; may be
 *            NULL.
 *
 *   Returns  WXCOUPON_OK, also where no coupon can be used;
 *            WXCOUPON_E_NOT_FOUND for a code that nobody knows; never class 4.
 *            What is answered is whole: a coupon with the scanned code that got
 *            no answer is in data.unusable (reason "unanswered", or
 *            "other_coupon" where the answer is about another one). If none got
 *            an answer, or a page of a list is missing, the call fails.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_scan(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Asks for one coupon of a user: its state, validity, rules and usage.
 *
 *   ctx      the context.
 *   json_in  members openid, coupon_code, product_coupon_id, stock_id, appid,
 *            brand_id; appid and brand_id fall back to the configuration's
 *            defaults. "_options" as in wxcoupon_use.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK with the coupon in data; never class 4, because asking
 *            changes nothing.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_query(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Says whether a queried coupon can be used now, and what it takes off this
 * basket. Local, no network.
 *
 * WeChat Pay takes nothing off at payment: the till does, and reports the
 * redemption with wxcoupon_use. All amounts are whole fen. Rules that cannot be
 * checked here are listed in data.unchecked; WeChat Pay decides them when the
 * coupon is redeemed. A coupon whose rules this version does not understand is
 * not quoted.
 *
 *   ctx      the context. Its clock, corrected by WeChat Pay's answers, says
 *            what time it is, and its defaults say which store this is.
 *   json_in  members coupon (the answer of wxcoupon_query, whole or its data)
 *            and amount (the basket without the coupon). product_amount is what
 *            the products cost that the coupon is for, 0 when the basket has
 *            none of them; a coupon whose scope is SINGLE needs it. Optional:
 *            product_quantity and product_unit_price (one piece is exchanged),
 *            store_id, stock_store_ids (array: the stores associated with the
 *            stock), now (RFC 3339), and what the documentation leaves open,
 *            which the configuration may say once as "quote": rounding of a
 *            percentage ("down", "half_up", "up"; left out: down, never more
 *            off than the rule says), threshold_on ("product", "basket": what
 *            must reach the threshold when the scope is SINGLE), past_midnight
 *            ("following_day", "same_day"), bundle_index_base (0 or 1: the
 *            index of a bundle's first coupon). "_options" is accepted and has
 *            no effect; other members are refused.
 *   out_buf  receives the answer: data.usable, data.discount, data.payable,
 *            data.forbidden_by with data.message and data.cashier,
 *            data.unchecked, data.usable_until, data.saved_amount for the
 *            request of wxcoupon_use, and data.steps with each rule that was
 *            looked at; may be NULL.
 *
 *   Returns  WXCOUPON_OK, also for a coupon that cannot be used; a status of
 *            class 1 when the text or a member of it is wrong.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_quote(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Redeems a coupon: reports to WeChat Pay that the coupon was used for this
 * order.
 *
 * Call it once the order is paid. Give each redemption one out_request_no and
 * keep it with the sale. The request is written down before it leaves, and
 * repeated unchanged within the deadline while its outcome is open. What is
 * still open then (class 4) stays in the journal: settle it, or call again with
 * the same members; nothing is redeemed twice. A number that has succeeded
 * answers its recorded result.
 *
 *   ctx      the context.
 *   json_in  members openid, coupon_code, product_coupon_id, stock_id, appid,
 *            brand_id, out_request_no (6 to 40 of 0-9 A-Z a-z _ -), use_time
 *            (RFC 3339 with offset; left out: now, in +08:00), and exactly one
 *            of associated_order_info {transaction_id, or out_trade_no with
 *            mchid and for partner orders sub_mchid} and
 *            associated_pay_score_order_info {order_id, or out_order_no with
 *            mchid}. Optional: store_id. appid, brand_id and store_id fall back
 *            to the configuration's defaults. Members that are not documented
 *            are passed on. "_options": {"timeout_ms": 3000} is for this
 *            library and is never sent.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK when WeChat Pay's signed answer says that this request
 *            redeemed this coupon; any other status by its class.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_use(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Returns a redeemed coupon: undoes a redemption, so that the user may use the
 * coupon again.
 *
 * Call it once the sale is undone. It has a request number of its own; repeat
 * it unchanged like a redemption.
 *
 *   ctx      the context.
 *   json_in  members openid, coupon_code, product_coupon_id, stock_id, appid,
 *            brand_id, out_request_no (a number of its own, not the
 *            redemption's); sequential_coupon_index only for coupons of the
 *            withdrawn mode SEQUENTIAL. appid and brand_id fall back to the
 *            configuration's defaults. "_options" as in wxcoupon_use.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK when WeChat Pay's signed answer says that the coupon
 *            was given back; any other status by its class.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_return(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/* ==========================================================================
 * Before the till: coupons come to users
 * ========================================================================== */

/*
 * Lists the coupons of a user: the only way to find them from an openid alone.
 *
 *   ctx      the context.
 *   json_in  members openid, appid, brand_id; optional: product_coupon_id,
 *            stock_id, coupon_state, user_coupon_bundle_id, page_size (1 to
 *            50), page_token (next_page_token of the page before). appid and
 *            brand_id fall back to the configuration's defaults. "_options" as
 *            in wxcoupon_use.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK with data.user_coupon_list, data.total_count and,
 *            where there is more, data.next_page_token; never class 4, because
 *            asking changes nothing.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_list(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Sends a coupon to a user.
 *
 * The coupon is usable once it is confirmed: wxcoupon_confirm.
 *
 *   ctx      the context.
 *   json_in  members openid, product_coupon_id, stock_id, appid, brand_id,
 *            send_request_no (6 to 128 of 0-9 A-Z a-z _ -): the number by which
 *            a repeat is recognised; out_request_no names it in the answer and
 *            for wxcoupon_settle. coupon_code if and only if the stock's
 *            coupon_code_mode is API_ASSIGN. Optional: attach (up to 150
 *            characters), coupon_tag_info. appid and brand_id fall back to the
 *            configuration's defaults. "_options" as in wxcoupon_use.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK with the coupon in data; any other status by its
 *            class.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_send(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Confirms a coupon that was sent. Without it no coupon becomes usable,
 * whatever channel it came through.
 *
 *   ctx      the context.
 *   json_in  members openid, coupon_code, product_coupon_id, stock_id, appid,
 *            brand_id, out_request_no (a number of its own); appid and brand_id
 *            fall back to the configuration's defaults. "_options" as in
 *            wxcoupon_use.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK with the coupon in data; any other status by its
 *            class.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_confirm(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Makes a coupon of a user invalid, for good.
 *
 *   ctx      the context.
 *   json_in  members openid, coupon_code, product_coupon_id, stock_id, appid,
 *            brand_id, out_request_no (a number of its own), deactivate_reason
 *            (up to 150 characters); appid and brand_id fall back to the
 *            configuration's defaults. "_options" as in wxcoupon_use.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK with the coupon in data; any other status by its
 *            class.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_deactivate(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/* ==========================================================================
 * What may have happened
 * ========================================================================== */

/*
 * Lists what is not known to be finished: requests in doubt, and calls that are
 * running. Local, no network; a till of a hub asks the hub, too, and
 * data.hub_answered says whether that answered.
 *
 * A till asks at start-up, and before it closes: an empty list means that every
 * redemption is known.
 *
 *   ctx      the context.
 *   out_buf  receives the answer: data.pending and data.watching count,
 *            data.requests lists up to 1000 with out_request_no, operation,
 *            state ("pending"; "voiding" while it is being called off;
 *            "watching" while a delayed copy of what was called off or refused
 *            could still arrive; "damaged" where something else has changed the
 *            row), age_ms, attempts, name and cause of the last doubt.
 *            data.unresolved lists in the same way, with request_ids, what got
 *            answers for a day and no evidence: it is not counted, is never
 *            sent again, and is asked about once a day.
 *
 *   Returns  WXCOUPON_OK, also when there are some; WXCOUPON_E_JOURNAL.
 *   Owns     nothing.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_pending(
    wxcoupon_ctx *ctx, wxcoupon_buf *out_buf);

/*
 * Finds out what became of a request: of one, or of everything that is pending.
 *
 * Aim "complete" makes true what was asked: the recorded bytes are repeated
 * until WeChat Pay has answered.
 *
 * Aim "void" is for a redemption whose sale was called off: WeChat Pay is
 * asked; if this number has redeemed the coupon, the redemption is returned
 * under a number of its own; if not, the request is closed and watched
 * (data.state "watching") as long as a delayed copy could still arrive, about
 * six minutes; settling everything later ends the watch, and returns the coupon
 * if a copy did arrive. A request whose call ended in class 3 is closed:
 * settling never sends what the till was told did not happen.
 *
 * Aim "abandon" records a person's decision that nobody works on a number any
 * more: "note" says who decided it and why (1 to 500 characters). It ends what
 * is pending, being called off, watched, unresolved or damaged; afterwards the
 * number answers WXCOUPON_E_REQUEST_NO_REUSED and is never sent.
 *
 *   ctx      the context.
 *   json_in  {"out_request_no": "...", "aim": "complete"}, with "note" for
 *            abandon, or NULL for everything, to completion. "_options" as in
 *            wxcoupon_use.
 *   out_buf  receives the answer; for everything that could be settled, data as
 *            in wxcoupon_pending with data.settled. Where something is left
 *            there is no data: wxcoupon_pending lists it. For void and abandon
 *            data.state.
 *
 *   Returns  one number: the status that the request has now;
 *            WXCOUPON_E_REQUEST when the journal does not hold it, or its state
 *            does not allow the aim (field "/aim"). Everything: WXCOUPON_OK
 *            when nothing is left pending (what is watched or unresolved does
 *            not count), else the worst status that is left. It stops early
 *            while the line is down.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any, other processes with the same journal too: no request is
 *            settled by two at once. It blocks up to timeout_ms for one number,
 *            and up to ten minutes for everything.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_settle(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/* ==========================================================================
 * Jobs, for programs with one thread
 * ========================================================================== */

/* A call that was started and goes on by itself. Made by wxcoupon_start. */
typedef struct wxcoupon_job wxcoupon_job;

/*
 * Starts a call and returns at once; a few threads of the context run its jobs.
 *
 * For programs with one thread: start, poll with wxcoupon_job_wait from a
 * timer, free. The operation is the same as the function of that name, journal
 * and deadline included. What it logs reaches the sink in wxcoupon_job_wait, on
 * the thread that calls it.
 *
 *   ctx        the context.
 *   operation  "settle", or any name that wxcoupon_call knows.
 *   json_in    as for the function of that name. Wrong members show in the
 *              job's answer.
 *   out_job    receives the job, or NULL on failure.
 *
 *   Returns    WXCOUPON_OK, or a status of class 1; WXCOUPON_E_OPERATION for
 *              another name.
 *   Owns       the caller owns the job and frees it with wxcoupon_job_free; the
 *              texts stay the caller's.
 *   Threads    any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_start(
    wxcoupon_ctx *ctx,
    const char *operation,
    const char *json_in,
    wxcoupon_job **out_job);

/*
 * Asks whether a job is done, and waits for it up to wait_ms.
 *
 *   job      the job.
 *   wait_ms  how long to wait at most, in milliseconds; 0 does not wait.
 *   out_buf  receives the answer of the call once it is done; may be NULL.
 *
 *   Returns  the status of the call once it is done, as often as it is asked;
 *            WXCOUPON_E_RUNNING until then, with in_doubt where the request may
 *            have been sent, now or by an earlier call. While coupons are
 *            imported, data.progress then has done (rows), read_bytes and
 *            total_bytes.
 *   Owns     nothing.
 *   Threads  any; several may wait for one job.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_job_wait(
    wxcoupon_job *job, uint32_t wait_ms, wxcoupon_buf *out_buf);

/*
 * Cancels a job.
 *
 * Before anything of it was sent the job ends as WXCOUPON_E_CANCELLED_UNSENT
 * (class 3); that may take as long as a connection that is being made. After
 * that it ends at once as WXCOUPON_E_CANCELLED_SENT (class 4): the request may
 * have taken effect, its row stays in the journal, settle it. A job that is
 * done stays as it is.
 *
 *   job      the job.
 *
 *   Returns  WXCOUPON_OK; WXCOUPON_E_NULL or WXCOUPON_E_HANDLE when job is not
 *            a live job.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_job_cancel(wxcoupon_job *job);

/*
 * Frees a job. One that is not done goes on unattended; the journal keeps what
 * becomes of it.
 *
 *   job      the job; NULL and stale handles are ignored.
 *
 *   Threads  any, while another thread waits for the job too.
 */
WXCOUPON_API void WXCOUPON_CALL wxcoupon_job_free(wxcoupon_job *job);

/* ==========================================================================
 * What WeChat Pay sends by itself
 * ========================================================================== */

/*
 * Proves and opens a notification that WeChat Pay sent to the program's web
 * server.
 *
 * A till of a hub opens none: WeChat Pay sends them to the hub. It uses the
 * network only when a platform certificate must be downloaded to prove it.
 *
 * The answer says in "reply" how to answer the HTTP request, when it succeeds
 * and when it fails: {"status", "headers", "body"}, to be sent as they are,
 * within five seconds. Where there is no "reply", answer status 500. WeChat Pay
 * repeats what is not answered with success, and sends the same thing more than
 * once anyway: do each data.dedup_key once. Now and then it sends a wrong
 * signature on purpose, to see who checks; that is refused like any other.
 *
 *   ctx           the context; its configuration must have apiv3_key.
 *   headers_json  the HTTP headers: an object of names to texts or lists of
 *                 texts, or a list of [name, text] pairs; names in any case,
 *                 also as CGI writes them (HTTP_WECHATPAY_NONCE), headers that
 *                 are not needed may stay in.
 *   body          the raw bytes of the HTTP body, exactly as they came; no NUL
 *                 at the end is needed. NULL only with body_len 0.
 *   body_len      their number; more than 1 MiB is refused.
 *   out_buf       receives the answer; may be NULL. data has id, create_time,
 *                 event_type, event ("SEND", "USE", "RETURN",
 *                 "IMAGE_GENERATION", or null for one that this version does
 *                 not know), known, summary, original_type, dedup_key, and
 *                 resource: the opened JSON, every member as it came.
 *
 *   Returns       WXCOUPON_OK when WeChat Pay's signature proves it and it
 *                 could be opened, for unknown events too;
 *                 WXCOUPON_E_NOTIFICATION_UNTRUSTED with "verification" naming
 *                 the reason; WXCOUPON_E_CONFIG without apiv3_key; a status of
 *                 class 1 for the arguments.
 *   Owns          nothing; text and bytes stay the caller's.
 *   Threads       any. Where a certificate must be downloaded, it blocks up to
 *                 three seconds.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_notification_open(
    wxcoupon_ctx *ctx,
    const char *headers_json,
    const void *body,
    uint32_t body_len,
    wxcoupon_buf *out_buf);

/* ==========================================================================
 * Everything else that WeChat Pay offers
 * ========================================================================== */

/*
 * Calls any operation of product coupons, or of the older family (busifavor),
 * by its name.
 *
 *   ctx        the context.
 *   operation  its name: use, query, list, send, pre_send, confirm, return,
 *              deactivate, bundle_send, bundle_pre_send, bundle_deactivate,
 *              create_product_coupon, update_product_coupon,
 *              get_product_coupon, deactivate_product_coupon, create_stock,
 *              list_stocks, update_stock, get_stock, deactivate_stock,
 *              update_stock_budget, upload_coupon_codes, associate_stores,
 *              list_associated_stores, disassociate_stores,
 *              create_stock_bundle, update_stock_bundle,
 *              update_stock_bundle_budget, bundle_associate_stores,
 *              bundle_disassociate_stores, upload_image, set_notify_config,
 *              get_notify_config, submit_image_task, get_image_task,
 *              busifavor_use, busifavor_return, busifavor_query,
 *              busifavor_list, busifavor_get_code or busifavor_deactivate.
 *   json_in    the members of that operation, those of its path included;
 *              docs/api.md lists them. For upload_image: file, the path of a
 *              JPG or PNG on this machine, and optionally filename.
 *   out_buf    receives the answer; may be NULL.
 *
 *   Returns    as the function of that name; WXCOUPON_E_OPERATION for a name
 *              that is not known. An operation that only reads is never class
 *              4.
 *   Owns       nothing; the texts stay the caller's.
 *   Threads    any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_call(
    wxcoupon_ctx *ctx,
    const char *operation,
    const char *json_in,
    wxcoupon_buf *out_buf);

/*
 * Signs and sends any other request of API version 3, and proves its answer.
 *
 * For interfaces that have no function of their own. What is sent is not
 * checked beyond its form.
 *
 *   ctx             the context.
 *   method          GET, POST, PUT, PATCH or DELETE.
 *   path_and_query  begins with "/"; already percent-encoded, sent and signed
 *                   as it is.
 *   json_body       one JSON object, or NULL for none. Its member "_options" is
 *                   for this library, as in wxcoupon_use; with GET it may hold
 *                   nothing else. Its member "request_no": "out_refund_no" (or
 *                   a JSON pointer that begins with "/") names the member of
 *                   the body that is the request's own number: then the request
 *                   is journalled, repeated with the same bytes, listed and
 *                   settled under that number, which answers call
 *                   out_request_no; without it, a member out_request_no is that
 *                   number. Name it only where WeChat Pay documents that a
 *                   repeat under the same number takes effect once. One journal
 *                   has a number once, whatever the interface. Two more serve
 *                   interfaces with sensitive fields: "encrypt": ["/user_name"]
 *                   lists JSON pointers of members that are encrypted for
 *                   WeChat Pay before the body is sent, "decrypt":
 *                   ["/data/mobile"] members of the answer that are decrypted,
 *                   where a step of * stands for every item of a list; what
 *                   could not be decrypted is named in the answer's
 *                   undecrypted.
 *   out_buf         receives the answer; may be NULL.
 *
 *   Returns         WXCOUPON_OK for a proven 2xx; with GET never class 4; any
 *                   other status by its class.
 *   Owns            nothing; the texts stay the caller's.
 *   Threads         any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_request(
    wxcoupon_ctx *ctx,
    const char *method,
    const char *path_and_query,
    const char *json_body,
    wxcoupon_buf *out_buf);

/* ==========================================================================
 * Log
 * ========================================================================== */

/* Log level: nothing. */
#define WXCOUPON_LOG_OFF                   0

/* Log level: something failed that should not. */
#define WXCOUPON_LOG_ERROR                 1

/* Log level: something to look at: a request in doubt, a wrong clock. */
#define WXCOUPON_LOG_WARN                  2

/* Log level: one line for every call that uses the network. */
#define WXCOUPON_LOG_INFO                  3

/* Log level: every attempt inside a call. */
#define WXCOUPON_LOG_DEBUG                 4

/*
 * A log sink. user_data is what wxcoupon_log_set was given, level one of
 * WXCOUPON_LOG_*. message is UTF-8, ended by NUL, and valid during the call;
 * message_len is its length in bytes without the NUL. The sink is called on the
 * thread that is inside a function of the library. It must not throw or jump
 * out.
 */
typedef void (WXCOUPON_CALL *wxcoupon_log_fn)(
    void *user_data, int32_t level, const char *message, uint32_t message_len);

/*
 * Sets where the library's messages go; there is one sink for the whole
 * process, at first none.
 *
 * The sink is called on the thread that is inside a wxcoupon function, by
 * several threads at once when several are. Messages never hold keys, whole
 * openids or bodies. Inside the sink every function may be called but this one;
 * what those calls would log is dropped.
 *
 *   sink       the function, or NULL for none.
 *   user_data  handed to the sink unchanged; may be NULL.
 *   max_level  most detailed level to pass on, WXCOUPON_LOG_OFF to
 *              WXCOUPON_LOG_DEBUG.
 *
 *   Returns    WXCOUPON_OK; WXCOUPON_E_REENTRANT inside the sink. Once it
 *              returns, the old sink is not running and will not run again.
 *   Owns       the caller keeps user_data alive until the sink is replaced.
 *   Threads    any. It waits for sinks that are running.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_log_set(
    wxcoupon_log_fn sink, void *user_data, int32_t max_level);

/* ==========================================================================
 * Warming up and diagnostics
 * ========================================================================== */

/*
 * Connects now, so that the next call needs no look-up and no handshake.
 *
 * A till calls it when it starts and when a sale begins; WeChat Pay closes a
 * connection that is idle for about eight seconds. It asks a signed question
 * that changes nothing, so that a wrong key, serial number or clock shows
 * before the first customer, and learns the clock's offset and, where they are
 * needed, the platform certificates.
 *
 *   ctx      the context.
 *   out_buf  receives the answer; may be NULL.
 *
 *   Returns  WXCOUPON_OK when a connection is open; a status of class 2, 3 or 5
 *            that says what is wrong.
 *   Owns     nothing.
 *   Threads  any. It blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_warm(
    wxcoupon_ctx *ctx, wxcoupon_buf *out_buf);

/*
 * Checks this context: what support asks a shop to run.
 *
 *   ctx      the context.
 *   json_in  NULL or {}: local, no network. {"online": true} also looks up each
 *            host, connects to it, and sends a signed question that changes
 *            nothing. "_options" as in wxcoupon_use.
 *   out_buf  receives the answer: data.all_ok, and data.lines with name, ok,
 *            found and, where something is not in order, advice. Lines: mode,
 *            mchid or brand_id, merchant_serial_no, merchant_certificate,
 *            apiv3_key, verifies_with, journal, pending, clock_offset_s (what
 *            is added to this machine's time for signing; learned from WeChat
 *            Pay's answers, 0 before the first); online for each host "dns
 *            HOST", "tls HOST" and "echo HOST" (both signatures). A till of a
 *            hub has mode, till_id, till_key, and online for each hub "hub
 *            HOST" in place of echo, with what the hub says about itself.
 *
 *   Returns  WXCOUPON_OK, also when a line is not in order; a status of class 1
 *            when json_in is wrong.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any. Online it blocks up to the deadline (timeout_ms).
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_check(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * Counts what this context has done since it was made, and what is open now.
 * Local, no network.
 *
 * For monitoring: ask once a minute. A program that writes data.text to a file
 * FILE.prom (first beside it, then renamed) feeds Prometheus through
 * node_exporter's textfile collector.
 *
 *   ctx      the context; wxcoupon_ctx_update keeps its counters.
 *   json_in  NULL or {}: numbers as JSON. {"format": "prometheus"}: data.text
 *            in Prometheus' text format, with "labels": {"till": "3"} put on
 *            every sample; where several contexts of a machine are collected,
 *            their labels must differ.
 *   out_buf  receives the answer: data.since, data.uptime_ms, data.calls (by
 *            operation and class), data.call_times, data.attempts (by host and
 *            status), data.attempt_times, data.journal (writes before sending,
 *            failures), data.hosts, data.clock_offset_s, data.open (by state
 *            and age), data.oldest_pending_ms. Times have count, sum_ms and
 *            cumulative buckets. May be NULL.
 *
 *   Returns  WXCOUPON_OK; a status of class 1 when json_in is wrong;
 *            WXCOUPON_E_JOURNAL.
 *   Owns     nothing; the text stays the caller's.
 *   Threads  any.
 */
WXCOUPON_API int32_t WXCOUPON_CALL wxcoupon_stats(
    wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);

/*
 * How many handles of all kinds are alive in this process. The tests of a
 * program can show with it that the program frees everything.
 *
 *   Returns  the number.
 *   Threads  any.
 */
WXCOUPON_API uint32_t WXCOUPON_CALL wxcoupon_handles_live(void);

#ifdef __cplusplus
}
#endif

#endif
