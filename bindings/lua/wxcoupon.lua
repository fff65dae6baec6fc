--- wxcoupon for LuaJIT: redeem WeChat Pay product coupons (微信支付商品券).
--
-- Requests and answers are JSON text in UTF-8, with WeChat Pay's own member names; use the JSON module you have.
-- Times are milliseconds.
--
-- Errors: what fails throws a table of class Error: status (a number of this module), name, class ("MISUSE",
-- "LOCAL", "NOT_SENT", "IN_DOUBT", "REFUSED", "BUSY" or "BUG"), in_doubt, and answer, the JSON text that has message,
-- hint and cashier. What the till does depends on the class alone (wxcoupon.h says what). Catch with pcall.
-- Ownership: close contexts and jobs; what is forgotten is freed by the garbage collector, some time.
-- Threads: LuaJIT has one; calls block it until their deadline. A job (start) does not.
--
-- The library is the one that the environment's WXCOUPON_LIBRARY names, else the system's.

local ffi = require("ffi")

-- Generated from include/wxcoupon.json by make header: declarations
ffi.cdef([[
    typedef struct wxcoupon_buf wxcoupon_buf;
    typedef struct wxcoupon_ctx wxcoupon_ctx;
    typedef struct wxcoupon_job wxcoupon_job;
    typedef void (*wxcoupon_log_fn)(void *user_data, int32_t level, const char *message, uint32_t message_len);

    const char *wxcoupon_version(void);
    int32_t wxcoupon_abi_version(void);
    const char *wxcoupon_status_name(int32_t status);
    const char *wxcoupon_status_text(int32_t status);
    int32_t wxcoupon_status_class(int32_t status);
    wxcoupon_buf *wxcoupon_buf_new(void);
    const char *wxcoupon_buf_data(const wxcoupon_buf *buf);
    uint32_t wxcoupon_buf_len(const wxcoupon_buf *buf);
    uint32_t wxcoupon_buf_copy(const wxcoupon_buf *buf, char *dst, uint32_t cap);
    uint32_t wxcoupon_buf_copy_utf16(const wxcoupon_buf *buf, uint16_t *dst, uint32_t cap);
    int32_t wxcoupon_buf_status(const wxcoupon_buf *buf);
    int32_t wxcoupon_buf_in_doubt(const wxcoupon_buf *buf);
    void wxcoupon_buf_free(wxcoupon_buf *buf);
    int32_t wxcoupon_ctx_new(const char *config_json, wxcoupon_ctx **out_ctx, wxcoupon_buf *out_buf);
    int32_t wxcoupon_ctx_update(wxcoupon_ctx *ctx, const char *config_json, wxcoupon_buf *out_buf);
    int32_t wxcoupon_ctx_free(wxcoupon_ctx *ctx);
    int32_t wxcoupon_scan(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_query(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_quote(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_use(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_return(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_list(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_send(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_confirm(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_deactivate(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_pending(wxcoupon_ctx *ctx, wxcoupon_buf *out_buf);
    int32_t wxcoupon_settle(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_start(wxcoupon_ctx *ctx, const char *operation, const char *json_in, wxcoupon_job **out_job);
    int32_t wxcoupon_job_wait(wxcoupon_job *job, uint32_t wait_ms, wxcoupon_buf *out_buf);
    int32_t wxcoupon_job_cancel(wxcoupon_job *job);
    void wxcoupon_job_free(wxcoupon_job *job);
    int32_t wxcoupon_notification_open(
        wxcoupon_ctx *ctx, const char *headers_json, const void *body, uint32_t body_len, wxcoupon_buf *out_buf);
    int32_t wxcoupon_call(wxcoupon_ctx *ctx, const char *operation, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_request(
        wxcoupon_ctx *ctx, const char *method, const char *path_and_query, const char *json_body, wxcoupon_buf *out_buf);
    int32_t wxcoupon_log_set(wxcoupon_log_fn sink, void *user_data, int32_t max_level);
    int32_t wxcoupon_warm(wxcoupon_ctx *ctx, wxcoupon_buf *out_buf);
    int32_t wxcoupon_check(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    int32_t wxcoupon_stats(wxcoupon_ctx *ctx, const char *json_in, wxcoupon_buf *out_buf);
    uint32_t wxcoupon_handles_live(void);
]])
-- End of declarations

local lib = ffi.load(
    os.getenv("WXCOUPON_LIBRARY") or (ffi.os == "Windows" and "wxcoupon" or "libwxcoupon.so.1")
)

-- The log sink is Lua, and may not be called out of compiled code: nothing here is compiled.
jit.off(true, true)

local wxcoupon = {
    -- Generated from include/wxcoupon.json by make header: numbers
    ABI_VERSION = 1,
    CLASS_OK = 0,
    CLASS_MISUSE = 1,
    CLASS_LOCAL = 2,
    CLASS_NOT_SENT = 3,
    CLASS_IN_DOUBT = 4,
    CLASS_REFUSED = 5,
    CLASS_BUSY = 6,
    CLASS_BUG = 9,
    OK = 0,
    E_NULL = 1001,
    E_HANDLE = 1002,
    E_ENCODING = 1003,
    E_JSON = 1004,
    E_REQUEST = 1005,
    E_OPERATION = 1006,
    E_REENTRANT = 1007,
    E_CONFIG = 2001,
    E_KEY = 2002,
    E_JOURNAL = 2003,
    E_CLOCK = 2004,
    E_CONNECT = 3001,
    E_TLS = 3002,
    E_TIMEOUT_UNSENT = 3003,
    E_CANCELLED_UNSENT = 3004,
    E_READ_FAILED = 3005,
    E_ANSWER_TIMEOUT = 4001,
    E_CONNECTION_LOST = 4002,
    E_ANSWER_UNTRUSTED = 4003,
    E_ANSWER_UNREADABLE = 4004,
    E_SERVER = 4005,
    E_CANCELLED_SENT = 4006,
    E_UNRECORDED = 4007,
    E_REFUSED = 5001,
    E_COUPON_STATE = 5002,
    E_NOT_FOUND = 5003,
    E_NO_PERMISSION = 5004,
    E_SIGN_REJECTED = 5005,
    E_REQUEST_NO_REUSED = 5006,
    E_NOTIFICATION_UNTRUSTED = 5007,
    E_RATE_LIMITED = 6001,
    E_LOCKED = 6002,
    E_RUNNING = 6003,
    E_PANIC = 9001,
    E_INTERNAL = 9002,
    LOG_OFF = 0,
    LOG_ERROR = 1,
    LOG_WARN = 2,
    LOG_INFO = 3,
    LOG_DEBUG = 4,
    -- End of numbers
}

assert(lib.wxcoupon_abi_version() == wxcoupon.ABI_VERSION, "the library's ABI is not the one of this module")

local classes = {}
for name, number in pairs(wxcoupon) do
    local class = name:match("^CLASS_(.+)")
    if class then
        classes[number] = class
    end
end

--- What is thrown.
local Error = {}
Error.__index = Error
Error.__tostring = function(error)
    return ("%s (%d): %s"):format(error.name, error.status, error.answer ~= "" and error.answer or error.text)
end
wxcoupon.Error = Error

local function fail(status, answer, in_doubt)
    error(setmetatable({
        status = status,
        name = wxcoupon.status_name(status),
        text = wxcoupon.status_text(status),
        class = classes[wxcoupon.status_class(status)],
        in_doubt = in_doubt,
        answer = answer,
    }, Error), 0)
end

--- C ends a text at its first NUL: one inside would cut it short without a word.
local function text(value, what)
    if type(value) ~= "string" or value:find("\0", 1, true) then
        error(("%s: text without NUL expected"):format(what), 0)
    end
    return value
end

--- Calls with a buffer as the last argument; returns the status, its answer and whether it is in doubt.
local function answered(call, ...)
    local buf = ffi.gc(lib.wxcoupon_buf_new(), lib.wxcoupon_buf_free)
    local arguments = { ... }
    local count = select("#", ...)
    arguments[count + 1] = buf
    local status = call(unpack(arguments, 1, count + 1))
    local answer = ffi.string(lib.wxcoupon_buf_data(buf), lib.wxcoupon_buf_len(buf))
    local in_doubt = lib.wxcoupon_buf_in_doubt(buf) ~= 0
    lib.wxcoupon_buf_free(ffi.gc(buf, nil))
    return status, answer, in_doubt
end

--- The answer, or its error.
local function checked(status, answer, in_doubt)
    if status ~= wxcoupon.OK then
        fail(status, answer, in_doubt)
    end
    return answer
end

--- The library's version, such as "0.1.0".
function wxcoupon.version()
    return ffi.string(lib.wxcoupon_version())
end

--- "WXCOUPON_E_..." of a status.
function wxcoupon.status_name(status)
    return ffi.string(lib.wxcoupon_status_name(status))
end

--- English, one line.
function wxcoupon.status_text(status)
    return ffi.string(lib.wxcoupon_status_text(status))
end

--- A CLASS_ number.
function wxcoupon.status_class(status)
    return lib.wxcoupon_status_class(status)
end

--- How many handles are not freed: 0 at the end of a program that closes what it opens.
function wxcoupon.handles_live()
    return lib.wxcoupon_handles_live()
end

local sink

--- Sets where the library's messages go: sink(level, message), or nil for nowhere. It must not throw.
-- It is called on the thread that is inside a call. Lua has one state for one thread: set no sink in a process
-- where other threads use the library as well.
function wxcoupon.log_to(listener, max_level)
    local fresh = listener and ffi.cast("wxcoupon_log_fn", function(_, level, message, length)
        pcall(listener, level, ffi.string(message, length))
    end)
    local status = lib.wxcoupon_log_set(fresh or nil, nil, listener and max_level or wxcoupon.LOG_OFF)
    local unused = fresh
    if status == wxcoupon.OK then
        unused, sink = sink, fresh
    end
    if unused then
        unused:free()
    end
    if status ~= wxcoupon.OK then
        fail(status, "", false)
    end
end

--- A call that goes on by itself. Made by Context:start.
local Job = {}
Job.__index = Job

--- Waits up to so many milliseconds (0: does not wait). Returns the answer, or nil while the call goes on.
function Job:wait(milliseconds)
    local status, answer, in_doubt = answered(lib.wxcoupon_job_wait, self.handle, milliseconds or 0)
    if status == wxcoupon.E_RUNNING then
        return nil
    end
    return checked(status, answer, in_doubt)
end

--- Calls the job off. What was sent already goes on to its answer.
function Job:cancel()
    checked(lib.wxcoupon_job_cancel(self.handle), "", false)
end

--- Frees the job; the call goes on.
function Job:close()
    if self.handle ~= nil then
        lib.wxcoupon_job_free(ffi.gc(self.handle, nil))
        self.handle = nil
    end
end

--- Keys, hosts, connections and journal of one merchant.
local Context = {}
Context.__index = Context

--- Makes a context of a configuration (JSON text).
function wxcoupon.new(config)
    local out = ffi.new("wxcoupon_ctx *[1]")
    checked(answered(lib.wxcoupon_ctx_new, text(config, "config"), out))
    return setmetatable({ handle = ffi.gc(out[0], lib.wxcoupon_ctx_free) }, Context)
end

--- Replaces the configuration; calls that are under way end with the old one.
function Context:update(config)
    return checked(answered(lib.wxcoupon_ctx_update, self.handle, text(config, "config")))
end

--- Frees the context; calls that are under way end by themselves.
function Context:close()
    local handle = self.handle
    self.handle = nil
    checked(lib.wxcoupon_ctx_free(handle and ffi.gc(handle, nil)), "", false)
end

local operations = {
    scan = lib.wxcoupon_scan,
    query = lib.wxcoupon_query,
    quote = lib.wxcoupon_quote,
    use = lib.wxcoupon_use,
    -- `return` is a word of the language.
    return_coupon = lib.wxcoupon_return,
    list = lib.wxcoupon_list,
    send = lib.wxcoupon_send,
    confirm = lib.wxcoupon_confirm,
    deactivate = lib.wxcoupon_deactivate,
}
for name, call in pairs(operations) do
    -- The request is JSON text; so is the answer.
    Context[name] = function(self, request)
        return checked(answered(call, self.handle, text(request, "request")))
    end
end

--- What may have happened and is not known yet.
function Context:pending()
    return checked(answered(lib.wxcoupon_pending, self.handle))
end

--- Makes known what may have happened: one request, or everything (nil).
function Context:settle(request)
    return checked(answered(lib.wxcoupon_settle, self.handle, request and text(request, "request")))
end

--- Any operation by its name.
function Context:call(operation, request)
    return checked(
        answered(lib.wxcoupon_call, self.handle, text(operation, "operation"), text(request, "request"))
    )
end

--- Any path of WeChat Pay. body is JSON text, or nil for none.
function Context:request(method, path_and_query, body)
    return checked(answered(
        lib.wxcoupon_request, self.handle, text(method, "method"), text(path_and_query, "path_and_query"),
        body and text(body, "body")
    ))
end

--- Starts an operation and returns at once.
function Context:start(operation, request)
    local out = ffi.new("wxcoupon_job *[1]")
    checked(
        lib.wxcoupon_start(self.handle, text(operation, "operation"), text(request, "request"), out), "", false
    )
    return setmetatable({ handle = ffi.gc(out[0], lib.wxcoupon_job_free) }, Job)
end

--- Proves and opens what WeChat Pay sent: its headers as JSON text, its body byte for byte.
function Context:open_notification(headers, body)
    return checked(answered(lib.wxcoupon_notification_open, self.handle, text(headers, "headers"), body, #body))
end

--- Opens connections before the first customer comes.
function Context:warm()
    return checked(answered(lib.wxcoupon_warm, self.handle))
end

--- Looks whether this machine and configuration can work: {"online": true} asks WeChat Pay too.
function Context:check(request)
    return checked(answered(lib.wxcoupon_check, self.handle, request and text(request, "request")))
end

--- Counters since the context was made; {"format": "prometheus"}: text for its file collector.
function Context:stats(request)
    return checked(answered(lib.wxcoupon_stats, self.handle, request and text(request, "request")))
end

return wxcoupon
