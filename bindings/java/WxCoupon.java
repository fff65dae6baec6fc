package wxcoupon;

import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Redeems WeChat Pay product coupons (微信支付商品券): the library wxcoupon through JNA, for Java 8 and later.
 *
 * <p>Requests and answers are JSON text with WeChat Pay's own member names; use the JSON library you have. Times are
 * milliseconds. What fails throws a {@link Failure} by class; what the till does depends on the class alone.
 *
 * <p>Ownership: contexts and jobs are closed, best by try-with-resources. Threads: everything may be called from any
 * thread; calls block until their deadline, jobs do not. The library is the one that the environment's
 * WXCOUPON_LIBRARY names, else the one JNA finds by the name wxcoupon.
 */
public final class WxCoupon extends Numbers {
    /** The functions of wxcoupon.h. */
    private interface Lib extends Library {
        // Generated from include/wxcoupon.json by make header: functions
        String wxcoupon_version();
        int wxcoupon_abi_version();
        String wxcoupon_status_name(int status);
        String wxcoupon_status_text(int status);
        int wxcoupon_status_class(int status);
        Pointer wxcoupon_buf_new();
        String wxcoupon_buf_data(Pointer buf);
        int wxcoupon_buf_len(Pointer buf);
        int wxcoupon_buf_copy(Pointer buf, byte[] dst, int cap);
        int wxcoupon_buf_copy_utf16(Pointer buf, char[] dst, int cap);
        int wxcoupon_buf_status(Pointer buf);
        int wxcoupon_buf_in_doubt(Pointer buf);
        void wxcoupon_buf_free(Pointer buf);
        int wxcoupon_ctx_new(String configJson, PointerByReference outCtx, Pointer outBuf);
        int wxcoupon_ctx_update(Pointer ctx, String configJson, Pointer outBuf);
        int wxcoupon_ctx_free(Pointer ctx);
        int wxcoupon_scan(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_query(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_quote(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_use(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_return(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_list(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_send(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_confirm(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_deactivate(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_pending(Pointer ctx, Pointer outBuf);
        int wxcoupon_settle(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_start(Pointer ctx, String operation, String jsonIn, PointerByReference outJob);
        int wxcoupon_job_wait(Pointer job, int waitMs, Pointer outBuf);
        int wxcoupon_job_cancel(Pointer job);
        void wxcoupon_job_free(Pointer job);
        int wxcoupon_notification_open(Pointer ctx, String headersJson, byte[] body, int bodyLen, Pointer outBuf);
        int wxcoupon_call(Pointer ctx, String operation, String jsonIn, Pointer outBuf);
        int wxcoupon_request(Pointer ctx, String method, String pathAndQuery, String jsonBody, Pointer outBuf);
        int wxcoupon_log_set(LogFunction sink, Pointer userData, int maxLevel);
        int wxcoupon_warm(Pointer ctx, Pointer outBuf);
        int wxcoupon_check(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_stats(Pointer ctx, String jsonIn, Pointer outBuf);
        int wxcoupon_handles_live();
        // End of functions
    }

    // Generated from include/wxcoupon.json by make header: callbacks
    private interface LogFunction extends Callback {
        void invoke(Pointer userData, int level, Pointer message, int messageLen);
    }
    // End of callbacks

    /** Takes a message of the library. It must not throw; it is called on the thread that is inside a call. */
    public interface Log {
        void line(int level, String message);
    }

    private static final Lib LIB = load();
    /** JNA keeps no reference of its own to what C may call. */
    private static LogFunction sink;

    private WxCoupon() {}

    private static Lib load() {
        String named = System.getenv("WXCOUPON_LIBRARY");
        Lib lib = Native.load(
                named == null ? "wxcoupon" : named,
                Lib.class,
                Collections.singletonMap(Library.OPTION_STRING_ENCODING, "UTF-8"));
        if (lib.wxcoupon_abi_version() != ABI_VERSION) {
            throw new IllegalStateException("the library's ABI is not the one of this class");
        }
        return lib;
    }

    /** What every failed call throws. */
    public abstract static class Failure extends RuntimeException {
        private static final long serialVersionUID = 1;
        /** One of the numbers E_... */
        public final int status;
        /** Its name in C. */
        public final String name;
        /** The whole answer, JSON, with message, hint and cashier; "" where the function answers no text. */
        public final String answer;
        /** Whether something may have happened. */
        public final boolean inDoubt;

        Failure(int status, String answer, boolean inDoubt) {
            super(statusName(status) + ": " + (answer.isEmpty() ? statusText(status) : answer));
            this.status = status;
            this.name = statusName(status);
            this.answer = answer;
            this.inDoubt = inDoubt;
        }
    }

    /** The program is wrong; nothing was sent. */
    public static final class Misuse extends Failure {
        private static final long serialVersionUID = 1;

        Misuse(int status, String answer, boolean inDoubt) {
            super(status, answer, inDoubt);
        }
    }

    /** This machine is wrong; nothing was sent. */
    public static final class Local extends Failure {
        private static final long serialVersionUID = 1;

        Local(int status, String answer, boolean inDoubt) {
            super(status, answer, inDoubt);
        }
    }

    /** Nothing took effect; try again with the same number. */
    public static final class NotSent extends Failure {
        private static final long serialVersionUID = 1;

        NotSent(int status, String answer, boolean inDoubt) {
            super(status, answer, inDoubt);
        }
    }

    /** It may have happened: keep the sale open and settle, or repeat the same request. */
    public static final class InDoubt extends Failure {
        private static final long serialVersionUID = 1;

        InDoubt(int status, String answer, boolean inDoubt) {
            super(status, answer, inDoubt);
        }
    }

    /** WeChat Pay said no; tell the customer. */
    public static final class Refused extends Failure {
        private static final long serialVersionUID = 1;

        Refused(int status, String answer, boolean inDoubt) {
            super(status, answer, inDoubt);
        }
    }

    /** Not applied now; wait retry_after_ms of the answer. */
    public static final class Busy extends Failure {
        private static final long serialVersionUID = 1;

        Busy(int status, String answer, boolean inDoubt) {
            super(status, answer, inDoubt);
        }
    }

    /** A defect of the library; look at inDoubt, settle, report it. */
    public static final class Bug extends Failure {
        private static final long serialVersionUID = 1;

        Bug(int status, String answer, boolean inDoubt) {
            super(status, answer, inDoubt);
        }
    }

    private static Failure failure(int status, String answer, boolean inDoubt) {
        switch (LIB.wxcoupon_status_class(status)) {
            case CLASS_MISUSE:
                return new Misuse(status, answer, inDoubt);
            case CLASS_LOCAL:
                return new Local(status, answer, inDoubt);
            case CLASS_NOT_SENT:
                return new NotSent(status, answer, inDoubt);
            case CLASS_IN_DOUBT:
                return new InDoubt(status, answer, inDoubt);
            case CLASS_REFUSED:
                return new Refused(status, answer, inDoubt);
            case CLASS_BUSY:
                return new Busy(status, answer, inDoubt);
            default:
                return new Bug(status, answer, inDoubt);
        }
    }

    /** A call that fills a result buffer. */
    private interface Call {
        int into(Pointer buf);
    }

    /** The answer, or its failure. */
    private static String checked(Call call) {
        return checked(call, OK);
    }

    /** The answer, null for the one status that is neither, or its failure. */
    private static String checked(Call call, int neither) {
        Pointer buf = LIB.wxcoupon_buf_new();
        try {
            int status = call.into(buf);
            String answer = LIB.wxcoupon_buf_data(buf);
            if (status == OK) {
                return answer;
            }
            if (status == neither) {
                return null;
            }
            throw failure(status, answer, LIB.wxcoupon_buf_in_doubt(buf) != 0);
        } finally {
            LIB.wxcoupon_buf_free(buf);
        }
    }

    private static void done(int status) {
        if (status != OK) {
            throw failure(status, "", false);
        }
    }

    /** C ends a text at its first NUL: one inside would cut it short without a word. */
    private static String text(String value) {
        if (value != null && value.indexOf(0) >= 0) {
            throw new IllegalArgumentException("text without NUL expected");
        }
        return value;
    }

    /** Keys, hosts, connections and journal of one merchant. */
    public static final class Context implements AutoCloseable {
        private final Pointer handle;
        private final AtomicBoolean closed = new AtomicBoolean();

        /** Makes a context of a configuration, JSON text. */
        public Context(String config) {
            PointerByReference out = new PointerByReference();
            checked(buf -> LIB.wxcoupon_ctx_new(text(config), out, buf));
            handle = out.getValue();
        }

        /** Replaces the configuration; calls that are under way end with the old one. */
        public String update(String config) {
            return checked(buf -> LIB.wxcoupon_ctx_update(handle, text(config), buf));
        }

        /** Frees the context; calls that are under way end by themselves. */
        @Override
        public void close() {
            if (!closed.getAndSet(true)) {
                done(LIB.wxcoupon_ctx_free(handle));
            }
        }

        /** From what a scanner gave to coupons. JSON text in, JSON text out. */
        public String scan(String request) {
            return checked(buf -> LIB.wxcoupon_scan(handle, text(request), buf));
        }

        /** Asks for one coupon. JSON text in, JSON text out. */
        public String query(String request) {
            return checked(buf -> LIB.wxcoupon_query(handle, text(request), buf));
        }

        /** What a coupon takes off. JSON text in, JSON text out. */
        public String quote(String request) {
            return checked(buf -> LIB.wxcoupon_quote(handle, text(request), buf));
        }

        /** Redeems a coupon. JSON text in, JSON text out. */
        public String use(String request) {
            return checked(buf -> LIB.wxcoupon_use(handle, text(request), buf));
        }

        /** Undoes a redemption ({@code return} is a word of the language). JSON text in, JSON text out. */
        public String returnCoupon(String request) {
            return checked(buf -> LIB.wxcoupon_return(handle, text(request), buf));
        }

        /** The coupons of a user. JSON text in, JSON text out. */
        public String list(String request) {
            return checked(buf -> LIB.wxcoupon_list(handle, text(request), buf));
        }

        /** Sends a coupon to a user. JSON text in, JSON text out. */
        public String send(String request) {
            return checked(buf -> LIB.wxcoupon_send(handle, text(request), buf));
        }

        /** Makes a sent coupon usable. JSON text in, JSON text out. */
        public String confirm(String request) {
            return checked(buf -> LIB.wxcoupon_confirm(handle, text(request), buf));
        }

        /** Makes a coupon unusable. JSON text in, JSON text out. */
        public String deactivate(String request) {
            return checked(buf -> LIB.wxcoupon_deactivate(handle, text(request), buf));
        }

        /** What may have happened and is not known yet. */
        public String pending() {
            return checked(buf -> LIB.wxcoupon_pending(handle, buf));
        }

        /** Makes known what may have happened: one request, or everything (null). */
        public String settle(String request) {
            return checked(buf -> LIB.wxcoupon_settle(handle, text(request), buf));
        }

        /** Any operation by its name. */
        public String call(String operation, String request) {
            return checked(buf -> LIB.wxcoupon_call(handle, text(operation), text(request), buf));
        }

        /** Any path of WeChat Pay; body is JSON text, or null. */
        public String request(String method, String path, String body) {
            return checked(buf -> LIB.wxcoupon_request(handle, text(method), text(path), text(body), buf));
        }

        /** Starts an operation and returns at once. */
        public Job start(String operation, String request) {
            PointerByReference out = new PointerByReference();
            done(LIB.wxcoupon_start(handle, text(operation), text(request), out));
            return new Job(out.getValue());
        }

        /** Proves and opens what WeChat Pay sent: headers as a JSON object, the body byte for byte. */
        public String openNotification(String headers, byte[] body) {
            return checked(
                    buf -> LIB.wxcoupon_notification_open(handle, text(headers), body, body.length, buf));
        }

        /** Opens connections before the first customer comes. */
        public String warm() {
            return checked(buf -> LIB.wxcoupon_warm(handle, buf));
        }

        /** Looks whether this machine and configuration can work; online: asks WeChat Pay too. */
        public String check(boolean online) {
            return checked(buf -> LIB.wxcoupon_check(handle, "{\"online\": " + online + "}", buf));
        }

        /** Counters since the context was made; null or {"format": "prometheus"}: text for its file collector. */
        public String stats(String request) {
            return checked(buf -> LIB.wxcoupon_stats(handle, request, buf));
        }
    }

    /** A call that goes on by itself. */
    public static final class Job implements AutoCloseable {
        private final Pointer handle;

        private Job(Pointer handle) {
            this.handle = handle;
        }

        /** Waits up to so many milliseconds (0: does not wait). The answer, or null while the call goes on. */
        public String await(int milliseconds) {
            return checked(buf -> LIB.wxcoupon_job_wait(handle, milliseconds, buf), E_RUNNING);
        }

        /** Calls the job off. What was sent already goes on to its answer. */
        public void cancel() {
            done(LIB.wxcoupon_job_cancel(handle));
        }

        /** Frees the job; the call goes on. */
        @Override
        public void close() {
            LIB.wxcoupon_job_free(handle);
        }
    }

    /** Where the library's messages go, for the whole process; null: nowhere. */
    public static synchronized void logTo(Log log, int maxLevel) {
        LogFunction fresh = log == null
                ? null
                : (userData, level, message, length) ->
                        log.line(level, new String(message.getByteArray(0, length), StandardCharsets.UTF_8));
        done(LIB.wxcoupon_log_set(fresh, null, log == null ? LOG_OFF : maxLevel));
        sink = fresh;
    }

    /** The library's version. */
    public static String version() {
        return LIB.wxcoupon_version();
    }

    /** A status's name in C. */
    public static String statusName(int status) {
        return LIB.wxcoupon_status_name(status);
    }

    /** A status in English, one line. */
    public static String statusText(int status) {
        return LIB.wxcoupon_status_text(status);
    }

    /** One of the numbers CLASS_... */
    public static int statusClass(int status) {
        return LIB.wxcoupon_status_class(status);
    }

    /** How many handles are not freed. */
    public static int handlesLive() {
        return LIB.wxcoupon_handles_live();
    }
}
