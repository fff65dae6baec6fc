"use strict";

/** The functions of wxcoupon.h under their own names, from WXCOUPON_LIBRARY or the system. */

const koffi = require("koffi");
const numbers = require("./numbers");

const library = koffi.load(
  process.env.WXCOUPON_LIBRARY || (process.platform === "win32" ? "wxcoupon.dll" : "libwxcoupon.so.1"),
);

// Generated from include/wxcoupon.json by make header: types
koffi.opaque("wxcoupon_buf");
koffi.opaque("wxcoupon_ctx");
koffi.opaque("wxcoupon_job");
const callbacks = {
  wxcoupon_log_fn: koffi.proto(
    "void wxcoupon_log_fn(void *user_data, int32_t level, const char *message, uint32_t message_len)",
  ),
};
// End of types

const prototypes = [
  // Generated from include/wxcoupon.json by make header: prototypes
  "const char *wxcoupon_version()",
  "int32_t wxcoupon_abi_version()",
  "const char *wxcoupon_status_name(int32_t status)",
  "const char *wxcoupon_status_text(int32_t status)",
  "int32_t wxcoupon_status_class(int32_t status)",
  "wxcoupon_buf *wxcoupon_buf_new()",
  "const char *wxcoupon_buf_data(const wxcoupon_buf *buf)",
  "uint32_t wxcoupon_buf_len(const wxcoupon_buf *buf)",
  "uint32_t wxcoupon_buf_copy(const wxcoupon_buf *buf, _Out_ char *dst, uint32_t cap)",
  "uint32_t wxcoupon_buf_copy_utf16(const wxcoupon_buf *buf, _Out_ uint16_t *dst, uint32_t cap)",
  "int32_t wxcoupon_buf_status(const wxcoupon_buf *buf)",
  "int32_t wxcoupon_buf_in_doubt(const wxcoupon_buf *buf)",
  "void wxcoupon_buf_free(wxcoupon_buf *buf)",
  "int32_t wxcoupon_ctx_new(const char *config_json, _Out_ wxcoupon_ctx **out_ctx, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_ctx_update(wxcoupon_ctx *ctx, const char *config_json, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_ctx_free(wxcoupon_ctx *ctx)",
  "int32_t wxcoupon_scan(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_query(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_quote(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_use(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_return(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_list(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_send(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_confirm(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_deactivate(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_pending(wxcoupon_ctx *ctx, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_settle(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_start(wxcoupon_ctx *ctx, const char *operation, const char *json_in, _Out_ wxcoupon_job **out_job)",
  "int32_t wxcoupon_job_wait(wxcoupon_job *job, uint32_t wait_ms, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_job_cancel(wxcoupon_job *job)",
  "void wxcoupon_job_free(wxcoupon_job *job)",
  "int32_t wxcoupon_notification_open(wxcoupon_ctx *ctx, const char *headers_json, const uint8_t *body, uint32_t body_len, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_call(wxcoupon_ctx *ctx, const char *operation, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_request(wxcoupon_ctx *ctx, const char *method, const char *path_and_query, const char *json_body, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_log_set(wxcoupon_log_fn *sink, void *user_data, int32_t max_level)",
  "int32_t wxcoupon_warm(wxcoupon_ctx *ctx, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_check(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "int32_t wxcoupon_stats(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf)",
  "uint32_t wxcoupon_handles_live()",
  // End of prototypes
];

const lib = {};
for (const prototype of prototypes) {
  lib[/(wxcoupon_\w+)\(/.exec(prototype)[1]] = library.func(prototype);
}

if (lib.wxcoupon_abi_version() !== numbers.ABI_VERSION) {
  throw new Error("the library's ABI is not the one of this package");
}

module.exports = {
  lib,
  logSink: koffi.pointer(callbacks.wxcoupon_log_fn),
  register: koffi.register,
  unregister: koffi.unregister,
};
