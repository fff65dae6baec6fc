/*
 * wxcoupon.hpp - wxcoupon.h for C++11 and later: handles that free themselves
 *
 * Header only and thin: it adds lifetimes to the C functions and no logic. What
 * a function asks for and answers, wxcoupon.h says at the C function of the same
 * name. It needs neither exceptions nor RTTI. Amounts are whole fen, times are
 * milliseconds, text is UTF-8 (or the configuration's text_encoding).
 *
 *     wxcoupon::Context till;
 *     wxcoupon::Result opened = till.open(config);
 *     if (!opened)
 *         return report(opened.json());
 *     wxcoupon::Result redeemed = till.use(request);
 *     if (redeemed.status_class() == WXCOUPON_CLASS_IN_DOUBT)
 *         keep_open(sale);
 *
 * Errors    Every call answers a Status or a Result. It tests as true when done
 *           and proven; otherwise decide by status_class(). With WXCOUPON_THROWS
 *           defined, or_throw() turns a failure into an exception of its class.
 * Owners    Context, Buffer, Job and Result are moved, never copied; each frees
 *           its handle. One that is empty (closed, moved from, never opened) is
 *           allowed everywhere: its calls answer WXCOUPON_E_NULL.
 * Threads   As in C: calls on one Context may run on any number of threads.
 *           Opening, closing, moving and assigning an object is not for two
 *           threads at once, nor while another uses that object.
 * Program   Link the library; compare abi_matches() once at start-up.
 */

#ifndef WXCOUPON_HPP
#define WXCOUPON_HPP

#include "wxcoupon.h"

#include <string>
#include <utility>

#if defined(WXCOUPON_THROWS)
#include <stdexcept>
#endif

namespace wxcoupon {

inline const char *version() noexcept { return wxcoupon_version(); }
inline int32_t abi_version() noexcept { return wxcoupon_abi_version(); }

/* Whether the library that was loaded fits the header that was compiled. */
inline bool abi_matches() noexcept { return wxcoupon_abi_version() == WXCOUPON_ABI_VERSION; }

/* Handles alive in this process; 0 once everything is freed. */
inline uint32_t handles_live() noexcept { return wxcoupon_handles_live(); }

/*
 * A text for a call, alive as long as the call: a literal, a std::string, or
 * nothing where the C function takes NULL. A NUL inside a std::string would cut
 * it short unseen; such a text is replaced by one that every call refuses
 * (WXCOUPON_E_ENCODING).
 */
class Text {
public:
    Text() noexcept : text_(nullptr) {}
    Text(const char *text) noexcept : text_(text) {}
    Text(const std::string &text) noexcept
        : text_(text.find('\0') == std::string::npos ? text.c_str() : "\xFF") {}
#if defined(__cpp_char8_t)
    Text(const char8_t *text) noexcept : text_(reinterpret_cast<const char *>(text)) {}
#endif

    const char *get() const noexcept { return text_; }

private:
    const char *text_;
};

/* What a call answered: one of WXCOUPON_OK and WXCOUPON_E_*. */
class Status {
public:
    explicit Status(int32_t value) noexcept : value_(value) {}

    /* Done, and proven by a verified answer. */
    bool ok() const noexcept { return value_ == WXCOUPON_OK; }
    explicit operator bool() const noexcept { return ok(); }

    int32_t status() const noexcept { return value_; }
    /* One of WXCOUPON_CLASS_*: what the till does. */
    int32_t status_class() const noexcept { return wxcoupon_status_class(value_); }
    /* "WXCOUPON_E_HANDLE". */
    const char *name() const noexcept { return wxcoupon_status_name(value_); }
    /* One English sentence. */
    const char *text() const noexcept { return wxcoupon_status_text(value_); }

#if defined(WXCOUPON_THROWS)
    void or_throw() const;
#endif

private:
    int32_t value_;
};

/* A result buffer. Every Result has one; for C functions called directly. */
class Buffer {
public:
    Buffer() noexcept : handle_(wxcoupon_buf_new()) {}
    ~Buffer() { wxcoupon_buf_free(handle_); }
    Buffer(Buffer &&other) noexcept : handle_(other.release()) {}
    Buffer &operator=(Buffer &&other) noexcept
    {
        if (this != &other) {
            wxcoupon_buf_free(handle_);
            handle_ = other.release();
        }
        return *this;
    }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;

    /* The handle, still owned here. */
    wxcoupon_buf *get() const noexcept { return handle_; }
    /* The handle, the caller's from now on. */
    wxcoupon_buf *release() noexcept
    {
        wxcoupon_buf *handle = handle_;
        handle_ = nullptr;
        return handle;
    }

    /* Never NULL; valid until the buffer is filled or freed. */
    const char *data() const noexcept { return wxcoupon_buf_data(handle_); }
    uint32_t size() const noexcept { return wxcoupon_buf_len(handle_); }
    std::string str() const { return std::string(data(), size()); }
    uint32_t copy(char *dst, uint32_t cap) const noexcept { return wxcoupon_buf_copy(handle_, dst, cap); }
    uint32_t copy_utf16(uint16_t *dst, uint32_t cap) const noexcept
    {
        return wxcoupon_buf_copy_utf16(handle_, dst, cap);
    }
    Status status() const noexcept { return Status(wxcoupon_buf_status(handle_)); }
    bool in_doubt() const noexcept { return wxcoupon_buf_in_doubt(handle_) != 0; }

private:
    wxcoupon_buf *handle_;
};

/* A status with its answer, one JSON object. */
class Result : public Status {
public:
    Result(int32_t value, Buffer &&buffer) noexcept : Status(value), buffer_(std::move(buffer)) {}

    /* Never NULL; valid as long as this Result. */
    const char *json() const noexcept { return buffer_.data(); }
    std::string str() const { return buffer_.str(); }
    /* What was asked may have happened: settle it. Without a buffer (too many handles) the class decides. */
    bool in_doubt() const noexcept
    {
        return buffer_.in_doubt() || status_class() == WXCOUPON_CLASS_IN_DOUBT;
    }
    const Buffer &buffer() const noexcept { return buffer_; }

#if defined(WXCOUPON_THROWS)
    /* The Result itself when it is done and proven. */
    Result or_throw() &&;
    const Result &or_throw() const &;
#endif

private:
    Buffer buffer_;
};

/* A call that goes on by itself: poll it from the program's loop. */
class Job {
public:
    Job() noexcept : handle_(nullptr) {}
    explicit Job(wxcoupon_job *handle) noexcept : handle_(handle) {}
    ~Job() { wxcoupon_job_free(handle_); }
    Job(Job &&other) noexcept : handle_(other.release()) {}
    Job &operator=(Job &&other) noexcept
    {
        if (this != &other) {
            wxcoupon_job_free(handle_);
            handle_ = other.release();
        }
        return *this;
    }
    Job(const Job &) = delete;
    Job &operator=(const Job &) = delete;

    wxcoupon_job *get() const noexcept { return handle_; }
    wxcoupon_job *release() noexcept
    {
        wxcoupon_job *handle = handle_;
        handle_ = nullptr;
        return handle;
    }

    /* WXCOUPON_E_RUNNING until it is done, then the call's own answer. 0 only asks. */
    Result wait(uint32_t wait_ms = 0) const noexcept
    {
        Buffer buffer;
        int32_t status = wxcoupon_job_wait(handle_, wait_ms, buffer.get());
        return Result(status, std::move(buffer));
    }
    Status cancel() const noexcept { return Status(wxcoupon_job_cancel(handle_)); }

private:
    wxcoupon_job *handle_;
};

/* Keys, hosts, connections and journal of one merchant. */
class Context {
public:
    Context() noexcept : handle_(nullptr) {}
    ~Context() { wxcoupon_ctx_free(handle_); }
    Context(Context &&other) noexcept : handle_(other.release()) {}
    Context &operator=(Context &&other) noexcept
    {
        if (this != &other) {
            wxcoupon_ctx_free(handle_);
            handle_ = other.release();
        }
        return *this;
    }
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;

    /* wxcoupon_ctx_new. A context that is open is closed once the new one stands, and stays when it does not. */
    Result open(Text config_json) noexcept
    {
        Buffer buffer;
        wxcoupon_ctx *opened = nullptr;
        int32_t status = wxcoupon_ctx_new(config_json.get(), &opened, buffer.get());
        if (status == WXCOUPON_OK) {
            wxcoupon_ctx_free(handle_);
            handle_ = opened;
        }
        return Result(status, std::move(buffer));
    }
    Status close() noexcept { return Status(wxcoupon_ctx_free(release())); }

    wxcoupon_ctx *get() const noexcept { return handle_; }
    wxcoupon_ctx *release() noexcept
    {
        wxcoupon_ctx *handle = handle_;
        handle_ = nullptr;
        return handle;
    }

    Result update(Text config_json) const noexcept { return ask(wxcoupon_ctx_update, config_json); }

    Result scan(Text json) const noexcept { return ask(wxcoupon_scan, json); }
    Result query(Text json) const noexcept { return ask(wxcoupon_query, json); }
    Result quote(Text json) const noexcept { return ask(wxcoupon_quote, json); }
    Result use(Text json) const noexcept { return ask(wxcoupon_use, json); }
    /* wxcoupon_return; return is a keyword here. */
    Result return_coupon(Text json) const noexcept { return ask(wxcoupon_return, json); }
    Result list(Text json) const noexcept { return ask(wxcoupon_list, json); }
    Result send(Text json) const noexcept { return ask(wxcoupon_send, json); }
    Result confirm(Text json) const noexcept { return ask(wxcoupon_confirm, json); }
    Result deactivate(Text json) const noexcept { return ask(wxcoupon_deactivate, json); }

    Result pending() const noexcept { return ask(wxcoupon_pending); }
    /* Nothing: everything that is pending, to completion. */
    Result settle(Text json = Text()) const noexcept { return ask(wxcoupon_settle, json); }
    Result check(Text json = Text()) const noexcept { return ask(wxcoupon_check, json); }
    /* Nothing: numbers. {"format": "prometheus"}: text for its file collector. */
    Result stats(Text json = Text()) const noexcept { return ask(wxcoupon_stats, json); }
    Result warm() const noexcept { return ask(wxcoupon_warm); }

    Result call(Text operation, Text json) const noexcept
    {
        Buffer buffer;
        int32_t status = wxcoupon_call(handle_, operation.get(), json.get(), buffer.get());
        return Result(status, std::move(buffer));
    }
    Result request(Text method, Text path_and_query, Text json_body = Text()) const noexcept
    {
        Buffer buffer;
        int32_t status = wxcoupon_request(handle_, method.get(), path_and_query.get(), json_body.get(),
                                          buffer.get());
        return Result(status, std::move(buffer));
    }
    Result notification_open(Text headers_json, const void *body, uint32_t body_len) const noexcept
    {
        Buffer buffer;
        int32_t status = wxcoupon_notification_open(handle_, headers_json.get(), body, body_len, buffer.get());
        return Result(status, std::move(buffer));
    }

    /* Puts the job into job, which frees what it held; it is empty on failure. */
    Status start(Text operation, Text json, Job &job) const noexcept
    {
        wxcoupon_job *started = nullptr;
        int32_t status = wxcoupon_start(handle_, operation.get(), json.get(), &started);
        job = Job(started);
        return Status(status);
    }

private:
    template <class Function> Result ask(Function function, Text json) const noexcept
    {
        Buffer buffer;
        int32_t status = function(handle_, json.get(), buffer.get());
        return Result(status, std::move(buffer));
    }
    template <class Function> Result ask(Function function) const noexcept
    {
        Buffer buffer;
        int32_t status = function(handle_, buffer.get());
        return Result(status, std::move(buffer));
    }

    wxcoupon_ctx *handle_;
};

/* wxcoupon_log_set, for a C function as sink. */
inline Status log_set(wxcoupon_log_fn sink, void *user_data, int32_t max_level) noexcept
{
    return Status(wxcoupon_log_set(sink, user_data, max_level));
}

/* No log. Once it returns, no sink is running. */
inline Status log_off() noexcept { return log_set(nullptr, nullptr, WXCOUPON_LOG_OFF); }

/*
 * Any object that is called with (int32_t level, const char *message, uint32_t
 * length) as the one sink of the process. It must live until log_off, take calls
 * on several threads at once, and not throw: that ends the program.
 */
template <class Sink> Status log_to(Sink &sink, int32_t max_level) noexcept
{
    struct Passing {
        static void WXCOUPON_CALL on(void *user_data, int32_t level, const char *message, uint32_t length) noexcept
        {
            (*static_cast<Sink *>(user_data))(level, message, length);
        }
    };
    return log_set(Passing::on, &sink, max_level);
}

#if defined(WXCOUPON_THROWS)

/* A failed call. what() is the answer, or one sentence where there is none. */
class Error : public std::runtime_error {
public:
    Error(Status status, const std::string &what) : std::runtime_error(what), status_(status) {}

    int32_t status() const noexcept { return status_.status(); }
    int32_t status_class() const noexcept { return status_.status_class(); }
    const char *name() const noexcept { return status_.name(); }

private:
    Status status_;
};

/* One type for each class of status. A class that this header does not know is an Error. */
template <int32_t Class> class ErrorOf : public Error {
public:
    using Error::Error;
};
typedef ErrorOf<WXCOUPON_CLASS_MISUSE> Misuse;
typedef ErrorOf<WXCOUPON_CLASS_LOCAL> Local;
typedef ErrorOf<WXCOUPON_CLASS_NOT_SENT> NotSent;
typedef ErrorOf<WXCOUPON_CLASS_IN_DOUBT> InDoubt;
typedef ErrorOf<WXCOUPON_CLASS_REFUSED> Refused;
typedef ErrorOf<WXCOUPON_CLASS_BUSY> Busy;
typedef ErrorOf<WXCOUPON_CLASS_BUG> Bug;

[[noreturn]] inline void raise(Status status, const std::string &what)
{
    switch (status.status_class()) {
    case WXCOUPON_CLASS_MISUSE: throw Misuse(status, what);
    case WXCOUPON_CLASS_LOCAL: throw Local(status, what);
    case WXCOUPON_CLASS_NOT_SENT: throw NotSent(status, what);
    case WXCOUPON_CLASS_IN_DOUBT: throw InDoubt(status, what);
    case WXCOUPON_CLASS_REFUSED: throw Refused(status, what);
    case WXCOUPON_CLASS_BUSY: throw Busy(status, what);
    case WXCOUPON_CLASS_BUG: throw Bug(status, what);
    default: throw Error(status, what);
    }
}

inline void Status::or_throw() const
{
    if (!ok())
        raise(*this, text());
}

inline const Result &Result::or_throw() const &
{
    if (!ok())
        raise(*this, str());
    return *this;
}

inline Result Result::or_throw() &&
{
    static_cast<const Result &>(*this).or_throw();
    return std::move(*this);
}

#endif

}

#endif
